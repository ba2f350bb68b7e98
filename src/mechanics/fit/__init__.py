"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .ode import fit_ode
from .result import ChainFit, Estimate
from .sde import fit_sde
from .trajectory_fit import TrajectoryFit

__all__ = ["ChainFit", "Estimate", "TrajectoryFit", "fit_chain", "fit_ode", "fit_sde"]
