"""Measured trajectories as the fits take them: times, values and weights of each, with gaps masked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import finite_numbers

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectories:
    """One or more trajectories.

    Parameters
    ----------
    ts : list of ndarray, shapes (m,)
        Increasing times.
    ys : list of ndarray, shapes (m, k)
        Values; NaN where there is none.
    weights : list of ndarray, shapes (m, k)
        Of each value, in units of 1 / standard deviation; 0 where there is no value.
    single : bool
        Whether the user gave one trajectory, not a list of them.
    """

    ts: list[Array]
    ys: list[Array]
    weights: list[Array]
    single: bool

    @property
    def count(self) -> int:
        """Values in all."""
        return int(sum((w > 0).sum() for w in self.weights))

    @property
    def columns(self) -> int:
        """Values at a time."""
        return self.ys[0].shape[1]

    def as_given(self, parts: list[Array]) -> Any:
        """One array for one trajectory, else the list."""
        return parts[0] if self.single else parts


def as_trajectories(ts: Any, ys: Any, weights: Any = None) -> Trajectories:
    """Check the user's arrays.

    Parameters
    ----------
    ts : array_like, shape (m,), or sequence of such
        Times; one array may serve several trajectories.
    ys : array_like, shape (m,), (m, k) or (trajectories, m, k), or sequence of arrays (m,) or (m, k)
        Values; NaN marks a missing one.
    weights : None, array_like, or sequence of array_like
        One number for each component, or of the shape of ys.

    Raises
    ------
    ValueError
        If shapes do not fit, times do not increase, or there is no value.
    """
    several_ts = len(ts) > 0 and np.ndim(ts[0]) >= 1
    single = not several_ts and not (isinstance(ys, (list, tuple)) and np.ndim(ys[0]) >= 2) and np.ndim(ys) < 3
    values = [ys] if single else list(ys)
    times = list(ts) if several_ts else [ts] * len(values)
    if len(times) != len(values) or not values:
        raise ValueError(f"There are {len(times)} arrays of times, but {len(values)} of values; give one for each.")
    out_t: list[Array] = []
    out_y: list[Array] = []
    out_w: list[Array] = []
    for s, (t, y) in enumerate(zip(times, values, strict=True)):
        t, y = finite_numbers("ts", t), np.array(y, dtype=float)
        y = y[:, None] if y.ndim == 1 else y
        if t.ndim != 1 or y.ndim != 2 or len(t) != len(y):
            raise ValueError(f"Trajectory {s}: ts must be (m,) and ys (m,) or (m, k), but are {t.shape} and {y.shape}.")
        if np.any(np.diff(t) <= 0.0):
            raise ValueError(f"Trajectory {s}: times must increase, but ts[{int(np.argmin(np.diff(t))) + 1}] does not.")
        if np.isinf(y).any():
            raise ValueError(f"Trajectory {s}: ys holds infinite values; mark missing ones by NaN.")
        if y.shape[1] != np.shape(out_y[0] if out_y else y)[1]:
            raise ValueError("All trajectories must have the same number of components.")
        w = _weights(weights, s, y, single)
        out_t.append(t)
        out_y.append(y)
        out_w.append(np.where(np.isfinite(y), w, 0.0))
    found = Trajectories(out_t, out_y, out_w, single)
    if found.count == 0:
        raise ValueError("There is nothing to fit: all values are missing or have no weight.")
    return found


def _weights(weights: Any, s: int, y: Array, single: bool) -> Array:
    if weights is None:
        return np.ones_like(y)
    own = weights if single or np.ndim(weights) <= 1 else weights[s]
    w = finite_numbers("weights", own)
    if (w < 0.0).any():
        raise ValueError("weights must not be negative: they are 1 / standard deviations.")
    w = w[:, None] if w.ndim == 1 and y.shape[1] == 1 and len(w) == len(y) else w
    try:
        return np.broadcast_to(w, y.shape)
    except ValueError:
        raise ValueError(f"weights have the shape {w.shape}, which does not fit values of shape {y.shape}.") from None
