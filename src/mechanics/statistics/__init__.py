"""Statistics of trajectories and ensembles, and the operators that move densities."""

from .autocorrelation import (
    IntegratedTime,
    autocorrelation,
    autocorrelation_error,
    effective_sample_size,
    integrated_time,
)
from .fokker_planck import FokkerPlanck, fokker_planck
from .fokker_planck_backward import committor, mean_exit_time
from .fokker_planck_modes import Modes, slow_modes, stationary_density
from .fokker_planck_time import evolve_density

__all__ = [
    "FokkerPlanck",
    "IntegratedTime",
    "Modes",
    "autocorrelation",
    "autocorrelation_error",
    "committor",
    "effective_sample_size",
    "evolve_density",
    "fokker_planck",
    "integrated_time",
    "mean_exit_time",
    "slow_modes",
    "stationary_density",
]
