"""Pictures of mechanical models: each function takes an Axes (or makes one) and returns it."""

from .chain import plot_fit, plot_load_curve
from .lyapunov import plot_bifurcation, plot_convergence, plot_spectrum

__all__ = ["plot_bifurcation", "plot_convergence", "plot_fit", "plot_load_curve", "plot_spectrum"]
