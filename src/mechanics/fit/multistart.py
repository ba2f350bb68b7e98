"""Starts of a search, as a pure function of a seed, and the best of the searches from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from ..checks import whole_numbers
from .ode_objective import OdeObjective

Array = NDArray[np.float64]
SPREAD = 0.7  # e-folds by which an unbounded parameter is moved, one standard deviation
DECADE = 10.0  # bounds whose ratio is larger are filled evenly in the logarithm
SAME = 1e-3  # relative difference of costs that are called the same minimum
ROUGH = 1e-6


def start_points(starts: Any, theta: Array, lower: Array, upper: Array, scale: Array, movable: int, seed: int) -> Array:
    """The first start, then others: a Latin hypercube between finite bounds, factors exp(0.7 z) elsewhere.

    Parameters
    ----------
    starts : int or array_like, shape (s, movable)
        How many in all, or further ones.
    movable : int
        The first so many parameters are moved; initial states stay.
    """
    if not isinstance(starts, (int, np.integer)) or isinstance(starts, bool):
        rows = np.atleast_2d(np.asarray(starts, dtype=float))
        if rows.shape[1] != movable or not np.isfinite(rows).all():
            raise ValueError(f"starts must be a number, or finite points of shape (s, {movable}), but is {rows.shape}.")
        points = np.tile(theta, (len(rows) + 1, 1))
        points[1:, :movable] = rows
        return np.clip(points, lower, upper)
    whole_numbers(starts=(int(starts), 1), seed=(seed, 0))
    points = np.tile(theta, (int(starts), 1))
    if starts == 1:
        return points
    rng = np.random.default_rng(seed)
    unit = qmc.LatinHypercube(movable, rng=rng).random(int(starts) - 1)
    z = rng.standard_normal((int(starts) - 1, movable))
    for i in range(movable):
        low, high = lower[i], upper[i]
        if np.isfinite(low) and np.isfinite(high):
            if low > 0.0 and high / low > DECADE:
                points[1:, i] = low * (high / low) ** unit[:, i]
            else:
                points[1:, i] = low + (high - low) * unit[:, i]
        elif theta[i] != 0.0:
            points[1:, i] = theta[i] * np.exp(SPREAD * z[:, i])
        else:
            points[1:, i] = scale[i] * z[:, i]
    return np.clip(points, lower, upper)


def best_of(objective: OdeObjective, points: Array) -> tuple[Any, int, int]:
    """The best search, polished; how many ended there, and how many could not start."""
    searches = [objective.least_squares(point, most=60, tol=ROUGH) for point in points]
    ended = [s for s in searches if s is not None and np.isfinite(s.cost)]
    if not ended:
        return None, 0, len(points)
    best = min(ended, key=lambda s: s.cost)
    polished = objective.least_squares(best.x)
    best = best if polished is None or polished.cost > best.cost else polished
    near = sum(s.cost <= best.cost * (1.0 + SAME) + 1e-12 * objective.data.count for s in ended)
    return best, max(1, near), len(points) - len(ended)
