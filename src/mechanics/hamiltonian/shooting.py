"""Shooting: states at the ends of a few segments, joined by accurate solves; one segment is single shooting.

    y_{i+1} = phi_i(y_i),   g(y_0, y_S) = 0

The derivative of phi_i is the solution of the variational equations, so that linear systems are those of collocation.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import DOP853
from ..problem import Problem
from ..solving import solve
from .blocks import Factored
from .boundary import Unknowns
from .flow import CUBE_EPS, Flow
from .variational import flow_and_monodromy

Array = NDArray[np.float64]


class Shooting:
    """Residual and Newton matrix of multiple shooting on the mesh t0 + (t1 - t0) tau, as `Collocation` has them."""

    def __init__(self, flow: Flow, boundary: Any, unknowns: Unknowns, tau: Array, rtol: float) -> None:
        self.flow, self.boundary, self.unknowns, self.tau, self.rtol = flow, boundary, unknowns, tau, rtol
        self.M, self.n, self.m = len(tau) - 1, flow.n, len(unknowns)
        self.known: dict[bytes, Array] = {}

    def split(self, x: Array) -> tuple[Array, Array]:
        """y (S + 1, n), theta (m,)."""
        a = (self.M + 1) * self.n
        return x[:a].reshape(-1, self.n), x[a:]

    def times(self, theta: Array) -> Array:
        """Ends of the segments."""
        t1 = self.unknowns.apply(theta)[1]
        return self.unknowns.t0 + (t1 - self.unknowns.t0) * self.tau

    def _miss(self, y: Array, theta: Array, blocks: Array | None = None) -> Array:
        flow = self.flow.with_p(self.unknowns.apply(theta)[0])
        ts, miss = self.times(theta), np.full((self.M, self.n), np.nan)
        for i in range(self.M):
            found = flow_and_monodromy(flow, y[i], ts[i], ts[i + 1], rtol=self.rtol, atol=self.rtol)
            if found is None:
                break
            miss[i] = found[0] - y[i + 1]
            if blocks is not None:
                blocks[i] = found[1]
        return miss

    def conditions(self, y0: Array, y1: Array, theta: Array) -> Array:
        """g."""
        value: Array = self.boundary.value(y0, y1, self.unknowns.apply(theta)[0])
        return value

    def residual(self, x: Array) -> Array:
        """(phi_i(y_i) - y_{i+1}, g) as one vector; NaN where a segment cannot be solved."""
        y, theta = self.split(x)
        if not np.isfinite(x).all():
            return np.full(self.M * self.n + self.n + self.m, np.nan)
        blocks = np.zeros((self.M, self.n, self.n))
        miss = self._miss(y, theta, blocks)
        self.known = {x.tobytes(): blocks}
        return np.concatenate((miss.ravel(), self.conditions(y[0], y[-1], theta)))

    def blocks(self, x: Array) -> Array:
        """Derivatives of the segments (S, n, n)."""
        if x.tobytes() not in self.known:
            self.residual(x)
        return self.known[x.tobytes()]

    def linearise(self, x: Array) -> "LinearShots":
        """The factorised Newton matrix at x."""
        return LinearShots(self, x)

    def size(self, dx: Array, x: Array) -> float:
        """Root mean square of a correction, relative to the largest values of the components."""
        y, theta = self.split(x)
        dy, dtheta = self.split(dx)
        scale = np.abs(y).max(axis=0)
        scale = np.maximum(scale, 1e-3 * scale.max()) + 1e-12
        with np.errstate(over="ignore"):
            whole = ((dy / scale) ** 2).mean() + (((dtheta / (np.abs(theta) + 1e-3)) ** 2).mean() if self.m else 0.0)
        return float(np.sqrt(whole))

    def dense(self, x: Array, points: int) -> tuple[Array, Array]:
        """Times and states with so many points in each segment; the joints have what their right side starts with."""
        y, theta = self.split(x)
        flow = self.flow.with_p(self.unknowns.apply(theta)[0])
        ends = self.times(theta)
        ts, ys = [], []
        for i in range(self.M):
            inner = np.linspace(ends[i], ends[i + 1], points + 1)
            inner[-1] = ends[i + 1]
            problem = Problem(flow.drift, y[i], ends[i], ends[i + 1], flow.p)
            # steps no longer than the points are apart: between its steps a method is less exact than at them
            widest = 0.5 * abs(ends[i + 1] - ends[i]) / points
            solution = solve(problem, DOP853, rtol=self.rtol, atol=self.rtol, saveat=inner, max_dt=widest, throw=False)
            if not solution.status.ok:
                return np.empty(0), np.empty((0, self.n))
            ts.append(inner[:-1])
            ys.append(solution.ys[:-1])
        return np.concatenate((*ts, ends[-1:])), np.concatenate((*ys, solution.ys[-1:]))


class LinearShots:
    """Newton matrix of `Shooting`."""

    def __init__(self, shots: Shooting, x: Array) -> None:
        self.shots = shots
        y, theta = shots.split(x)
        G, n, m = shots.blocks(x), shots.n, shots.m
        P, Bp = np.zeros((shots.M, n, m)), np.zeros((n + m, m))
        for k in range(m):
            step = CUBE_EPS * (1.0 + abs(theta[k]))
            up, down = theta.copy(), theta.copy()
            up[k] += step
            down[k] -= step
            width = up[k] - down[k]
            P[:, :, k] = (shots._miss(y, up) - shots._miss(y, down)) / width
            Bp[:, k] = (shots.conditions(y[0], y[-1], up) - shots.conditions(y[0], y[-1], down)) / width
        B0, B1 = shots.boundary.derivatives(y[0], y[-1], shots.unknowns.apply(theta)[0])
        self.blocks = Factored(G, P, np.hstack((B0, B1, Bp)))
        self.finite, self.smallest = self.blocks.finite, self.blocks.smallest

    def solve(self, r: Array) -> Array:
        """J^-1 r."""
        a = self.shots.M * self.shots.n
        y, theta = self.blocks.solve(-r[:a].reshape(self.shots.M, self.shots.n), r[a:])
        return np.concatenate((y.ravel(), theta))
