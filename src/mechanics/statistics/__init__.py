"""Statistics of trajectories and ensembles, and the operators that move densities."""

from .autocorrelation import (
    IntegratedTime,
    autocorrelation,
    autocorrelation_error,
    effective_sample_size,
    integrated_time,
)

__all__ = [
    "IntegratedTime",
    "autocorrelation",
    "autocorrelation_error",
    "effective_sample_size",
    "integrated_time",
]
