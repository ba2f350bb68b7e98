"""Once differentiable interpolant of states and slopes at the points of a mesh, of degree 7 or 3 by interval.

Through (t_i, y_i, f_i) of the four points around an interval: error O(dt^8), above the order of collocation, so that
its defect u' - f(t, u) shows the error of the nodes and not that of the interpolation. Where slopes jump, the cubic
through the two ends is the better one. Both take the same values and slopes at the nodes, so they can be mixed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .kernels import compiled

Array = NDArray[np.float64]


def divided(ts, y, f, points, table, start, C):  # type: ignore[no-untyped-def]
    """Divided differences C (M, 8, n), and the first node of each interval."""
    M, n = len(ts) - 1, y.shape[1]
    for i in range(M):
        k = points[i]
        first = min(max(i - 1, 0), M - 3) if k == 4 else i
        start[i] = first
        for a in range(n):
            for j in range(k):
                table[2 * j] = y[first + j, a]
                table[2 * j + 1] = y[first + j, a]
            C[i, 0, a] = table[0]
            for level in range(1, 2 * k):
                for j in range(2 * k - level):
                    low, high = first + j // 2, first + (j + level) // 2
                    if low == high:
                        table[j] = f[low, a]
                    else:
                        table[j] = (table[j + 1] - table[j]) / (ts[high] - ts[low])
                C[i, level, a] = table[0]


def evaluate(ts, start, points, C, times, u, du):  # type: ignore[no-untyped-def]
    """u (m, n) and u' at times (m,)."""
    M, n = len(ts) - 1, C.shape[2]
    backwards = ts[M] < ts[0]
    i = 0
    for m in range(len(times)):
        t = times[m]
        if i > 0 and (t > ts[i] if backwards else t < ts[i]):
            i = 0
        if i == 0 or (t < ts[i + 1] if backwards else t > ts[i + 1]):
            high = M
            while high - i > 1:
                middle = (i + high) // 2
                if t <= ts[middle] if backwards else t >= ts[middle]:
                    i = middle
                else:
                    high = middle
        last = 2 * points[i] - 1
        for a in range(n):
            value, slope = C[i, last, a], 0.0
            for level in range(last - 1, -1, -1):
                x = t - ts[start[i] + level // 2]
                slope = slope * x + value
                value = value * x + C[i, level, a]
            u[m, a] = value
            du[m, a] = slope


@dataclass(frozen=True, eq=False)
class Interpolant:
    """Piecewise polynomial; make it with `interpolate`. Calling it gives states at times."""

    ts: Array
    start: NDArray[np.int64]
    points: NDArray[np.int64]
    C: Array

    def __call__(self, t: ArrayLike) -> Array:
        """States at a time (n,) or at times (m, n)."""
        times = np.atleast_1d(np.asarray(t, dtype=float))
        u = self.with_slope(times)[0]
        return u if np.ndim(t) else u[0]

    def with_slope(self, times: Array) -> tuple[Array, Array]:
        """u and u' at times (m,)."""
        times, shape = np.ascontiguousarray(times), (len(times), self.C.shape[2])
        u, du = np.empty(shape), np.empty(shape)
        compiled(evaluate)(self.ts, self.start, self.points, self.C, times, u, du)
        return u, du


def interpolate(ts: Array, y: Array, f: Array, points: NDArray[np.int64] | int) -> Interpolant:
    """The interpolant with `points` nodes (2 or 4) for each interval."""
    M = len(ts) - 1
    count = points if isinstance(points, np.ndarray) else np.full(M, points if M >= 3 else 2, np.int64)
    start, C = np.empty(M, np.int64), np.empty((M, 8, y.shape[1]))
    compiled(divided)(ts, y, f, count, np.empty(8), start, C)
    return Interpolant(ts, start, count, C)
