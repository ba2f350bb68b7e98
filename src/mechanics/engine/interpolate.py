"""Values of a stored interpolant at any times inside it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compile import compile_bound
from .dense import evaluate_many

Array = NDArray[np.float64]


def interpolate(ts: Array, ys: Array, steps: Array, t: Array) -> Array:
    """States at `t` from ends of steps (m,), (m, n) and rows (dt, Q) of each step.

    Raises
    ------
    ValueError
        If a time lies outside the steps, or is not finite.
    """
    low, high = min(ts[0], ts[-1]), max(ts[0], ts[-1])
    wanted = np.atleast_1d(t)
    if wanted.ndim != 1:
        raise ValueError(f"t must be a number or an array of shape (k,), but has shape {t.shape}.")
    outside = ~((wanted >= low) & (wanted <= high))
    if outside.any():
        raise ValueError(f"t must lie in [{low}, {high}], but {wanted[outside][0]} does not.")
    out = np.empty((len(wanted), ys.shape[1]))
    if len(ts) == 1:
        out[:] = ys[0]
    else:
        run: Any = compile_bound(evaluate_many)
        run(np.ascontiguousarray(wanted), ts, ys, steps, (steps.shape[1] - 1) // ys.shape[1], out)
    return out if t.ndim else out[0]
