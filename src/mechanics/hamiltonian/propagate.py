"""Products of the blocks of a linearised problem: growth of errors, and conjugate points.

    Phi_{i+1} = G_i Phi_i,  Phi_0 = 1          amplification |Phi_M|
    (X, Y)_{i+1} = G_i (X, Y)_i, (0, 1)_0      conjugate points: det X changes its sign

Columns of (X, Y) are made orthonormal at every step, without turning them over, so that growth does not hide the sign.

Gelfand, Fomin, Calculus of Variations, section 26 (conjugate points).
"""

import math

import numpy as np
from numpy.typing import NDArray

from .flow import Flow
from .kernels import compiled
from .svd import decompose

Array = NDArray[np.float64]


def _determinants(G, frame, new, square, out):  # type: ignore[no-untyped-def]
    M, n, _ = G.shape
    d = n // 2
    for i in range(M):
        for a in range(n):
            for c in range(d):
                total = 0.0
                for k in range(n):
                    total += G[i, a, k] * frame[k, c]
                new[a, c] = total
        for c in range(d):  # Gram-Schmidt, twice
            for _ in range(2):
                for k in range(c):
                    dot = 0.0
                    for a in range(n):
                        dot += new[a, k] * new[a, c]
                    for a in range(n):
                        new[a, c] -= dot * new[a, k]
            norm = 0.0
            for a in range(n):
                norm += new[a, c] * new[a, c]
            norm = np.sqrt(norm)
            for a in range(n):
                new[a, c] = new[a, c] / norm if norm > 0.0 else 0.0
        for a in range(n):
            for c in range(d):
                frame[a, c] = new[a, c]
                if a < d:
                    square[a, c] = new[a, c]
        det = 1.0
        for k in range(d):
            best = k
            for r in range(k + 1, d):
                if abs(square[r, k]) > abs(square[best, k]):
                    best = r
            if best != k:
                det = -det
                for c in range(d):
                    square[k, c], square[best, c] = square[best, c], square[k, c]
            det *= square[k, k]
            if square[k, k] != 0.0:
                for r in range(k + 1, d):
                    factor = square[r, k] / square[k, k]
                    for c in range(k, d):
                        square[r, c] -= factor * square[k, c]
        out[i] = det


def _product(G, whole, work):  # type: ignore[no-untyped-def]
    M, n, _ = G.shape
    for i in range(M):
        for a in range(n):
            for c in range(n):
                total = 0.0
                for k in range(n):
                    total += G[i, a, k] * whole[k, c]
                work[a, c] = total
        for a in range(n):
            for c in range(n):
                whole[a, c] = work[a, c]


def amplification_of(G: Array) -> float:
    """2-norm of the monodromy matrix, the product of the blocks; inf if it overflows."""
    n = G.shape[1]
    whole, work, values = np.eye(n), np.empty((n, n)), np.empty(n)
    compiled(_product)(G, whole, work)
    largest = float(max(whole.max(), -whole.min()))
    if not math.isfinite(largest) or largest == 0.0:
        return math.inf if largest else 0.0
    compiled(decompose)(whole / largest, values, work)  # squares do not overflow
    return float(values.max()) * largest


def conjugate_points_of(G: Array, ts: Array) -> tuple[float, ...]:
    """Times at which the determinant changes its sign, the last point of the mesh excluded."""
    M, n, _ = G.shape
    d = n // 2
    frame = np.zeros((n, d))
    frame[d:] = np.eye(d)
    out = np.empty(M)
    compiled(_determinants)(G, frame, np.empty((n, d)), np.empty((d, d)), out)
    first, second, ends = out[:-1], out[1:], ts[1:]
    if out.min() * out.max() >= 0.0:
        return ()
    found = np.flatnonzero(first * second < 0.0)
    share = first[found] / (first[found] - second[found])
    return tuple(float(t) for t in ends[found] + share * (ends[found + 1] - ends[found]))


def midpoint_blocks(flow: Flow, ts: Array, ys: Array) -> Array:
    """Derivatives from point to point of a curve by the midpoint rule: enough for signs."""
    J = flow.matrices(0.5 * (ts[1:] + ts[:-1]), 0.5 * (ys[1:] + ys[:-1]))
    half = 0.5 * np.diff(ts)[:, None, None] * J
    one = np.eye(flow.n)
    return np.asarray(np.linalg.solve(one - half, one + half), dtype=np.float64)
