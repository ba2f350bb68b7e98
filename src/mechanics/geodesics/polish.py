"""The last step to a certified geodesic: the kinks of a ReLU network exactly, the shots of a continuous one.

A softplus network of large beta tells which entries sit on the kink: those with beta |A| small. There A = 0 is
imposed and the slope becomes the unknown (see `network`); Newton's method then solves the equations of the ReLU itself.
Entries whose slope leaves [0, 1] are let go to the side they push to, entries that change their sign are held, until
signs and slopes agree.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .collocation import Collocation
from .correct import TIGHT, Solved, by_newton, stages
from .ends import End
from .field import states
from .layers import Task
from .setting import Problem, Setting
from .shots import extent, gaps

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
ROUNDS = 12
SHOTS = 12
ON_KINK = 12.0  # beta |A| of an entry on the kink: its slope is within 6e-6 of 0 or 1 beyond


def on_kinks(problem: Problem, at: Setting, solved: Solved) -> tuple[Solved, Mask] | None:
    """A critical network of the kinked activation next to a smooth one; None if signs and slopes never agree."""
    smooth, alpha = problem.task(at), problem.act.parameter
    A, _ = states(smooth, solved.y)
    n = smooth.X.size
    held = at.beta * np.abs(A) < ON_KINK
    held[0] = held[-1] = False
    s = smooth.act.slope(A)
    goal = at._replace(beta=np.inf)
    y = solved.y.copy()
    y[:, :n] = np.where(held, s, A).reshape(len(y), n)
    side = np.where(A > 0, 1, -1)
    for _ in range(ROUNDS):
        found = by_newton(problem, goal, y.ravel(), held)
        if found.outcome != "ok":
            return None
        value = states(smooth, found.y)[0]
        low, high = held & (value < alpha - 1e-9), held & (value > 1 + 1e-9)
        crossed = ~held & (np.sign(value) * side < 0)
        crossed[0] = crossed[-1] = False
        if not (low | high | crossed).any():
            return found, held
        value = np.where(low, -1e-9, np.where(high, 1e-9, np.where(crossed, 0.5, value)))
        side = np.where(low, -1, np.where(high, 1, side))
        held = (held | crossed) & ~(low | high)
        y = found.y.copy()
        y[:, :n] = value.reshape(len(y), n)
    return None


def by_shots(problem: Problem, at: Setting, solved: Solved) -> Array:
    """States of a continuous geodesic, corrected by shots."""
    task, end = problem.task(at), problem.end(at)
    matrix = Collocation(task, end, problem.rho, stages(problem)).linearise(solved.x)
    return corrected_by_shots(task, end, matrix, solved.y)


def corrected_by_shots(task: Task, end: End, matrix: Any, y: Array) -> Array:
    """States corrected until shots of order eight meet them, or their gaps fall no more."""
    before = np.inf
    for _ in range(SHOTS):
        found = gaps(task, y, np.asarray(task.rho), TIGHT)
        gap = float((np.abs(found.gap) / extent(task, y)).max())
        if gap <= TIGHT or not gap < 0.7 * before:
            break
        A, B = states(task, y)
        y = y - matrix.across((A[0] - task.X).ravel(), -found.gap, end.miss(A[-1], B[-1]).ravel())
        before = gap
    return y
