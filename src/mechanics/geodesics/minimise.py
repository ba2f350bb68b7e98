"""The cheapest weights of a small Leaky ResNet: a trust region of exact second derivatives, conjugate gradients inside.

    u = sqrt(lam rho / Lt) W,   J = r^T r + |u|^2 / 2,   r = (P^T A_L - Y) / sqrt(N)

In u the curvature of the penalty is 1. Conjugate gradients are preconditioned by the Gauss-Newton matrix 1 + j^T j,
j = sqrt(2) dr/du, inverted through the d N outputs: j j^T is the network's tangent kernel,

    (j j^T)_(ka, mb) = (2/N) sum_l (rho_l Lt / lam) (psi_l[k, :, a] . psi_l[m, :, b]) (S_{l-1}[:, a] . S_{l-1}[:, b])

with psi_l[k] the output k propagated back to layer l. What is left is the curvature of the network times the residual.

Steihaug, SIAM J. Numer. Anal. 20 (1983) 626-637; Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.2.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from .layers import Path, Task, forward, gradient, hessian_product, misfit, penalty, swept

Array = NDArray[np.float64]
SHARED = 2500  # d N up to which the preconditioner is a dense matrix


class Report(NamedTuple):
    """How a minimisation ended."""

    outcome: str
    """ "ok", "no_progress", "max_iterations" or "non_finite"."""
    iterations: int
    products: int
    """Products with the Hessian."""
    J: float
    cons: float
    """max_l ||W_l - Lt B_l S_{l-1}^T||_F / max(||W_l||_F, 1e-3 max_m ||W_m||_F)."""


def cost(task: Task, W: Array) -> float:
    """J(W)."""
    return float(misfit(task, forward(task, W)[-1]) + penalty(task, W))


def inconsistency(task: Task, W: Array, g: Array) -> float:
    """Report.cons from the gradient: dJ/dW_l = rho_l (lam/Lt) (W_l - Lt B_l S_{l-1}^T)."""
    size = np.linalg.norm(W.reshape(len(W), -1), axis=1)
    miss = np.linalg.norm(g.reshape(len(g), -1), axis=1) * task.Lt / (task.lam * np.asarray(task.rho))
    return float((miss / np.maximum(np.maximum(size, 1e-3 * size.max()), 1e-300)).max())


def minimise(
    task: Task,
    W: Array,
    *,
    tol: float = 1e-8,
    max_iterations: int = 200,
    max_products: int = 400,
    watch: Callable[[float], None] | None = None,
) -> tuple[Array, Report]:
    """Minimise J(W) from W, to cons <= tol.

    Parameters
    ----------
    task : Task
    W : ndarray, shape (L, w, w+1)
        Start; (L, w, w) without bias.
    tol : float
        Largest relative miss of W_l = Lt B_l S_{l-1}^T.
    max_iterations, max_products : int
        Outer steps; products with the Hessian in one of them.
    watch : function, optional
        Called with J after each step.

    Returns
    -------
    W : ndarray
    report : Report
    """
    scale = np.sqrt(task.lam * np.asarray(task.rho) / task.Lt)[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        J = cost(task, W)
    if not np.isfinite(J):
        return W, Report("non_finite", 0, 0, J, np.inf)
    radius, products, last = 1.0 + float(np.linalg.norm(scale * W)), 0, np.inf
    path = swept(task, W)
    g = gradient(task, W, path)
    for iteration in range(max_iterations + 1):
        cons = inconsistency(task, W, g)
        if cons <= tol:
            return W, Report("ok", iteration, products, J, cons)
        if iteration == max_iterations:
            break
        apply = preconditioner(task, W, path, scale)
        product = _product(task, W, path, scale)
        accuracy = min(0.1, np.sqrt(min(cons, 1.0)))
        while True:
            step, predicted, edge, used = steihaug(product, g / scale, apply, radius, accuracy, max_products)
            products += used
            trial = W + step / scale
            with np.errstate(over="ignore", invalid="ignore"):
                J_trial = cost(task, trial)
            gain = (J - J_trial) / predicted if predicted > 0.0 else -1.0
            within_rounding = predicted < 1e-13 * abs(J)
            if within_rounding:
                path_trial = swept(task, trial)
                g_trial = gradient(task, trial, path_trial)
                better = inconsistency(task, trial, g_trial) < cons
                if not better:
                    return W, Report("ok" if cons <= 10 * tol else "no_progress", iteration, products, J, cons)
                break
            if np.isfinite(J_trial) and gain > 1e-4:
                path_trial = swept(task, trial)
                g_trial = gradient(task, trial, path_trial)
                if gain > 0.75 and edge:
                    radius *= 2.5
                elif gain < 0.25:
                    radius *= 0.5
                break
            radius = 0.25 * min(radius, last)
            last = np.inf
            if radius < 1e-12:
                return W, Report("no_progress", iteration, products, J, cons)
        W, J, path, g = trial, J_trial, path_trial, g_trial
        if watch is not None:
            watch(J)
    return W, Report("max_iterations", max_iterations, products, J, cons)


def _product(task: Task, W: Array, path: Path, scale: Array) -> Callable[[Array], Array]:
    return lambda v: hessian_product(task, W, path, v / scale) / scale


def preconditioner(task: Task, W: Array, path: Path, scale: Array) -> Callable[[Array], Array]:
    """v -> (1 + j^T j)^-1 v, or the identity where there are more than SHARED outputs."""
    w, N = task.X.shape
    d = task.P.shape[1]
    if d * N > SHARED:
        return lambda v: v
    L = len(W)
    psi = [np.empty(0)] * L
    back = np.repeat(task.P.T[:, :, None], N, axis=2)  # (d, w, N)
    for l in range(L - 1, -1, -1):
        rho = task.rho[l]
        psi[l] = np.sqrt(2 / N) * rho / scale[l, 0, 0] * back
        back = (1 - rho * task.Lt) * back + rho * path.D[l] * (W[l][:, :w].T @ back)
    kernel = np.eye(d * N)
    for l in range(L):
        rows = psi[l].transpose(0, 2, 1).reshape(d * N, w)
        kernel += (rows @ rows.T) * np.tile(path.S[l].T @ path.S[l], (d, d))
    factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)

    def apply(v: Array) -> Array:
        out = sum(np.einsum("kwa,wa->ka", psi[l], v[l] @ path.S[l]) for l in range(L))
        q = cho_solve(factor, np.asarray(out).ravel(), check_finite=False).reshape(d, N)
        return v - np.stack([np.einsum("kwa,ka->wa", psi[l], q) @ path.S[l].T for l in range(L)])

    return apply


def steihaug(
    product: Callable[[Array], Array],
    g: Array,
    apply: Callable[[Array], Array],
    radius: float,
    accuracy: float,
    most: int,
) -> tuple[Array, float, bool, int]:
    """Step, its predicted gain, whether it ends on the edge of the region, and products used.

    The region is a ball in the norm of the preconditioner, in which steps of conjugate gradients only grow.
    """
    step, r = np.zeros_like(g), -g
    z = apply(r)
    v, rz = z, float(np.vdot(r, z))
    step_step, step_v, v_v = 0.0, 0.0, rz
    goal = accuracy * np.sqrt(rz)
    gain = 0.0
    for used in range(1, most + 1):
        Hv = product(v)
        curve = float(np.vdot(v, Hv))
        alpha = rz / curve if curve > 0.0 else np.inf
        if curve <= 0.0 or step_step + 2 * alpha * step_v + alpha**2 * v_v >= radius**2:
            tau = (-step_v + np.sqrt(step_v**2 + v_v * (radius**2 - step_step))) / v_v
            return step + tau * v, gain + tau * rz - 0.5 * tau**2 * curve, True, used
        step = step + alpha * v
        gain += alpha * rz - 0.5 * alpha**2 * curve
        step_step += 2 * alpha * step_v + alpha**2 * v_v
        r = r - alpha * Hv
        z = apply(r)
        rz_new = float(np.vdot(r, z))
        if np.sqrt(max(rz_new, 0.0)) <= goal:
            break
        beta = rz_new / rz
        step_v = beta * (step_v + alpha * v_v)
        v_v = rz_new + beta**2 * v_v
        v, rz = z + beta * v, rz_new
    return step, gain, False, used
