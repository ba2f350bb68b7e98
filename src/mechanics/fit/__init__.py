"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .equilibrium import fit_equilibrium
from .equilibrium_result import EquilibriumFit
from .result import ChainFit, Estimate

__all__ = ["ChainFit", "EquilibriumFit", "Estimate", "fit_chain", "fit_equilibrium"]
