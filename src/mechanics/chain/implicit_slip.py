"""Overdamped chain: implicit steps, stable at every dt.

    x+ = x + dt v,   v = sigma(force(x+) + eps_bar xi)       (Euler's implicit step of (5), the noise of a step given)

sigma inverts v + friction(v), so that v is the minimum of a strictly convex function,

    1/2 v'A v - b'v + sum (mu_right max(v, 0) + mu_left max(-v, 0)),     A = 1 - dt Lap_k,   b = force(x) + eps_bar xi,

found exactly by the passes of `implicit_pass`. Order 1; without noise the energy never grows, and a chain at rest keeps
its bits.
"""

import math

from ..engine import kernel
from .implicit_friction import no_limit, rows
from .implicit_modes import find_modes_of_all, find_modes_of_one
from .implicit_rows import DIAGONAL, HOLD_LEFT, HOLD_RIGHT, MODE, NOISE, PARTS, RIGHT, SPRING, B, V
from .overdamped import settle
from .rows import value_of
from .scheme import Scheme

TROUBLE = (
    "the modes of an implicit step were not found, or a position is not finite; look whether parameters differ by a "
    "factor of 1e12 or more between blocks"
)


@kernel(forceinline=False)
def fill(p, dt, work):  # type: ignore[no-untyped-def]
    """What stays the same from step to step; dt itself in a place no row needs."""
    rows = work.shape[0] // PARTS
    for l in range(rows - 1):
        for i in range(work.shape[1]):
            k = value_of(p.k, l, i)
            work[SPRING * rows + l, i], work[RIGHT * rows + l, i] = k, -(dt * k)
    for l in range(1, rows - 1):
        for i in range(work.shape[1]):
            work[DIAGONAL * rows + l, i] = 1.0 + dt * (work[SPRING * rows + l - 1, i] + work[SPRING * rows + l, i])
            work[NOISE * rows + l, i] = value_of(p.eps_bar, l - 1, i)
            work[HOLD_RIGHT * rows + l, i] = value_of(p.mu_right, l - 1, i)
            work[HOLD_LEFT * rows + l, i] = value_of(p.mu_left, l - 1, i)
    work[DIAGONAL * rows, 0] = dt


@kernel(forceinline=False)
def prepare(here, new, z, j, p, fade, common, dt, work):  # type: ignore[no-untyped-def]
    """b, and the modes of an explicit step as the first guess; the normals of lane i are in column j + i of z."""
    n, lanes = here.shape[0] - 2, here.shape[1]
    rows = n + 2
    if work[DIAGONAL * rows, 0] != dt:
        fill(p, dt, work)
    for l in range(1, n + 1):
        x_left, x, xi = here[l - 1], here[l], z[0 if common else l - 1]
        x_right = here[l + 1] if l < n else new[l + 1]  # a driven end is where it will be
        k_left, k_right, noise = work[SPRING * rows + l - 1], work[SPRING * rows + l], work[NOISE * rows + l]
        hold_right, hold_left = work[HOLD_RIGHT * rows + l], work[HOLD_LEFT * rows + l]
        b, mode = work[B * rows + l], work[MODE * rows + l]
        for i in range(lanes):
            force = k_right[i] * (x_right[i] - x[i]) - k_left[i] * (x[i] - x_left[i]) + noise[i] * fade * xi[j + i]
            b[i] = force
            mode[i] = 1.0 if force > hold_right[i] else -1.0 if force < -hold_left[i] else 0.0


@kernel
def move(here, new, v, z, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """One step for all lanes; a lane at rest is left as it is."""
    n, lanes, dt = here.shape[0] - 2, here.shape[1], 0.0
    for i in range(lanes):
        dt = max(dt, rate[i])
    prepare(here, new, z, 0, p, fade, common, dt, work)
    find_modes_of_all(0, work, trouble)
    for l in range(1, n + 1):
        for i in range(lanes):
            new[l, i] = here[l, i] + rate[i] * work[V * (n + 2) + l, i]
            trouble[i] = trouble[i] if abs(new[l, i]) < math.inf else 1


@kernel
def move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """`move` for a single lane."""
    n = here.shape[0] - 2
    prepare(here, new, z, j, p, fade, common, rate[0], work)
    if not find_modes_of_one(0, work):
        trouble[0] = 1
    for l in range(1, n + 1):
        new[l, 0] = here[l, 0] + rate[0] * work[V * (n + 2) + l, 0]
        trouble[0] = trouble[0] if abs(new[l, 0]) < math.inf else 1


IMPLICIT = Scheme(move, move_alone, settle, no_limit, work=rows, trouble=TROUBLE)
