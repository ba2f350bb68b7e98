"""A continuous geodesic whose entries cross the kink of their activation: nodes at the crossings, linear between them.

Between crossings the activation is linear with slopes that do not change, so that the equations are polynomials and
collocation and shots keep their order. The times tau_k of the crossings are found by

    A_{i_k j_k}(tau_k; tau) / (dA_{i_k j_k}/dp) = 0

with the geodesic solved anew for each tau. Entries that slide along the kink need set-valued slopes and are refused: a
critical network has them (`polish.on_kinks`).
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from ..hamiltonian.newton import newton
from ..leaky_resnet.activation import Activation
from .collocation import Collocation
from .correct import FEW, TIGHT, Solved, stages
from .field import field, states
from .network import size
from .polish import corrected_by_shots
from .setting import Problem, Setting

Array = NDArray[np.float64]
MANY = 40  # crossings
ROUNDS = 6  # of changes to which entries cross
CLOSE = 0.05  # of a step: nodes nearer to a crossing are left out
SLIDE = 3  # nodes in a row with beta |A| < 6: an entry that slides


class Crossed(NamedTuple):
    """States at nodes that hold the crossings."""

    p: Array
    y: Array
    masked: Activation
    """sigma with the slopes of each step."""
    miss: float
    """Largest time by which a crossing is missed."""
    agrees: bool
    """Whether every entry has the sign that its slope says, at nodes and stages."""


def with_slopes(act: Activation, slopes: Array) -> Activation:
    """The activation on steps l with slopes (L, w, N) of their own, for stacks over steps, or steps and stages."""

    def along(z: Array) -> Array:
        if z.ndim == 4:
            return slopes[:, None]
        return np.repeat(slopes, len(z) // len(slopes), axis=0)

    return act._replace(
        value=lambda z: along(z) * z, slope=lambda z: along(z) + 0.0 * z, curvature=lambda z: 0.0 * z, kinked=False
    )


def across_kinks(problem: Problem, at: Setting, solved: Solved) -> Crossed | None:
    """The geodesic of a kinked activation next to a smooth one; None if entries slide, or if none is found."""
    p = np.append(0.0, np.cumsum(problem.rho))
    A, _ = states(problem.task(at), solved.y)
    near = at.beta * np.abs(A) < 6.0
    if np.any(np.lib.stride_tricks.sliding_window_view(near, SLIDE, axis=0).all(axis=-1)):
        return None
    y, nodes, below = solved.y, p, A[0] <= 0
    for _ in range(ROUNDS):
        A, _ = states(problem.task(at), y)
        step, row, column = np.nonzero((A[1:] > 0) != (A[:-1] > 0))
        if len(step) > MANY:
            return None
        entries = np.stack([row, column], axis=1)
        here, there = A[step, row, column], A[step + 1, row, column]
        tau = nodes[step] + np.diff(nodes)[step] * here / (here - there)
        solve = partial(_between, problem, at, p, entries, below, nodes, y)
        if len(tau):
            tau = root(partial(_late, solve), tau, method="hybr", options={"xtol": 1e-14, "eps": 1e-7}).x
        last = solve(tau)
        if last is None:
            return None
        found = last[0]._replace(miss=float(np.abs(last[1]).max(initial=0.0)))
        if found.agrees:
            return found
        y, nodes = found.y, found.p
    return None


def _late(solve: Callable[[Array], tuple[Crossed, Array] | None], tau: Array) -> Array:
    found = solve(tau)
    return np.full(len(tau), np.nan) if found is None else found[1]


def _between(
    problem: Problem, at: Setting, p: Array, entries: NDArray[np.int64], below: NDArray[np.bool_], nodes: Array,
    y: Array, tau: Array,
) -> tuple[Crossed, Array] | None:  # fmt: skip
    """The geodesic with slopes that switch at tau, and by how much time each entry misses zero there."""
    if not (np.isfinite(tau).all() and (tau > 0).all() and (tau < 1).all()):
        return None
    gap = CLOSE * problem.rho.min()
    clear = np.abs(p[:, None] - tau).min(axis=1, initial=1.0) > gap
    clear[[0, -1]] = True
    kept = p[clear]
    new = np.unique(np.concatenate([kept, tau]))
    h = np.diff(new)
    middle = new[:-1] + h / 2
    active = np.repeat(~below[None], len(h), axis=0)
    for t, (i, j) in zip(tau, entries, strict=True):
        active[middle > t, i, j] ^= True
    goal = at._replace(beta=np.inf)
    true = problem.task(goal)
    masked = with_slopes(true.act, np.where(active, 1.0, true.act.parameter))
    task, end = true._replace(rho=h, act=masked), problem.end(goal)
    scheme = Collocation(task, end, h, stages(problem))
    start = np.stack([np.interp(new, nodes, column) for column in y.T], axis=1)
    count = start.size
    solved = newton(
        scheme.residual, scheme.linearise, lambda dx, x: size(task, dx[:count], x[:count]), scheme.start(start),
        tol=TIGHT, max_iterations=FEW,
    )  # fmt: skip
    if solved.outcome != "ok":
        return None
    states_at = corrected_by_shots(task, end, scheme.linearise(solved.x), scheme.split(solved.x)[0])
    A, B = states(task, states_at)
    where = np.searchsorted(new, tau)
    rate = field(true, A[where], B[where])[0]
    index = np.arange(len(tau))
    late = A[where, entries[:, 0], entries[:, 1]] / rate[index, entries[:, 0], entries[:, 1]]
    Z, _ = states(task, scheme.points(*scheme.split(solved.x)))
    small = 1e-7 * np.abs(A).max()
    agrees = all(
        bool((((part > 0) == active) | (np.abs(part) < small)).all()) for part in (A[1:], A[:-1], *np.moveaxis(Z, 1, 0))
    )
    return Crossed(new, states_at, masked, 0.0, agrees), late
