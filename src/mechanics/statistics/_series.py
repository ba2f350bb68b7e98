"""What every function of a series asks of its data, said once."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


def as_series(x: ArrayLike, least: int = 4) -> Vector:
    """`x` as (chains, time, components): from (time,), (chains, time) or (chains, time, components).

    Raises
    ------
    ValueError
        If there are fewer than `least` times, values that are not finite, or a component that never changes.
    """
    series = np.asarray(x, float)
    if series.ndim == 1:
        series = series[None, :, None]
    elif series.ndim == 2:
        series = series[:, :, None]
    if series.ndim != 3 or series.shape[0] < 1 or series.shape[2] < 1:
        raise ValueError(
            f"a series has the shape (time,), (chains, time) or (chains, time, components), but got {np.shape(x)}."
        )
    if series.shape[1] < least:
        raise ValueError(f"a series needs at least {least} times, but has {series.shape[1]}; time is the second axis.")
    check_finite(series, "the series")
    low, high = series.min(axis=(0, 1)), series.max(axis=(0, 1))
    if (low == high).any():
        raise ValueError(
            f"component {int(np.flatnonzero(low == high)[0])} of the series is constant: it has no fluctuations, and "
            "no correlation time."
        )
    return series


def check_finite(x: Vector, name: str) -> None:
    """Raise if a value of `x` is NaN or infinite."""
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        raise ValueError(f"{name} must be finite, but the value at index {tuple(bad[0].tolist())} is not.")


def as_points(x: ArrayLike, name: str, least: int = 1) -> Vector:
    """`x` as points (members, d); a vector (members,) becomes one column."""
    points = np.asarray(x, float)
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2 or points.shape[1] < 1:
        raise ValueError(f"{name} must have the shape (members,) or (members, d), but has {np.shape(x)}.")
    if len(points) < least:
        raise ValueError(f"{name} needs at least {least} members, but has {len(points)}.")
    check_finite(points, name)
    return points


def whole(value: Any, name: str, least: int) -> int:
    """`value` as a whole number of at least `least`."""
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")
    return int(value)
