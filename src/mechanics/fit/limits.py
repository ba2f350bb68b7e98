"""Values of one parameter that the data reject, the others refitted: ends of intervals where errors are not linear.

At a trial value theta_i the other parameters are refitted. The parameter's linearised move back, J^+_i r, is compared
with its standard error there: an inverted score test. It needs no small errors, only that the data can tell.
"""

import numpy as np
from scipy.stats import t as student

from .data import Array, ChainData
from .search import Found, refine
from .uncertainty import NEAR_BOUND, covariance_of, effective_observations, inverse_of, jacobian_of

RTOL, OFFSET, FTOL = 1e-5, 1e-3, 1e-6  # a limit is wanted to a few per cent
TRIALS = 4  # between a value that is kept and one that is rejected
DOUBLINGS = 7
SLACK = 1.5  # on the rise of the sum of squares that an error explains


def limit_of(
    data: ChainData,
    found: Found,
    name: str,
    side: int,
    *,
    first: float = 1.0,
    inward: bool = True,
    level: float = 0.95,
    kept: list[Array] | None = None,
    doublings: int = DOUBLINGS,
) -> float | None:
    """The nearest value of a parameter below (side -1) or above (+1) that the data reject at one-sided `level`.

    Steps start with `first` and double, `doublings` times at most. None where no value there is
    rejected. Without `inward` the first
    trial, if rejected, is returned itself. Parameters of fits at values that are not rejected are added to `kept`.
    """
    i = found.model.names.index(name)
    low, high = found.model.bounds()
    bound = float(low[i] if side < 0 else high[i])
    theta = found.theta.copy()

    def excess(value: float) -> float:
        """Standard errors by which a value is beyond what the data allow."""
        nonlocal theta
        trial = theta.copy()
        trial[i] = value
        held = refine(data, found.model, trial, held=(i,), rtol=RTOL, offset=OFFSET, ftol=FTOL)
        if not np.isfinite(held.fitted).all():
            return np.inf
        beyond = _score(data, held, found, i, side, level)
        if beyond <= 0:
            theta = held.theta  # the next trial starts from here, never from a valley that was rejected
            if kept is not None:
                kept.append(theta)
        return beyond

    inside, below = float(found.theta[i]), None
    step = first
    for _ in range(doublings):
        edge = max(bound, inside - step) if side < 0 else min(bound, inside + step)
        beyond = excess(edge)
        if beyond > 0:
            if below is None and not inward:
                return edge
            break
        if edge == bound:
            return None
        inside, below, step = edge, beyond, 2 * step
    else:
        return None
    for _ in range(TRIALS):
        # where the excess would vanish if it were straight, but well within the two ends
        part = 0.5 if below is None or not np.isfinite(beyond) else below / (below - beyond)
        middle = inside + min(max(part, 0.15), 0.85) * (edge - inside)
        value = excess(middle)
        if value > 0:
            edge, beyond = middle, value
        else:
            inside, below = middle, value
        if abs(edge - inside) < 0.05 * first:
            break
    return edge


def _score(data: ChainData, held: Found, found: Found, i: int, side: int, level: float) -> float:
    """How far the parameter wants back, in standard errors, beyond the quantile; or how far the fit is too bad.

    A parameter q standard errors e off raises the sum of squares by (q e)^2/(J^T J)^{-1}_ii. Where it has risen by much
    more the refit has ended in another valley, whose own slope says nothing.
    """
    low, high = held.model.bounds()
    theta = held.theta
    J = jacobian_of(data, held, RTOL)
    free = [j for j in range(len(theta)) if low[j] + NEAR_BOUND < theta[j] < high[j] - NEAR_BOUND or j == i]
    inverse, _ = inverse_of(J, np.array(free))
    cov, dof = covariance_of(data, held, J, inverse, RTOL)
    quantile = float(student.ppf(level, dof))
    least = float(found.weighed @ found.weighed)
    rise = float(held.weighed @ held.weighed) - least
    unit = float(inverse[i] @ inverse[i])
    if unit > 0:
        allowed = SLACK * quantile**2 * cov[i, i] / unit
    else:  # flat here
        allowed = quantile**2 * least / effective_observations(found.weighed.reshape(data.measured.shape))
    move = -side * float(inverse[i] @ held.weighed) / np.sqrt(max(cov[i, i], 1e-300))
    return max(float(move) - quantile, quantile * (np.sqrt(max(rise, 0.0) / max(allowed, 1e-300)) - 1))
