"""`solve_geodesic`: the cheapest path of representations of a Leaky ResNet, without training one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..progress import progress_bar
from . import reasons
from .arguments import Request, request_of
from .correct import Solved, by_newton, by_weights, weights_of
from .finish import finished, unfinished
from .follow import ROUGH, Lost, Point, Step, follow, legs_of, point_of
from .result import Geodesic
from .setting import Setting

Array = NDArray[np.float64]
SPREAD = 0.1  # of first weights: small ones, as those of a network that has learnt nothing


def solve_geodesic(
    X: ArrayLike,
    Y: ArrayLike,
    lam: float,
    Lt: float,
    *,
    activation: Any = "relu",
    bias: bool = True,
    readout: ArrayLike | None = None,
    end: str = "soft",
    layers: int | ArrayLike = 20,
    method: str = "auto",
    scheme: str = "network",
    continuation: Mapping[str, float | Sequence[float]] | None = None,
    start: "Geodesic | int | None" = None,
    tol: float = 1e-8,
    progress: bool = False,
    throw: bool = False,
) -> Geodesic:
    """Representation geodesic A_p from X to Y of least cost (1/N) ||Y - P^T A_1||^2 + lam/(2 Lt) int ||W_p||^2 dp.

    Parameters
    ----------
    X : array_like, shape (w, N)
        Representation at the input.
    Y : array_like, shape (d, N)
        Outputs.
    lam : float
        Price of the weights (weight decay is lam/Lt). The misfit is summed over outputs: a mean over N d entries, as
        of torch, has lam d in its place.
    Lt : float
        Effective depth.
    activation : str or tuple
        "relu", "identity", ("softplus", beta) or ("leaky", slope).
    bias : bool
        Whether W has a last column for a constant.
    readout : array_like, shape (w, d), optional
        P, with orthonormal columns; the identity without it.
    end : {"soft", "fixed"}
        Whether the misfit is weighed, or P^T A_1 = Y holds.
    layers : int or array_like
        Number of equal steps, or the steps rho_l, which sum to one.
    method : {"auto", "newton", "weights"}
        Newton's method on (A, B), or the trust region over weights, which goes downhill. "auto" takes weights for soft
        networks of w N > 30, Newton's method for the rest (up to w N = 200).
    scheme : {"network", "continuous"}
        Critical network of these layers, or the geodesic of continuous p at the ends of the steps.
    continuation : mapping, optional
        Values to go through of "Lt", "beta" (of the softplus in the place of the activation) and "lam"; the first of
        each is where the branch begins. By default Lt from 1 and beta from 4 upwards.
    start : Geodesic or int, optional
        An earlier result of the same X, Y, P and layers, whose branch goes on from there; or a seed of first weights
        (0 by default).
    tol : float
        Bound of residual, cons and drift of H.
    progress, throw : bool
        Whether to show a bar; whether to raise where there is no solution.

    Returns
    -------
    Geodesic
        Also where there is no solution: then `converged` is False, `reason` says why, and its arrays are NaN.

    Raises
    ------
    ValueError
        For arguments that make no sense.
    RuntimeError
        If there is no solution and `throw` is True.

    Notes
    -----
    Several local minima are normal, a collapsed one (`reason` "collapsed") among them. A cold start at large Lt often
    ends there: the branch from Lt = 1 does not.

    References
    ----------
    Jacot and Kaiser, arXiv:2405.17573, Section 1.5 (equations), Section 4 (networks).

    Examples
    --------
    >>> from mechanics.hamiltonian import solve_geodesic
    >>> path = solve_geodesic([[-1.0]], [[1.0]], 0.05, 3.0, end="fixed", scheme="continuous")
    >>> print(f"{path.B[0, 0, 0]:.9f}, {path.kink_count} kink")
    0.098523214, 1 kink
    """
    request = request_of(
        X, Y, lam, Lt, activation=activation, bias=bias, readout=readout, end=end, layers=layers, method=method,
        scheme=scheme, continuation=continuation, start=start, tol=tol,
    )  # fmt: skip
    branch: list[Point] = []
    history: list[str] = []
    solved: Solved | None = None
    at: Setting | None = None
    try:
        if request.state is None:
            solved, at, failure = _first(request, history)
        else:
            solved, at, failure = _resumed(request, history)
        if failure:
            result = unfinished(request, failure, branch, history, at, solved)
        else:
            branch.append(point_of(request.problem, at, solved, solved.how))
            legs = legs_of(at, request.last, request.waypoints)
            with progress_bar(0.0, float(max(len(legs), 1)), progress, "leg") as update:
                for step in follow(request.problem, solved, at, legs, newton=request.newton, tol=request.tol):
                    solved, at = step.solved, step.at
                    branch.append(step.point)
                    history.append(_line(step))
                    if update:
                        update(step.leg)
            result = finished(request, branch, history, at, solved)
    except Lost as lost:
        reason = reasons.lost(lost.outcome, lost.name, lost.at, lost.smallest, lost.fold)
        result = unfinished(request, reason, branch, history, at, solved)
    except KeyboardInterrupt:
        result = unfinished(request, reasons.interrupted(at), branch, history, at, solved)
    if throw and not result.converged:
        raise RuntimeError(result.reason)
    return result


def _first(request: Request, history: list[str]) -> tuple[Solved, Setting, str]:
    """The first point of the branch, from small random weights."""
    problem, at = request.problem, request.first
    w = problem.X.shape[0]
    noise = np.random.default_rng(request.seed).normal(size=(len(problem.rho), w, w + problem.bias))
    final = not request.newton and not legs_of(at, request.last, request.waypoints)
    goal = 0.01 * request.tol if final else ROUGH
    solved = by_weights(problem, at, SPREAD / np.sqrt(w) * noise, goal)
    history.append(f"weights at Lt = {at.Lt:g}, beta = {at.beta:g}: {solved.outcome}, {solved.iterations} steps")
    if solved.outcome != "ok":
        return solved, at, reasons.cold(solved.outcome, at)
    if not request.newton:
        return solved, at, ""
    return _resumed(request._replace(state=(solved.y, at)), history)


def _resumed(request: Request, history: list[str]) -> tuple[Solved, Setting, str]:
    """The first point of the branch, from states that are nearly one."""
    assert request.state is not None
    y, at = request.state
    if not request.newton:
        W = weights_of(request.problem, at, y)
        final = not legs_of(at, request.last, request.waypoints)
        solved = by_weights(request.problem, at, W, 0.01 * request.tol if final else ROUGH)
        return solved, at, "" if solved.outcome == "ok" else reasons.cold(solved.outcome, at)
    solved = by_newton(request.problem, at, y.ravel(), iterations=60)
    history.append(f"newton at Lt = {at.Lt:g}, beta = {at.beta:g}: {solved.outcome}, {solved.iterations} iterations")
    if solved.outcome == "ok":
        return solved, at, ""
    return solved, at, reasons.lost(solved.outcome, "Lt", at, solved.smallest, False)


def _line(step: Step) -> str:
    at = step.at
    return (
        f"{step.point.how} at Lt = {at.Lt:g}, beta = {at.beta:g}, lam = {at.lam:g}, softness = {at.softness:g}: "
        f"{step.solved.iterations} iterations"
    )
