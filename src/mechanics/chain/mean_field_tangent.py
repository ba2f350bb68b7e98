"""Tangent flow of a mean-field chain: derivatives of its positions by any parameters, integrated with it.

    dS/dt = (df/dx) S + df/dtheta,      S(t_0) = 0

RODAS3 (`mean_field_flow`) applied to state and variations together, with their whole Jacobian. A Rosenbrock step of
the variations is the derivative of the step of the state: S is exactly what difference quotients of the computed
positions would tend to if the steps were held, whatever the tolerance. The variations have the state's Jacobian on
their diagonal, so that its factors are used again, and a parameter costs four substitutions a step.
"""

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine import kernel
from . import mean_field_inertia_variation, mean_field_variation
from .mean_field_flow import GAMMA, NO_RAMP, Ramp, pull_at, run
from .mean_field_law import MeanLaw
from .mean_field_variation import TABLE, LawChange


class RampChange(NamedTuple):
    """Derivative of a `Ramp` by P parameters: height and tau, (P,) each."""

    height: NDArray[np.float64]
    tau: NDArray[np.float64]


class Tangents(NamedTuple):
    """What the flow carries along: variations S (P, n), those kept (m, P, n), directions, and scratch memory."""

    S: NDArray[np.float64]
    kept: NDArray[np.float64]
    law: LawChange
    ys: NDArray[np.float64]  # (P, m)
    ramp: RampChange
    C: NDArray[np.float64]
    C_middle: NDArray[np.float64]
    C_late: NDArray[np.float64]
    K: NDArray[np.float64]
    points: NDArray[np.float64]


@kernel
def pull_change(t, i, ts, ys, q, ramp, d):  # type: ignore[no-untyped-def]
    """Derivative of the pull and of its speed at t by parameter q."""
    since = t - ramp.start
    rest = exp(-since / ramp.tau)
    slope = (ys[q, i + 1] - ys[q, i]) / (ts[i + 1] - ts[i])
    y = ys[q, i] + slope * (t - ts[i])
    slower = d.tau[q] / ramp.tau
    change = y + d.height[q] * (1.0 - rest) - ramp.height * rest * since / ramp.tau * slower
    speed = slope + rest / ramp.tau * (d.height[q] + ramp.height * slower * (since / ramp.tau - 1.0))
    return change, speed


@kernel(forceinline=False)
def stage_points(x, K, middle, late):  # type: ignore[no-untyped-def]
    """Where the third and the fourth stage of the state's step were evaluated."""
    for l in range(x.size):
        middle[l] = x[l] + 2.0 * K[0, l]
        late[l] = middle[l] + K[2, l]


@kernel
def follow(tabulate, vary, vary_twice, substitute, t, dt, i, x, K, p, ramp, ts, ys, work, g):  # type: ignore[no-untyped-def]
    """The step of the variations that belongs to the step of the state whose stages are K."""
    n, shift = x.size, 1.0 / (dt * GAMMA)
    slope = (ys[i + 1] - ys[i]) / (ts[i + 1] - ts[i])
    y, speed = pull_at(t, ts[i], ys[i], slope, ramp)
    y1, _ = pull_at(t + dt, ts[i], ys[i], slope, ramp)
    middle, late = g.points[0], g.points[1]
    stage_points(x, K, middle, late)
    tabulate(x, y, p.s, p, g.C)
    tabulate(middle, y1, p.s, p, g.C_middle)
    tabulate(late, y1, p.s, p, g.C_late)
    V = g.K
    for q in range(g.S.shape[0]):
        S = g.S[q]
        dy, dspeed = pull_change(t, i, ts, g.ys, q, ramp, g.ramp)
        dy1, _ = pull_change(t + dt, i, ts, g.ys, q, ramp, g.ramp)
        vary(g.C, p, S, dy, g.law, q, V[0])
        for l in range(n):
            V[1, l] = V[0, l]
        vary_twice(g.C, p, S, dy, g.law, q, K[0], 0.5 * dt * speed, 0.5 * dt * dspeed, V[0])
        substitute(work, p, shift, V[0])
        for l in range(n):
            V[1, l] += 4.0 * V[0, l] / dt
        vary_twice(g.C, p, S, dy, g.law, q, K[1], 1.5 * dt * speed, 1.5 * dt * dspeed, V[1])
        substitute(work, p, shift, V[1])
        for l in range(n):
            middle[l] = S[l] + 2.0 * V[0, l]
        vary(g.C_middle, p, middle, dy1, g.law, q, V[2])
        for l in range(n):
            V[2, l] += (V[0, l] - V[1, l]) / dt
        vary_twice(g.C, p, S, dy, g.law, q, K[2], 0.0, 0.0, V[2])
        substitute(work, p, shift, V[2])
        for l in range(n):
            middle[l] += V[2, l]
        vary(g.C_late, p, middle, dy1, g.law, q, V[3])
        for l in range(n):
            V[3, l] += (V[0, l] - V[1, l] - 8.0 / 3.0 * V[2, l]) / dt
        vary_twice(g.C, p, S, dy, g.law, q, K[3], 0.0, 0.0, V[3])
        substitute(work, p, shift, V[3])
        for l in range(n):
            S[l] = middle[l] + V[3, l]


@kernel
def keep(i, g):  # type: ignore[no-untyped-def]
    """Variations at a time that was asked for."""
    for q in range(g.S.shape[0]):
        for l in range(g.kept.shape[2]):
            g.kept[i, q, l] = g.S[q, l]


def tangent_flow(
    ts: NDArray[np.float64],
    ys: NDArray[np.float64],
    x0: NDArray[np.float64],
    p: MeanLaw,
    ramp: Ramp = NO_RAMP,
    *,
    law_change: LawChange,
    ys_change: NDArray[np.float64],
    ramp_change: RampChange,
    rtol: float = 1e-8,
    dt_max: float = np.inf,
    max_steps: int = 1_000_000,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int, int]:
    """`mean_field_flow.flow` with derivatives by P parameters; the start x0 does not depend on them.

    The parameters enter by the derivatives of the law, of the pull's table, shape (P, m), and of the ramp. P may be 0.
    Noise must be positive and not decay. Returns positions (m, blocks), derivatives (m, P, blocks), status, steps.
    """
    if not p.s > 0 or p.noise_decay != 0:
        raise ValueError(f"A tangent flow needs s > 0 that does not decay; s={p.s}, noise_decay={p.noise_decay}.")
    P, n = ys_change.shape[0], x0.size
    size = 2 * n if p.mass > 0 else n
    of = mean_field_inertia_variation if p.mass > 0 else mean_field_variation
    kept = np.zeros((ts.size, P, n))
    C = np.empty((3, TABLE, n + 1))
    tangents = Tangents(
        np.zeros((P, size)), kept, law_change, ys_change, ramp_change, C[0], C[1], C[2], np.empty((4, size)),
        np.empty((2, size)),
    )  # fmt: skip
    kernels = {"tabulate": of.tabulate, "vary": of.vary, "vary_twice": of.vary_twice}
    x, status, steps = run(ts, ys, x0, p, ramp, rtol, dt_max, max_steps, tangents, follow=follow, keep=keep, **kernels)
    return x, kept, status, steps
