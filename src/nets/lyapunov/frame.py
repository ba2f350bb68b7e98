"""Orthonormal frames of tangent vectors, and their growth: V = Q R with R_jj >= 0, by Householder reflections."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mechanics.lyapunov.orthonormal import NOTHING
from mechanics.noise import normals

from .step import Block

Array = NDArray[np.float64]
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
    Q, R = torch.linalg.qr(whole.T)
    r = R.double().cpu().numpy()
    diagonal = np.diagonal(r)
    signs = np.where(diagonal < 0, -1.0, 1.0)
    lost = ~(np.abs(diagonal) > NOTHING * np.linalg.norm(r, axis=0)) & np.isfinite(diagonal)
    r = r * signs[:, None]
    if lost.any():
        r[lost] = 0.0
    with np.errstate(divide="ignore"):
        logs = np.log(np.diagonal(r))
    turned = Q.T * torch.as_tensor(signs, dtype=Q.dtype, device=Q.device)[:, None]
    return Factors(turned.split(V[0].shape[1], dim=1), r, logs, lost)


def log_volumes(W: Tensor) -> Array:
    """log R_jj of the rows of W (k, D)."""
    R = torch.linalg.qr(W.T, mode="r").R
    with np.errstate(divide="ignore"):
        found: Array = np.log(np.abs(np.diagonal(R.double().cpu().numpy())))
    return found
