"""Overdamped spring-block chain: explicit steps of an ensemble over vector lanes.

    x_l <- x_l + dt sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps_bar e^{-lambda t} xi_l),   x_0 = 0, x_L = target    (5)

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353. Members are stored next to each other, so that one instruction moves
several of them; the step is written for one member, and compiled without reordering any sum: a member has the same bits
alone, in any ensemble, on any number of threads, and after a restart.
"""

import math

import numpy as np

from ..engine import kernel
from ..noise.normals import fill_normals, truncate_normals
from .friction import slip

STOP_EVERY = 100  # steps between looks at the stopping rule


@kernel(forceinline=False)
def move(x, new, z, k, mu_right, mu_left, eps_bar, rate, common):  # type: ignore[no-untyped-def]
    """One step of (5) for all lanes: new from x, shape (blocks + 2, lanes); rate (lanes,) is dt, or 0 at rest."""
    springs, lanes = x.shape[0] - 1, x.shape[1]
    for block in range(1, springs):
        left, here, right, moved = x[block - 1], x[block], x[block + 1], new[block]
        xi = z[0] if common else z[block - 1]
        for i in range(lanes):
            force = k * ((right[i] - here[i]) - (here[i] - left[i]))
            moved[i] = here[i] + rate[i] * slip(force + eps_bar * xi[i], mu_right, mu_left)


@kernel
def move_alone(x, new, z, j, k, mu_right, mu_left, eps_bar, rate, common):  # type: ignore[no-untyped-def]
    """`move` for a single lane, whose noise is column j of z: the same operations in the same order."""
    for block in range(1, x.shape[0] - 1):
        here = x[block, 0]
        force = k * ((x[block + 1, 0] - here) - (here - x[block - 1, 0]))
        xi = z[0, j] if common else z[block - 1, j]
        new[block, 0] = here + rate[0] * slip(force + eps_bar * xi, mu_right, mu_left)


@kernel(forceinline=False)
def mark_stopped(x, before, tolerance, noise, step, rate, stopped_at):  # type: ignore[no-untyped-def]
    """Stop lanes whose last step changed no block by more than tolerance * max |x|; return how many still move.

    A chain can hold still for one step by chance while the noise could still push it: `noise`, the displacement that
    the noise makes in one step, must be below the same bound.
    """
    moving = 0
    for i in range(x.shape[1]):
        if stopped_at[i] >= 0:
            continue
        change = noise
        size = 0.0
        for block in range(x.shape[0]):
            change = max(change, abs(x[block, i] - before[block, i]))
            size = max(size, abs(x[block, i]))
        if change <= tolerance * size:
            stopped_at[i] = step
            rate[i] = 0.0
        else:
            moving += 1
    return moving


@kernel
def copy(x, y):  # type: ignore[no-untyped-def]
    """x from y, element by element: numba compiles a slice assignment for seconds."""
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[row, i] = y[row, i]


alone = truncated = False  # bound below: a build holds only what it needs, and is ready sooner


def advance(  # type: ignore[no-untyped-def]
    x, scratch, z, rate, stopped_at, saved, row, frame, seed, member, first_step, steps, save_every,
    k, mu_right, mu_left, eps_bar, decay, dt, common, truncation, tolerance,
):  # fmt: skip
    """Advance x (blocks + 2, lanes) in place; saved[row + lane, frame + ...] receives every save_every-th step.

    z holds the noise of all lanes at one step, shape (draws, lanes), or of a single lane at several steps.
    """
    blocks, lanes = x.shape[0] - 2, x.shape[1]
    ahead = z.shape[1] if alone else 1
    here, new = x, scratch
    moving = 1
    for n in range(first_step, first_step + steps):
        if moving > 0:
            amplitude = eps_bar * math.exp(-decay * (n * dt)) if decay > 0.0 else eps_bar
            j = (n - first_step) % ahead
            if eps_bar > 0.0 and j == 0:
                fill_normals(z, seed, member, np.uint64(n), alone)
                if truncated:
                    truncate_normals(z, 1 if common else blocks, truncation, seed, member, np.uint64(n), alone)
            if alone:
                move_alone(here, new, z, j, k, mu_right, mu_left, amplitude, rate, common)
            else:
                move(here, new, z, k, mu_right, mu_left, amplitude, rate, common)
            here, new = new, here
            if tolerance >= 0.0 and (n + 1) % STOP_EVERY == 0:
                moving = mark_stopped(here, new, tolerance, amplitude * dt, n + 1, rate, stopped_at)
        if (n + 1) % save_every == 0:
            for i in range(lanes):
                for block in range(blocks + 2):
                    saved[row + i, frame, block] = here[block, i]
            frame += 1
    copy(x, here)
