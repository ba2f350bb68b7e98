"""Fits of mechanical models to measured curves, with uncertainty and identifiability."""

from .chain import fit_chain
from .comparison import ModelComparison, ModelScore, PredictionScore, compare_models, predict_score
from .conditional_moments import KramersMoyal, kramers_moyal
from .equilibrium import fit_equilibrium
from .equilibrium_result import EquilibriumFit
from .fluctuation_fit import FluctuationFit, fit_fluctuations
from .langevin_series import fit_langevin
from .ode import fit_ode
from .refinement import refine_chain
from .result import ChainFit, Estimate
from .sde import fit_sde
from .stochastic_fit import StochasticFit
from .trajectory_fit import TrajectoryFit

__all__ = [
    "ChainFit",
    "EquilibriumFit",
    "Estimate",
    "FluctuationFit",
    "KramersMoyal",
    "ModelComparison",
    "ModelScore",
    "PredictionScore",
    "StochasticFit",
    "TrajectoryFit",
    "compare_models",
    "fit_chain",
    "fit_equilibrium",
    "fit_fluctuations",
    "fit_langevin",
    "fit_ode",
    "fit_sde",
    "kramers_moyal",
    "predict_score",
    "refine_chain",
]
