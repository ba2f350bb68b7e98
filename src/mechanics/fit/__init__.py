"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .fluctuation_fit import FluctuationFit, fit_fluctuations
from .refinement import refine_chain
from .result import ChainFit, Estimate
from .stochastic_fit import StochasticFit

__all__ = [
    "ChainFit",
    "Estimate",
    "FluctuationFit",
    "StochasticFit",
    "fit_chain",
    "fit_fluctuations",
    "refine_chain",
]
