"""Lyapunov exponents of training: the optimiser's step as a map of weights and memories."""

from .copies import TwoCopies, two_copies
from .edge import stability_limit
from .measured import Measured
from .result import TrainingSpectrum
from .spectrum import training_spectrum

__all__ = ["Measured", "TrainingSpectrum", "TwoCopies", "stability_limit", "training_spectrum", "two_copies"]
