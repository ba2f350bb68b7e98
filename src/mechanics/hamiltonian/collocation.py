"""Gauss collocation of a two-point problem on one mesh: what `advance` iterates on, and what it asks for.

Unknowns are y_0 .. y_M, slopes K_ij, and theta. Gauss points give order 2 s at the mesh (4 for s = 2, 6 for s = 3),
symmetric and symplectic: what the discrete path conserves is what the flow conserves.

Ascher, Mattheij, Russell, Numerical Solution of Boundary Value Problems for ODEs, SIAM 1995, theorem 5.79 (order).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import GAUSS4, GAUSS6
from . import condense
from .advance import (
    CONTRACTION,
    FIELD,
    ITERATIONS,
    JACOBIANS,
    LACK,
    OUTCOMES,
    POINT,
    SLOPES,
    SMALLEST,
    STATES,
    STEP,
    TRIAL,
    advance,
    begin,
    correct,
    linearise,
    work_for,
)
from .boundary import FixedEnds, Unknowns
from .flow import CUBE_EPS, Flow
from .kernels import compiled
from .newton import Newton

Array = NDArray[np.float64]
SCHEMES = {4: GAUSS4, 6: GAUSS6}


@cache
def scheme(order: int) -> tuple[Array, Array, Array]:
    """A, b, c of Gauss's method."""
    data: Any = SCHEMES[order].data
    return data.A[0].copy(), data.b[0].copy(), data.c[0].copy()


@dataclass(frozen=True, eq=False)
class DenseRows:
    """sum_i D_i y_i + Dp theta = d."""

    D: Array
    Dp: Array
    d: Array


def _linearise(ts, A, b, ends, D, y, K, J, LU, swaps, S, G, U, P, V, beta, R, X, reduced, small):  # type: ignore[no-untyped-def]
    return linearise(ts, A, b, ends, D, y, K, J, LU, swaps, S, G, U, P, V, beta, R, X, reduced, small)


def _correct(ts, b, y, K, theta, lack, LU, swaps, S, U, V, beta, R, X, reduced, small):  # type: ignore[no-untyped-def]
    correct(ts, b, y, K, theta, lack, STEP, LU, swaps, S, U, V, beta, R, X, reduced, small)


def _stages(ts, y, K, A, c, times, Z):  # type: ignore[no-untyped-def]
    condense.stages(ts, y, K, A, c, times, Z)


def _residuals(ts, y, K, F, b, rK, rC):  # type: ignore[no-untyped-def]
    condense.residuals(ts, y, K, F, b, rK, rC)


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

    Attributes
    ----------
    y, K, theta : ndarray, shapes (M + 1, n), (M, s, n), (m,)
        The point: start, and solution of `newton`.
    """

    def __init__(
        self, flow: Flow, boundary: Any, unknowns: Unknowns, tau: Array, order: int, dense: DenseRows | None = None
    ) -> None:
        self.flow, self.boundary, self.unknowns, self.tau = flow, boundary, unknowns, tau
        M, n, m = len(tau) - 1, flow.n, len(unknowns)
        self.M, self.n, self.m = M, n, m
        self.fixed = isinstance(boundary, FixedEnds)
        if dense is None:
            k, D, d = 0, np.empty((0, M + 1, n)), np.empty(0)
        else:
            k, D, d = len(dense.d), dense.D, dense.d
        if self.fixed and not m:
            ends = boundary.ends
        else:
            ends = np.zeros((n + m, 2 * n + m))
            if self.fixed:
                ends[:n, : 2 * n] = boundary.ends
            if dense is not None:
                ends[n + m - k :, 2 * n :] = dense.Dp
        self.conditions, self.k = n + m - k, k
        span = np.array([unknowns.t0, unknowns.t1, float(unknowns.free)])
        values = boundary.values if self.fixed else np.empty(0)
        self.mesh, self.matrix, self.space = work_for(scheme(order), span, tau, m, ends, values, D, d)
        self.all = (*self.mesh, *self.matrix, *self.space)
        self.y, self.K, self.theta = self.mesh.y[POINT], self.mesh.K[POINT], self.mesh.theta[POINT]
        self.Z, self.F = (self.mesh.K[slot].reshape(-1, n) for slot in (STATES, FIELD))
        self.c = self.mesh.c

    def times(self) -> Array:
        """Mesh in time, at the point."""
        t0, t1 = self.unknowns.t0, self.unknowns.apply(self.theta)[1]
        ts = t0 + (t1 - t0) * self.tau
        ts[-1] = t1
        return ts

    def flow_now(self) -> Flow:
        """The flow with the unknown parameters of the point."""
        return self.flow.with_p(self.unknowns.apply(self.theta)[0]) if self.unknowns.names else self.flow

    def newton(self, tol: float, max_iterations: int) -> Newton:
        """Solve from y, K, theta, which become the solution."""
        run, record = compiled(advance), self.mesh.record
        compiled(begin)(*self.mesh)
        self._slopes(POINT)
        phase = JACOBIANS
        while phase <= JACOBIANS:
            if phase == SLOPES:
                self._slopes(TRIAL)
            else:
                self._jacobians()
            phase = run(phase, tol, max_iterations, *self.all)
        return Newton(
            self.y, OUTCOMES[phase], int(record[ITERATIONS]), float(record[SMALLEST]), float(record[CONTRACTION])
        )

    def linearise(self) -> float:
        """Factorise at the point; the relative smallest singular value, -1 if it is not finite."""
        compiled(begin)(*self.mesh)
        self._jacobians()
        w = self.mesh
        return float(compiled(_linearise)(w.ts, w.A, w.b, w.ends, w.D, w.y, w.K, *self.matrix, *self.space))

    def lines(self, dense: float = 0.0, rC: Array | None = None) -> tuple[Array, Array, Array]:
        """Solution (y, K, theta) of the linear system last factorised, for right sides of blocks and dense rows."""
        w, f = self.mesh, self.matrix
        w.K[LACK], w.lack[: self.conditions], w.lack[self.conditions :] = 0.0, 0.0, dense
        w.y[LACK, :-1] = 0.0 if rC is None else rC
        compiled(_correct)(w.ts, w.b, w.y, w.K, w.theta, w.lack, f.LU, f.swaps, f.S, f.U, *self.space)
        return w.y[STEP], w.K[STEP], w.theta[STEP]

    def _slopes(self, slot: int) -> None:
        w, p = self.mesh, self.flow.p
        if self.m:
            p = self.unknowns.apply(w.theta[slot])[0]
        self.flow.slopes(w.times, self.Z, p, self.F)
        if not self.fixed:
            y = w.y[slot]
            np.negative(self.boundary.value(y[0], y[-1], p), out=w.lack[: self.conditions])

    def _jacobians(self) -> None:
        w, p, n = self.mesh, self.flow.p, self.n
        if self.m:
            p = self.unknowns.apply(self.theta)[0]
        self.flow.matrices(w.times, self.Z, p, self.matrix.J)
        if not self.fixed:
            left, right = self.boundary.derivatives(self.y[0], self.y[-1], p)
            w.ends[: self.conditions, :n], w.ends[: self.conditions, n : 2 * n] = left, right
        for k in range(self.m):
            self._by_number(k)

    def _by_number(self, k: int) -> None:
        """Derivatives of the rows by theta_k, by central differences."""
        w, y = self.mesh, self.y
        step = CUBE_EPS * (1.0 + abs(self.theta[k]))
        sides = []
        for sign in (1.0, -1.0):
            theta = self.theta.copy()
            theta[k] += sign * step
            p, t1 = self.unknowns.apply(theta)
            ts, times, Z = self.unknowns.t0 + (t1 - self.unknowns.t0) * self.tau, np.empty(w.times.shape), self.K.copy()
            compiled(_stages)(ts, y, self.K, w.A, w.c, times, Z)
            F = self.flow.slopes(times, Z.reshape(-1, self.n), p).reshape(self.K.shape)
            rK, rC = np.empty(self.K.shape), np.empty((self.M, self.n))
            compiled(_residuals)(ts, y, self.K, F, w.b, rK, rC)
            sides.append((theta[k], rK.reshape(self.M, -1), rC, self.boundary.value(y[0], y[-1], p)))
        (high, *above), (low, *below) = sides
        by_ends = w.ends[: self.conditions, 2 * self.n :]
        for place, up, down in zip((self.matrix.U, self.matrix.P, by_ends), above, below, strict=True):
            place[..., k] = (up - down) / (high - low)
