"""A single overdamped chain over many steps: blocks one after the other, or all at once where there are many.

The same operations in the same order as in the steps of an ensemble, so the same bits. A short chain is swept from the
held end to the pulled one with its neighbours in registers, its noise drawn ahead with steps as lanes. In a long chain
blocks are the lanes, of the noise too.
"""

import math
from typing import Any

import numpy as np

from ..engine import kernel
from ..noise.across import fill_across, truncate_across
from ..noise.normals import fill_normals, truncate_normals
from .friction import slid
from .steps import STOP_EVERY

# Bound below: one stiffness, friction and noise for all blocks; lanes along the chain; bounded noise; a driven end.
shared: Any = None
along = truncated = driven = False


@kernel
def largest_change(x, y):  # type: ignore[no-untyped-def]
    """max |x - y| and max |x|."""
    change, size = 0.0, 0.0
    for l in range(x.size):
        change, size = max(change, abs(x[l] - y[l])), max(size, abs(x[l]))
    return change, size


@kernel
def sweep_shared(x, z, j, k, mu_right, mu_left, eps, dt, common):  # type: ignore[no-untyped-def]
    """One step in place, all blocks alike."""
    left, here = x[0], x[1]
    for l in range(1, x.size - 1):
        right = x[l + 1]
        x[l] = slid(left, here, right, z[0 if common else l - 1, j], k, k, mu_right, mu_left, eps, dt)
        left, here = here, right


@kernel
def sweep_each(x, z, j, k, mu_right, mu_left, eps, fade, dt, common):  # type: ignore[no-untyped-def]
    """One step in place, blocks with parameters of their own."""
    left, here = x[0], x[1]
    for l in range(1, x.size - 1):
        right = x[l + 1]
        x[l] = slid(
            left, here, right, z[0 if common else l - 1, j], k[l - 1], k[l], mu_right[l - 1], mu_left[l - 1],
            eps[l - 1] * fade, dt,
        )  # fmt: skip
        left, here = here, right


@kernel
def along_shared(x, new, z, k, mu_right, mu_left, eps, dt, common):  # type: ignore[no-untyped-def]
    """One step from x to new, all blocks alike; z (blocks,) or one draw for all."""
    if common:
        for l in range(1, x.size - 1):
            new[l] = slid(x[l - 1], x[l], x[l + 1], z[0], k, k, mu_right, mu_left, eps, dt)
    else:
        for l in range(1, x.size - 1):
            new[l] = slid(x[l - 1], x[l], x[l + 1], z[l - 1], k, k, mu_right, mu_left, eps, dt)


@kernel
def along_each(x, new, z, k, mu_right, mu_left, eps, fade, dt, common):  # type: ignore[no-untyped-def]
    """One step from x to new, blocks with parameters of their own."""
    for l in range(1, x.size - 1):
        new[l] = slid(
            x[l - 1], x[l], x[l + 1], z[0] if common else z[l - 1], k[l - 1], k[l], mu_right[l - 1], mu_left[l - 1],
            eps[l - 1] * fade, dt,
        )  # fmt: skip


def advance_lone(  # type: ignore[no-untyped-def]
    x, other, z, words, stopped_at, ends, saved, frame, seed, member, first_step, steps, save_every,
    k, mu_right, mu_left, eps, noise, decay, dt, common, truncation, tolerance,
):  # fmt: skip
    """Advance x (blocks + 2,); saved[frame + ...] receive every save_every-th step.

    z holds normals, (draws, steps) with steps as lanes or (draws,) along the chain, then with scratch `words`.
    Parameters are numbers where blocks share them, else arrays. `other` is a second state with the same ends.
    """
    n, home = x.size - 2, x
    ahead = 1 if along else z.shape[1]
    to_save, to_look = save_every - first_step % save_every, STOP_EVERY - first_step % STOP_EVERY
    done = 0
    moving = stopped_at[0] < 0
    while done < steps:
        count = min(ahead, steps - done)
        start = np.uint64(first_step + done)
        if moving and noise > 0.0:
            if along:
                fill_across(z, words, seed, member, start)
                if truncated:
                    truncate_across(z, 1 if common else n, truncation, seed, member, start)
            else:
                fill_normals(z, seed, member, start, True)
                if truncated:
                    truncate_normals(z, 1 if common else n, truncation, seed, member, start, True)
        for j in range(count):
            if moving:
                fade = math.exp(-decay * ((first_step + done + j) * dt)) if decay > 0.0 else 1.0
                looks = tolerance >= 0.0 and to_look == 1
                if along:
                    if driven:
                        other[n + 1] = ends[done + j]
                    if shared:
                        along_shared(x, other, z, k, mu_right, mu_left, eps * fade, dt, common)
                    else:
                        along_each(x, other, z, k, mu_right, mu_left, eps, fade, dt, common)
                    x, other = other, x
                else:
                    if looks:
                        for l in range(n + 2):
                            other[l] = x[l]
                    if shared:
                        sweep_shared(x, z, j, k, mu_right, mu_left, eps * fade, dt, common)
                    else:
                        sweep_each(x, z, j, k, mu_right, mu_left, eps, fade, dt, common)
                    if driven:
                        x[n + 1] = ends[done + j]
                if looks:
                    change, size = largest_change(x, other)
                    if max(noise * fade * dt, change) <= tolerance * size:
                        stopped_at[0] = first_step + done + j + 1
                        moving = False
            to_look = STOP_EVERY if to_look == 1 else to_look - 1
            to_save -= 1
            if to_save == 0:
                for l in range(n + 2):
                    saved[frame, l] = x[l]
                frame += 1
                to_save = save_every
        done += count
    for l in range(n + 2):
        home[l] = x[l]
