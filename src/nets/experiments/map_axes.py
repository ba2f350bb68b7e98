"""Coordinates of a diagram in which one step along an axis means the same everywhere."""

import numpy as np

from ..plots.diagram import LOGARITHMIC
from .diagram import Array


def unit_coordinates(name: str, axis: Array, values: Array) -> Array:
    """Values of an axis as places from 0 (its least value) to 1; learning rates and batch sizes by their logarithm."""
    transform = np.log if name in LOGARITHMIC else np.asarray
    low, high = transform(np.min(axis)), transform(np.max(axis))
    return np.asarray((transform(np.asarray(values, dtype=float)) - low) / (high - low if high > low else 1.0))
