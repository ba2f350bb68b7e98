"""Tangent dynamics of implicit Runge-Kutta steps: the derivative of the solved equations, all panels together.

    Y_i = y + dt sum_j A_ij F_j,   F_i = f(t + c_i dt, Y_i),   y1 = y + dt sum_j b_j F_j
    sum_j (delta_ij - dt A_ij J_j) dY_j = v,   J_j = df/dy at Y_j,   v1 = v + dt sum_j b_j J_j dY_j

The stages are solved to rounding by Newton's method, whatever the method does elsewhere, so that they are those of the
equations; its matrix is that of the step before, and a new one where that converges slowly. At the solution the
matrix is factorised once more, for the vectors: v1 is the derivative of y1 to rounding. For Gauss's methods that
derivative is symplectic where f is Hamiltonian (Hairer, Lubich, Wanner, Geometric Numerical Integration, VI.4).
Stiffly accurate methods end in their last stage.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ..engine.adopt import adopt
from ..engine.compile import kernel
from ..engine.elementary import fma
from ..engine.linear import make_linear
from ..engine.stack import part
from ..methods.dirk import Dirk
from ..methods.gauss import Gauss
from ..methods.radau import Radau

FAMILIES = (Gauss, Radau, Dirk)
MOST, SLOW = 50, 8  # iterations; those after which the matrix is renewed
ROUNDING, CLOSE = 2.0**-51, 2.0**-38  # relative changes: nothing; rounding, if it does not halve


class Stages(NamedTuple):
    """Coefficients of a step."""

    A: Any
    b: Any
    c: Any
    ends: bool  # y1 is the last stage


def stages_of(data: Any) -> Stages:
    """Of a method of one of the FAMILIES."""
    if isinstance(data, Gauss):
        return Stages(data.A[0].copy(), data.b[0].copy(), data.c[0].copy(), False)
    return Stages(np.ascontiguousarray(data.A), data.A[-1].copy(), data.c.copy(), True)


def size_of(stages: Stages, n: int, width: int) -> int:
    """Numbers of working memory."""
    N = len(stages.c) * n
    return n + 4 * N + N * n + N * N + N * width + 2 * n * width


def by_stages(drift: Any, fill: Any, stages: Stages, n: int, width: int) -> Any:
    """As `tangents`, for the panels of a whole state; `fill` is one of `linearised`."""
    A, b, c, ends = stages
    s = len(c)
    N = s * n
    f, factorise, solve = adopt(drift), make_linear(None, None).factorise, make_linear(None, None).solve

    @kernel(forceinline=False)
    def linearise(t, dt, p, Y, J, M, P, room):  # type: ignore[no-untyped-def]
        """Jacobians of the stages, and the factors of the whole matrix."""
        for j in range(s):
            fill(t + c[j] * dt, part(Y, j * n, n), p, part(J, j * n * n, n * n), room)
        for i in range(s):
            for j in range(s):
                factor = -dt * A[i, j]
                for a in range(n):
                    row = (i * n + a) * N + j * n
                    for d in range(n):
                        M[row + d] = factor * J[(j * n + a) * n + d]
        for i in range(N):
            M[i * N + i] += 1.0
        factorise(M, P)

    @kernel(forceinline=False)
    def solve_stages(t, dt, p, x, Y, F, R, J, M, P, room, ready):  # type: ignore[no-untyped-def]
        """Newton's method; whether it converged. F holds slopes of the step before."""
        for i in range(s):
            for m in range(n):
                Y[i * n + m] = x[m] + dt * c[i] * R[m]
        before = math.inf
        for turn in range(MOST):
            if not ready or (turn > 0 and turn % SLOW == 0):
                linearise(t, dt, p, Y, J, M, P, room)
                ready = True
            for i in range(s):
                f(t + c[i] * dt, part(Y, i * n, n), p, part(F, i * n, n))
            for i in range(s):
                for m in range(n):
                    total = 0.0
                    for j in range(s):
                        total += A[i, j] * F[j * n + m]
                    R[i * n + m] = (x[m] - Y[i * n + m]) + dt * total
            solve(M, P, R)
            change, scale, sum_ = 0.0, 0.0, 0.0
            for i in range(N):
                Y[i] += R[i]
                change, scale, sum_ = max(change, abs(R[i])), max(scale, abs(Y[i])), sum_ + R[i]
            if not math.isfinite(sum_):
                return False
            if change <= ROUNDING * scale or (change <= CLOSE * scale and change > 0.5 * before):
                return True
            before = change
        return False

    @kernel(forceinline=False)
    def substitute(M, P, B):  # type: ignore[no-untyped-def]
        """B becomes M^-1 B, for rows of `width` numbers."""
        for k in range(N):
            best = int(P[k])
            if best != k:
                for l in range(width):
                    B[k * width + l], B[best * width + l] = B[best * width + l], B[k * width + l]
            for r in range(k + 1, N):
                factor = -M[r * N + k]
                for l in range(width):
                    B[r * width + l] = fma(factor, B[k * width + l], B[r * width + l])
        for k in range(N - 1, -1, -1):
            for j in range(k + 1, N):
                factor = -M[k * N + j]
                for l in range(width):
                    B[k * width + l] = fma(factor, B[j * width + l], B[k * width + l])
            for l in range(width):
                B[k * width + l] *= M[k * N + k]

    @kernel(forceinline=False)
    def advance(panel, dt, J, B):  # type: ignore[no-untyped-def]
        """v1 from the derivatives of the stages."""
        if ends:
            for i in range(n * width):
                panel[i] = B[(s - 1) * n * width + i]
            return
        for j in range(s):
            weight = dt * b[j]
            for a in range(n):
                for d in range(n):
                    factor = weight * J[(j * n + a) * n + d]
                    for l in range(width):
                        panel[a * width + l] = fma(factor, B[(j * n + d) * width + l], panel[a * width + l])

    @kernel(forceinline=False)
    def tangent(flat, work, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
        x, Y, F, R, P = (
            part(work, 0, n), part(work, n, N), part(work, n + N, N), part(work, n + 2 * N, N),
            part(work, n + 3 * N, N),
        )  # fmt: skip
        at = n + 4 * N
        J, M, B = part(work, at, N * n), part(work, at + N * n, N * N), part(work, at + N * n + N * N, N * width)
        room = part(work, at + N * n + N * N + N * width, 2 * n * width)
        for m in range(n):
            x[m] = flat[m * width]
        for i in range(N):
            R[i] = 0.0
        for step in range(steps):
            t = origin + (first + step) * dt
            good = solve_stages(t, dt, p, x, Y, F, R, J, M, P, room, step > 0)
            linearise(t, dt, p, Y, J, M, P, room)
            for m in range(n):
                if ends:
                    x[m] = Y[(s - 1) * n + m]
                else:
                    total = 0.0
                    for j in range(s):
                        total += b[j] * F[j * n + m]
                    x[m] += dt * total
                R[m] = F[(s - 1) * n + m]
                if not good:
                    x[m] = math.nan
            for start in range(0, len(flat), n * width):
                panel = part(flat, start, n * width)
                for i in range(N * width):
                    B[i] = panel[i % (n * width)]
                substitute(M, P, B)
                advance(panel, dt, J, B)
                for m in range(n):
                    panel[m * width] = x[m]

    return tangent
