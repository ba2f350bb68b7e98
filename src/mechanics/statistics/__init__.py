"""Statistics of trajectories and ensembles, and the operators that move densities."""

from .autocorrelation import (
    IntegratedTime,
    autocorrelation,
    autocorrelation_error,
    effective_sample_size,
    integrated_time,
    sokal_window,
)
from .chaos import Divergence, ZeroOne, rosenstein, zero_one_test
from .chapman_kolmogorov import ChapmanKolmogorov, chapman_kolmogorov
from .dictionaries import Dictionary, Fourier, GaussianKernels, Polynomials
from .distances import Distance, compare, jensen_shannon, kl_divergence, sliced_wasserstein, wasserstein
from .edmd import Koopman, edmd
from .fokker_planck import FokkerPlanck, fokker_planck
from .fokker_planck_backward import committor, mean_exit_time
from .fokker_planck_modes import Modes, slow_modes, stationary_density
from .fokker_planck_time import evolve_density
from .partitions import Boxes, Partition, Voronoi, voronoi_centres
from .transfer import Transfer, discretise, eigenvalues, implied_times, stationary, transfer_operator, ulam

__all__ = [
    "Boxes",
    "ChapmanKolmogorov",
    "Dictionary",
    "Distance",
    "Divergence",
    "FokkerPlanck",
    "Fourier",
    "GaussianKernels",
    "IntegratedTime",
    "Koopman",
    "Modes",
    "Partition",
    "Polynomials",
    "Transfer",
    "Voronoi",
    "ZeroOne",
    "autocorrelation",
    "autocorrelation_error",
    "chapman_kolmogorov",
    "committor",
    "compare",
    "discretise",
    "edmd",
    "effective_sample_size",
    "eigenvalues",
    "evolve_density",
    "fokker_planck",
    "implied_times",
    "integrated_time",
    "jensen_shannon",
    "kl_divergence",
    "mean_exit_time",
    "rosenstein",
    "sliced_wasserstein",
    "slow_modes",
    "sokal_window",
    "stationary",
    "stationary_density",
    "transfer_operator",
    "ulam",
    "voronoi_centres",
    "wasserstein",
    "zero_one_test",
]
