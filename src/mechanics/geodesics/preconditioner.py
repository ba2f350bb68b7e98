"""The inverse of the Gauss-Newton matrix of a Leaky ResNet, by a solve in the space of its outputs.

In the variables u_l = sqrt(lam rho_l / Lt) W_l the cost is |r|^2/2 + |u|^2/2 with r = sqrt(2/N) (P^T A_L - Y), and

    M = 1 + R^T R,    M^-1 = 1 - R^T (1 + R R^T)^-1 R,    R = dr/du.

R R^T has one row for each output of each sample, far fewer than there are weights, and needs no sweep:

    (R R^T)[(i,n), (j,m)] = sum_l Lt rho_l / lam (S_l^T S_l)[n,m] (F_l^T F_l)[(i,n), (j,m)],    F_l = dr/dA_{l+1},

a sum over layers of products of two kernels: it couples all layers, which no preconditioner of single layers does.
Where the outputs are too many, each sample is seen through a few random orthonormal combinations Z of them: R becomes
Z^T R, whose Gauss-Newton matrix has the right mean. M stays symmetric, M >= 1. Sketching: Woodruff, Found. Trends
Theor. Comput. Sci. 10 (2014) 1; as a preconditioner: Avron, Maymounkov and Toledo, SIAM J. Sci. Comput. 32 (2010) 1217.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..leaky_resnet.activation import functions_of
from .layers import Path, Task


def scales(task: Task) -> Any:
    """sqrt(Lt / (lam rho_l)), (L, 1, 1): W = scales * u makes the penalty |u|^2 / 2."""
    return like([[[(task.Lt / (task.lam * rho)) ** 0.5]] for rho in task.rho], task.X)


def like(values: Any, array: Any) -> Any:
    """Values as an array of the kind, precision and place of another."""
    xp = functions_of(array)
    if xp is np:
        return np.asarray(values, dtype=array.dtype)
    return xp.asarray(values, dtype=array.dtype, device=array.device)


def probes(task: Task, k: int | None, seed: tuple[int, ...] = (0,)) -> Any:
    """Combinations of the outputs of each sample, (d, k, N): all of them if k is None or at least d.

    Random ones are orthonormal in each sample and scaled so that Z Z^T has the mean 1.
    """
    d, N = task.Y.shape
    if k is None or k >= d:
        return like(np.repeat(np.eye(d)[:, :, None], N, axis=2), task.X)
    normals = np.random.Generator(np.random.Philox(seed=np.random.SeedSequence(seed))).standard_normal((N, d, k))
    Z = np.linalg.qr(normals)[0] * (d / k) ** 0.5
    return like(np.ascontiguousarray(Z.transpose(1, 2, 0)), task.X)


def sensitivities(task: Task, W: Any, path: Path, Z: Any) -> list[Any]:
    """Z^T dr/du_l = F_l ... S_l^T: the factors F_l, (k, w, N), for each layer, scaled as u is."""
    w, N = task.X.shape
    k = Z.shape[1]
    F = ((2 / N) ** 0.5) * (task.P @ Z.reshape(Z.shape[0], k * N)).reshape(w, k, N)
    out = [None] * len(path.S)
    for l in range(len(path.S) - 1, -1, -1):
        rho = task.rho[l]
        out[l] = (rho * task.Lt / task.lam) ** 0.5 * F
        back = (W[l][:, :w].T @ F.reshape(w, k * N)).reshape(w, k, N)
        F = (1 - rho * task.Lt) * F + rho * (path.D[l][:, None] * back)
    return out


def output_kernel(F: list[Any], S: list[Any]) -> Any:
    """R R^T, (k N, k N)."""
    w, k, N = F[0].shape
    K: Any = 0
    for F_l, S_l in zip(F, S, strict=True):
        f = F_l.reshape(w, k * N)
        K = K + (f.T @ f).reshape(k, N, k, N) * (S_l.T @ S_l)[None, :, None]
    return K.reshape(k * N, k * N)


class Preconditioner(NamedTuple):
    """The Gauss-Newton matrix at one point, known by solves."""

    inverse: Callable[[Any], Any]
    """v -> M^-1 v, scaled weights (L, w, w+1) to the same."""
    correction: Callable[[Any], Any]
    """e (d, N) -> the change of u that takes e off the residual at least cost: argmin_s |e + R s|^2 + |s|^2."""


def gauss_newton_preconditioner(
    task: Task, W: Any, path: Path, *, combinations: int | None = None, seed: tuple[int, ...] = (0,)
) -> Preconditioner:
    """Solves with M in the scaled weights u, exact if all combinations of the outputs are taken.

    Parameters
    ----------
    combinations : int, optional
        Random combinations of the outputs of each sample that are seen; all outputs by default.
        With k of them the solve costs O((k N)^3) once and O((k N)^2) each time.
    seed : tuple of int
        Names the random combinations.
    """
    xp = functions_of(task.X)
    Z = probes(task, combinations, seed)
    F = sensitivities(task, W, path, Z)
    k, N = F[0].shape[1:]
    solve = _solver(output_kernel(F, path.S))
    F, S = xp.stack(F), xp.stack(path.S)
    St = xp.stack([S_l.T for S_l in path.S])

    def answer(seen: Any) -> Any:
        """R^T (1 + R R^T)^-1 seen."""
        return (F * solve(seen.reshape(k * N)).reshape(k, N)).sum(2) @ St

    return Preconditioner(
        inverse=lambda v: v - answer((F * (v @ S)[:, :, None]).sum((0, 1))),
        correction=lambda e: -answer((Z * e[:, None]).sum(0)),
    )


def _solver(K: Any) -> Callable[[Any], Any]:
    """y -> (1 + K)^-1 y by Cholesky."""
    xp = functions_of(K)
    if xp is np:
        K[np.diag_indices_from(K)] += 1
        factor = cho_factor(K, lower=True, overwrite_a=True, check_finite=False)
        return lambda y: cho_solve(factor, y, check_finite=False)
    K = K + xp.eye(K.shape[0], dtype=K.dtype, device=K.device)
    if hasattr(xp, "cholesky_solve"):
        lower = xp.linalg.cholesky(K)
        return lambda y: xp.cholesky_solve(y[:, None], lower)[:, 0]
    inverse = xp.linalg.inv(K)
    return lambda y: inverse @ y
