"""Lyapunov exponents: spectra with error bars and a verdict, of maps, flows and stochastic equations."""

from .covariant import CovariantVectors, covariant_vectors
from .dimension import entropy_bound, kaplan_yorke_dimension
from .indicators import Alignment, alignment_index, largest_by_two_copies
from .map import Map
from .result import LyapunovSpectrum
from .scan import ExponentScan, bifurcation_diagram, exponent_scan
from .spectrum import lyapunov_spectrum

__all__ = [
    "Alignment",
    "CovariantVectors",
    "ExponentScan",
    "LyapunovSpectrum",
    "Map",
    "alignment_index",
    "bifurcation_diagram",
    "covariant_vectors",
    "entropy_bound",
    "exponent_scan",
    "kaplan_yorke_dimension",
    "largest_by_two_copies",
    "lyapunov_spectrum",
]
