"""Pictures of mechanical models: each function takes an Axes (or makes one) and returns it."""

from .chain import plot_fit, plot_load_curve

__all__ = ["plot_fit", "plot_load_curve"]
