"""Orthonormal frames of tangent vectors, and their growth: V = Q R with R_jj >= 0."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mechanics.lyapunov.orthonormal import NOTHING
from mechanics.noise import normals

from .step import Block

Array = NDArray[np.float64]
WELL = 30.0  # condition number of vectors far from parallel
FRAME = 1  # step index of the draw of frames; weights of other uses take 0


class Factors(NamedTuple):
    """Q as parts (k, D) along weights and memories, R (k, k), log R_jj, and which vectors were replaced."""

    Q: Block
    R: Array
    logs: Array
    lost: NDArray[np.bool_]


def first_frame(seed: int, k: int, D: int, parts: int, like: Tensor) -> Block:
    """k random orthonormal vectors, along the weights alone if there is room (memories start at zero in every copy)."""
    used = 1 if k <= D else parts
    drawn = np.stack([normals(seed, j, FRAME, np.arange(used * D)) for j in range(k)])
    vectors = torch.as_tensor(drawn, dtype=like.dtype, device=like.device)
    rest = [torch.zeros(k, D, dtype=like.dtype, device=like.device) for _ in range(parts - used)]
    return factors((*vectors.split(D, dim=1), *rest)).Q


def factors(V: Block) -> Factors:
    """V = Q R; a vector of which nothing is left is replaced by one orthogonal to all others."""
    whole = V[0] if len(V) == 1 else torch.cat(V, dim=1)
    D = V[0].shape[1]
    quick = _by_cholesky(whole)
    if quick is not None:
        Q, r = quick
        return Factors(Q.split(D, dim=1), r, np.log(np.diagonal(r)), np.zeros(len(r), bool))
    found = torch.linalg.qr(whole.T)
    r = _array(found.R)
    diagonal = np.diagonal(r)
    signs = np.where(diagonal < 0, -1.0, 1.0)
    lost = ~(np.abs(diagonal) > NOTHING * np.linalg.norm(r, axis=0)) & np.isfinite(diagonal)
    r = r * signs[:, None]
    if lost.any():
        r[lost] = 0.0
    with np.errstate(divide="ignore"):
        logs = np.log(np.diagonal(r))
    turned = found.Q.T * torch.as_tensor(signs, dtype=whole.dtype, device=whole.device)[:, None]
    return Factors(turned.split(D, dim=1), r, logs, lost)


def _by_cholesky(whole: Tensor) -> tuple[Tensor, Array] | None:
    """Q and R from V V^T = R^T R, three times faster than by reflections, if the vectors are far from parallel.

    Errors are rounding times the square of the condition number: below 1e-12 here (Higham, "Accuracy and stability of
    numerical algorithms", section 20.2).
    """
    L, info = torch.linalg.cholesky_ex(whole @ whole.T)
    r = _array(L).T
    if int(info) or not np.isfinite(r).all() or np.linalg.cond(r) > WELL:
        return None
    return torch.linalg.solve_triangular(L, whole, upper=False), r


def _array(R: Tensor) -> Array:
    found: Array = R.double().cpu().numpy()
    return found


def log_volumes(W: Tensor) -> Array:
    """log R_jj of the rows of W (k, D)."""
    R = torch.linalg.qr(W.T, mode="r").R
    with np.errstate(divide="ignore"):
        found: Array = np.log(np.abs(np.diagonal(_array(R))))
    return found
