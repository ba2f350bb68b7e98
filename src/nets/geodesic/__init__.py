"""Trained Leaky ResNets as geodesics: their energies, conserved quantities, spectra and steps."""

from .compare import PathComparison, compare_paths
from .profile import HamiltonianProfile, hamiltonian_profile
from .steps import adapt_steps, relative_distances
from .target import geodesic_of

__all__ = [
    "HamiltonianProfile",
    "PathComparison",
    "adapt_steps",
    "compare_paths",
    "geodesic_of",
    "hamiltonian_profile",
    "relative_distances",
]
