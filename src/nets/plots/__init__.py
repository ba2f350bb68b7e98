"""Figures of networks; each function takes and returns an Axes."""

from .load_curves import plot_load_curves

__all__ = ["plot_load_curves"]
