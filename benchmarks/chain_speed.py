"""Overdamped chains: a phase diagram, one recorded chain beside scalar C, and chains of 8 to 4096 blocks.

    python benchmarks/chain_speed.py [--repeats 7] [--steps 10000]

CPU time of one thread, competitors in turn in each round; median, smallest, and median ratio to ours. The phase diagram
has 32 x 32 cells of 8 seeds and 7 blocks; peers simulate a part of it and are scaled. C: benchmarks/c/chain.c.
"""

import argparse
import ctypes
import time

import numba
import numpy as np

from harness import limits
from harness.per_unit import table
from mechanics.chain import SpringChain, phase_diagram, simulate
from noise_and_chain import generator_loop, numpy_loop

BLOCKS, DT, CELLS, SEEDS = 7, 0.01, 32, 8
CHAIN = SpringChain(blocks=BLOCKS)


@numba.njit(nogil=True, fastmath=True)
def cells_loop(x, steps, k, mu_right, mu_left, eps, dt, rng):
    """Each cell with parameters of its own, one chain after the other: the loop that a user of numba would write."""
    for m in range(x.shape[0]):
        generator_loop(x[m : m + 1], steps, k, mu_right, mu_left[m], eps[m], dt, rng)


def diagram_competitors(steps):
    """Name -> (function, block-steps)."""
    eps, left = np.linspace(0, 1, CELLS), np.linspace(0, 0.3, CELLS)
    rng, updates = np.random.default_rng(0), CELLS**2 * SEEDS * BLOCKS * steps
    members, part = CELLS**2 * SEEDS, max(1, steps // 50)
    each_eps, each_left = np.repeat(eps, CELLS * SEEDS), np.tile(np.repeat(left, SEEDS), CELLS)
    x = np.zeros((members, BLOCKS + 2))
    x[:, -1] = 1.0
    p = (CHAIN.k, CHAIN.mu_right)

    def ours():
        phase_diagram(CHAIN, eps_bar=eps, mu_left=left, steps=steps, dt=DT, seeds=SEEDS, threads=1)

    def one_by_one():
        for s in eps[::8]:
            for m in left[::8]:
                simulate(CHAIN.replace(eps_bar=s, mu_left=m), steps, DT, members=SEEDS, threads=1)

    uniform = (lambda: simulate(CHAIN, part, DT, members=members, threads=1), members * BLOCKS * part)
    return {
        "phase_diagram": (ours, updates),
        "as many members of one chain": uniform,
        "cells one after the other": (one_by_one, (CELLS // 8) ** 2 * SEEDS * BLOCKS * steps),
        "numpy, vectorised": (
            lambda: numpy_loop(x.copy(), part, *p, each_left[:, None], each_eps[:, None], DT, rng),
            members * BLOCKS * part,
        ),
        "numba loop, Generator": (
            lambda: cells_loop(x.copy(), part, *p, each_left, each_eps, DT, rng),
            members * BLOCKS * part,
        ),
    }


def recorded_competitors(steps):
    """One chain, every state kept: ours and C."""
    made = {
        "mechanics": (lambda: simulate(CHAIN, steps, DT, save_every=1, threads=1), steps),
        "mechanics, last state kept": (lambda: simulate(CHAIN, steps, DT, threads=1), steps),
    }
    if limits.COMPILER is not None:
        library = limits.library("chain", "chain", BLOCKS, f"-DBLOCKS={BLOCKS}")
        library.prepare()
        array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
        library.chain.argtypes = [array, ctypes.c_long, *[ctypes.c_double] * 5, ctypes.c_uint64]
        library.chain.restype = None

        def in_c():
            states = np.zeros((steps + 1, BLOCKS + 2))
            states[:, -1] = 1.0
            library.chain(states, steps, CHAIN.k, CHAIN.mu_right, CHAIN.mu_left, CHAIN.eps_bar, DT, 1)

        made["C, scalar, ziggurat"] = (in_c, steps)
    return made


def length_competitors(members):
    """Chains of different lengths, about as many block-steps each."""
    made = {}
    for blocks in (8, 64, 512, 4096):
        steps = max(40, (8_000_000 if members == 1 else 80_000_000) // (blocks * members))
        chain = SpringChain(blocks=blocks)
        made[f"{blocks} blocks"] = (
            lambda chain=chain, steps=steps: simulate(chain, steps, DT, members=members, threads=1),
            steps * blocks * members,
        )
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, default=10_000)
    arguments = parser.parse_args()
    print(limits.describe())
    began = time.perf_counter()
    diagram = diagram_competitors(arguments.steps)
    ns = table("ns per block-step of a phase diagram", diagram, max(3, arguments.repeats // 2))
    total = diagram["phase_diagram"][1]
    seconds = ns[:, 0] * total / 1e9
    print(f"the whole diagram, {total:.3g} block-steps: {np.median(seconds):.2f} s (smallest {seconds.min():.2f} s)")
    table("ns per step of one chain of 7 blocks, every state kept", recorded_competitors(10_000), 3 * arguments.repeats)
    table("ns per block-step, one chain", length_competitors(1), arguments.repeats)
    table("ns per block-step, 128 chains", length_competitors(128), arguments.repeats)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
