"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .conditional_moments import KramersMoyal, kramers_moyal
from .langevin_series import fit_langevin
from .ode import fit_ode
from .result import ChainFit, Estimate
from .sde import fit_sde
from .trajectory_fit import TrajectoryFit

__all__ = [
    "ChainFit",
    "Estimate",
    "KramersMoyal",
    "TrajectoryFit",
    "fit_chain",
    "fit_langevin",
    "fit_ode",
    "fit_sde",
    "kramers_moyal",
]
