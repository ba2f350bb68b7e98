"""Nanoseconds per normal number and per block-step, beside numpy and plain numba loops, interleaved in one run.

    python benchmarks/noise_and_chain.py [--repeats 9]

Every competitor runs once in each round; the table gives the median CPU time over the rounds (one thread), the
smallest, and the median of the round-by-round ratios to ours.
"""

import argparse

import numba
import numpy as np

from harness.per_unit import table
from mechanics.chain import SpringChain, simulate
from mechanics.engine import compile_bound
from mechanics.noise.normals import fill_normals

LANES, COMPONENTS = 128, 8
MEMBERS, BLOCKS, STEPS = 512, 7, 2_000
CHAIN = SpringChain(blocks=BLOCKS)
DT = 0.01


def fill_entry(z, steps):
    for step in range(steps):
        fill_normals(z, np.uint64(1), np.uint64(0), np.uint64(step), False)


@numba.njit(nogil=True)
def randn_fill(out):
    for i in range(out.size):
        out[i] = np.random.randn()  # noqa: NPY002


@numba.njit(nogil=True)
def generator_fill(out, rng):
    for i in range(out.size):
        out[i] = rng.standard_normal()


@numba.njit(nogil=True)
def randn_loop(x, steps, k, mu_right, mu_left, eps, dt):
    """The loop that a user of numba would write: one chain after the other, friction by if and else."""
    for m in range(x.shape[0]):
        for _ in range(steps):
            left = x[m, 0]
            for b in range(1, x.shape[1] - 1):
                here = x[m, b]
                z = k * (x[m, b + 1] - 2.0 * here + left) + eps * np.random.randn()  # noqa: NPY002
                if z > mu_right:
                    x[m, b] = here + dt * (z - mu_right)
                elif z < -mu_left:
                    x[m, b] = here + dt * (z + mu_left)
                left = here


@numba.njit(nogil=True)
def generator_loop(x, steps, k, mu_right, mu_left, eps, dt, rng):
    """The same with numba's support of numpy's Generator."""
    for m in range(x.shape[0]):
        for _ in range(steps):
            left = x[m, 0]
            for b in range(1, x.shape[1] - 1):
                here = x[m, b]
                z = k * (x[m, b + 1] - 2.0 * here + left) + eps * rng.standard_normal()
                if z > mu_right:
                    x[m, b] = here + dt * (z - mu_right)
                elif z < -mu_left:
                    x[m, b] = here + dt * (z + mu_left)
                left = here


def numpy_loop(x, steps, k, mu_right, mu_left, eps, dt, rng):
    """Vectorised over members and blocks."""
    for _ in range(steps):
        z = k * (x[:, 2:] - 2.0 * x[:, 1:-1] + x[:, :-2]) + eps * rng.standard_normal(x[:, 1:-1].shape)
        x[:, 1:-1] += dt * (z - np.clip(z, -mu_left, mu_right))


@numba.njit(nogil=True)
def randn_recorded(states, k, mu_right, mu_left, eps, dt):
    """One chain with every state kept, as a user of numba would write it."""
    for n in range(states.shape[0] - 1):
        states[n + 1, -1] = states[n, -1]
        for b in range(1, states.shape[1] - 1):
            here = states[n, b]
            z = k * (states[n, b + 1] - 2.0 * here + states[n, b - 1]) + eps * np.random.randn()  # noqa: NPY002
            states[n + 1, b] = here
            if z > mu_right:
                states[n + 1, b] = here + dt * (z - mu_right)
            elif z < -mu_left:
                states[n + 1, b] = here + dt * (z + mu_left)


def numpy_recorded(steps, k, mu_right, mu_left, eps, dt, rng):
    """The same, one numpy expression a step."""
    states = np.zeros((steps + 1, BLOCKS + 2))
    states[:, -1] = 1.0
    for n in range(steps):
        x = states[n]
        z = k * (x[2:] - 2.0 * x[1:-1] + x[:-2]) + eps * rng.standard_normal(BLOCKS)
        states[n + 1, 1:-1] = x[1:-1] + dt * (z - np.clip(z, -mu_left, mu_right))


def recorded_by_numba(steps, p):
    states = np.zeros((steps + 1, BLOCKS + 2))
    states[:, -1] = 1.0
    randn_recorded(states, *p)


def start():
    x = np.zeros((MEMBERS, BLOCKS + 2))
    x[:, -1] = 1.0
    return x


def competitors():
    """Name -> (function, number of units), for the two tables."""
    rng = np.random.default_rng(0)
    z, out = np.zeros((COMPONENTS, LANES)), np.zeros(1_000_000)
    steps = 1000
    p = (CHAIN.k, CHAIN.mu_right, CHAIN.mu_left, CHAIN.eps_bar, DT)
    fill = compile_bound(fill_entry)
    updates = MEMBERS * BLOCKS * STEPS
    return {
        "normal": {
            "mechanics": (lambda: fill(z, steps), steps * z.size),
            "numpy Generator": (lambda: rng.standard_normal(out=out), out.size),
            "numba Generator": (lambda: generator_fill(out, rng), out.size),
            "numba np.random.randn": (lambda: randn_fill(out), out.size),
        },
        "block-step": {
            "mechanics": (lambda: simulate(CHAIN, STEPS, DT, members=MEMBERS, threads=1), updates),
            "numpy, vectorised": (lambda: numpy_loop(start(), STEPS // 10, *p, rng), updates // 10),
            "numba loop, Generator": (lambda: generator_loop(start(), STEPS // 4, *p, rng), updates // 4),
            "numba loop, np.random.randn": (lambda: randn_loop(start(), STEPS // 10, *p), updates // 10),
        },
        "step of one chain, every state kept": {
            "mechanics": (lambda: simulate(CHAIN, 10_000, DT, save_every=1, threads=1), 10_000),
            "numpy, a step at a time": (lambda: numpy_recorded(1_000, *p, rng), 1_000),
            "numba loop, np.random.randn": (lambda: recorded_by_numba(10_000, p), 10_000),
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    for unit, functions in competitors().items():
        table(f"ns per {unit}", functions, repeats)


if __name__ == "__main__":
    main()
