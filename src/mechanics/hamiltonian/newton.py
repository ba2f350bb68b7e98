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
ROUNDING = 1e-7  # a correction this small that no longer shrinks is rounding; the certificate is measured anyway
RETRY, ACCEPT, STALLED, AT_ROUNDING = range(4)


@dataclass(frozen=True)
class Newton:
    """How an iteration ended: "ok", "no_progress", "max_iterations", "non_finite" or "singular_jacobian"."""

    x: Array
    outcome: str
    iterations: int
    smallest: float  # least relative singular value of the last matrix
    contraction: float  # size of the simplified correction after the last step over that of the step


def first_damping(damping, before, simplified, change, norm):  # type: ignore[no-untyped-def]
    """From how the simplified correction before, of that size, missed this one, of size `norm`, by `change`."""
    return max(min(1.0, before * simplified * damping / max(change * norm, 1e-300)), LEAST_DAMPING)


def judged(damping, norm, after, miss, reduced):  # type: ignore[no-untyped-def]
    """What to do with a trial and the damping for it; `after` is inf where it was not finite."""
    if not np.isfinite(after):
        wanted, after = 0.5 * damping, np.inf
    else:
        wanted = 0.5 * norm * damping * damping / max(miss, 1e-300)
    if after >= (1.0 - 0.25 * damping) * norm:
        if norm <= ROUNDING:
            return AT_ROUNDING, damping
        if damping <= LEAST_DAMPING:
            return STALLED, damping
        return RETRY, max(min(wanted, 0.5 * damping), LEAST_DAMPING)
    wanted = min(1.0, wanted)
    if wanted >= 4.0 * damping and not reduced:
        return RETRY, wanted
    return ACCEPT, damping


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
        return Newton(x, "non_finite", 0, 0.0, 0.0)
    damping, before, simplified, smallest, contraction = 1.0, 0.0, None, 1.0, 0.0
    for iteration in range(1, max_iterations + 1):
        matrix = linearise(x)
        if not matrix.finite:
            return Newton(x, "non_finite", iteration, 0.0, contraction)
        smallest = matrix.smallest
        if smallest < SINGULAR:
            return Newton(x, "singular_jacobian", iteration, smallest, contraction)
        dx = -matrix.solve(r)
        norm = size(dx, x)
        if not np.isfinite(norm):
            return Newton(x, "singular_jacobian", iteration, smallest, contraction)
        if norm <= 1e-15:
            return Newton(x, "ok", iteration, smallest, contraction)
        if simplified is not None:
            damping = first_damping(damping, before, size(simplified, x), size(simplified - dx, x), norm)
        reduced = False
        while True:
            trial = x + damping * dx
            r_trial = residual(trial)
            after, miss = np.inf, np.inf
            if np.isfinite(r_trial).all():
                simplified = -matrix.solve(r_trial)
                after, miss = size(simplified, x), size(simplified - (1.0 - damping) * dx, x)
            verdict, wanted = judged(damping, norm, after, miss, reduced)
            if verdict == AT_ROUNDING:
                return Newton(x, "ok", iteration, smallest, contraction)
            if verdict == STALLED:
                return Newton(x, "no_progress", iteration, smallest, contraction)
            if verdict == ACCEPT:
                break
            reduced = reduced or wanted < damping
            damping = wanted
        contraction = after / norm
        if damping == 1.0 and after <= tol:
            return Newton(trial + simplified, "ok", iteration, smallest, contraction)
        x, r, before = trial, r_trial, norm
    return Newton(x, "max_iterations", max_iterations, smallest, contraction)
