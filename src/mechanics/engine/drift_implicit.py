"""Drift-implicit Euler-Maruyama steps: y1 = y + f(t + dt, y1) dt + g(t, y) dW.

Newton's iteration starts at x = y + g dW and runs as often in every step, so that a member has the same bits alone and
in lanes. A component whose last correction is not small becomes NaN, which ends the
run: the status then says that the equations could not be solved.

Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992), (12.2.2) with alpha = 1.
"""

import math
from typing import Any

import numpy as np

from ..methods.stochastic import DriftImplicit
from .compile import inlined
from .jacobian import make_jacobian
from .lane_select import select
from .linear import make_linear, storage
from .linear_small import SMALL
from .noise_terms import draws_of, terms_of
from .noisy_steps import noisy_step
from .parts import NO_PARTS, Parts, Step
from .stack import part

ITERATIONS = 5
CONVERGED = 1e-6  # of the component: Newton squares what is left after that correction

_made: dict[Any, Step] = {}


def drift_implicit_step(data: DriftImplicit, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Kernels for one structure of the noise, number of components, Jacobian and band."""
    key = (n, parts)
    if key not in _made:
        _made[key] = _kernels(n, parts)
    return _made[key]


def _kernels(n: int | None, parts: Parts) -> Step:
    kick, _, _, vectors = terms_of(parts)
    linear, room = make_linear(n, parts.band), storage(n, parts.band)
    shifted, factorise, solve = linear.shifted, linear.factorise, linear.solve
    size_J, size_M, size_P = linear.size_J, linear.size_M, linear.size_P
    fill = make_jacobian(parts.jacobian, parts.band)
    matrices = 6 + vectors  # behind f, g dW / sqrt dt, x, the correction, room for differences, and the diffusion

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        f, k, x, step = part(K, 0, n), part(K, n, n), part(K, 2 * n, n), part(K, 3 * n, n)
        at_M = matrices * n + size_J(n)
        J, M, P = part(K, matrices * n, size_J(n)), part(K, at_M, size_M(n)), part(K, at_M + size_M(n), size_P(n))
        kick(t, y, p, z, part(K, 6 * n, vectors * n), k)
        root = math.sqrt(dt)
        for i in range(n):
            x[i] = y[i] + root * k[i]
            y1[i] = x[i]
        for _ in range(ITERATIONS):
            drift(t + dt, y1, p, f)
            fill(drift, t + dt, y1, p, f, J, part(K, 4 * n, n), part(K, 5 * n, n), rtol, atol)
            shifted(J, 1.0 / dt, M)
            factorise(M, P)
            for i in range(n):
                step[i] = (x[i] - y1[i]) / dt + f[i]
            solve(M, P, step)
            for i in range(n):
                y1[i] = y1[i] + step[i]
        for i in range(n):
            y1[i] = select(abs(step[i]) <= CONVERGED * abs(y1[i]) + atol[i], y1[i], np.nan)

    made = noisy_step(attempt, matrices + room.vectors, ITERATIONS, draws_of(parts))
    in_lanes = n is not None and n <= SMALL and parts.band is None
    return made._replace(squares=room.squares, jacobians=ITERATIONS, factorisations=ITERATIONS, lanes=in_lanes)
