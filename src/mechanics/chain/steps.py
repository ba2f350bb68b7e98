"""Many steps of a block of lanes: noise, the scheme's move, the stopping rule, saved frames.

Members are stored next to each other, so that one instruction moves several of them; a step is written for one member,
and compiled without reordering any sum: a member has the same bits alone, in any ensemble, on any number of threads,
and after a restart.
"""

import math
from typing import Any

import numpy as np

from ..engine import kernel
from ..noise.normals import fill_normals, truncate_normals

STOP_EVERY = 100  # steps between looks at the stopping rule

# Bound below. A build holds only what it needs, and is ready sooner.
move: Any = None
move_alone: Any = None
settle: Any = None
alone = truncated = inertial = driven = alike = False


@kernel
def size_of(x, i):  # type: ignore[no-untyped-def]
    """The largest position of a lane."""
    size = 0.0
    for l in range(x.shape[0]):
        size = max(size, abs(x[l, i]))
    return size


@kernel
def copy(x, y):  # type: ignore[no-untyped-def]
    """x from y, element by element: numba compiles a slice assignment for seconds."""
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[row, i] = y[row, i]


@kernel
def spread(drawn, j, z):  # type: ignore[no-untyped-def]
    """Column j of `drawn` in all lanes of z."""
    for c in range(z.shape[0]):
        for i in range(z.shape[1]):
            z[c, i] = drawn[c, j]


@kernel
def save(saved, row, frame, x):  # type: ignore[no-untyped-def]
    """saved[row + lane, frame] from x (positions, lanes)."""
    for i in range(x.shape[1]):
        for l in range(x.shape[0]):
            saved[row + i, frame, l] = x[l, i]


def advance(  # type: ignore[no-untyped-def]
    x, v, scratch, work, z, drawn, rate, trouble, stopped_at, ends, saved_x, saved_v, row, frame,
    seed, member, first_step, steps, save_every, p, noise, decay, dt, common, truncation, tolerance,
):  # fmt: skip
    """Advance x and v (blocks + 2, lanes) in place; saved_*[row + lane, frame + ...] receive every save_every-th step.

    z holds the noise of all lanes at one step, shape (draws, lanes), or of a single lane at several steps. Lanes are
    members `member`, `member` + 1, ...; where they are `alike` they are different chains that all meet the noise of one
    member, drawn in `drawn` (draws, steps) for several steps at once. `noise` is the largest eps_bar of all blocks and
    lanes, and `ends` the position of a driven end after each step.
    """
    blocks, lanes = x.shape[0] - 2, x.shape[1]
    ahead = z.shape[1] if alone else drawn.shape[1] if alike else 1
    here, new = x, scratch
    moving = 1
    for n in range(first_step, first_step + steps):
        if moving > 0:
            fade = math.exp(-decay * (n * dt)) if decay > 0.0 else 1.0
            j = (n - first_step) % ahead
            if noise > 0.0 and j == 0:
                made = drawn if alike else z
                fill_normals(made, seed, member, np.uint64(n), alone or alike)
                if truncated:
                    truncate_normals(
                        made, 1 if common else blocks, truncation, seed, member, np.uint64(n), alone or alike
                    )
            if alike and noise > 0.0:
                spread(drawn, j, z)
            if driven:
                for i in range(lanes):
                    new[blocks + 1, i] = ends[n - first_step]
            if alone:
                move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble)
            else:
                move(here, new, v, z, p, fade, common, rate, work, trouble)
            here, new = new, here
            if tolerance >= 0.0 and (n + 1) % STOP_EVERY == 0:
                # Chance can hold a chain still for a step while its noise could still push it: what the noise moves in
                # a step must be below the same bound.
                moving = 0
                for i in range(lanes):
                    if stopped_at[i] < 0:
                        if max(noise * fade * dt, settle(here, new, v, p, i)) <= tolerance * size_of(here, i):
                            stopped_at[i] = n + 1
                            rate[i] = 0.0
                        else:
                            moving += 1
        if (n + 1) % save_every == 0:
            save(saved_x, row, frame, here)
            if inertial:
                save(saved_v, row, frame, v)
            frame += 1
    copy(x, here)
