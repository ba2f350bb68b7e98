"""Steps of Radau's collocation method: simplified Newton iterations for all stages together, uncoupled.

With W = T^-1 Z and F_i = f(t + c_i dt, y + Z_i) one iteration solves

    (gamma/dt I - J) delta_1                            = (T^-1 F)_1 - gamma/dt W_1
    ((alpha + i beta)/dt I - J) (delta_2 + i delta_3)   = (T^-1 F)_2 + i (T^-1 F)_3 - (alpha + i beta)/dt (W_2 + i W_3)

and starts from the collocation polynomial of the step before. Memory: head, f(t, y), the last Z, then J and the factors
of both matrices. K holds f(t, y), Z, f(t1, y1), W, and F, which the corrections replace.

References
----------
Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.8.
"""

import math
from typing import Any

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..methods.radau import Radau
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
    LAST_DT,
    MOST_ITERATIONS,
    NOT_CONVERGED,
    RATE,
    REFUSED_BEFORE,
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

_made: dict[tuple[Any, ...], tuple[Step, Radau]] = {}

Z, END, W, F, VECTORS = 1, 4, 5, 8, 11  # positions in K
OLD_Z, MATRICES = 1, 4  # vectors of the memory behind its head


def radau_step(tab: Radau, n: int | None, parts: Parts) -> Step:
    """The kernels and sizes for one method; the loop is `newton_run`."""
    key = (id(tab), n, parts)
    if key not in _made:
        _made[key] = (_kernels(tab, n, parts), tab)  # the coefficients are kept alive: their id is the key
    return _made[key][0]


def _kernels(tab: Radau, n: int | None, parts: Parts) -> Step:
    gamma, alpha, beta = tab.gamma, tab.alpha, tab.beta
    T, back, weights = (np.ascontiguousarray(matrix) for matrix in (tab.T, tab.T_inverse, tab.P))
    c, e = tab.c.copy(), tab.e.copy()
    linear = make_linear(n, parts.band)
    shifted, factorise, solve = linear.shifted, linear.factorise, linear.solve
    shifted_complex, factorise_complex, solve_complex = linear[3:6]
    size_J, size_M, size_P = linear.size_J, linear.size_M, linear.size_P
    fill, renewed = make_jacobian(parts.jacobian, parts.band), always_renewed(n)
    B = np.zeros((END, tab.degree))
    B[Z:] = tab.B
    coefficients = plain_coefficients(B) if DISABLE_JIT else coefficients_kernel(B, n)

    @inlined
    def product(matrix, i, n, source, target, K):  # type: ignore[no-untyped-def]
        """Vector i of a product with a 3 x 3 matrix."""
        a, b, d = matrix[i, 0], matrix[i, 1], matrix[i, 2]
        for m in range(n):
            K[(target + i) * n + m] = a * K[source * n + m] + b * K[(source + 1) * n + m] + d * K[(source + 2) * n + m]

    @kernel(forceinline=False)
    def start(dt, last_dt, y, memory, K):  # type: ignore[no-untyped-def]
        """Z from the last collocation polynomial, continued; W = T^-1 Z."""
        n = len(y)
        q = dt / last_dt if last_dt != 0.0 else 0.0
        for i in range(3):
            theta = 1.0 + c[i] * q
            for m in range(n):
                K[(Z + i) * n + m] = 0.0
            for k in range(3 if last_dt != 0.0 else 0):
                weight = theta * (weights[k, 0] + theta * (weights[k, 1] + theta * weights[k, 2])) - (k == 2)
                for m in range(n):
                    K[(Z + i) * n + m] += weight * memory[HEAD + (OLD_Z + k) * n + m]
        for i in range(3):
            product(back, i, n, Z, W, K)

    @kernel(forceinline=False)
    def residuals(dt, n, K):  # type: ignore[no-untyped-def]
        """The right-hand sides above, in place of F."""
        real, re, im = gamma / dt, alpha / dt, beta / dt
        for m in range(n):
            a, b, d = K[F * n + m], K[(F + 1) * n + m], K[(F + 2) * n + m]
            u, v, w = K[W * n + m], K[(W + 1) * n + m], K[(W + 2) * n + m]
            K[F * n + m] = back[0, 0] * a + back[0, 1] * b + back[0, 2] * d - real * u
            K[(F + 1) * n + m] = back[1, 0] * a + back[1, 1] * b + back[1, 2] * d - (re * v - im * w)
            K[(F + 2) * n + m] = back[2, 0] * a + back[2, 1] * b + back[2, 2] * d - (im * v + re * w)

    @kernel(forceinline=False)
    def correct(n, K):  # type: ignore[no-untyped-def]
        """W plus the corrections, and Z = T W."""
        for m in range(3 * n):
            K[W * n + m] += K[F * n + m]
        for i in range(3):
            product(T, i, n, W, Z, K)

    @kernel(forceinline=False)
    def size_of(y, K, rtol, atol):  # type: ignore[no-untyped-def]
        """Norm of the corrections."""
        n = len(y)
        total = 0.0
        for i in range(3):
            total += norm_square(part(K, (F + i) * n, n), y, rtol, atol)
        return math.sqrt(total / 3.0)

    @kernel(forceinline=False)
    def error_of(slope, dt, y, K, M, P, delta, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        a, b, d = e[0] / dt, e[1] / dt, e[2] / dt
        for m in range(n):
            delta[m] = slope[m] + (a * K[Z * n + m] + b * K[(Z + 1) * n + m] + d * K[(Z + 2) * n + m])
        solve(M, P, delta)
        return norm_square(delta, y, rtol, atol)

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        for m in range(len(y)):
            K[m] = np.nan  # what the drift leaves unwritten shows
        drift(t, y, p, part(K, 0, len(y)))

    @kernel
    def attempt(drift, t, dt, y, p, memory, whole, K, y1, rtol, atol, fixed):  # type: ignore[no-untyped-def]
        n = len(y)
        at_J = HEAD + MATRICES * n
        at_M = at_J + size_J(n)
        at_R, at_I = at_M + size_M(n), at_M + 2 * size_M(n)
        at_P = at_I + size_M(n)
        J, M, P = part(memory, at_J, size_J(n)), part(memory, at_M, size_M(n)), part(memory, at_P, size_P(n))
        R, I = part(memory, at_R, size_M(n)), part(memory, at_I, size_M(n))
        Q = part(memory, at_P + size_P(n), size_P(n))
        f, delta, u, v = part(K, 0, n), part(K, F * n, n), part(K, (F + 1) * n, n), part(K, (F + 2) * n, n)
        kappa, noise = accuracy(rtol, fixed), rounding(rtol)
        most = 3 * MOST_ITERATIONS if fixed else MOST_ITERATIONS
        while True:
            if memory[HAVE_J] == 0.0 or (memory[FRESH] == 0.0 and (renewed or memory[RATE] > SLOW)):
                fill(drift, t, y, p, f, J, y1, delta, rtol, atol)
                memory[HAVE_J], memory[FRESH], memory[FACTORED] = 1.0, 1.0, 0.0
                whole[JACOBIANS] += 1
            if memory[FACTORED] != dt:
                shifted(J, gamma / dt, M)
                factorise(M, P)
                shifted_complex(J, alpha / dt, beta / dt, R, I)
                factorise_complex(R, I, Q)
                memory[FACTORED] = dt
                whole[FACTORISATIONS] += 2
            start(dt, memory[LAST_DT], y, memory, K)
            ratio, before, good, iteration = memory[CONVERGED], 0.0, True, 0
            ratio = ratio**0.8 if ratio > 0.0 else 1.0
            memory[RATE] = 0.0
            while True:
                for i in range(3):
                    for m in range(n):
                        y1[m] = y[m] + K[(Z + i) * n + m]
                    drift(t + c[i] * dt, y1, p, part(K, (F + i) * n, n))
                whole[EVALUATIONS] += 3
                residuals(dt, n, K)
                solve(M, P, delta)
                solve_complex(R, I, Q, u, v)
                size = size_of(y, K, rtol, atol)
                correct(n, K)
                iteration += 1
                if iteration > 1 and size > 0.0:
                    theta = size / before
                    memory[RATE] = max(memory[RATE], theta)
                    ratio = theta / (1.0 - theta) if theta < 1.0 else np.inf
                    # what the iterations left can reach
                    if not fixed and ratio * size * theta ** (most - iteration) > kappa:
                        good = False
                if ratio * size <= kappa or size <= noise:
                    good = True
                    break
                if not good or iteration == most or not math.isfinite(ratio * size):
                    good = False
                    break
                before = size
            memory[ITERATIONS] = iteration
            if good:
                memory[CONVERGED] = max(ratio, 1e-16)
                break
            memory[CONVERGED] = 0.0
            if memory[FRESH] == 1.0:
                return NOT_CONVERGED
            memory[HAVE_J] = 0.0
        square = error_of(f, dt, y, K, M, P, delta, rtol, atol)
        if square >= 1.0 and not fixed and (memory[LAST_DT] == 0.0 or memory[REFUSED_BEFORE] == 1.0):
            # (8.20): the first estimate is too large where a fast transient is not followed
            for m in range(n):
                y1[m] = y[m] + delta[m]
            drift(t, y1, p, u)
            whole[EVALUATIONS] += 1
            square = error_of(u, dt, y, K, M, P, delta, rtol, atol)
        for m in range(n):
            y1[m] = y[m] + K[(Z + 2) * n + m]
            square += y1[m] - y1[m]
        return square

    @inlined
    def finish(drift, t1, y1, p, memory, whole, K):  # type: ignore[no-untyped-def]
        n = len(y1)
        drift(t1, y1, p, part(K, END * n, n))
        whole[EVALUATIONS] += 1

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        coefficients(y, K, Q)
        for m in range(3 * len(y)):
            Q[m] = Q[m] / dt

    @inlined
    def shift(y, K, memory):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            K[m] = K[END * n + m]
        for m in range(3 * n):
            memory[HEAD + OLD_Z * n + m] = K[Z * n + m]

    def size_of_memory(n: int) -> int:
        return HEAD + MATRICES * n + elements(storage(n, parts.band, J=1, M=3, P=2), n)

    sizes = (VECTORS, tab.degree, END, 0, 0, 0)
    return Step(begin, attempt, finish, dense, shift, *sizes, run=newton_run, lanes=False, memory=size_of_memory)
