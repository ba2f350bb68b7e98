"""Steps of methods for stochastic equations: `attempt(drift, t, dt, y, p, z, K, y1, rtol, atol)`.

z holds the step's standard normals. K has room for slopes and diffusions; nothing in it outlives the step. Formulas
and sources are in `methods.stochastic` and at each function here.
"""

import math
from typing import Any

from ..methods.stochastic import Difference, PredictorCorrector, Roessler, Row
from .compile import inlined
from .noise_source import Draws
from .noise_terms import draws_of, terms_of
from .noisy import noisy_run
from .parts import NO_PARTS, Parts, Step
from .stages import combinations

SQRT3 = math.sqrt(3.0)


@inlined
def _nothing(drift, t, y, p, K):  # type: ignore[no-untyped-def]
    pass


@inlined
def _no_dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
    pass


@inlined
def _no_shift(y, K):  # type: ignore[no-untyped-def]
    pass


def noisy_step(attempt: Any, slopes: int, cost: int, draws: Draws) -> Step:
    """Kernels around one attempt: nothing is carried from step to step or interpolated."""
    kernels = (_nothing, attempt, _nothing, _no_dense, _no_shift)
    return Step(*kernels, slopes, 0, 0, cost, 0, 0, run=noisy_run, noise=draws)


_made: dict[Any, Step] = {}


def predictor_corrector_step(data: PredictorCorrector, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Euler-Maruyama, Euler-Heun, Heun."""
    key = (data, parts)
    if key not in _made:
        _made[key] = _predictor_corrector(data, parts)
    return _made[key]


def _predictor_corrector(data: PredictorCorrector, parts: Parts) -> Step:
    a, b, c = data.a, data.b, data.c
    kick, _, _, vectors = terms_of(parts)
    # K: f, g dW / sqrt dt, Y, f(Y), g(Y) dW / sqrt dt, then the diffusion

    @inlined
    def euler(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        root = math.sqrt(dt)
        f, k = K[:n], K[n : 2 * n]
        drift(t, y, p, f)
        kick(t, y, p, z, K[2 * n :], k)
        for i in range(n):
            y1[i] = y[i] + dt * f[i] + root * k[i]

    @inlined
    def corrected(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        root = math.sqrt(dt)
        f, k, Y, F, k1 = K[:n], K[n : 2 * n], K[2 * n : 3 * n], K[3 * n : 4 * n], K[4 * n : 5 * n]
        drift(t, y, p, f)
        kick(t, y, p, z, K[5 * n :], k)
        for i in range(n):
            Y[i] = y[i] + a * dt * f[i] + root * k[i]
        if b > 0.0:
            drift(t + dt, Y, p, F)
            for i in range(n):
                f[i] = (1.0 - b) * f[i] + b * F[i]
        kick(t + dt, Y, p, z, K[5 * n :], k1)
        for i in range(n):
            y1[i] = y[i] + dt * f[i] + root * ((1.0 - c) * k[i] + c * k1[i])

    plain = b == 0.0 and c == 0.0
    return noisy_step(
        euler if plain else corrected, vectors + (2 if plain else 5), 2 if b > 0.0 else 1, draws_of(parts)
    )


def difference_step(data: Difference, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Milstein's method without derivatives: Kloeden, Platen (1992), (11.1.3)."""
    key = (data, parts)
    if key not in _made:
        _made[key] = _difference(parts)
    return _made[key]


def _difference(parts: Parts) -> Step:
    diffusion, pick = parts.diffusion, terms_of(parts).pick

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        root = math.sqrt(dt)
        f, g, Y, G = K[:n], K[n : 2 * n], K[2 * n : 3 * n], K[3 * n : 4 * n]
        drift(t, y, p, f)
        diffusion(t, y, p, g)
        for i in range(n):
            Y[i] = y[i] + dt * f[i] + root * g[i]
        diffusion(t, Y, p, G)
        for i in range(n):
            dw = pick(z, i)
            y1[i] = y[i] + dt * f[i] + root * (g[i] * dw + 0.5 * (G[i] - g[i]) * (dw * dw - 1.0))

    return noisy_step(attempt, 4, 1, draws_of(parts))


def roessler_step(data: Roessler, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Methods of strong order 1.5."""
    key = (data, n, parts)
    if key not in _made:
        _made[key] = _roessler(data, n, parts)
    return _made[key]


def folded(data: Roessler) -> tuple[list[Row], list[Row], Row]:
    """A0, A1, alpha as full rows; stages that see the drift where stage 0 does share its evaluation."""
    s = len(data.alpha)
    A0, A1, B0 = (padded(rows, s) for rows in (data.A0, data.A1, data.B0))
    again = [j for j in range(1, s) if not any(A0[j]) and not any(B0[j]) and data.c0[j] == data.c0[0]]

    def fold(row: Row) -> Row:
        first = row[0] + sum(row[j] for j in again)
        return (first, *(0.0 if j in again else row[j] for j in range(1, s)))

    return [fold(row) for row in A0], [fold(row) for row in A1], fold(data.alpha)


def padded(rows: tuple[Row, ...], s: int) -> list[Row]:
    """Rows with zeros from the diagonal on."""
    return [tuple(row) + (0.0,) * (s - len(row)) for row in rows]


def _roessler(data: Roessler, n: int | None, parts: Parts) -> Step:
    """K: f_0 .. f_(s-1), g_0 .. g_(s-1), the stage, then up to five sums of these."""
    s = len(data.alpha)
    _, pick, area, _ = terms_of(parts)
    A0, A1, alpha = folded(data)
    B0, B1, none = padded(data.B0, s), padded(data.B1, s), (0.0,) * s
    drifts = [any(row[i] for row in (*A0, *A1, alpha)) for i in range(s)]

    @inlined
    def no_stages(drift, t, dt, y, p, z, K):  # type: ignore[no-untyped-def]
        pass

    stages = no_stages
    for i in range(s):
        rows = (A0[i] + none, none + B0[i], A1[i] + none, none + B1[i])
        stages = _append(stages, i, s, rows, (data.c0[i], data.c1[i]), n, parts, drifts[i])
    ends = combinations((alpha + none, none + data.beta1, none + data.beta2, none + data.beta3, none + data.beta4), n)

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        root = math.sqrt(dt)
        stages(drift, t, dt, y, p, z, K)
        sums = K[(2 * s + 1) * n :]
        ends(y, K, sums)
        for i in range(n):
            w = pick(z, i)
            w11 = 0.5 * (w * w - 1.0)
            w10 = 0.5 * (w + area(z, i, n) / SQRT3)
            w111 = w * (w * w - 3.0) / 6.0
            noise = sums[n + i] * w + sums[2 * n + i] * w11 + sums[3 * n + i] * w10 + sums[4 * n + i] * w111
            y1[i] = y[i] + dt * sums[i] + root * noise

    return noisy_step(attempt, 2 * s + 6, sum(drifts), draws_of(parts, each=2, areas=True))


def _append(
    before: Any, i: int, s: int, rows: Any, nodes: tuple[float, float], n: int | None, parts: Parts, drifts: bool
) -> Any:
    """The kernel `before` and then the drift and the diffusion of stage i."""
    sums_of, diffusion, area, pick = combinations(rows, n), parts.diffusion, terms_of(parts).area, terms_of(parts).pick
    c0, c1 = nodes
    shifts, lifts = any(rows[0]) or any(rows[1]), any(rows[2]) or any(rows[3])

    @inlined
    def stage(drift, t, dt, y, p, z, K):  # type: ignore[no-untyped-def]
        before(drift, t, dt, y, p, z, K)
        n = len(y)
        H, sums = K[2 * s * n : (2 * s + 1) * n], K[(2 * s + 1) * n :]
        f, g = K[i * n : (i + 1) * n], K[(s + i) * n : (s + i + 1) * n]
        root = math.sqrt(dt)
        if shifts or lifts:
            sums_of(y, K, sums)
        if drifts:
            if shifts:
                for m in range(n):
                    w10 = 0.5 * (pick(z, m) + area(z, m, n) / SQRT3)
                    H[m] = y[m] + dt * sums[m] + root * w10 * sums[n + m]
                drift(t + c0 * dt, H, p, f)
            else:
                drift(t + c0 * dt, y, p, f)
        if lifts:
            for m in range(n):
                H[m] = y[m] + dt * sums[2 * n + m] + root * sums[3 * n + m]
            diffusion(t + c1 * dt, H, p, g)
        else:
            diffusion(t + c1 * dt, y, p, g)

    return stage
