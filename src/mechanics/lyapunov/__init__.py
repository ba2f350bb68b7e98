"""Lyapunov exponents: spectra with error bars and a verdict, of maps, flows and stochastic equations."""

from .dimension import entropy_bound, kaplan_yorke_dimension
from .map import Map
from .result import LyapunovSpectrum
from .spectrum import lyapunov_spectrum

__all__ = ["LyapunovSpectrum", "Map", "entropy_bound", "kaplan_yorke_dimension", "lyapunov_spectrum"]
