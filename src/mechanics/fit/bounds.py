"""Bounds of named parameters, and their sizes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bounds_of(bounds: Any, names: tuple[str, ...], theta: Array) -> tuple[Array, Array]:
    """Lower and upper bounds, infinite where none are given.

    Raises
    ------
    ValueError
        If a name is not fitted, or a start lies outside.
    """
    lower, upper = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    for name, pair in (bounds or {}).items():
        if name not in names:
            raise ValueError(f"bounds names {name!r}, which is not fitted; fitted are: {', '.join(names)}.")
        i = names.index(name)
        lower[i], upper[i] = (float(x) for x in pair)
        if not lower[i] < upper[i]:
            raise ValueError(f"bounds of {name} must be (lower, upper) with lower < upper, but are {pair}.")
        if not lower[i] <= theta[i] <= upper[i]:
            raise ValueError(f"{name} begins at {theta[i]:g}, outside of its bounds {pair}; change p or the bounds.")
    return lower, upper


def sizes(theta: Array, lower: Array, upper: Array) -> Array:
    """Size of each number: its start, else the distance of its bounds, else 1."""
    width = np.where(np.isfinite(upper - lower), upper - lower, 1.0)
    return np.where(theta != 0.0, np.abs(theta), width)


def strictly_inside(theta: Array, lower: Array, upper: Array) -> Array:
    """The nearest point that a search of SciPy's may begin from: it refuses one on a bound."""
    return np.clip(theta, np.nextafter(lower, np.inf), np.nextafter(upper, -np.inf))
