"""Lyapunov exponents: spectra with error bars and a verdict, of maps, flows and stochastic equations."""

from .covariant import CovariantVectors, covariant_vectors
from .dimension import entropy_bound, kaplan_yorke_dimension
from .map import Map
from .result import LyapunovSpectrum
from .spectrum import lyapunov_spectrum

__all__ = [
    "CovariantVectors", "LyapunovSpectrum", "Map", "covariant_vectors", "entropy_bound", "kaplan_yorke_dimension", "lyapunov_spectrum",
]
