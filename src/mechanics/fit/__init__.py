"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .refinement import refine_chain
from .result import ChainFit, Estimate
from .stochastic_fit import StochasticFit

__all__ = ["ChainFit", "Estimate", "StochasticFit", "fit_chain", "refine_chain"]
