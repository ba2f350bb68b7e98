"""Orthonormal frames of tangent vectors, and their growth: V = Q R with R_jj >= 0."""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri
from torch import Tensor

from mechanics.lyapunov.orthonormal import NOTHING
from mechanics.noise import normals

from .step import Block

Array = NDArray[np.float64]
WELL = 30.0  # condition number of vectors far from parallel
CHUNK = 2**18  # numbers that are turned at a time
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
    V = tuple(torch.zeros(k, D, dtype=like.dtype, device=like.device) for _ in range(parts))
    for j in range(k):
        drawn = torch.as_tensor(normals(seed, j, FRAME, np.arange(used * D)), dtype=like.dtype, device=like.device)
        for part, own in zip(V, drawn.split(D), strict=False):
            part[j] = own
    return factors(V).Q


def factors(V: Block) -> Factors:
    """V = Q R, Q written over V; a vector of which nothing is left is replaced by one orthogonal to all others."""
    r = _by_cholesky(V)
    if r is not None:
        return Factors(V, r, np.log(np.diagonal(r)), np.zeros(len(r), bool))
    whole, D = torch.cat(V, dim=1), V[0].shape[1]
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
    for part, own in zip(V, turned.split(D, dim=1), strict=True):
        part.copy_(own)
    return Factors(V, r, logs, lost)


def _by_cholesky(V: Block) -> Array | None:
    """R from V V^T = R^T R, three times faster than by reflections, if the vectors are far from parallel; V becomes Q.

    Errors are rounding times the square of the condition number: below 1e-12 here (Higham, "Accuracy and stability of
    numerical algorithms", section 20.2).
    """
    gram = V[0] @ V[0].T
    for part in V[1:]:
        gram.addmm_(part, part.T)
    L, info = dpotrf(_array(gram), lower=1, clean=1)
    if info or not np.isfinite(L).all():
        return None
    inverse, info = dtrtri(L, lower=1)
    if info or (_bound(L) * _bound(inverse) > WELL and np.linalg.cond(L) > WELL):
        return None
    turn = torch.as_tensor(np.ascontiguousarray(inverse), dtype=gram.dtype, device=gram.device)
    columns = max(1, CHUNK // len(turn))
    for part in V:
        for c in range(0, part.shape[1], columns):
            some = part[:, c : c + columns]
            some.copy_(turn @ some)
    r: Array = L.T
    return r


def _bound(A: Array) -> float:
    """At least the largest singular value, and no more than sqrt k times that."""
    absolute = np.abs(A)
    return math.sqrt(absolute.sum(axis=0).max() * absolute.sum(axis=1).max())


def _array(R: Tensor) -> Array:
    found: Array = R.double().cpu().numpy()
    return found


def log_volumes(W: Tensor) -> Array:
    """log R_jj of the rows of W (k, D)."""
    R = torch.linalg.qr(W.T, mode="r").R
    with np.errstate(divide="ignore"):
        found: Array = np.log(np.abs(np.diagonal(_array(R))))
    return found
