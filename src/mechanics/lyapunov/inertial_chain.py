"""Second-order spring-block chains as maps with noise: the tangent dynamics is that of a step of their simulation.

    "second_order"    half a drift, damping, a kick that is exact through stops and reversals, damping      (10)-(11)
    "langevin"        half a drift, half a kick, damping and noise, half a kick, half a drift               (12)-(13)
    "smooth_law"      Heun's step of friction that is smooth in the velocity

In a kick in which a block turns round its velocity is (dt - t*) a+, t* = -v/a- the time at which it stops: the
derivative a+/a- of the step is the saltation of the flow. A block that stops, or rests, has dv = 0. White noise in the
force makes reversals ever more frequent as dt -> 0, and a+/a- of each closer to 1: exponents of set-valued friction
settle, at those of smooth friction as v_smooth -> 0 (measured, not proved: docs/lyapunov.md). They remain those of the
steps. State: positions of the blocks, then velocities. All tangent vectors see the same noise.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chain import second_order, sign_law, thermal
from ..chain.friction import pulled
from ..chain.parameters import ChainParameters
from ..chain.simulate import check_step
from ..engine import kernel
from .map import Map

Array = NDArray[np.float64]


class Step(NamedTuple):
    """Parameters of one step; arrays have one value for each spring or block, and the corners of the end's path."""

    k: Array
    mu_right: Array
    mu_left: Array
    mass: Array
    gamma: Array
    eps: Array
    times: Array
    ends: Array
    v_smooth: float
    dt: float
    decay: float
    stride: int  # 1: a normal for each block; 0: one for all


@kernel
def end_at(t, times, ends):  # type: ignore[no-untyped-def]
    """Where the pulled end is, straight between corners and at rest before and after."""
    low, high = 0, times.size - 1
    if t <= times[0]:
        return ends[0]
    if t >= times[high]:
        return ends[high]
    while high - low > 1:
        middle = (low + high) // 2
        if times[middle] <= t:
            low = middle
        else:
            high = middle
    return (ends[high] - ends[low]) / (times[high] - times[low]) * (t - times[low]) + ends[low]


@kernel
def faded(n, p):  # type: ignore[no-untyped-def]
    """What is left of the noise's amplitude at step n."""
    return np.exp(-p.decay * (n * p.dt)) if p.decay > 0.0 else 1.0


@kernel
def moved(x, l, rate, end):  # type: ignore[no-untyped-def]
    """Position l of the blocks (-1 and `blocks`: the ends) after a drift for the time `rate`."""
    blocks = len(x) // 2
    if l < 0:
        return 0.0 * x[0]
    if l == blocks:
        return 0.0 * x[0] + end
    return x[l] + rate * x[blocks + l]


@kernel
def force_on(n, x, l, p):  # type: ignore[no-untyped-def]
    """Force of the springs on block l after half a drift."""
    end = 0.5 * (end_at(n * p.dt, p.times, p.ends) + end_at((n + 1) * p.dt, p.times, p.ends))
    half = 0.5 * p.dt
    return pulled(moved(x, l - 1, half, end), moved(x, l, half, end), moved(x, l + 1, half, end), p.k[l], p.k[l + 1])


def set_valued_step(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """One explicit step of (10)-(11)."""
    blocks, fade = len(x) // 2, faded(n, p)
    for l in range(blocks):
        force = force_on(n, x, l, p) + p.eps[l] * fade * z[l * p.stride]
        v = second_order.pushed(
            x[blocks + l], force, p.mu_right[l], p.mu_left[l], p.mu_right[l], p.mu_left[l], p.mass[l], p.gamma[l], p.dt,
        )  # fmt: skip
        out[blocks + l] = v
        out[l] = moved(x, l, 0.5 * p.dt, 0.0) + 0.5 * p.dt * v


def langevin_step(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """One step of (12)-(13)."""
    blocks, fade = len(x) // 2, faded(n, p)
    for l in range(blocks):
        v = thermal.pushed(
            x[blocks + l], force_on(n, x, l, p), z[l * p.stride], p.mu_right[l], p.mu_left[l], p.eps[l] * fade,
            p.gamma[l], p.mass[l], p.dt,
        )  # fmt: skip
        out[blocks + l] = v
        out[l] = moved(x, l, 0.5 * p.dt, 0.0) + 0.5 * p.dt * v


@kernel
def rate_of(left, here, right, v, l, p):  # type: ignore[no-untyped-def]
    """Acceleration of block l under smooth friction."""
    return sign_law.accelerated(
        left, here, right, v, p.k[l], p.k[l + 1], p.mu_right[l], p.mu_left[l], p.gamma[l], p.mass[l], p.v_smooth
    )


def smooth_step(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """One step of Heun with smooth friction."""
    blocks, fade = len(x) // 2, faded(n, p)
    end, after = end_at(n * p.dt, p.times, p.ends), end_at((n + 1) * p.dt, p.times, p.ends)
    for l in range(blocks):
        v = x[blocks + l]
        a = rate_of(moved(x, l - 1, 0.0, end), x[l], moved(x, l + 1, 0.0, end), v, l, p)
        w = v + p.dt * a
        b = rate_of(moved(x, l - 1, p.dt, after), moved(x, l, p.dt, 0.0), moved(x, l + 1, p.dt, after), w, l, p)
        out[l] = x[l] + 0.5 * p.dt * (v + w)
        out[blocks + l] = v + p.dt * (0.5 * (a + b) + p.eps[l] * fade * z[l * p.stride] / p.mass[l])


STEPS: dict[str, tuple[Callable[..., None], Any]] = {
    "second_order": (set_valued_step, second_order.EXPLICIT),
    "langevin": (langevin_step, thermal.SPLIT),
    "smooth_law": (smooth_step, sign_law.HEUN),
}


def inertial_map(chain: ChainParameters, dt: float) -> Map:
    """The step of length dt of a second-order chain as a map of positions and velocities, from the flat start.

    Raises
    ------
    ValueError
        If the step jumps (the sign law, static friction above the sliding one), or dt is too long.
    """
    if chain.dynamics not in STEPS:
        raise ValueError(
            f"The chain's dynamics is {chain.dynamics!r}, whose friction jumps at v = 0 within a step: the step itself "
            "jumps, and its derivative says nothing of copies on both sides; use 'smooth_law' or 'second_order'."
        )
    if any(
        static is not None and np.any(np.asarray(static) > sliding)
        for static, sliding in ((chain.mu_static_right, chain.mu_right), (chain.mu_static_left, chain.mu_left))
    ):
        raise ValueError(
            "The chain has static friction above the sliding one: a step jumps where a block starts, and its "
            "derivative says nothing of it. Without noise leave dt out: from event to event the start is known exactly."
        )
    step, scheme = STEPS[chain.dynamics]
    check_step(chain, scheme, dt)
    n = chain.blocks

    def each(value: Any, count: int = n) -> Array:
        return np.array(np.broadcast_to(value, count), float)

    p = Step(
        each(chain.k, n + 1), each(chain.mu_right), each(chain.mu_left),
        each(chain.mass), each(0.0 if chain.gamma is None else chain.gamma), each(chain.noise_per_step(dt)),
        np.zeros(1) if chain.drive is None else np.array(chain.drive.times),
        np.array([chain.target]) if chain.drive is None else np.array(chain.drive.positions),
        0.0 if chain.v_smooth is None else chain.v_smooth, dt, float(chain.noise_decay),
        int(chain.noise != "common"),
    )  # fmt: skip
    return Map(step, np.zeros(2 * n), p, noises=n if chain.noise != "common" else 1)
