"""From an estimate to a solution with the same parameters: Newton on states, or the trust region on weights.

Newton's method finds critical points next to its start, whatever their kind; the trust region finds minima, and is
what begins a branch and goes on where Newton's method loses it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..hamiltonian.newton import newton
from . import network
from .collocation import Collocation
from .field import joined, states, weights
from .gauss_newton import minimise
from .layers import swept
from .setting import Problem, Setting

Array = NDArray[np.float64]
TIGHT = 1e-11  # last correction of Newton's method
FEW = 25  # of its iterations: more are slower than a smaller step
ORDER_FOUR = 60  # w N up to which two stages are cheap


class Solved(NamedTuple):
    """The end of a correction: states (L+1, 2n) at the nodes, and what they came with."""

    y: Array
    x: Array
    """All unknowns of Newton's method."""
    outcome: str
    iterations: int
    smallest: float
    how: str
    """ "newton" or "weights"."""


def stages(problem: Problem) -> int:
    """Stages of the collocation."""
    return 2 if problem.X.size <= ORDER_FOUR else 1


def by_newton(problem: Problem, at: Setting, x: Array, held: Any = None, iterations: int = FEW) -> Solved:
    """Newton's method from states, or from all unknowns, flat."""
    task, end = problem.task(at), problem.end(at)
    n2, L = 2 * task.X.size, len(problem.rho)
    count = (L + 1) * n2
    if problem.scheme == "network":
        found = newton(
            lambda x: network.residual(task, end, x, held), lambda x: network.linearise(task, end, x, held),
            lambda dx, x: network.size(task, dx, x), x[:count], tol=TIGHT, max_iterations=iterations,
        )  # fmt: skip
    else:
        scheme = Collocation(task, end, problem.rho, stages(problem))
        found = newton(
            scheme.residual, scheme.linearise, lambda dx, x: network.size(task, dx[:count], x[:count]),
            x if len(x) > count else scheme.start(x.reshape(L + 1, n2)), tol=TIGHT, max_iterations=iterations,
        )  # fmt: skip
    return Solved(
        found.x[:count].reshape(L + 1, n2), found.x, found.outcome, found.iterations, found.smallest, "newton"
    )


def by_weights(problem: Problem, at: Setting, W: Array, tol: float) -> Solved:
    """The trust region from weights, to cons <= tol, and the states of the network found."""
    task = problem.task(at)
    W, report = minimise(task, W, tol=tol)
    path = swept(task, W)
    y = joined(np.array(path.A), -np.array(path.G) / task.lam)
    outcome = "ok" if report.cons <= tol else report.reason
    return Solved(y, y.ravel(), outcome, report.iterations, np.nan, "weights")


def weights_of(problem: Problem, at: Setting, y: Array) -> Array:
    """Weights (L, w, w+1) of the layers of a network with these states."""
    A, B = states(problem.task(at), y)
    return weights(problem.task(at), A[:-1], B[1:])
