"""Figures of networks; each function takes and returns an Axes."""

from .densities import plot_aging, plot_components
from .leaky import (
    animate_spectra,
    plot_energies,
    plot_gains,
    plot_path_plane,
    plot_ranks,
    plot_spectra,
    plot_test_error,
)
from .load_curves import plot_load_curves

__all__ = [
    "animate_spectra",
    "plot_aging",
    "plot_components",
    "plot_energies",
    "plot_gains",
    "plot_load_curves",
    "plot_path_plane",
    "plot_ranks",
    "plot_spectra",
    "plot_test_error",
]
