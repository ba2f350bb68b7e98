"""Damped Newton iteration that watches the natural norm of the error, not that of the residual.

    dx = -J^-1 F(x),   x+ = x + lambda dx,   accept if |J^-1 F(x+)| < (1 - lambda / 4) |dx|

The test does not change when the equations are multiplied by a matrix, as the badly scaled ones of boundary value
problems can be; the same factorisation gives both sides of it.

P. Deuflhard, Newton Methods for Nonlinear Problems, Springer 2004, algorithm NLEQ-ERR (section 3.3.3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEAST_DAMPING = 1e-6
SINGULAR = 1e-13  # relative singular value of a matrix that rounding alone keeps from being singular
ROUNDING = 1e-10  # a correction this small that no longer shrinks is rounding; the certificate is measured anyway


@dataclass(frozen=True)
class Newton:
    """How an iteration ended: "ok", "no_progress", "max_iterations", "non_finite" or "singular_jacobian"."""

    x: Array
    outcome: str
    iterations: int
    smallest: float  # least relative singular value of the last matrix
    correction: float


def newton(
    residual: Callable[[Array], Array],
    linearise: Callable[[Array], Any],
    size: Callable[[Array, Array], float],
    x: Array,
    *,
    tol: float,
    max_iterations: int,
) -> Newton:
    """Solve residual(x) = 0.

    Parameters
    ----------
    residual : function
        `residual(x)`, of any shape that the solver takes.
    linearise : function
        `linearise(x)` gives an object with `solve(residual) -> dx` (the sign is positive: dx = J^-1 r, x - dx is the
        next iterate), `smallest` and `finite`.
    size : function
        `size(dx, x)`, the norm of a correction.
    x : ndarray
        Start.
    tol : float
        Largest size of the last correction.
    max_iterations : int
        Factorisations.
    """
    r = residual(x)
    if not np.isfinite(r).all():
        return Newton(x, "non_finite", 0, 0.0, np.inf)
    damping, before, simplified, smallest, norm = 1.0, 0.0, None, 1.0, np.inf
    for iteration in range(1, max_iterations + 1):
        matrix = linearise(x)
        if not matrix.finite:
            return Newton(x, "non_finite", iteration, 0.0, np.inf)
        smallest = matrix.smallest
        if smallest < SINGULAR:
            return Newton(x, "singular_jacobian", iteration, smallest, np.inf)
        dx = -matrix.solve(r)
        norm = size(dx, x)
        if not np.isfinite(norm):
            return Newton(x, "singular_jacobian", iteration, smallest, norm)
        if norm <= 1e-15:
            return Newton(x, "ok", iteration, smallest, norm)
        if simplified is not None:  # predict the damping from how the last simplified correction missed this one
            change = size(simplified - dx, x)
            bound = before * size(simplified, x) * damping / max(change * norm, 1e-300)
            damping = min(1.0, bound)
        damping = max(damping, LEAST_DAMPING)
        reduced = False
        while True:
            trial = x + damping * dx
            r_trial = residual(trial)
            finite = bool(np.isfinite(r_trial).all())
            after = np.inf
            if finite:
                simplified = -matrix.solve(r_trial)
                after = size(simplified, x)
            if not np.isfinite(after):
                wanted = 0.5 * damping
            else:
                miss = size(simplified - (1.0 - damping) * dx, x)
                wanted = 0.5 * norm * damping * damping / max(miss, 1e-300)
            if after >= (1.0 - 0.25 * damping) * norm:
                if norm <= ROUNDING:
                    return Newton(x, "ok", iteration, smallest, norm)
                if damping <= LEAST_DAMPING:
                    return Newton(x, "no_progress", iteration, smallest, norm)
                damping = max(min(wanted, 0.5 * damping), LEAST_DAMPING)
                reduced = True
                continue
            wanted = min(1.0, wanted)
            if wanted >= 4.0 * damping and not reduced:
                damping = wanted
                continue
            break
        if damping == 1.0 and after <= tol:
            return Newton(trial + simplified, "ok", iteration, smallest, after)
        x, r, before = trial, r_trial, norm
    return Newton(x, "max_iterations", max_iterations, smallest, norm)
