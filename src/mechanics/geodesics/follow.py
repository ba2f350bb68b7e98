"""Continuation: one parameter after another from where a solution was found to where it is wanted.

First Lt, in steps of at most 1/2, then beta of the softplus in the place of a kink, then lam, then the softness of the
end. Steps are halved where the correction fails and doubled after four iterations or fewer. Where no step is small
enough the branch has an end, a fold for instance: the trust region then looks for a minimum from there, and the point
is marked.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .certificate import cost_of, rank_of
from .correct import Solved, by_newton, by_weights, weights_of
from .setting import Problem, Setting

Array = NDArray[np.float64]
ORDER = ("Lt", "beta", "lam", "softness")
FIRST = {"Lt": 0.5, "beta": np.log(4.0), "lam": np.log(2.0), "softness": 0.5}  # logarithms of beta and lam
MOST = {"Lt": 0.5, "beta": np.log(4.0), "lam": np.log(4.0), "softness": 1.0}
ROUGH = 1e-3  # cons of points on the way where the trust region makes them
JUMP = 1e-7  # cons from which Newton's method goes on
LEAST = 1 / 64  # of the first step
QUICK = 4  # iterations after which a step is doubled: fewer, and a step once halved is hardly ever doubled again


class Point(NamedTuple):
    """A solution on the branch."""

    Lt: float
    beta: float
    lam: float
    softness: float
    J: float
    rank: int
    """Singular values of A_{1/2} above 3 % of the largest."""
    H: float
    """Median over the steps."""
    iterations: int
    how: str
    """ "newton", "weights", or "jump" where the branch was lost and the trust region found another one."""


class Lost(Exception):
    """The branch ended: outcome, where, the smallest singular value there, and whether it heads for zero: a fold."""

    def __init__(self, outcome: str, name: str, at: Setting, smallest: float, fold: bool) -> None:
        self.outcome, self.name, self.at, self.smallest, self.fold = outcome, name, at, smallest, fold


class Step(NamedTuple):
    """An accepted solution, its parameters, and its line in the branch."""

    solved: Solved
    at: Setting
    point: Point
    leg: float
    """Legs of the way done, a fraction of the present one included."""


def legs_of(start: Setting, goal: Setting, waypoints: dict[str, Sequence[float]]) -> list[tuple[str, float]]:
    """Parameters and the values they go to, in order."""
    legs: list[tuple[str, float]] = []
    for name in ORDER:
        for value in (*waypoints.get(name, ()), getattr(goal, name)):
            if value != (legs[-1][1] if legs and legs[-1][0] == name else getattr(start, name)):
                legs.append((name, value))
    return legs


def follow(
    problem: Problem, solved: Solved, at: Setting, legs: list[tuple[str, float]], *, newton: bool, tol: float
) -> Iterator[Step]:
    """Yield every solution on the way; raise Lost where there is none."""
    for number, (name, value) in enumerate(legs):
        logarithmic = name in ("beta", "lam")
        t0, t1 = (float(np.log(v)) if logarithmic else v for v in (getattr(at, name), value))
        t, step, before = t0, FIRST[name], None
        sizes = [(t0, solved.smallest)]
        while t != t1:
            ahead = t1 if abs(t1 - t) <= 1.01 * step else t + np.sign(t1 - t) * step
            to = at._replace(
                **{name: value if ahead == t1 else float(f"{np.exp(ahead):.12g}") if logarithmic else float(ahead)}
            )
            ratio = (ahead - t) / (t - before[0]) if before else 0.0
            last = number == len(legs) - 1 and ahead == t1
            trial = _corrected(problem, solved, at, to, before, ratio, newton, tol, last)
            how = trial.how
            if trial.outcome != "ok":
                step *= 0.5
                if step >= LEAST * FIRST[name]:
                    continue
                if newton and to.softness == 1.0:
                    jump = by_weights(problem, to, weights_of(problem, at, solved.y), JUMP)
                    if jump.outcome == "ok":
                        trial, how = by_newton(problem, to, jump.x), "jump"
                if trial.outcome != "ok":
                    raise Lost(trial.outcome, name, at, solved.smallest, _folding(sizes, FIRST[name]))
                step = FIRST[name]
            before = (t, solved.x) if how == "newton" else None
            t, at, solved = ahead, to, trial
            sizes = [sizes[-1], (t, trial.smallest)]
            if trial.iterations <= QUICK:
                step = min(2 * step, MOST[name])
            yield Step(solved, at, point_of(problem, at, solved, how), number + abs((t - t0) / (t1 - t0)))


def _folding(sizes: list[tuple[float, float]], first: float) -> bool:
    """Whether the singular value, like a square root near a fold, reaches zero within half a first step."""
    if len(sizes) < 2 or not sizes[1][1] < sizes[0][1]:
        return False
    (t0, s0), (t1, s1) = sizes
    return s1**2 * abs(t1 - t0) / (s0**2 - s1**2) < 0.5 * first


def _corrected(
    problem: Problem, solved: Solved, at: Setting, to: Setting, before: tuple[float, Array] | None, ratio: float,
    newton: bool, tol: float, last: bool,
) -> Solved:  # fmt: skip
    if not newton:
        W = weights_of(problem, at, solved.y)
        return by_weights(problem, to, W, 0.01 * tol if last else ROUGH)
    x = solved.x
    if before is not None and before[1].shape == x.shape:
        x = x + ratio * (x - before[1])
    return by_newton(problem, to, x)


def point_of(problem: Problem, at: Setting, solved: Solved, how: str) -> Point:
    """The line of the branch for a solution."""
    J, H = cost_of(problem, at, solved.y)
    return Point(*at, J, rank_of(problem, at, solved.y), H, solved.iterations, how)
