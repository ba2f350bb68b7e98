"""Profile likelihood: the best fit for each value of one parameter, and the interval of values that are not rejected.

Murphy, van der Vaart, J. Am. Stat. Assoc. 95 (2000) 449-465; Raue et al., Bioinformatics 25 (2009) 1923-1929.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from .objective import BAD, Objective

Array = NDArray[np.float64]
DOUBLINGS = 12  # of the first step outwards, before a side is called open
INSIDE = 4  # points on each side, for the picture


class Profile(NamedTuple):
    """A profile.

    Attributes
    ----------
    name : str
    values, rise : ndarray, shape (m,)
        Values of the parameter, and -2 log likelihood there minus its least value, the others refitted.
    threshold : float
        The rise at the ends of the interval.
    interval : (float, float)
        Infinite where no value up to 2^12 first steps away, or up to the bound, is rejected.
    level : float
    """

    name: str
    values: Array
    rise: Array
    threshold: float
    interval: tuple[float, float]
    level: float


def profile_of(objective: Objective, theta: Array, i: int, step: float, level: float) -> Profile:
    """Walk outwards from the best fit until the rise passes the threshold, then find where it does."""
    best, threshold = objective.minus2(theta), objective.threshold(level)
    points = {float(theta[i]): 0.0}
    ends = []
    for side in (-1.0, 1.0):
        at, near = theta.copy(), float(theta[i])
        bound = float(objective.lower[i] if side < 0 else objective.upper[i])
        starts = {near: theta}
        end = side * np.inf

        def rise(value: float, starts: dict[float, Array] = starts) -> float:
            start = starts[min(starts, key=lambda known: abs(known - value))].copy()
            start[i] = value
            found, height = objective.refit(start, (i,))
            starts[value] = found
            points[value] = min(height, BAD) - best
            return points[value] - threshold

        far, stride = near, step
        for _ in range(DOUBLINGS):
            far = min(far + stride, bound) if side > 0 else max(far - stride, bound)
            if far == near:
                break
            if rise(far) > 0.0:
                end = float(brentq(rise, near, far, rtol=1e-4, xtol=1e-4 * step, maxiter=30))
                break
            near, stride = far, 2.0 * stride
            if far == bound:
                break
        ends.append(end)
        edge = end if np.isfinite(end) else near
        for value in np.linspace(at[i], edge, INSIDE + 2)[1:-1]:
            rise(float(value))
    values = np.array(sorted(points))
    values = values[[points[v] < 4.0 * threshold for v in values]]
    return Profile(
        objective.names[i], values, np.array([points[v] for v in values]), threshold, (ends[0], ends[1]), level
    )
