"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .result import ChainFit, Estimate

__all__ = ["ChainFit", "Estimate", "fit_chain"]
