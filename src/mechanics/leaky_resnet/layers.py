"""The network whose layers are steps of symplectic Euler: from activations and costates at its input.

    A_l = A_{l-1} + rho_l dH/dB(A_{l-1}, B_l),   B_l = B_{l-1} - rho_l dH/dA(A_{l-1}, B_l),   W_l = Lt B_l S_{l-1}^T

is A_l = (1 - rho_l Lt) A_{l-1} + rho_l W_l S_{l-1} with weights at which the discrete cost is stationary: a trained
network is an orbit of this map. Its Hamiltonian belongs to the pairs (A_{l-1}, B_l); it is not constant, but within
O(rho Lt), also for a perfectly trained network.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator, gmres

from ..checks import finite_numbers

if TYPE_CHECKING:
    from .leaky import LeakyResNet

Array = NDArray[np.float64]
MAX_NEWTON = 30
SOLVED = 1e-12  # relative residual below which a step of Newton that no longer halves it has met rounding


class Layers(NamedTuple):
    """A network and its costates."""

    rho: Array
    """Steps, (L,)."""
    A: Array
    """A_0 .. A_L, (L + 1, w, N)."""
    B: Array
    """B_0 .. B_L, (L + 1, w, N); B_l = -(1/lambda) dC/dA_l."""
    W: Array
    """W_1 .. W_L, (L, w, w + 1), or (L, w, w) without bias."""
    H: Array
    """At (A_{l-1}, B_l), (L,)."""


def layers(net: "LeakyResNet", A0: ArrayLike, B0: ArrayLike, rho: ArrayLike) -> Layers:
    """What `LeakyResNet.layers` does; rho (L,) are the steps."""
    A0, B0, rho = finite_numbers("A0", A0), finite_numbers("B0", B0), finite_numbers("rho", rho)
    if A0.ndim != 2 or A0.shape != B0.shape:
        raise ValueError(f"A0 and B0 must be matrices of one shape, but have shapes {A0.shape} and {B0.shape}.")
    if rho.ndim != 1 or len(rho) == 0 or (rho <= 0).any() or abs(rho.sum() - 1) > 1e-9:
        raise ValueError(f"rho must hold positive steps that sum to one, but sums to {rho.sum()}.")
    A, B, H = [A0], [B0], []
    for l, step in enumerate(rho):
        B.append(_costate(net, A[-1], B[-1], step, l))
        dA, _ = net.flow(A[-1], B[-1])
        H.append(net.hamiltonian(A[-1], B[-1]))
        A.append(A[-1] + step * dA)
    As, Bs = np.stack(A), np.stack(B)
    return Layers(rho, As, Bs, net.weights(As[:-1], Bs[1:]), np.array(H))


def _costate(net: "LeakyResNet", A: Array, before: Array, rho: float, l: int) -> Array:
    """B with B = before + rho Lt (B - sigma'(A) . (V^T B)), V = B sigma(A)^T, by Newton from an Euler step."""
    S, D, c = net.act.value(A), net.act.slope(A), rho * net.Lt
    B = best = before + rho * net.flow(A, before)[1]
    least = np.inf
    for _ in range(MAX_NEWTON):
        V = B @ S.T
        defect = B - before - c * (B - D * (V.T @ B))
        size = np.linalg.norm(defect) / (np.linalg.norm(before) + np.linalg.norm(B) + np.finfo(float).tiny)
        if least <= SOLVED and size > least / 2:
            return best
        if size < least:
            least, best = size, B
        if size == 0:
            return B

        def push(x, B=B, V=V):  # type: ignore[no-untyped-def]
            X = x.reshape(B.shape)
            return (X - c * (X - D * ((X @ S.T).T @ B + V.T @ X))).ravel()

        J = LinearOperator((B.size, B.size), push, dtype=float)
        B = B - gmres(J, defect.ravel(), rtol=1e-6, restart=50)[0].reshape(B.shape)
        if not np.isfinite(B).all():
            break
    raise ArithmeticError(
        f"The implicit step of layer {l + 1} has no solution near the costate before it (rho Lt = {c:.3g}). "
        "Take more layers, or smaller costates."
    )
