"""Figures of networks; each function takes and returns an Axes."""

from .accuracy import plot_accuracy
from .densities import plot_aging, plot_components
from .diagram import plot_diagram
from .divergence_curves import plot_divergence
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
from .scaling_curves import plot_collapse, plot_scaling

__all__ = [
    "animate_spectra",
    "plot_accuracy",
    "plot_aging",
    "plot_collapse",
    "plot_components",
    "plot_diagram",
    "plot_divergence",
    "plot_energies",
    "plot_gains",
    "plot_load_curves",
    "plot_path_plane",
    "plot_ranks",
    "plot_scaling",
    "plot_spectra",
    "plot_test_error",
]
