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
SAMPLES = (0.1726731646460114, 0.5, 0.8273268353539886)  # where the defect is measured: inner Lobatto points
WEIGHTS = (49.0 / 180.0, 64.0 / 180.0, 49.0 / 180.0)  # theirs; at the ends of an interval the defect is zero


def _divided(ts, y, f, start, points, table, C):  # type: ignore[no-untyped-def]
    M, n = len(ts) - 1, y.shape[1]
    for i in range(M):
        k, first = points[i], start[i]
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


def _evaluate(ts, start, points, C, where, times, u, du):  # type: ignore[no-untyped-def]
    n = u.shape[1]
    for m in range(len(times)):
        i, t = where[m], times[m]
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

    def with_slope(self, times: Array, where: NDArray[np.int64] | None = None) -> tuple[Array, Array]:
        """u and u' at times (m,); `where` says in which intervals they lie."""
        if where is None:
            direction = 1.0 if self.ts[-1] >= self.ts[0] else -1.0
            where = np.searchsorted(direction * self.ts, direction * times, side="right") - 1
            where = np.clip(where, 0, len(self.ts) - 2)
        u, du = (np.empty((len(times), self.C.shape[2])) for _ in range(2))
        compiled(_evaluate)(self.ts, self.start, self.points, self.C, where, times, u, du)
        return u, du


def interpolate(ts: Array, y: Array, f: Array, points: NDArray[np.int64] | int = 4) -> Interpolant:
    """The interpolant with `points` nodes (2 or 4) for each interval."""
    M = len(ts) - 1
    count = np.full(M, points, np.int64) if np.ndim(points) == 0 else np.asarray(points, np.int64)
    if M < 3:
        count = np.full(M, 2, np.int64)
    i = np.arange(M)
    start = np.where(count == 4, np.clip(i - 1, 0, max(M - 3, 0)), i).astype(np.int64)
    C = np.zeros((M, 8, y.shape[1]))
    compiled(_divided)(ts, y, f, start, count, np.empty(8), C)
    return Interpolant(ts, start, count, C)
