"""Langevin steps per second: BAOAB in a double well, alone and in an ensemble, and a chain of seven blocks, beside C.

    python benchmarks/langevin.py [--repeats 7]

C is the loop of one member with a ziggurat (benchmarks/c/langevin.c); numba loops are those that a user would write.
Every competitor runs once in each round; processor time of one thread.
"""

import argparse
import ctypes
import math
import tempfile
from pathlib import Path

import numba
import numpy as np

from harness import limits, timing
from harness.table import ratio, table
from mechanics import Langevin, ensemble, solve
from mechanics.methods import BAOAB

GAMMA, KT, DT, BLOCKS, STIFFNESS = 1.0, 0.5, 0.1, 7, 1.0
ALONE, MEMBERS, STEPS, CHAINS, CHAIN_STEPS = 1_000_000, 1024, 2_000, 1000, 1400


def double_well(t, q, p, out):
    out[0] = q[0] - q[0] ** 3


def springs(t, q, p, out):
    n = len(q)
    for i in range(n):
        left = q[i - 1] if i > 0 else 0.0
        right = q[i + 1] if i < n - 1 else 1.0
        out[i] = STIFFNESS * (right - 2.0 * q[i] + left)


@numba.njit
def by_randn(steps):
    c = math.exp(-GAMMA * DT)
    s = math.sqrt(KT * (1 - c * c))
    q = v = 0.0
    for _ in range(steps):
        v += 0.5 * DT * (q - q**3)
        q += 0.5 * DT * v
        v = c * v + s * np.random.randn()  # noqa: NPY002
        q += 0.5 * DT * v
        v += 0.5 * DT * (q - q**3)
    return q


@numba.njit
def by_generator(rng, steps):
    c = math.exp(-GAMMA * DT)
    s = math.sqrt(KT * (1 - c * c))
    q = v = 0.0
    for _ in range(steps):
        v += 0.5 * DT * (q - q**3)
        q += 0.5 * DT * v
        v = c * v + s * rng.standard_normal()
        q += 0.5 * DT * v
        v += 0.5 * DT * (q - q**3)
    return q


def in_c():
    """The C loops, or None without a compiler."""
    if limits.COMPILER is None:
        return None
    out = Path(tempfile.mkdtemp(), "langevin.so")
    limits.call(*limits.FLAGS, "-shared", limits.SOURCES / "langevin.c", "-o", out, "-lm")
    library = ctypes.CDLL(str(out))
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    library.baoab.argtypes = (array, *[ctypes.c_long] * 2, *[ctypes.c_double] * 3)
    library.chain.argtypes = (array, *[ctypes.c_long] * 2, *[ctypes.c_double] * 4)
    return library


def workloads():
    rng, c = np.random.default_rng(0), in_c()
    one = Langevin(double_well, [0.0], [0.0], gamma=GAMMA, temperature=KT, t1=DT * ALONE)
    many = Langevin(double_well, [0.0], [0.0], gamma=GAMMA, temperature=KT, t1=DT * STEPS)
    zeros = np.zeros(BLOCKS)
    chain = Langevin(springs, zeros, zeros, gamma=GAMMA, noise=0.1, t1=DT * CHAIN_STEPS)
    y = {n: np.zeros(n) for n in (2, 2 * MEMBERS, 2 * BLOCKS * CHAINS)}
    runs = {
        "one particle": (ALONE, {
            "mechanics": lambda: solve(one, BAOAB, dt=DT, seed=1, saveat=[DT * ALONE]),
            "C": lambda: c.baoab(y[2], 1, ALONE, DT, GAMMA, KT),
            "numba, Generator": lambda: by_generator(rng, ALONE),
            "numba, np.random.randn": lambda: by_randn(ALONE),
        }),
        f"{MEMBERS} particles": (MEMBERS * STEPS, {
            "mechanics": lambda: ensemble(many, BAOAB, dt=DT, members=MEMBERS, seed=1, threads=1),
            "C": lambda: c.baoab(y[2 * MEMBERS], MEMBERS, STEPS, DT, GAMMA, KT),
        }),
        f"{CHAINS} chains of {BLOCKS}, a block's step": (CHAINS * CHAIN_STEPS * BLOCKS, {
            "mechanics": lambda: ensemble(chain, BAOAB, dt=DT, members=CHAINS, seed=1, threads=1),
            "C": lambda: c.chain(y[2 * BLOCKS * CHAINS], CHAINS, CHAIN_STEPS, DT, GAMMA, STIFFNESS, 0.1),
        }),
    }  # fmt: skip
    if c is None:
        runs = {name: (n, {k: r for k, r in own.items() if k != "C"}) for name, (n, own) in runs.items()}
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print(f"{limits.describe()}; {timing.load()}\n")
    for name, (steps, runs) in workloads().items():
        times = timing.interleaved(runs, repeats)
        ours = times["mechanics"]
        rows = [
            [who, f"{steps / t.median / 1e6:.0f}", f"{steps / t.smallest / 1e6:.0f}", ratio(ours.median, t.median)]
            for who, t in times.items()
        ]
        print(name + "\n\n" + table(["", "M steps/s, median", "best", "our time / its"], rows) + "\n")


if __name__ == "__main__":
    main()
