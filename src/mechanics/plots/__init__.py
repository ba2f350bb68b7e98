"""Pictures of mechanical models: each function takes an Axes (or makes one) and returns it."""

from .chain import plot_fit, plot_load_curve
from .phase import plot_phase_diagram

__all__ = ["plot_fit", "plot_load_curve", "plot_phase_diagram"]
