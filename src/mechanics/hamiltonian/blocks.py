"""Linear systems of two-point problems: blocks, boundary rows, dense rows, in time linear in the mesh.

    y_{i+1} - G_i y_i - P_i theta = w_i          i = 0 .. M - 1, blocks n x n
    B_0 y_0 + B_1 y_M + B_p theta = g
    sum_i D_i y_i + D_p theta = d                dense rows (arclength conditions, integrals)

Structured orthogonal factorisation: the two blocks that hold y_i are rotated into a triangle for y_i and rows without
it, so that one block row between y_0 and y_M is left in the end. It is backward stable for every well-conditioned
problem, separated conditions or not; compaction by products of the G_i is not.

S. J. Wright, SIAM J. Sci. Stat. Comput. 13 (1992) 742-764.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .kernels import compiled
from .svd import decompose

Array = NDArray[np.float64]


class Space(NamedTuple):
    """Where a factorisation is kept: reflections, triangular rows, and the reduced system with its singular values."""

    V: Array  # (M, 2 n, n)
    beta: Array  # (M, n)
    R: Array  # (M, n, 3 n + m): columns of y_i, y_0, y_{i+1}, theta
    X: Array  # (M, k, n)
    reduced: Array  # (2, 2 n + m, 2 n + m): left and right singular vectors
    small: Array  # (5, 2 n + m): scales of the rows, singular values, and work


def space(M: int, n: int, m: int, k: int) -> Space:
    """Space for M blocks n x n with m unknown numbers and k dense rows."""
    size, empty = 2 * n + m, np.empty
    return Space(
        empty((M, 2 * n, n)), empty((M, n)), empty((M, n, 3 * n + m)), empty((M, k, n)), empty((2, size, size)),
        empty((5, size)),
    )  # fmt: skip


def factorise(G, P, ends, D, V, beta, R, X, reduced, small):  # type: ignore[no-untyped-def]
    """Fill the space, up to the reduced system with scaled rows.

    `ends` (n + m, 2 n + m) has boundary rows, and dense ones below, in columns of y_0, y_M, theta.
    Gives whether all is finite.
    """
    M, n, _ = G.shape
    m, k = P.shape[2], D.shape[0]
    size, width = 2 * n + m, 3 * n + m
    last = size - k
    whole, scales = reduced[0], small[0]
    W = np.empty((2 * n, width))
    # the first n rows of the reduced system are what is left of the blocks: columns of y_0, y_{i+1}, theta
    for a in range(n):
        for c in range(n):
            whole[a, c] = -G[0, a, c]
            whole[a, n + c] = 1.0 if a == c else 0.0
        for c in range(m):
            whole[a, 2 * n + c] = -P[0, a, c]
    for r in range(n + m):
        for c in range(size):
            whole[n + r, c] = ends[r, c]
    for r in range(k):
        for c in range(n):
            whole[last + r, c] = D[r, 0, c]
            whole[last + r, n + c] = 0.0
    for i in range(1, M):
        # columns of W: y_i, y_0, y_{i+1}, theta
        for a in range(n):
            for c in range(n):
                W[a, c] = whole[a, n + c]
                W[n + a, c] = -G[i, a, c]
                W[a, n + c] = whole[a, c]
                W[n + a, n + c] = 0.0
                W[a, 2 * n + c] = 0.0
                W[n + a, 2 * n + c] = 1.0 if a == c else 0.0
            for c in range(m):
                W[a, 3 * n + c] = whole[a, 2 * n + c]
                W[n + a, 3 * n + c] = -P[i, a, c]
        for c in range(n):
            square = 0.0
            for a in range(c, 2 * n):
                square += W[a, c] * W[a, c]
            norm = math.sqrt(square)
            if W[c, c] > 0.0:
                norm = -norm
            head = W[c, c] - norm
            V[i, c, c] = head
            for a in range(c + 1, 2 * n):
                V[i, a, c] = W[a, c]
            factor = -1.0 / (norm * head) if head != 0.0 and norm != 0.0 else 0.0
            beta[i, c] = factor
            for j in range(c, width):
                total = 0.0
                for a in range(c, 2 * n):
                    total += V[i, a, c] * W[a, j]
                total *= factor
                for a in range(c, 2 * n):
                    W[a, j] -= total * V[i, a, c]
        for a in range(n):
            for c in range(width):
                R[i, a, c] = W[a, c]
            for c in range(n):
                whole[a, c] = W[n + a, n + c]
                whole[a, n + c] = W[n + a, 2 * n + c]
            for c in range(m):
                whole[a, 2 * n + c] = W[n + a, 3 * n + c]
        for r in range(k):  # y_i leaves the dense rows
            for c in range(n):
                total = D[r, i, c] + whole[last + r, n + c]
                for a in range(c):
                    total -= X[i, r, a] * R[i, a, c]
                X[i, r, c] = total / R[i, c, c]
            for c in range(n):
                total = 0.0
                for a in range(n):
                    total += X[i, r, a] * R[i, a, 2 * n + c]
                    whole[last + r, c] -= X[i, r, a] * R[i, a, n + c]
                whole[last + r, n + c] = -total
            for c in range(m):
                for a in range(n):
                    whole[last + r, 2 * n + c] -= X[i, r, a] * R[i, a, 3 * n + c]
    for r in range(k):
        for c in range(n):
            whole[last + r, n + c] += D[r, M, c]
    check = 0.0
    for i in range(1, M):
        for a in range(n):
            for c in range(n):
                check += 0.0 * R[i, a, c]
    for r in range(size):
        square = 0.0
        for c in range(size):
            check += 0.0 * whole[r, c]
            square += whole[r, c] * whole[r, c]
        scales[r] = 1.0 / math.sqrt(square) if square > 0.0 else 1.0
        for c in range(size):
            whole[r, c] *= scales[r]
    return check == 0.0  # zero times infinity is not a number


def substitute(V, beta, R, X, reduced, small, w, lack, y, theta):  # type: ignore[no-untyped-def]
    """The solution y (M + 1, n), theta (m,) for right sides w (M, n) of the blocks and `lack` (n + m,)."""
    M, n = w.shape
    m, k = len(theta), X.shape[1]
    last = 2 * n + m - k
    scales, values, known, z, found = small[0], small[1], small[2], small[3], small[4]
    for a in range(n):
        known[a] = w[0, a]
    for r in range(n + m):
        known[n + r] = lack[r]
    for i in range(1, M):
        for a in range(n):
            z[a] = known[a]
            z[n + a] = w[i, a]
        for c in range(n):
            total = 0.0
            for a in range(c, 2 * n):
                total += V[i, a, c] * z[a]
            total *= beta[i, c]
            for a in range(c, 2 * n):
                z[a] -= total * V[i, a, c]
        for a in range(n):
            y[i, a] = z[a]
            known[a] = z[n + a]
        for r in range(k):
            for a in range(n):
                known[last + r] -= X[i, r, a] * z[a]
    for r in range(2 * n + m):
        known[r] *= scales[r]
    for c in range(2 * n + m):
        found[c] = 0.0
    for k in range(2 * n + m):
        total = 0.0
        for r in range(2 * n + m):
            total += reduced[0, r, k] * known[r]
        total = total / values[k] if values[k] > 0.0 else 0.0
        for c in range(2 * n + m):
            found[c] += reduced[1, c, k] * total
    for a in range(n):
        y[0, a] = found[a]
        y[M, a] = found[n + a]
    for c in range(m):
        theta[c] = found[2 * n + c]
    for i in range(M - 1, 0, -1):
        for a in range(n - 1, -1, -1):
            total = y[i, a]
            for c in range(n):
                total -= R[i, a, n + c] * y[0, c] + R[i, a, 2 * n + c] * y[i + 1, c]
            for c in range(m):
                total -= R[i, a, 3 * n + c] * theta[c]
            for c in range(a + 1, n):
                total -= R[i, a, c] * y[i, c]
            y[i, a] = total / R[i, a, a]


def factorised(G: Array, P: Array, ends: Array, D: Array, into: Space) -> float:
    """Factorise; the smallest singular value of the reduced system over the largest, -1 if it is not finite."""
    if not compiled(factorise)(G, P, ends, D, *into):
        return -1.0
    values = into.small[1]
    compiled(decompose)(into.reduced[0], values, into.reduced[1])
    most = values.max()
    return float(values.min() / most) if most > 0.0 else 0.0


class Factored:
    """The factorised system without dense rows; `solve` takes right sides.

    Parameters
    ----------
    G, P : ndarray, shapes (M, n, n), (M, n, m)
        Blocks.
    ends : ndarray, shape (n + m, 2 n + m)
        Boundary rows B_0, B_1, B_p side by side.

    Attributes
    ----------
    finite : bool
        Whether it could be factorised.
    smallest : float
        Smallest singular value of the reduced system over the largest, its rows scaled to length one: zero where the
        problem has no unique solution.
    """

    def __init__(self, G: Array, P: Array, ends: Array) -> None:
        M, n, m = self.shape = P.shape
        self.space = space(M, n, m, 0)
        smallest = factorised(G, P, ends, np.empty((0, M + 1, n)), self.space)
        self.finite, self.smallest = smallest >= 0.0, max(smallest, 0.0)

    def solve(self, w: Array, g: Array) -> tuple[Array, Array]:
        """The solution (y, theta), y of shape (M + 1, n)."""
        M, n, m = self.shape
        y, theta = np.empty((M + 1, n)), np.empty(m)
        compiled(substitute)(*self.space, w, g, y, theta)
        return y, theta
