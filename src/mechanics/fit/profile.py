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
FLAT_RISE = 0.01  # of the threshold: a lower rise is none


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
        Infinite (0 below, for a positive number of which the logarithm is searched) where no value up to 2^12 first
        steps away, or up to the bound, is rejected.
    level : float
    note : str
        Why an end is open, in words; empty where none is. A rise that is flat on both sides is called structural, one
        that is too low on a side practical non-identifiability, as Raue et al. do; what is flat is flat at these data.
    """

    name: str
    values: Array
    rise: Array
    threshold: float
    interval: tuple[float, float]
    level: float
    note: str = ""


def profile_of(objective: Objective, theta: Array, i: int, step: float, level: float) -> Profile:
    """Walk outwards from the best fit until the rise passes the threshold, then find where it does.

    Raises
    ------
    ValueError
        If level is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, but is {level}.")
    best, threshold = objective.minus2(theta), objective.threshold(level)
    points = {float(theta[i]): 0.0}
    ends = []
    for side in (-1.0, 1.0):
        at, near = theta.copy(), float(theta[i])
        bound = float(objective.lower[i] if side < 0 else objective.upper[i])
        starts = {near: theta}
        end = side * np.inf

        def rise(value: float, starts: dict[float, Array] = starts) -> float:
            if value in points:  # a second search may end elsewhere, and brentq would find no change of sign
                return points[value] - threshold
            found, height = theta, np.inf
            for start in _ahead(objective, starts, i, value):
                other, lower = objective.refit(start, (i,))
                if lower <= height:
                    found, height = other, lower
                if height - best <= threshold:  # no value is rejected before every start was tried
                    break
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
    name, rises = objective.names[i], np.array([points[v] for v in values])
    note = _note(name, values - theta[i], rises / threshold, (ends[0], ends[1]))
    return Profile(name, values, rises, threshold, (ends[0], ends[1]), level, note)


def _ahead(objective: Objective, starts: dict[float, Array], i: int, value: float) -> list[Array]:
    """Starts of a refit: on the line through the nearest two fits, which follows a valley, and the nearest itself."""
    near = sorted(starts, key=lambda known: abs(known - value))
    points = [starts[near[0]]]
    if len(near) > 1:
        slope = (starts[near[0]] - starts[near[1]]) / (near[0] - near[1])
        points.insert(0, np.clip(points[0] + slope * (value - near[0]), objective.lower, objective.upper))
    return [np.where(np.arange(len(point)) == i, value, point) for point in points]


def _note(name: str, away: Array, part: Array, ends: tuple[float, float]) -> str:
    """What an open interval means; `part` is the rise over the threshold."""
    said = []
    if part.min() < -FLAT_RISE:
        said.append(f"A better fit was met at another {name}: start the fit again there.")
    if np.isinf(ends).all() and part.max() < FLAT_RISE:
        said.append(
            f"{name} is structurally unidentifiable here: the fit is as good at every value within the bounds, "
            "whatever the noise of the data."
        )
    else:
        for side, end, where in ((-1.0, ends[0], "below"), (1.0, ends[1], "above")):
            if np.isinf(end):
                most = part[side * away >= 0.0].max()
                shape = "flat there" if most < FLAT_RISE else f"at most {most:.2g} of the threshold"
                said.append(
                    f"{name} is practically unidentifiable: no value {where} the fit is rejected within the bounds "
                    f"(the rise is {shape})."
                )
    return " ".join(said)
