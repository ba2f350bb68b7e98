"""Lyapunov exponents: spectra with error bars and a verdict, of maps, flows and stochastic equations."""

from .covariant import CovariantVectors, covariant_vectors
from .dimension import entropy_bound, kaplan_yorke_dimension
from .map import Map
from .result import LyapunovSpectrum
from .scan import ExponentScan, bifurcation_diagram, exponent_scan
from .spectrum import lyapunov_spectrum

__all__ = [
    "CovariantVectors",
    "ExponentScan",
    "LyapunovSpectrum",
    "Map",
    "bifurcation_diagram",
    "covariant_vectors",
    "entropy_bound",
    "exponent_scan",
    "kaplan_yorke_dimension",
    "lyapunov_spectrum",
]
