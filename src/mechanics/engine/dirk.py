"""Steps of ESDIRK methods: simplified Newton iterations, one stage after the other.

    (1/(dt gamma) I - J) delta = f(t + c_i dt, Y) - (Y - base_i) / (dt gamma),   Y <- Y + delta
    K_i = (Y - base_i) / (dt gamma),   base_i = y + dt sum_{j<i} A_ij K_j

K_i from the stage itself, not from f(Y): errors of Y that stiffness would multiply stay small. The error estimate is
smoothed by the same matrix, (1/(dt gamma) I - J)^-1 / (dt gamma) (Hairer, Wanner II, IV.8, (8.19)).
Memory: head, first slope, then J, M and P. K holds the slopes, base, delta and f.
"""

import math
from typing import Any

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..methods.dirk import Dirk
from .compile import inlined, kernel
from .jacobian import make_jacobian
from .layout import EVALUATIONS, FACTORISATIONS, JACOBIANS
from .linear import elements, make_linear, storage
from .newton import (
    CONVERGED,
    FACTORED,
    FRESH,
    HAVE_J,
    HEAD,
    ITERATIONS,
    MOST_ITERATIONS,
    NOT_CONVERGED,
    RATE,
    SLOW,
    accuracy,
    always_renewed,
    norm_square,
    rounding,
)
from .newton_run import newton_run
from .parts import Parts, Step
from .stack import part
from .stages import coefficients_kernel
from .stages_plain import plain_coefficients

_made: dict[tuple[Any, ...], tuple[Step, Dirk]] = {}


def dirk_step(tab: Dirk, n: int | None, parts: Parts) -> Step:
    """The kernels and sizes for one method; the loop is `newton_run`."""
    key = (id(tab), n, parts)
    if key not in _made:
        _made[key] = (_kernels(tab, n, parts), tab)  # the coefficients are kept alive: their id is the key
    return _made[key][0]


def _kernels(tab: Dirk, n: int | None, parts: Parts) -> Step:
    s, gamma = tab.stages, tab.gamma
    A, guess = np.ascontiguousarray(tab.A), np.ascontiguousarray(tab.guess)
    c, e = tab.c.copy(), tab.e.copy()
    linear = make_linear(n, parts.band)
    shifted, factorise, solve = linear.shifted, linear.factorise, linear.solve
    size_J, size_M, size_P = linear.size_J, linear.size_M, linear.size_P
    fill, differences, renewed = make_jacobian(parts.jacobian, parts.band), parts.jacobian is None, always_renewed(n)
    coefficients = plain_coefficients(tab.B) if DISABLE_JIT else coefficients_kernel(tab.B, n)

    @kernel(forceinline=False)
    def start(i, dt, y, K, y1, base):  # type: ignore[no-untyped-def]
        """Base and first guess of stage i."""
        n = len(y)
        for m in range(n):
            total, slope = 0.0, 0.0
            for j in range(i):
                total += A[i, j] * K[j * n + m]
                slope += guess[i, j] * K[j * n + m]
            base[m] = y[m] + dt * total
            y1[m] = base[m] + dt * gamma * slope

    @kernel(forceinline=False)
    def residual(dt, y1, base, f, delta):  # type: ignore[no-untyped-def]
        inverse = 1.0 / (dt * gamma)
        for m in range(len(y1)):
            delta[m] = f[m] - (y1[m] - base[m]) * inverse

    @kernel(forceinline=False)
    def slope_of(dt, y1, base, out):  # type: ignore[no-untyped-def]
        inverse = 1.0 / (dt * gamma)
        for m in range(len(y1)):
            out[m] = (y1[m] - base[m]) * inverse

    @kernel(forceinline=False)
    def error_of(dt, y, y1, K, M, P, delta, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        inverse = 1.0 / gamma
        for m in range(n):
            total = 0.0
            for j in range(s):
                total += e[j] * K[j * n + m]
            delta[m] = total * inverse
        solve(M, P, delta)
        total = 0.0
        for m in range(n):
            share = delta[m] / (atol[m] + rtol * max(abs(y[m]), abs(y1[m])))
            total += share * share + (y1[m] - y1[m])
        return total / n

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        for m in range(len(y)):
            K[m] = np.nan  # what the drift leaves unwritten shows
        drift(t, y, p, part(K, 0, len(y)))

    @kernel
    def attempt(drift, t, dt, y, p, memory, whole, K, y1, rtol, atol, fixed):  # type: ignore[no-untyped-def]
        n = len(y)
        at_J = HEAD + n
        at_M = at_J + size_J(n)
        J, M = part(memory, at_J, size_J(n)), part(memory, at_M, size_M(n))
        P = part(memory, at_M + size_M(n), size_P(n))
        base, delta, f = part(K, s * n, n), part(K, (s + 1) * n, n), part(K, (s + 2) * n, n)
        kappa, noise = accuracy(rtol, fixed), rounding(rtol)
        most = 3 * MOST_ITERATIONS if fixed else MOST_ITERATIONS
        while True:
            if memory[HAVE_J] == 0.0 or (memory[FRESH] == 0.0 and (renewed or memory[RATE] > SLOW)):
                if differences:
                    drift(t, y, p, f)
                    whole[EVALUATIONS] += 1
                fill(drift, t, y, p, f, J, y1, delta, rtol, atol)
                memory[HAVE_J], memory[FRESH], memory[FACTORED] = 1.0, 1.0, 0.0
                whole[JACOBIANS] += 1
            if memory[FACTORED] != dt:
                shifted(J, 1.0 / (dt * gamma), M)
                factorise(M, P)
                memory[FACTORED] = dt
                whole[FACTORISATIONS] += 1
            ratio, largest = memory[CONVERGED], 0.0
            memory[ITERATIONS] = 0.0
            stage, iteration, before, good = 1, 0, 0.0, True
            start(1, dt, y, K, y1, base)
            while stage < s:  # one loop over the iterations of all stages: the drift is compiled into it once
                drift(t + c[stage] * dt, y1, p, f)
                whole[EVALUATIONS] += 1
                residual(dt, y1, base, f, delta)
                solve(M, P, delta)
                size = math.sqrt(norm_square(delta, y, rtol, atol))
                if iteration > 0 and size > 0.0:
                    theta = size / before
                    largest = max(largest, theta)
                    ratio = theta / (1.0 - theta) if theta < 1.0 else np.inf
                elif iteration == 0:
                    ratio = max(ratio, 1e-16) ** 0.8 if ratio > 0.0 else 1.0
                iteration += 1
                for m in range(n):
                    y1[m] += delta[m]
                done = ratio * size <= kappa or size <= noise
                if not done and (not ratio < np.inf or iteration == most or not math.isfinite(size)):
                    good = False
                    break
                before = size
                if done:
                    slope_of(dt, y1, base, part(K, stage * n, n))
                    memory[ITERATIONS] = max(memory[ITERATIONS], 1.0 * iteration)
                    stage += 1
                    iteration = 0
                    if stage < s:
                        start(stage, dt, y, K, y1, base)
            memory[RATE] = largest
            if good:
                memory[CONVERGED] = ratio
                break
            memory[CONVERGED] = 0.0
            if memory[FRESH] == 1.0:
                return NOT_CONVERGED
            memory[HAVE_J] = 0.0
        return error_of(dt, y, y1, K, M, P, delta, rtol, atol)

    @inlined
    def finish(drift, t1, y1, p, memory, whole, K):  # type: ignore[no-untyped-def]
        pass

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        coefficients(y, K, Q)

    @inlined
    def shift(y, K, memory):  # type: ignore[no-untyped-def]
        n = len(y)
        first = (s - 1) * n
        for m in range(n):
            K[m] = K[first + m]

    def size_of_memory(n: int) -> int:
        return HEAD + n + elements(storage(n, parts.band), n)

    sizes = (s + 3, tab.degree, s - 1, 0, 0, 0)
    return Step(begin, attempt, finish, dense, shift, *sizes, run=newton_run, lanes=False, memory=size_of_memory)
