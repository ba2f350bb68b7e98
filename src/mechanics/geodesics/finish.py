"""From the last point of the branch to a certified `Geodesic`, or to one that says why there is none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..leaky_resnet.laws import balancedness_defect
from . import reasons
from .arguments import Request
from .certificate import Certificate, cost_of_constant, of_curve, of_network
from .correct import Solved, weights_of
from .crossings import across_kinks
from .field import hamiltonian, states, weights
from .follow import Point
from .layers import Task, forward, misfit
from .network import energies, opened
from .polish import by_shots, on_kinks
from .result import Geodesic
from .setting import Setting

Array = NDArray[np.float64]
DEEP = 5.0  # effective depth from which -2H/Lt is a rank; below it the cost tells
NEAR, EMPTY = 0.95, 0.5  # share of the cost of biases alone from which a network is collapsed; a rank that is none
EXACT = 400  # w N up to which the equations of entries on kinks are solved exactly
TINY = 1e-6  # slopes this far from both branches are those of entries on the kink


def finished(request: Request, branch: list[Point], history: list[str], at: Setting, solved: Solved) -> Geodesic:
    """Polish, measure, judge."""
    problem, tol = request.problem, request.tol
    goal = problem.target
    task, end = problem.task(goal), problem.end(goal)
    p = np.append(0.0, np.cumsum(problem.rho))
    if problem.scheme == "continuous":
        if task.act.kinked:
            crossed = across_kinks(problem, at, solved)
            if crossed is None:
                return unfinished(request, reasons.of_crossings(at.beta), branch, history, at, solved)
            p, y = crossed.p, crossed.y
            history.append(f"crossings of kinks: missed by {crossed.miss:.1e} of p")
            proof = of_curve(task._replace(act=crossed.masked, rho=np.diff(p)), task, end, y, crossed.miss)
        else:
            y = by_shots(problem, at, solved)
            proof = of_curve(task, task, end, y, 0.0)
        A, B = states(task, y)
        s = task.act.slope(A)
        reason = (reasons.converged if proof.meets(tol) else reasons.above_tolerance)(proof, tol, "continuous")
    else:
        A, B, s, sharp = _network(request, at, solved, history)
        proof = of_network(task, end, A, B, s)
        if proof.meets(tol):
            reason = reasons.converged(proof, tol, "network")
        elif task.act.kinked and not sharp:
            reason = reasons.of_kinks(at.beta, proof, tol)
        else:
            reason = reasons.above_tolerance(proof, tol, "network")
    good = proof.meets(tol)
    measured = _measured(task._replace(rho=np.diff(p)), problem.scheme, A, B, s, proof)
    if good and goal.softness == 1.0:
        constant, value = cost_of_constant(task), float(np.median(-2 * measured["H"] / task.Lt))
        if value < EMPTY if task.Lt >= DEEP else measured["J"] > NEAR * constant:
            good, reason = False, reasons.collapsed(measured["J"], constant, value)
        elif measured["J"] > constant:
            reason += reasons.dearer(constant)
    if good:
        reason += _jumps(branch)
        return Geodesic(
            converged=True, reason=reason, **measured, **{**_asked(request, branch, history, at, solved), "p": p}
        )
    return unfinished(request, reason, branch, history, at, solved, proof)


def _network(request: Request, at: Setting, solved: Solved, history: list[str]) -> tuple[Array, Array, Array, bool]:
    """A, B and slopes of the network asked for, and whether its kinks are met exactly."""
    problem = request.problem
    task = problem.task(problem.target)
    if not task.act.kinked:
        A, B = states(task, solved.y)
        return A, B, task.act.slope(A), True
    if problem.X.size <= EXACT:
        exact = on_kinks(problem, at, solved)
        history.append("kinks: " + ("met exactly" if exact else "signs and slopes do not agree"))
        if exact is not None:
            A, B, s = opened(task, exact[0].y, exact[1])
            return A, B, task.act.slope(A) if s is None else s, True
    smooth = problem.task(at)
    W = weights_of(problem, at, solved.y)
    s = smooth.act.slope(states(smooth, solved.y)[0])
    A = np.array(forward(task, W))
    back = [(2 / (task.lam * task.X.shape[1])) * (task.P @ (task.Y - task.P.T @ A[-1]))]
    if problem.target.softness == 0.0:
        back = [states(task, solved.y)[1][-1]]
    for l in range(len(W) - 1, -1, -1):
        rho = task.rho[l]
        back.append((1 - rho * task.Lt) * back[-1] + rho * (s[l] * (W[l][:, : len(task.X)].T @ back[-1])))
    return A, np.array(back[::-1]), s, False


def _measured(task: Task, scheme: str, A: Array, B: Array, s: Array, proof: Certificate) -> dict[str, Any]:
    """Fields of a geodesic that follow from its states."""
    network = scheme == "network"
    W = weights(task, A[:-1], B[1:]) if network else weights(task, A, B)
    H = energies(task, A, B) if network else hamiltonian(task, A, B)
    mse, price = float(misfit(task, A[-1])), task.lam / (2 * task.Lt) * proof.square
    lower = task.act.parameter if task.act.name == "leaky" else 0.0
    resting = (s > lower + TINY) & (s < 1 - TINY) if task.act.kinked else np.zeros_like(s, bool)
    resting[0] = resting[-1] = False
    return {
        "A": A, "B": B, "W": W, "H": H, "slopes": s, "J": mse + price, "mse": mse, "penalty": price,
        "residual": proof.residual, "cons": proof.cons, "H_drift": proof.H_drift,
        "balancedness_defect": _imbalance(task, W), "kink_count": int(((A[1:] > 0) != (A[:-1] > 0)).sum()),
        "sliding_entries": np.argwhere(resting),
    }  # fmt: skip


def _imbalance(task: Task, W: Array) -> float:
    """How far ||W_p||^2 is from growing by 2 Lt int ||b||^2 (the paper's Proposition 9 without its slip)."""
    if not task.act.homogeneous:
        return float("nan")
    nodes = np.append(0.0, np.cumsum(task.rho))
    p = nodes if len(W) == len(nodes) else (nodes[1:] + nodes[:-1]) / 2
    return balancedness_defect(p, W if task.bias else np.pad(W, ((0, 0), (0, 0), (0, 1))), task.Lt)


def _jumps(branch: list[Point]) -> str:
    """Remark on the last place where the branch was lost and another one found."""
    for before, after in zip(branch[-2::-1], branch[:0:-1], strict=True):
        if after.how == "jump":
            return reasons.jumped(before.rank, after.rank, after.Lt, after.beta, after.lam)
    return ""


def unfinished(
    request: Request, reason: str, branch: list[Point], history: list[str], at: Setting | None, solved: Solved | None,
    proof: Certificate | None = None,
) -> Geodesic:  # fmt: skip
    """A result without a solution."""
    w, N = request.problem.X.shape
    L, columns = len(request.problem.rho), w + request.problem.bias
    more = request.problem.scheme == "continuous"
    blank = np.full((L + 1, w, N), np.nan)
    numbers: dict[str, Any] = dict.fromkeys(("J", "mse", "penalty", "balancedness_defect"), np.nan)
    found = proof or Certificate(np.nan, np.nan, np.nan, np.nan)
    return Geodesic(
        converged=False, reason=reason, A=blank, B=blank, W=np.full((L + more, w, columns), np.nan),
        H=np.full(L + more, np.nan), slopes=blank, residual=found.residual, cons=found.cons, H_drift=found.H_drift,
        kink_count=0, sliding_entries=np.empty((0, 3), int), **numbers, **_asked(request, branch, history, at, solved),
    )  # fmt: skip


def _asked(
    request: Request, branch: list[Point], history: list[str], at: Setting | None, solved: Solved | None
) -> dict[str, Any]:
    """Fields of a geodesic that say what was asked for and how far the branch went."""
    problem = request.problem
    goal = problem.target
    return {
        "p": np.append(0.0, np.cumsum(problem.rho)), "history": tuple(history), "branch": tuple(branch), "X": problem.X,
        "Y": problem.Y, "readout": problem.P, "lam": goal.lam, "Lt": goal.Lt, "activation": request.activation,
        "bias": problem.bias, "rho": problem.rho, "end": "soft" if goal.softness == 1.0 else "fixed",
        "scheme": problem.scheme, "tol": request.tol, "at": None if solved is None else at,
        "state": np.full((0, 2 * problem.X.size), np.nan) if solved is None else solved.y,
    }  # fmt: skip
