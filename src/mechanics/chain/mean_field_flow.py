"""Integration of a mean-field chain: a Rosenbrock method on a Jacobian with O(L) solutions, compiled.

A chain pulled at its end, x_0 = 0, x_L = y(t), is stiff (rates up to 4k) and gets stiffer as the noise frees the
blocks. RODAS3: four stages, three evaluations, order 3(2), L-stable and stiffly accurate; coefficients of Sandu et al.,
Atmospheric Environment 31 (1997) 3459, table 2. The law is bound in as four kernels: that of `mean_field_law` or, for
blocks with mass, of `mean_field_inertia`. `follow` is called after every accepted step (`mean_field_tangent`).
"""

from math import exp, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine import compile_bound, kernel
from . import mean_field_inertia, mean_field_law
from .mean_field_law import ROWS, MeanLaw

GAMMA = 0.5
SAFETY = 0.9  # a rejected step costs a whole step
SHRINK, GROW = 0.2, 5.0  # bounds on the change of the step

DONE, NOT_FINITE, TOO_MANY_STEPS = 0, 1, 2
REASONS = {
    NOT_FINITE: "The state is no longer finite; check the start and the pull.",
    TOO_MANY_STEPS: "More than max_steps steps; loosen rtol, or shorten the time span.",
}


class Ramp(NamedTuple):
    """A pull that builds up, added to the tabulated one: height (1 - e^{-(t - start)/tau})."""

    height: float
    tau: float
    start: float


NO_RAMP = Ramp(0.0, 1.0, 0.0)


@kernel
def pull_at(t, t0, y0, slope, ramp):  # type: ignore[no-untyped-def]
    """Pulled end and its speed at t, in the interval of the table that starts at (t0, y0)."""
    rest = exp(-(t - ramp.start) / ramp.tau)
    return y0 + slope * (t - t0) + ramp.height * (1.0 - rest), slope + ramp.height / ramp.tau * rest


@kernel
def unfollowed(tabulate, vary, vary_twice, substitute, t, dt, i, x, K, p, ramp, ts, ys, work, tangents):  # type: ignore[no-untyped-def]
    """Nothing to carry along."""


@kernel
def unkept(i, tangents):  # type: ignore[no-untyped-def]
    """Nothing to keep."""


# bound by `flow` and by `tangent_flow`
velocity: Any = None
velocity_and_slopes: Any = None
factorise: Any = None
substitute: Any = None
follow: Any = None
keep: Any = None
tabulate: Any = None
vary: Any = None
vary_twice: Any = None


@kernel
def rodas3_step(  # type: ignore[no-untyped-def]
    velocity, velocity_and_slopes, factorise, substitute, dt, x, y, dy, s, ds, y1, s1, p, K, f, ft, work, x1
):
    """One step from x to x1; K[3] is left holding the difference of the orders 3 and 2."""
    n, shift = x.size, 1.0 / (dt * GAMMA)
    velocity_and_slopes(x, y, s, dy, ds, p, f, ft, work)
    factorise(work, p, shift)
    for l in range(n):
        K[0, l] = f[l] + dt * 0.5 * ft[l]
    substitute(work, p, shift, K[0])
    for l in range(n):
        K[1, l] = f[l] + 4.0 * K[0, l] / dt + dt * 1.5 * ft[l]
    substitute(work, p, shift, K[1])
    for l in range(n):
        x1[l] = x[l] + 2.0 * K[0, l]
    velocity(x1, y1, s1, p, f)
    for l in range(n):
        K[2, l] = f[l] + (K[0, l] - K[1, l]) / dt
    substitute(work, p, shift, K[2])
    for l in range(n):
        x1[l] += K[2, l]
    velocity(x1, y1, s1, p, f)
    for l in range(n):
        K[3, l] = f[l] + (K[0, l] - K[1, l] - 8.0 / 3.0 * K[2, l]) / dt
    substitute(work, p, shift, K[3])
    for l in range(n):
        x1[l] += K[3, l]


def _flow(ts, ys, ramp, p, x0, rtol, atol, dt_max, max_steps, out, tangents):  # type: ignore[no-untyped-def]
    """Fill out[i] with the state at ts[i]; returns a status and the number of steps."""
    n = x0.size
    K, work = np.empty((4, n)), np.empty((ROWS, n + 1))
    f, ft = np.empty(n), np.empty(n)
    x, x1 = x0.copy(), np.empty(n)
    for l in range(n):
        out[0, l] = x[l]
    dt = min(dt_max, 0.1 / np.max(p.k))
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
            rodas3_step(
                velocity, velocity_and_slopes, factorise, substitute,
                trial, x, y, dy, s, -p.noise_decay * s, y1, s1, p, K, f, ft, work, x1,
            )  # fmt: skip
            error = 0.0
            for l in range(n):
                error += (K[3, l] / (atol + rtol * max(abs(x[l]), abs(x1[l])))) ** 2
            error = sqrt(error / n)
            if not error < np.inf:
                return 1, steps
            factor = GROW if error == 0.0 else min(GROW, max(SHRINK, SAFETY * error ** (-1.0 / 3.0)))
            if error <= 1.0:
                follow(tabulate, vary, vary_twice, substitute, t, trial, i, x, K, p, ramp, ts, ys, work, tangents)
                t = ts[i + 1] if last else t + trial
                for l in range(n):
                    x[l] = x1[l]
                dt = min(dt_max, max(dt, factor * trial) if trial < dt and factor > 1.0 else factor * trial)
            else:
                dt = factor * trial
        for l in range(n):
            out[i + 1, l] = x[l]
        keep(i + 1, tangents)
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
    fixed steps of dt_max. Blocks with mass start at rest.
    """
    nothing = dict.fromkeys(("keep", "tabulate", "vary", "vary_twice"), unkept)
    return run(ts, ys, x0, p, ramp, rtol, dt_max, max_steps, None, follow=unfollowed, **nothing)


def run(  # type: ignore[no-untyped-def]
    ts, ys, x0, p, ramp, rtol, dt_max, max_steps, tangents: Any, **bound: Any
) -> tuple[NDArray[np.float64], int, int]:
    """`flow`, with what is bound as `follow` and `keep` working on `tangents`."""
    n = x0.size
    law = mean_field_inertia if p.mass > 0 else mean_field_law
    state = np.concatenate([x0, np.zeros(n)]) if p.mass > 0 else x0
    out = np.empty((ts.size, state.size))
    scale = max(np.abs(ys).max(), np.abs(x0).max(), abs(ramp.height))
    atol = rtol * (scale if scale > 0 else 1.0)
    compiled = compile_bound(
        _flow,
        velocity=law.velocity,
        velocity_and_slopes=law.velocity_and_slopes,
        factorise=law.factorise,
        substitute=law.substitute,
        **bound,
    )
    status, steps = compiled(ts, ys, ramp, p, state, rtol, atol, float(dt_max), max_steps, out, tangents)
    return out[:, :n], int(status), int(steps)
