"""Gauss collocation of a two-point problem on one mesh, and Newton's method for it.

Unknowns are y_0 .. y_M, slopes K_ij, and theta. Gauss points give order 2 s at the mesh (4 for s = 2, 6 for s = 3),
symmetric and symplectic: what the discrete path conserves is what the flow conserves.

Corrections solve  rows . dx = what the rows lack:  r_K, r_C (`condense`), minus the boundary conditions, d - D y.
Kernels are compiled one by one: all of them in one function take three times as long to compile, and save little.

Ascher, Mattheij, Russell, Numerical Solution of Boundary Value Problems for ODEs, SIAM 1995, theorem 5.79 (order).
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods import GAUSS4, GAUSS6
from . import condense
from .blocks import factorised, space, substitute
from .boundary import FixedEnds, Unknowns
from .flow import CUBE_EPS, Flow
from .kernels import compiled
from .newton import ACCEPT, AT_ROUNDING, SINGULAR, STALLED, Newton, first_damping, judged

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


class Slot(NamedTuple):
    """A point or a step."""

    y: Array  # (M + 1, n)
    K: Array  # (M, s, n)
    theta: Array  # (m,)


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
        self.A, self.b, self.c = scheme(order)
        s, empty = len(self.b), np.empty
        self.D, self.d, self.ends, self.rows = D, d, ends, n + m - k  # of the boundary; dense ones are below them
        self.numbers = empty((4, (M + 1) * n + M * s * n + m))
        self.point, self.trial, self.step, self.simplified = (self._slot(x) for x in self.numbers)
        self.y, self.K, self.theta = self.point
        self.ts = self._mesh(unknowns.t1)
        self.Z, self.F, self.stage_times = empty((M * s, n)), empty((M * s, n)), empty(M * s)
        self.rK, self.rC, self.lack = empty((M, s, n)), empty((M, n)), empty(n + m)
        self.u, self.w = empty((M, s * n)), empty((M, n))
        self.J, self.G, self.S = empty((M * s, n, n)), empty((M, n, n)), empty((M, s * n, n))
        self.LU, self.swaps = empty((M, s * n, s * n)), empty((M, s * n), np.int64)
        self.U, self.P = empty((M, s * n, m)), empty((M, n, m))  # derivatives by theta, eliminated as the others
        self.space = space(M, n, m, k)

    def _slot(self, x: Array) -> Slot:
        a = (self.M + 1) * self.n
        return Slot(x[:a].reshape(-1, self.n), x[a : len(x) - self.m].reshape(self.M, -1, self.n), x[len(x) - self.m :])

    def _mesh(self, t1: float) -> Array:
        ts = self.unknowns.t0 + (t1 - self.unknowns.t0) * self.tau
        ts[-1] = t1
        return ts

    def times(self) -> Array:
        """Mesh in time, at the point."""
        return self._mesh(self.unknowns.apply(self.theta)[1])

    def flow_now(self) -> Flow:
        """The flow with the unknown parameters of the point."""
        return self.flow.with_p(self.unknowns.apply(self.theta)[0]) if self.unknowns.names else self.flow

    def newton(self, tol: float, max_iterations: int) -> Newton:
        """Solve from y, K, theta, which become the solution."""
        point, trial, step, simplified = self.numbers
        self._slopes(self.point)
        if not self._residuals(self.point):
            return Newton(self.y, "non_finite", 0, 0.0, 0.0)
        damping, before, known, smallest, contraction = 1.0, 0.0, 0.0, 1.0, 0.0
        for iteration in range(1, max_iterations + 1):
            smallest = self._factorise()
            if smallest < 0.0:
                return Newton(self.y, "non_finite", iteration, 0.0, contraction)
            if smallest < SINGULAR:
                return Newton(self.y, "singular_jacobian", iteration, smallest, contraction)
            self._correct(self.step)
            norm = self._size(self.step)
            if not math.isfinite(norm):
                return Newton(self.y, "singular_jacobian", iteration, smallest, contraction)
            if norm <= 1e-15:
                return Newton(self.y, "ok", iteration, smallest, contraction)
            if known > 0.0:
                damping = first_damping(damping, before, known, self._size(self.simplified, 1.0), norm)
            reduced = False
            while True:
                np.multiply(step, damping, out=trial)
                trial += point
                self._slopes(self.trial)
                after, miss = math.inf, math.inf
                if self._residuals(self.trial):
                    self._correct(self.simplified)
                    known = after = self._size(self.simplified)
                    miss = after if damping == 1.0 else self._size(self.simplified, 1.0 - damping)
                verdict, wanted = judged(damping, norm, after, miss, reduced)
                if verdict == AT_ROUNDING:
                    return Newton(self.y, "ok", iteration, smallest, contraction)
                if verdict == STALLED:
                    return Newton(self.y, "no_progress", iteration, smallest, contraction)
                if verdict == ACCEPT:
                    break
                reduced = reduced or wanted < damping
                damping = wanted
            point[:] = trial
            contraction, before = after / norm, norm
            if damping == 1.0 and after <= tol:
                point += simplified
                return Newton(self.y, "ok", iteration, smallest, contraction)
        return Newton(self.y, "max_iterations", max_iterations, smallest, contraction)

    def linearise(self) -> float:
        """Factorise at the point; the relative smallest singular value, zero if it is not finite."""
        self._stages(self.point)
        return max(self._factorise(), 0.0)

    def lines(self, dense: float = 0.0, rC: Array | None = None) -> Slot:
        """Solution of the linear system last factorised, for right sides of blocks and dense rows."""
        self.rK[:], self.lack[: self.rows], self.lack[self.rows :] = 0.0, 0.0, dense
        self.rC[:] = 0.0 if rC is None else rC
        self._correct(self.step)
        return self.step

    def _stages(self, slot: Slot) -> None:
        if self.unknowns.free:
            self.ts = self._mesh(float(slot.theta[-1]))
        compiled(condense.stages)(self.ts, slot.y, slot.K, self.A, self.c, self.stage_times, self.Z)

    def _slopes(self, slot: Slot) -> None:
        p = self.unknowns.apply(slot.theta)[0] if self.m else self.flow.p
        self._stages(slot)
        self.flow.slopes(self.stage_times, self.Z, p, self.F)

    def _residuals(self, slot: Slot) -> bool:
        """What the rows lack; whether that is finite."""
        p = self.unknowns.apply(slot.theta)[0] if self.m else self.flow.p
        lack, y = self.lack, slot.y
        finite = compiled(condense.residuals)(self.ts, y, slot.K, self.F, self.b, self.rK, self.rC)
        np.negative(self.boundary.value(y[0], y[-1], p), out=lack[: self.rows])
        if len(self.d):
            lack[self.rows :] = self.d - np.einsum("kin,in->k", self.D, y)
            lack[self.rows :] -= self.ends[self.rows :, 2 * self.n :] @ slot.theta
        return bool(finite) and bool(np.isfinite(lack).all())

    def _factorise(self) -> float:
        p, n = self.unknowns.apply(self.theta)[0] if self.m else self.flow.p, self.n
        self.flow.matrices(self.stage_times, self.Z, p, self.J)
        self.matrix_ts = self.ts  # with a free end the trials have other meshes
        compiled(condense.eliminate)(self.ts, self.J, self.A, self.b, self.LU, self.swaps, self.S, self.G)
        if not self.fixed:
            left, right = self.boundary.derivatives(self.y[0], self.y[-1], p)
            self.ends[: self.rows, :n], self.ends[: self.rows, n : 2 * n] = left, right
        for k in range(self.m):
            self._by_number(k)
        return factorised(self.G, self.P, self.ends, self.D, self.space)

    def _correct(self, to: Slot) -> None:
        """The correction that gives the rows what they lack."""
        compiled(condense.reduce)(self.matrix_ts, self.LU, self.swaps, self.b, self.rK, self.rC, self.u, self.w)
        compiled(substitute)(*self.space, self.w, self.lack, to.y, to.theta)
        compiled(condense.expand)(self.S, self.U, self.u, to.y, to.theta, to.K)

    def _size(self, of: Slot, share: float = 0.0) -> float:
        square, step = compiled(condense.size_of)(self.ts, self.y, of.y, of.K, share, *self.step[:2]), self.step.theta
        if self.m:
            square += float((((of.theta - share * step) / (np.abs(self.theta) + 1e-3)) ** 2).mean())
        return math.sqrt(square)

    def _by_number(self, k: int) -> None:
        """Derivatives of the rows by theta_k, by central differences; those of the slopes solved for."""
        old = self.theta[k]
        step = CUBE_EPS * (1.0 + abs(old))
        kept, sides = (self.rK.copy(), self.rC.copy(), self.lack.copy()), []
        for theta in (old + step, old - step):
            self.theta[k] = theta
            self._slopes(self.point)
            self._residuals(self.point)
            sides.append((theta, self.rK.copy(), self.rC.copy(), -self.lack[: self.rows]))
        (high, *above), (low, *below) = sides
        self.theta[k] = old
        self._stages(self.point)
        rK, rC, by_ends = ((up - down) / (high - low) for up, down in zip(above, below, strict=True))
        compiled(condense.reduce)(self.matrix_ts, self.LU, self.swaps, self.b, rK, rC, self.u, self.w)
        self.U[:, :, k], self.P[:, :, k], self.ends[: self.rows, 2 * self.n + k] = self.u, self.w, by_ends
        self.rK[:], self.rC[:], self.lack[:] = kept
