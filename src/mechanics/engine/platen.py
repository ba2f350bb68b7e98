"""Platen's explicit weak scheme of order 2, for one diffusion a component and for a matrix of them.

    y1 = y + (f + f(Y)) dt / 2
           + sum_j [(g_j(R+_j) + g_j(R-_j) + 2 g_j) w_j + sum_(r != j) (g_j(U+_r) + g_j(U-_r) - 2 g_j) w_j] / 4
           + sum_j [(g_j(R+_j) - g_j(R-_j)) (w_j^2 - dt)
                    + sum_(r != j) (g_j(U+_r) - g_j(U-_r)) (w_j w_r + V_rj)] / (4 sqrt dt)

    Y = y + f dt + sum_j g_j w_j,   R+-_j = y + f dt +- g_j sqrt dt,   U+-_r = y +- g_r sqrt dt

w_j takes the values 0 and +-sqrt(3 dt) with probabilities 2/3 and 1/6; V_rj = -V_jr is +dt or -dt. Both are
functions of the step's normals. Kloeden, Platen (1992), (15.1.1) and (15.1.3). Where component i has a noise of its own
whose g_i depends on y_i alone, the sums over r != j vanish.
"""

import math
from typing import Any

from ..methods.stochastic import WeakSecond
from .compile import inlined
from .lane_select import select
from .noise_terms import as_matrix, draws_of, terms_of
from .noisy_steps import noisy_step
from .parts import NO_PARTS, Parts, Step

ROOT3 = math.sqrt(3.0)
SIXTH = 0.967421566101701  # a standard normal exceeds it with probability 1/6

_made: dict[Any, Step] = {}


def weak_second_step(data: WeakSecond, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """The fields of `engine.step.Step`."""
    if parts not in _made:
        _made[parts] = _general(parts) if parts.noise == "general" else _single(parts)
    return _made[parts]


@inlined
def three_point(z):  # type: ignore[no-untyped-def]
    """0 or +-sqrt 3, from a standard normal."""
    return select(abs(z) > SIXTH, math.copysign(ROOT3, z), 0.0 * z)


def _single(parts: Parts) -> Step:
    diffusion, pick = parts.diffusion, terms_of(parts).pick

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        root = math.sqrt(dt)
        f, g, F = K[:n], K[n : 2 * n], K[2 * n : 3 * n]
        up, down, Y = K[3 * n : 4 * n], K[4 * n : 5 * n], K[5 * n : 6 * n]
        drift(t, y, p, f)
        diffusion(t, y, p, g)
        for i in range(n):
            Y[i] = y[i] + dt * f[i] + root * g[i]
        diffusion(t + dt, Y, p, up)
        for i in range(n):
            Y[i] = y[i] + dt * f[i] - root * g[i]
        diffusion(t + dt, Y, p, down)
        for i in range(n):
            Y[i] = y[i] + dt * f[i] + root * g[i] * three_point(pick(z, i))
        drift(t + dt, Y, p, F)
        for i in range(n):
            w = three_point(pick(z, i))
            noise = (up[i] + down[i] + 2.0 * g[i]) * w + (up[i] - down[i]) * (w * w - 1.0)
            y1[i] = y[i] + 0.5 * dt * (f[i] + F[i]) + 0.25 * root * noise

    return noisy_step(attempt, 6, 2, draws_of(parts))


def _general(parts: Parts) -> Step:
    diffusion, m = parts.diffusion, parts.noises or 1
    pairs = m * (m - 1) // 2

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        root = math.sqrt(dt)
        f, F, Y, total = K[:n], K[n : 2 * n], K[2 * n : 3 * n], K[3 * n : 4 * n]
        g, up, down = as_matrix(K, 4 * n, n, m), as_matrix(K, (4 + m) * n, n, m), as_matrix(K, (4 + 2 * m) * n, n, m)
        drift(t, y, p, f)
        diffusion(t, y, p, g)
        for i in range(n):
            noise = g[i, 0] * three_point(z[0])
            for j in range(1, m):
                noise += g[i, j] * three_point(z[j])
            Y[i] = y[i] + dt * f[i] + root * noise
            total[i] = 2.0 * noise
        drift(t + dt, Y, p, F)
        for r in range(m):
            wr = three_point(z[r])
            for i in range(n):
                Y[i] = y[i] + dt * f[i] + root * g[i, r]
            diffusion(t + dt, Y, p, up)
            for i in range(n):
                Y[i] = y[i] + dt * f[i] - root * g[i, r]
            diffusion(t + dt, Y, p, down)
            for i in range(n):
                total[i] += (up[i, r] + down[i, r]) * wr + (up[i, r] - down[i, r]) * (wr * wr - 1.0)
            for i in range(n):
                Y[i] = y[i] + root * g[i, r]
            diffusion(t, Y, p, up)
            for i in range(n):
                Y[i] = y[i] - root * g[i, r]
            diffusion(t, Y, p, down)
            for j in range(m):
                if j != r:
                    low, high = min(j, r), max(j, r)
                    v = math.copysign(1.0, z[m + high * (high - 1) // 2 + low])
                    wj, sign = three_point(z[j]), 1.0 if r < j else -1.0
                    for i in range(n):
                        total[i] += (up[i, j] + down[i, j] - 2.0 * g[i, j]) * wj
                        total[i] += (up[i, j] - down[i, j]) * (wj * wr + sign * v)
        for i in range(n):
            y1[i] = y[i] + 0.5 * dt * (f[i] + F[i]) + 0.25 * root * total[i]

    return noisy_step(attempt, 4 + 3 * m, 2, draws_of(parts, more=pairs))
