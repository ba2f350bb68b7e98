"""Integration of the mean-field chain: a Rosenbrock method on a tridiagonal Jacobian, compiled.

    dx_l/dt = E sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + s(t) xi),    s(t) = s e^{-lambda t},    x_0 = 0,  x_L = y(t)

is stiff (rates up to 4k) and gets stiffer as the noise frees the blocks. Its Jacobian is diag(mobility) times the
tridiagonal Laplacian, so a linearly implicit step costs O(L). RODAS3: four stages, three evaluations, order 3(2),
L-stable and stiffly accurate; coefficients of Sandu et al., Atmospheric Environment 31 (1997) 3459, table 2.
"""

from math import exp, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine import compile_bound, kernel
from .noisy_friction import mobility_mean, slip_mean, slip_mean_ds

GAMMA = 0.5
SAFETY = 0.9  # a rejected step costs a whole step
SHRINK, GROW = 0.2, 5.0  # bounds on the change of the step

DONE, NOT_FINITE, TOO_MANY_STEPS = 0, 1, 2
REASONS = {
    NOT_FINITE: "The state is no longer finite; check the start and the pull.",
    TOO_MANY_STEPS: "More than max_steps steps; loosen rtol, or shorten the time span.",
}


class MeanLaw(NamedTuple):
    """Stiffness, friction thresholds, noise per step at t = 0 and its decay rate."""

    k: float
    mu_right: float
    mu_left: float
    s: float
    noise_decay: float


class Ramp(NamedTuple):
    """A pull that builds up, added to the tabulated one: height (1 - e^{-(t - start)/tau})."""

    height: float
    tau: float
    start: float


NO_RAMP = Ramp(0.0, 1.0, 0.0)


@kernel(forceinline=False)
def velocity(x, y, s, p, dx):  # type: ignore[no-untyped-def]
    """Mean velocity of each block; x (n,) the blocks alone, y the pulled end."""
    n = x.size
    for l in range(n):
        left = x[l - 1] if l > 0 else 0.0
        right = x[l + 1] if l < n - 1 else y
        dx[l] = slip_mean(p.k * (right - 2.0 * x[l] + left), p.mu_right, p.mu_left, s)


@kernel(forceinline=False)
def velocity_and_slopes(x, y, s, dy, ds, p, dx, m, dt_dx):  # type: ignore[no-untyped-def]
    """Velocity, mobility m, and the velocity's explicit rate of change with time."""
    n = x.size
    for l in range(n):
        left = x[l - 1] if l > 0 else 0.0
        right = x[l + 1] if l < n - 1 else y
        force = p.k * (right - 2.0 * x[l] + left)
        dx[l] = slip_mean(force, p.mu_right, p.mu_left, s)
        m[l] = mobility_mean(force, p.mu_right, p.mu_left, s)
        dt_dx[l] = ds * slip_mean_ds(force, p.mu_right, p.mu_left, s) if ds != 0.0 else 0.0
    dt_dx[n - 1] += m[n - 1] * p.k * dy


@kernel(forceinline=False)
def factorise(m, k, shift, lower, upper, pivot):  # type: ignore[no-untyped-def]
    """LU of shift I - diag(m) k Laplacian, strictly diagonally dominant: no exchanges; pivot holds 1/diagonal."""
    n = m.size
    for l in range(n):
        off = -k * m[l]
        lower[l] = off if l > 0 else 0.0
        pivot[l] = 1.0 / (shift + 2.0 * k * m[l] - (lower[l] * upper[l - 1] if l > 0 else 0.0))
        upper[l] = off * pivot[l]


@kernel(forceinline=False)
def substitute(lower, upper, pivot, b):  # type: ignore[no-untyped-def]
    """Solve in place with the factors of `factorise`."""
    n = b.size
    b[0] *= pivot[0]
    for l in range(1, n):
        b[l] = (b[l] - lower[l] * b[l - 1]) * pivot[l]
    for l in range(n - 2, -1, -1):
        b[l] -= upper[l] * b[l + 1]


@kernel
def pull_at(t, t0, y0, slope, ramp):  # type: ignore[no-untyped-def]
    """Pulled end and its speed at t, in the interval of the table that starts at (t0, y0)."""
    rest = exp(-(t - ramp.start) / ramp.tau)
    return y0 + slope * (t - t0) + ramp.height * (1.0 - rest), slope + ramp.height / ramp.tau * rest


@kernel(forceinline=False)
def rodas3_step(t, dt, x, y, dy, s, y1, s1, p, K, work, x1):  # type: ignore[no-untyped-def]
    """One step from x to x1; K[3] is left holding the difference of the orders 3 and 2."""
    n = x.size
    f, m, ft, lower, upper, pivot = work[0], work[1], work[2], work[3], work[4], work[5]
    velocity_and_slopes(x, y, s, dy, -p.noise_decay * s, p, f, m, ft)
    factorise(m, p.k, 1.0 / (dt * GAMMA), lower, upper, pivot)
    for l in range(n):
        K[0, l] = f[l] + dt * 0.5 * ft[l]
    substitute(lower, upper, pivot, K[0])
    for l in range(n):
        K[1, l] = f[l] + 4.0 * K[0, l] / dt + dt * 1.5 * ft[l]
    substitute(lower, upper, pivot, K[1])
    for l in range(n):
        x1[l] = x[l] + 2.0 * K[0, l]
    velocity(x1, y1, s1, p, f)
    for l in range(n):
        K[2, l] = f[l] + (K[0, l] - K[1, l]) / dt
    substitute(lower, upper, pivot, K[2])
    for l in range(n):
        x1[l] += K[2, l]
    velocity(x1, y1, s1, p, f)
    for l in range(n):
        K[3, l] = f[l] + (K[0, l] - K[1, l] - 8.0 / 3.0 * K[2, l]) / dt
    substitute(lower, upper, pivot, K[3])
    for l in range(n):
        x1[l] += K[3, l]


def _flow(ts, ys, ramp, p, x0, rtol, atol, dt_max, max_steps, out):  # type: ignore[no-untyped-def]
    """Fill out[i] with the blocks at ts[i]; returns a status and the number of steps."""
    n = x0.size
    K, work = np.empty((4, n)), np.empty((6, n))
    x, x1 = x0.copy(), np.empty(n)
    for l in range(n):
        out[0, l] = x[l]
    dt = min(dt_max, 0.1 / p.k)
    steps = 0
    for i in range(ts.size - 1):
        t = ts[i]
        slope = (ys[i + 1] - ys[i]) / (ts[i + 1] - ts[i])
        while t < ts[i + 1]:
            if steps >= max_steps:
                return 2, steps
            steps += 1
            left = ts[i + 1] - t
            # two equal steps rather than one long and one very short one
            last = dt >= left * (1.0 - 1e-12)
            trial = left if last else (0.5 * left if dt > 0.5 * left else dt)
            y, dy = pull_at(t, ts[i], ys[i], slope, ramp)
            y1, _ = pull_at(t + trial, ts[i], ys[i], slope, ramp)
            s, s1 = p.s * exp(-p.noise_decay * t), p.s * exp(-p.noise_decay * (t + trial))
            rodas3_step(t, trial, x, y, dy, s, y1, s1, p, K, work, x1)
            error = 0.0
            for l in range(n):
                error += (K[3, l] / (atol + rtol * max(abs(x[l]), abs(x1[l])))) ** 2
            error = sqrt(error / n)
            if not error < np.inf:
                return 1, steps
            factor = GROW if error == 0.0 else min(GROW, max(SHRINK, SAFETY * error ** (-1.0 / 3.0)))
            if error <= 1.0:
                t = ts[i + 1] if last else t + trial
                for l in range(n):
                    x[l] = x1[l]
                dt = min(dt_max, max(dt, factor * trial) if trial < dt and factor > 1.0 else factor * trial)
            else:
                dt = factor * trial
        for l in range(n):
            out[i + 1, l] = x[l]
    return 0, steps


def flow(
    ts: NDArray[np.float64],
    ys: NDArray[np.float64],
    x0: NDArray[np.float64],
    p: MeanLaw,
    ramp: Ramp = NO_RAMP,
    *,
    rtol: float = 1e-8,
    dt_max: float = np.inf,
    max_steps: int = 1_000_000,
) -> tuple[NDArray[np.float64], int, int]:
    """Blocks at the times ts (m,), pulled by ys (m,) interpolated linearly plus the ramp, from x0 (blocks,).

    Returns positions (m, blocks), a status (`DONE` or a key of `REASONS`), and the number of steps. rtol = inf takes
    fixed steps of dt_max.
    """
    out = np.empty((ts.size, x0.size))
    scale = max(np.abs(ys).max(), np.abs(x0).max(), abs(ramp.height))
    atol = rtol * (scale if scale > 0 else 1.0)
    status, steps = compile_bound(_flow)(ts, ys, ramp, p, x0, rtol, atol, float(dt_max), max_steps, out)
    return out, int(status), int(steps)
