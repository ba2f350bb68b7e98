"""The field of a Leaky ResNet's Hamiltonian on stacks of states, and its derivatives as matrices.

    H(A, B) = Lt/2 ||B S^T||_F^2 - Lt Tr(B A^T),   S = (sigma(A); 1)
    dA/dp = dH/dB = Lt (B K - A),   dB/dp = -dH/dA = Lt (B - s . (V^T B)),   K = S^T S,   V = B S^T without its bias

with s = sigma'(A). Second derivatives, for entries (i, j) of w x N arrays:

    H_BB = Lt 1 x K,   H_AA = Lt (s_ij (B^T B)_jm s_im + sigma''_ij (V^T B)_ij delta_jm) delta_ik
    H_BA[ij, km] = Lt (B_im s_km S_kj + V_ik s_km delta_jm - delta_ik delta_jm)

Jacot and Kaiser, arXiv:2405.17573, Section 1.5. Arrays are (..., w, N); K is formed only for the matrices.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .layers import Task

Array = NDArray[np.float64]


class Parts(NamedTuple):
    """What the field and its derivatives are made of."""

    S: Array
    """(..., w+1, N), or w without bias."""
    s: Array
    """Slopes sigma'(A), or the values that a kink was given, (..., w, N)."""
    V: Array
    """B S^T without its bias, (..., w, w)."""
    pull: Array
    """V^T B, (..., w, N)."""


def parts(task: Task, A: Array, B: Array, s: Array | None = None) -> Parts:
    """Parts at states; `s` replaces the slopes of the activation."""
    S = stacked(task, A)
    V = B @ np.swapaxes(S[..., : A.shape[-2], :], -1, -2)
    return Parts(S, task.act.slope(A) if s is None else s, V, np.swapaxes(V, -1, -2) @ B)


def stacked(task: Task, A: Array) -> Array:
    """S = sigma(A) with a row of ones if the network has a bias."""
    value = task.act.value(A)
    return np.concatenate([value, np.ones_like(A[..., :1, :])], axis=-2) if task.bias else value


def field(task: Task, A: Array, B: Array, s: Array | None = None) -> tuple[Array, Array]:
    """dA/dp and dB/dp."""
    part = parts(task, A, B, s)
    M = B @ np.swapaxes(part.S, -1, -2)
    return task.Lt * (M @ part.S - A), task.Lt * (B - part.s * part.pull)


def hamiltonian(task: Task, A: Array, B: Array) -> Array:
    """H at states, shape (...)."""
    M = B @ np.swapaxes(stacked(task, A), -1, -2)
    value: Array = task.Lt * (0.5 * (M**2).sum((-1, -2)) - (A * B).sum((-1, -2)))
    return value


def weights(task: Task, A: Array, B: Array) -> Array:
    """W = Lt B S^T, (..., w, w+1), its last column the bias."""
    W: Array = task.Lt * (B @ np.swapaxes(stacked(task, A), -1, -2))
    return W


class Second(NamedTuple):
    """Second derivatives of H as matrices, (M, n, n) with n = w N."""

    BA: Array
    BB: Array
    AA: Array


def second(task: Task, A: Array, B: Array, s: Array | None = None) -> Second:
    """Second derivatives at a stack of states (M, w, N)."""
    M, w, N = A.shape
    part = parts(task, A, B, s)
    one_w, one_N, T = np.eye(w), np.eye(N), np.swapaxes(part.S, -1, -2)
    BA = np.einsum("pim,pkm,pkj->pijkm", B, part.s, part.S[:, :w], optimize=True)
    BA += np.einsum("pik,pkm,jm->pijkm", part.V, part.s, one_N, optimize=True)
    BA -= np.einsum("ik,jm->ijkm", one_w, one_N)
    BB = np.einsum("ik,pjm->pijkm", one_w, T @ part.S)
    inner = part.s[:, :, :, None] * (np.swapaxes(B, -1, -2) @ B)[:, None] * part.s[:, :, None, :]
    if s is None:
        inner = inner + one_N * (task.act.curvature(A) * part.pull)[..., None]
    AA = np.zeros((M, w, N, w, N))
    for i in range(w):
        AA[:, i, :, i, :] = inner[:, i]
    n = w * N
    return Second(*(task.Lt * block.reshape(M, n, n) for block in (BA, BB, AA)))


def jacobian(task: Task, A: Array, B: Array) -> Array:
    """Derivative of (dA/dp, dB/dp) with respect to (A, B) at a stack of states, (M, 2 n, 2 n)."""
    H = second(task, A, B)
    n = H.BB.shape[-1]
    J = np.empty((len(A), 2 * n, 2 * n))
    J[:, :n, :n], J[:, :n, n:] = H.BA, H.BB
    J[:, n:, :n], J[:, n:, n:] = -H.AA, -np.swapaxes(H.BA, -1, -2)
    return J


def states(task: Task, y: Any) -> tuple[Array, Array]:
    """A and B, each (..., w, N), of states (..., 2 n)."""
    w, N = task.X.shape
    n = w * N
    y = np.asarray(y)
    return y[..., :n].reshape(*y.shape[:-1], w, N), y[..., n:].reshape(*y.shape[:-1], w, N)


def joined(A: Array, B: Array) -> Array:
    """States (..., 2 n) of A and B."""
    lead = A.shape[:-2]
    return np.concatenate([A.reshape(*lead, -1), B.reshape(*lead, -1)], axis=-1)
