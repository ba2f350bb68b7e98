"""Linear systems of two-point problems: blocks, boundary rows, dense rows, in time linear in the mesh.

    y_{i+1} - G_i y_i - P_i theta = w_i          i = 0 .. M - 1, blocks n x n
    B_0 y_0 + B_1 y_M + B_p theta = g
    sum_i D_i y_i + D_p theta = d                dense rows (arclength conditions, integrals)

Structured orthogonal factorisation: the two blocks that hold y_i are rotated into a triangle for y_i and rows without
it, so that one block row between y_0 and y_M is left in the end. It is backward stable for every well-conditioned
problem, separated conditions or not; compaction by products of the G_i is not.

S. J. Wright, SIAM J. Sci. Stat. Comput. 13 (1992) 742-764.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kernels import compiled

Array = NDArray[np.float64]


def _factorise(G, P, D, V, beta, R, E, F, Q, X, W, L, C, Pc, D0, D1, Dp):  # type: ignore[no-untyped-def]
    M, n, _ = G.shape
    m, k = P.shape[2], D.shape[0]
    for a in range(n):
        for c in range(n):
            L[a, c] = -G[0, a, c]
            C[a, c] = 1.0 if a == c else 0.0
        for c in range(m):
            Pc[a, c] = -P[0, a, c]
    for r in range(k):
        for c in range(n):
            D0[r, c] = D[r, 0, c]
    width = 3 * n + m
    for i in range(1, M):
        # columns of W: y_i, y_0, y_{i+1}, theta
        for a in range(n):
            for c in range(n):
                W[a, c] = C[a, c]
                W[n + a, c] = -G[i, a, c]
                W[a, n + c] = L[a, c]
                W[n + a, n + c] = 0.0
                W[a, 2 * n + c] = 0.0
                W[n + a, 2 * n + c] = 1.0 if a == c else 0.0
            for c in range(m):
                W[a, 3 * n + c] = Pc[a, c]
                W[n + a, 3 * n + c] = -P[i, a, c]
        for c in range(n):
            square = 0.0
            for a in range(c, 2 * n):
                square += W[a, c] * W[a, c]
            norm = np.sqrt(square)
            if W[c, c] > 0.0:
                norm = -norm
            for a in range(c):
                V[i - 1, a, c] = 0.0
            head = W[c, c] - norm
            V[i - 1, c, c] = head
            for a in range(c + 1, 2 * n):
                V[i - 1, a, c] = W[a, c]
            factor = -1.0 / (norm * head) if head != 0.0 and norm != 0.0 else 0.0
            beta[i - 1, c] = factor
            for j in range(c, width):
                total = 0.0
                for a in range(c, 2 * n):
                    total += V[i - 1, a, c] * W[a, j]
                total *= factor
                for a in range(c, 2 * n):
                    W[a, j] -= total * V[i - 1, a, c]
        for a in range(n):
            for c in range(n):
                R[i - 1, a, c] = W[a, c]
                E[i - 1, a, c] = W[a, n + c]
                F[i - 1, a, c] = W[a, 2 * n + c]
                L[a, c] = W[n + a, n + c]
                C[a, c] = W[n + a, 2 * n + c]
            for c in range(m):
                Q[i - 1, a, c] = W[a, 3 * n + c]
                Pc[a, c] = W[n + a, 3 * n + c]
        for r in range(k):
            for c in range(n):
                total = D[r, i, c] + (D1[r, c] if i > 1 else 0.0)
                for a in range(c):
                    total -= X[i - 1, r, a] * R[i - 1, a, c]
                X[i - 1, r, c] = total / R[i - 1, c, c]
            for c in range(n):
                total = 0.0
                for a in range(n):
                    total += X[i - 1, r, a] * F[i - 1, a, c]
                    D0[r, c] -= X[i - 1, r, a] * E[i - 1, a, c]
                D1[r, c] = -total
            for c in range(m):
                for a in range(n):
                    Dp[r, c] -= X[i - 1, r, a] * Q[i - 1, a, c]
    for r in range(k):
        for c in range(n):
            D1[r, c] = D[r, M, c] + (D1[r, c] if M > 1 else 0.0)


def _forward(V, beta, X, w, d, v, carry, z):  # type: ignore[no-untyped-def]
    M, n = w.shape
    for a in range(n):
        carry[a] = w[0, a]
    for i in range(1, M):
        for a in range(n):
            z[a] = carry[a]
            z[n + a] = w[i, a]
        for c in range(n):
            total = 0.0
            for a in range(c, 2 * n):
                total += V[i - 1, a, c] * z[a]
            total *= beta[i - 1, c]
            for a in range(c, 2 * n):
                z[a] -= total * V[i - 1, a, c]
        for a in range(n):
            v[i - 1, a] = z[a]
            carry[a] = z[n + a]
        for r in range(len(d)):
            for a in range(n):
                d[r] -= X[i - 1, r, a] * z[a]


def _back(R, E, F, Q, v, theta, y):  # type: ignore[no-untyped-def]
    count, n, _ = R.shape
    for i in range(count, 0, -1):
        for a in range(n - 1, -1, -1):
            total = v[i - 1, a]
            for c in range(n):
                total -= E[i - 1, a, c] * y[0, c] + F[i - 1, a, c] * y[i + 1, c]
            for c in range(len(theta)):
                total -= Q[i - 1, a, c] * theta[c]
            for c in range(a + 1, n):
                total -= R[i - 1, a, c] * y[i, c]
            y[i, a] = total / R[i - 1, a, a]


@dataclass(frozen=True, eq=False)
class Boundary:
    """Boundary rows B_0 y_0 + B_1 y_M + B_p theta, and dense rows with D of shape (k, M + 1, n)."""

    B0: Array
    B1: Array
    Bp: Array
    D: Array
    Dp: Array


class Factored:
    """The factorised system; `solve` takes right sides.

    Parameters
    ----------
    G, P : ndarray, shapes (M, n, n), (M, n, m)
        Blocks.
    boundary : Boundary
        n + m rows in all.

    Attributes
    ----------
    smallest : float
        Smallest singular value of the reduced system over the largest, its rows scaled to length one: zero where the
        problem has no unique solution.
    """

    def __init__(self, G: Array, P: Array, boundary: Boundary) -> None:
        M, n, m = P.shape
        k = len(boundary.D)
        self.shape, self.k, self.boundary = (M, n, m), k, boundary
        count = M - 1
        self.V, self.beta = np.empty((count, 2 * n, n)), np.empty((count, n))
        self.R, self.E, self.F = (np.empty((count, n, n)) for _ in range(3))
        self.Q, self.X = np.empty((count, n, m)), np.empty((count, k, n))
        L, C, Pc = np.empty((n, n)), np.empty((n, n)), np.empty((n, m))
        D0, D1, Dp = np.empty((k, n)), np.zeros((k, n)), boundary.Dp.copy()
        run = compiled(_factorise)
        run(
            G, P, boundary.D, self.V, self.beta, self.R, self.E, self.F, self.Q, self.X, np.empty((2 * n, 3 * n + m)),
            L, C, Pc, D0, D1, Dp,
        )  # fmt: skip
        size = 2 * n + m
        whole = np.empty((size, size))
        whole[:n, :n], whole[:n, n : 2 * n], whole[:n, 2 * n :] = L, C, Pc
        last = size - k
        whole[n:last, :n], whole[n:last, n : 2 * n], whole[n:last, 2 * n :] = boundary.B0, boundary.B1, boundary.Bp
        whole[last:, :n], whole[last:, n : 2 * n], whole[last:, 2 * n :] = D0, D1, Dp
        self.finite = bool(np.isfinite(whole).all() and np.isfinite(self.R).all())
        self.smallest = 0.0
        if self.finite:
            lengths = np.sqrt((whole * whole).sum(axis=1))
            self.rows = 1.0 / np.where(lengths > 0.0, lengths, 1.0)
            self.left, self.values, self.right = np.linalg.svd(whole * self.rows[:, None])
            self.smallest = float(self.values[-1] / self.values[0])

    def solve(self, w: Array, g: Array, d: Array) -> tuple[Array, Array]:
        """The solution (y, theta), y of shape (M + 1, n)."""
        M, n, _ = self.shape
        v, carry, d = np.empty((M - 1, n)), np.empty(n), d.copy()
        compiled(_forward)(self.V, self.beta, self.X, w, d, v, carry, np.empty(2 * n))
        known = np.concatenate((carry, g, d)) * self.rows
        found = self.right.T @ ((self.left.T @ known) / np.where(self.values > 0.0, self.values, np.inf))
        y = np.empty((M + 1, n))
        y[0], y[M], theta = found[:n], found[n : 2 * n], found[2 * n :]
        compiled(_back)(self.R, self.E, self.F, self.Q, v, theta, y)
        return y, theta
