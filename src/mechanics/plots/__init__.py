"""Pictures of mechanical models: each function takes an Axes (or makes one) and returns it."""

from .animation import animate_chain
from .chain import plot_fit, plot_load_curve
from .lyapunov import plot_bifurcation, plot_convergence, plot_spectrum
from .modes import plot_modes
from .noise import plot_mode_variances, plot_moments
from .phase import plot_phase_diagram
from .profile import plot_profile

__all__ = [
    "animate_chain",
    "plot_bifurcation",
    "plot_convergence",
    "plot_fit",
    "plot_load_curve",
    "plot_mode_variances",
    "plot_modes",
    "plot_moments",
    "plot_phase_diagram",
    "plot_profile",
    "plot_spectrum",
]
