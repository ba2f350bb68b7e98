"""Gauss collocation of a two-point problem on one mesh: residual and Newton matrix for `newton`.

Unknowns x = (y_0 .. y_M, slopes K_ij, theta). Gauss points give order 2 s at the mesh (4 for s = 2, 6 for s = 3),
symmetric and symplectic: what the discrete path conserves is what the flow conserves.

Ascher, Mattheij, Russell, Numerical Solution of Boundary Value Problems for ODEs, SIAM 1995, theorem 5.79 (order).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import GAUSS4, GAUSS6
from . import condense
from .blocks import Boundary, Factored
from .boundary import Unknowns
from .flow import CUBE_EPS, Flow
from .kernels import compiled

Array = NDArray[np.float64]
NO_ROWS = np.empty(0)
SCHEMES = {4: GAUSS4, 6: GAUSS6}


@dataclass(frozen=True, eq=False)
class DenseRows:
    """sum_i D_i y_i + Dp theta = d."""

    D: Array
    Dp: Array
    d: Array


class Collocation:
    """The discrete problem on the mesh t0 + (t1 - t0) tau.

    Parameters
    ----------
    flow : Flow
        What to follow.
    boundary : FixedEnds or General
        Conditions at the ends.
    unknowns : Unknowns
        Parameters that are sought.
    tau : ndarray, shape (M + 1,)
        Mesh from 0 to 1.
    order : {4, 6}
        At the mesh points.
    dense : DenseRows, optional
        Conditions on the whole path; each takes the place of one boundary condition.
    """

    def __init__(
        self, flow: Flow, boundary: Any, unknowns: Unknowns, tau: Array, order: int, dense: DenseRows | None = None
    ) -> None:
        data: Any = SCHEMES[order].data
        self.A, self.b, self.c = data.A[0].copy(), data.b[0].copy(), data.c[0].copy()
        self.flow, self.boundary, self.unknowns, self.tau, self.dense = flow, boundary, unknowns, tau, dense
        self.M, self.s, self.n, self.m = len(tau) - 1, len(self.b), flow.n, len(unknowns)
        self.ends = (self.M + 1) * self.n, (self.M + 1) * self.n + self.M * self.s * self.n

    def split(self, x: Array) -> tuple[Array, Array, Array]:
        """y (M + 1, n), K (M, s, n), theta (m,)."""
        a, b = self.ends
        return x[:a].reshape(-1, self.n), x[a:b].reshape(self.M, self.s, self.n), x[b:]

    def times(self, theta: Array) -> Array:
        """Mesh in time."""
        t1 = self.unknowns.apply(theta)[1]
        ts = self.unknowns.t0 + (t1 - self.unknowns.t0) * self.tau
        ts[-1] = t1
        return ts

    def stage_times(self, theta: Array) -> Array:
        """Times of the stages (M s,)."""
        ts = self.times(theta)
        return (ts[:-1, None] + np.diff(ts)[:, None] * self.c).ravel()

    def _stages(self, ts: Array, y: Array, K: Array) -> tuple[Array, Array]:
        times, Z = np.empty(self.M * self.s), np.empty((self.M * self.s, self.n))
        compiled(condense.stages)(ts, y, K, self.A, self.c, times, Z)
        return times, Z

    def _equations(self, y: Array, K: Array, theta: Array) -> tuple[Array, Array]:
        p, _ = self.unknowns.apply(theta)
        ts = self.times(theta)
        F = self.flow.slopes(*self._stages(ts, y, K), p)
        rK, rC = np.empty(K.shape), np.empty((self.M, self.n))
        compiled(condense.residuals)(ts, y, K, F, self.b, rK, rC)
        return rK, rC

    def conditions(self, y0: Array, y1: Array, theta: Array) -> Array:
        """g."""
        value: Array = self.boundary.value(y0, y1, self.unknowns.apply(theta)[0])
        return value

    def residual(self, x: Array) -> Array:
        """(r_K, r_C, g, d) as one vector."""
        y, K, theta = self.split(x)
        rK, rC = self._equations(y, K, theta)
        whole = NO_ROWS
        if self.dense is not None:
            whole = np.einsum("kin,in->k", self.dense.D, y) + self.dense.Dp @ theta - self.dense.d
        return np.concatenate((rK.ravel(), rC.ravel(), self.conditions(y[0], y[-1], theta), whole))

    def linearise(self, x: Array) -> "Linearised":
        """The factorised Newton matrix at x."""
        return Linearised(self, x)

    def size(self, dx: Array, x: Array) -> float:
        """Root mean square of a correction, each component relative to its largest value along the path."""
        y, _, theta = self.split(x)
        dy, dK, dtheta = self.split(dx)
        scale = np.abs(y).max(axis=0)
        scale = np.maximum(scale, 1e-3 * scale.max()) + 1e-12
        h = np.abs(np.diff(self.times(theta)))[:, None, None]
        parts = ((dy / scale) ** 2).sum() / len(y) + ((h * dK / scale) ** 2).sum() / (self.M * self.s)
        with np.errstate(over="ignore"):
            whole = parts / self.n + (((dtheta / (np.abs(theta) + 1e-3)) ** 2).mean() if self.m else 0.0)
        return float(np.sqrt(whole))


class Linearised:
    """Newton matrix of a `Collocation`, factorised; `solve(r)` gives J^-1 r."""

    def __init__(self, whole: Collocation, x: Array) -> None:
        self.whole = w = whole
        y, K, theta = w.split(x)
        self.ts = w.times(theta)
        p, _ = w.unknowns.apply(theta)
        M, n, size = w.M, w.n, w.s * w.n
        J = w.flow.with_p(p).matrices(*w._stages(self.ts, y, K)) if w.unknowns.names else w.flow.matrices(
            *w._stages(self.ts, y, K)
        )  # fmt: skip
        self.LU, self.swaps, self.S = np.empty((M, size, size)), np.empty((M, size), np.int64), np.empty((M, size, n))
        self.G = np.empty((M, n, n))
        compiled(condense.eliminate)(self.ts, J, w.A, w.b, self.LU, self.swaps, self.S, self.G)
        self.U, P = np.zeros((M, size, w.m)), np.zeros((M, n, w.m))
        Bp = np.zeros((n + w.m - (0 if w.dense is None else len(w.dense.d)), w.m))
        for k in range(w.m):
            step = CUBE_EPS * (1.0 + abs(theta[k]))
            up, down = theta.copy(), theta.copy()
            up[k] += step
            down[k] -= step
            width = up[k] - down[k]
            above, below = w._equations(y, K, up), w._equations(y, K, down)
            self.U[:, :, k], P[:, :, k] = self._reduce(*((a - b) / width for a, b in zip(above, below, strict=True)))
            Bp[:, k] = (w.conditions(y[0], y[-1], up) - w.conditions(y[0], y[-1], down)) / width
        B0, B1 = w.boundary.derivatives(y[0], y[-1], p)
        D, Dp = (np.zeros((0, M + 1, n)), np.zeros((0, w.m))) if w.dense is None else (w.dense.D, w.dense.Dp)
        self.blocks = Factored(self.G, P, Boundary(B0, B1, Bp, D, Dp))
        self.finite, self.smallest = self.blocks.finite, self.blocks.smallest

    def _reduce(self, rK: Array, rC: Array) -> tuple[Array, Array]:
        u, w = np.empty(self.LU.shape[:2]), np.empty(rC.shape)
        compiled(condense.reduce)(self.ts, self.LU, self.swaps, self.whole.b, rK, rC, u, w)
        return u, w

    def solve(self, r: Array) -> Array:
        """J^-1 r."""
        w = self.whole
        M, s, n = w.M, w.s, w.n
        a, b = M * s * n, M * s * n + M * n
        u, reduced = self._reduce(-r[:a].reshape(M, s, n), -r[a:b].reshape(M, n))
        last = len(r) - (0 if w.dense is None else len(w.dense.d))
        dy, theta = self.blocks.solve(reduced, r[b:last], r[last:])
        # the equations are r_K = f - K and so on: their derivatives are minus the rows of the blocks
        dK = np.empty(u.shape)
        compiled(condense.expand)(self.S, self.U, u, dy, theta, dK)
        return np.concatenate((dy.ravel(), dK.ravel(), theta))
