"""Least squares within bounds: Levenberg's damped steps, bent along the valley by geodesic acceleration.

    (J^T J + lambda I) d = -J^T r,      (J^T J + lambda I) a = -J^T r_dd / 2,      theta <- theta + d + a

r_dd is the second derivative of the residuals along d, by one more evaluation of the residuals. Transtrum, Sethna,
arXiv:1201.5885: in models whose parameters trade against each other steps follow the bent valley and may be long.
Damping follows the gain, as in Nielsen, report IMM-REP-1999-05, Technical University of Denmark.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FIRST = 1e-3  # damping over the largest squared singular value, at the start
LEAST = 1e-10
MOST = 1e8  # beyond it no step helps: the residuals are rough at that scale
ALONG = 0.1  # of a step: where the residuals are evaluated for their second derivative
BENT = 0.75  # of the step: a longer correction says that the step is too long (Transtrum and Sethna)
PATIENCE = 3  # steps in a row that gain next to nothing: a single one may only have been damped
LONG = 0.05  # steps from here on are bent; shorter ones hardly differ


@dataclass(frozen=True)
class Minimum:
    """Where a search ended: parameters, residuals and Jacobian there, whether it settled, evaluations of both."""

    theta: Array
    residuals: Array
    jacobian: Array
    settled: bool
    evaluations: int


def least_squares(
    both: Callable[[Array], tuple[Array, Array]],
    residuals: Callable[[Array], Array],
    theta: Array,
    low: Array,
    high: Array,
    *,
    offset: float,
    ftol: float,
    xtol: float,
    most: int,
    enough: Callable[[], bool] = lambda: False,
) -> Minimum:
    """Least sum of squares of residuals (m,) from theta (p,), within low and high.

    `both` gives residuals and Jacobian (m, p). Settled: a step would take away less than the part `offset` of the
    residuals' length; or has taken, several times in a row, less than `ftol` of the sum of squares; or was shorter than
    `xtol`. It stops unsettled after `most` evaluations, or where `enough` says so.
    """
    theta = np.clip(theta, low, high)
    r, J = both(theta)
    count, cost = 1, float(r @ r)
    damping, grow, small = FIRST, 2.0, 0
    while count < most and not enough():
        g = J.T @ r
        free = np.flatnonzero(~((theta <= low) & (g > 0) | (theta >= high) & (g < 0)))
        if not free.size:
            return Minimum(theta, r, J, True, count)
        U, values, Vt = np.linalg.svd(J[:, free], full_matrices=False)
        top = float(values[0]) ** 2
        if not top > 1e-300:  # nothing moves
            return Minimum(theta, r, J, False, count)
        along = U.T @ r
        if float(np.linalg.norm(along)) <= offset * np.sqrt(cost):
            return Minimum(theta, r, J, True, count)
        accepted = False
        while not accepted:
            if damping > MOST or count >= most or enough():
                return Minimum(theta, r, J, damping > MOST, count)
            pull = values / (values**2 + damping * top)
            step = np.zeros(theta.size)
            step[free] = -Vt.T @ (pull * along)
            new = np.clip(theta + step, low, high)
            length = float(np.linalg.norm(new - theta))
            if length < xtol:
                return Minimum(theta, r, J, True, count)
            if length > LONG:
                bend = _bend(residuals, theta, new - theta, r, J)
                turn = np.zeros(theta.size)
                turn[free] = -0.5 * Vt.T @ (pull * (U.T @ bend))
                if not 2 * float(np.linalg.norm(turn)) <= BENT * length:
                    damping, grow = damping * grow, 2 * grow
                    continue
                new = np.clip(new + turn, low, high)
            r_new, J_new = both(new)
            count += 1
            cost_new = float(r_new @ r_new)
            foretold = float(((along * pull * values) * (2 - pull * values) * along).sum())
            if cost_new < cost:
                gain = (cost - cost_new) / max(foretold, 1e-300)
                small = small + 1 if cost - cost_new < ftol * cost else 0
                damping = max(LEAST, damping * (0.1 if gain > 0.75 else max(1 / 3, 1 - (2 * gain - 1) ** 3)))
                theta, r, J, cost, grow, accepted = new, r_new, J_new, cost_new, 2.0, True
                if small == PATIENCE:
                    return Minimum(theta, r, J, True, count)
            else:
                damping, grow = damping * grow, 2 * grow
    return Minimum(theta, r, J, False, count)


def _bend(residuals: Callable[[Array], Array], theta: Array, step: Array, r: Array, J: Array) -> Array:
    """Second derivative of the residuals along a step."""
    ahead = residuals(theta + ALONG * step)
    bend: Array = 2 / ALONG * ((ahead - r) / ALONG - J @ step)
    return bend
