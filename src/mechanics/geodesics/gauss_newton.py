"""Minimiser of a Leaky ResNet's cost over its weights: Newton with a trust region, preconditioned by Gauss-Newton.

    min_u  |r(u)|^2 / 2 + |u|^2 / 2,     u_l = sqrt(lam rho_l / Lt) W_l,     r = sqrt(2/N) (P^T A_L - Y)

Each step minimises the quadratic model by conjugate gradients in the norm of the Gauss-Newton matrix M, whose inverse
costs one dense solve in the space of the outputs. The Hessian is M plus the curvature of the residual, which is not
small, for the fit is never exact: Newton's conjugate gradients in the norm of M need tens of steps, and the trust
region takes negative curvature.
"""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..leaky_resnet.activation import functions_of
from .layers import Path, Task, forward, gradient, misfit, penalty, pushed, swept
from .preconditioner import Preconditioner, gauss_newton_preconditioner, scales
from .products import second_derivative
from .trust_region import Step, Trail, conjugate_gradients, inner, step_within

ROWS = 2000  # a dense solve that costs about as much as the steps it serves, from w N = 1e4 on
MAX_CG = 300
AGE = 10  # steps until the preconditioner is renewed: a new one for each step saved few conjugate gradients
CORRECTIONS = 3  # one halves the number of steps, three take it to a third, six no further
GROWTH = 2.5  # of the radius; 2 to 4 make no difference


class Record(NamedTuple):
    """One step of the minimiser."""

    iteration: int
    J: float
    cons: float
    gradient: float
    cg_steps: int
    radius: float
    end: str
    seconds: float


class Report(NamedTuple):
    """What the minimiser did, and whether the weights are critical."""

    iterations: int
    cg_steps: int
    J: float
    mse: float
    """(1/N) ||Y - P^T A_L||_F^2."""
    penalty: float
    gradient: float
    """Norm of dJ/du."""
    cons: float
    """max_l ||W_l - Lt B_l S_{l-1}^T||_F / ||W_l||_F; zero at a critical point."""
    converged: bool
    reason: str
    seconds: float
    history: list[Record]


def minimise(
    task: Task,
    W0: Any,
    *,
    tol: float = 1e-6,
    max_iterations: int = 1000,
    max_seconds: float | None = None,
    hessian: str = "auto",
    rows: int = ROWS,
    seed: int = 0,
    progress: bool = False,
) -> tuple[Any, Report]:
    """Weights at which the cost of a Leaky ResNet is critical, from W0 downhill.

    Parameters
    ----------
    task : Task
        Arrays of NumPy or torch, on any device; float32 serves for tol above 1e-3 and moderate lam only.
    W0 : array, shape (L, w, w+1), or (L, w, w) without bias
        Start, not zero. Small random weights at small Lt; then the result for the last Lt, lam or beta.
    tol : float
        Largest `cons` that counts as converged.
    max_seconds : float, optional
        Time after which no further step begins.
    hessian : "exact", "gauss_newton" or "auto"
        Curvature of the model. "auto" is exact.
    rows : int
        Size of the dense solve of the preconditioner. With at least d N of them it is exact; fewer see random
        combinations of the outputs of each sample, at least one.
    seed : int
        Names these random combinations.
    progress : bool
        Print a line for each step.

    Returns
    -------
    W : array
        The last weights. They are a solution only if `report.converged`.
    report : Report

    Raises
    ------
    ValueError
        If W0 has the wrong shape, is zero in a layer or not finite, tol is not positive, or hessian is another word.

    Notes
    -----
    An activation with a kink has minimisers on its kinks, where no gradient vanishes: take softplus with growing beta.
    """
    _check(task, W0, tol, hessian)
    start = time.perf_counter()
    c = scales(task)
    exact = hessian != "gauss_newton"
    combinations = max(rows // task.X.shape[1], 1)
    W, path = W0, swept(task, W0)
    J = _cost(task, W, path.A[-1])
    solves, made, since_made = None, 0, 0
    radius = math.inf
    history: list[Record] = []
    total = 0
    reason = "max_iterations"
    for iteration in range(max_iterations + 1):
        g = c * gradient(task, W, path)
        cons, size = _consistency(g, W / c), math.sqrt(inner(g, g))
        if not (math.isfinite(J) and math.isfinite(size)):
            reason = "non_finite"
            break
        seconds = time.perf_counter() - start
        if cons <= tol:
            reason = "converged"
            break
        if iteration == max_iterations:
            break
        if max_seconds is not None and seconds > max_seconds:
            reason = "max_seconds"
            break
        if solves is None or iteration - made >= AGE or since_made > 30:
            solves = gauss_newton_preconditioner(task, W, path, combinations=combinations, seed=(seed, iteration))
            made, since_made = iteration, 0
        if radius == math.inf:
            radius = math.sqrt(inner(g, solves.inverse(g)))
        trail = conjugate_gradients(
            _scaled(second_derivative(task, W, path, exact=exact), c),
            solves.inverse,
            g,
            radius,
            rtol=min(0.1, math.sqrt(cons)),
            max_steps=MAX_CG,
        )
        total += len(trail.legs)
        since_made += len(trail.legs)
        moved = _downhill(task, W, path, c, J, trail, radius, solves)
        history.append(Record(iteration, J, cons, size, len(trail.legs), radius, trail.end, seconds))
        if progress:
            print(
                f"{iteration:4d}  J {J:.8g}  cons {cons:.1e}  cg {len(trail.legs)}  {trail.end}  {seconds:.1f} s",
                flush=True,
            )
        if moved is None:
            reason = "no_progress"
            break
        W, J, radius = moved
        path = swept(task, W)
    mse, price = float(misfit(task, path.A[-1])), float(penalty(task, W))
    if reason == "converged" and _collapsed(task, W, mse):
        reason = "collapsed"
    return W, Report(
        iteration, total, J, mse, price, size, cons, reason == "converged", reason, time.perf_counter() - start, history
    )


def _downhill(
    task: Task, W: Any, path: Path, c: Any, J: float, trail: Trail, radius: float, solves: Preconditioner
) -> tuple[Any, float, float] | None:
    """Weights, cost and next radius: the path is cut back until the cost falls as the model says."""
    rounding = 20 * float(functions_of(W).finfo(W.dtype).eps) * abs(J)
    while True:
        step = step_within(trail, radius)
        trial, cost = _corrected(task, W, path, c, J, step, solves)
        ratio = 1.0 if step.fall < rounding and cost < J + rounding else (J - cost) / step.fall
        if ratio < 0.25:
            radius = 0.25 * step.norm
        elif ratio > 0.75 and trail.end in ("radius", "negative curvature") and step.norm > 0.99 * radius:
            radius = GROWTH * radius
        if ratio > 1e-4:
            return trial, cost, radius
        if not step.fall > 0 or radius < 1e-14:
            return None


def _corrected(
    task: Task, W: Any, path: Path, c: Any, J: float, step: Step, solves: Preconditioner
) -> tuple[Any, float]:
    """The step bent back to the outputs that its linear model promised, as long as that pays; weights and cost.

    The valley of good fits is curved. As in the second-order correction of constrained optimisation, the part of the
    residual that is not linear in the step is taken off by the least change of weights; each try costs one sweep.
    """
    trial = W + c * step.s
    A_end = forward(task, trial)[-1]
    cost = _cost(task, trial, A_end)
    if abs(J - step.fall - cost) <= 0.1 * step.fall:
        return trial, cost
    promised = path.A[-1] + pushed(task, W, path, c * step.s)[-1]
    for _ in range(CORRECTIONS):
        error = (2 / task.X.shape[1]) ** 0.5 * (task.P.T @ (A_end - promised))
        bent = trial + c * solves.correction(error)
        A_end = forward(task, bent)[-1]
        bent_cost = _cost(task, bent, A_end)
        if not bent_cost < cost:
            break
        trial, cost = bent, bent_cost
    return trial, cost


def _scaled(product: Callable[[Any], Any], c: Any) -> Callable[[Any], Any]:
    """The product in the variables u = W / c."""
    return lambda v: c * product(c * v)


def _cost(task: Task, W: Any, A_end: Any) -> float:
    cost = float(misfit(task, A_end) + penalty(task, W))
    return cost if math.isfinite(cost) else math.inf


def _consistency(g: Any, u: Any) -> float:
    """max_l ||g_l|| / ||u_l||, which is the ratio of W_l - Lt B_l S_{l-1}^T to W_l."""
    norms = [(inner(g_l, g_l), inner(u_l, u_l)) for g_l, u_l in zip(g, u, strict=True)]
    return max(math.sqrt(a / b) if b > 0 else math.inf for a, b in norms)


def _collapsed(task: Task, W: Any, mse: float) -> bool:
    """Whether the network fits no better than one without weights."""
    return mse > 0.999 * float(misfit(task, forward(task, 0 * W)[-1]))


def _check(task: Task, W0: Any, tol: float, hessian: str) -> None:
    w, L = task.X.shape[0], len(task.rho)
    shape = (L, w, w + 1 if task.bias else w)
    if tuple(W0.shape) != shape:
        raise ValueError(
            f"W0 must have the shape {shape} (layers, width, width{' + 1' if task.bias else ''}),"
            f" but has {tuple(W0.shape)}."
        )
    sizes = [float((W_l**2).sum()) for W_l in W0]
    if not all(0 < size < math.inf for size in sizes):
        raise ValueError(
            "W0 must be finite and not zero in any layer; zero weights are a saddle. Start from small random ones."
        )
    if not tol > 0:
        raise ValueError(f"tol must be positive, but is {tol}.")
    if hessian not in ("exact", "gauss_newton", "auto"):
        raise ValueError(f"hessian must be 'exact', 'gauss_newton' or 'auto', but is {hessian!r}.")
