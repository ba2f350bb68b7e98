"""A baseline and perturbed copies of it, trained with the same batches and masks."""

from .result import Divergence
from .run import divergence

__all__ = ["Divergence", "divergence"]
