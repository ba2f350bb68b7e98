"""Second-order chains: nanoseconds per block-step beside sign-function loops, microseconds per step of 1000 blocks.

    python benchmarks/second_order.py [--repeats 7]

Every competitor runs once in each round; the tables give the median CPU time over the rounds (one thread), the
smallest, and the median of the round-by-round ratios to the first. The loops have the published sign law: no stiction.
"""

import argparse
import time

import numba
import numpy as np

from harness.per_unit import table
from mechanics.chain import SpringChain, inertial_flow

MEMBERS, BLOCKS, STEPS, DT = 1000, 7, 1_400, 0.05
CHAIN = SpringChain(blocks=BLOCKS, k=0.1, mu_right=0.003, mu_left=0.004, gamma=1.0, eps=0.003, dynamics="second_order")
LONG = SpringChain(blocks=1000, mu_right=0.02, mu_left=0.03, gamma=0.1, eps_bar=0.0, dynamics="second_order")


@numba.njit(nogil=True)
def randn_loop(x, v, steps, k, mu_right, mu_left, gamma, eps, dt):
    """The loop that a user of numba would write: one chain after the other, Euler-Maruyama, friction by the sign."""
    a = np.zeros(x.shape[1])
    for m in range(x.shape[0]):
        for _ in range(steps):
            for b in range(1, x.shape[1] - 1):
                a[b] = k * (x[m, b + 1] - 2.0 * x[m, b] + x[m, b - 1]) - gamma * v[m, b]
                if v[m, b] > 0:
                    a[b] -= mu_right
                elif v[m, b] < 0:
                    a[b] += mu_left
            for b in range(1, x.shape[1] - 1):
                x[m, b] += dt * v[m, b]
                v[m, b] += dt * a[b] + eps * np.sqrt(dt) * np.random.randn()  # noqa: NPY002


@numba.njit(nogil=True)
def generator_loop(x, v, steps, k, mu_right, mu_left, gamma, eps, dt, rng):
    """The same with numba's support of numpy's Generator."""
    a = np.zeros(x.shape[1])
    for m in range(x.shape[0]):
        for _ in range(steps):
            for b in range(1, x.shape[1] - 1):
                a[b] = k * (x[m, b + 1] - 2.0 * x[m, b] + x[m, b - 1]) - gamma * v[m, b]
                if v[m, b] > 0:
                    a[b] -= mu_right
                elif v[m, b] < 0:
                    a[b] += mu_left
            for b in range(1, x.shape[1] - 1):
                x[m, b] += dt * v[m, b]
                v[m, b] += dt * a[b] + eps * np.sqrt(dt) * rng.standard_normal()


def start():
    x = np.zeros((MEMBERS, BLOCKS + 2))
    x[:, -1] = 1.0
    return x, np.zeros_like(x)


def ensembles():
    """Name -> (function, block-steps)."""
    rng = np.random.default_rng(0)
    p = (CHAIN.k, CHAIN.mu_right, CHAIN.mu_left, CHAIN.gamma, CHAIN.eps, DT)
    sign = CHAIN.replace(dynamics="sign_law")

    def ours(chain, method, steps):
        return lambda: chain.simulate(steps, DT, members=MEMBERS, threads=1, method=method), steps

    runs = {
        "explicit": ours(CHAIN, "explicit", STEPS),
        "implicit": ours(CHAIN, "implicit", STEPS // 4),
        "midpoint": ours(CHAIN, "midpoint", STEPS // 4),
        "sign law, euler": ours(sign, "euler", STEPS),
        "sign law, heun": ours(sign, "heun", STEPS),
        "numba sign loop, Generator": (lambda: generator_loop(*start(), STEPS // 4, *p, rng), STEPS // 4),
        "numba sign loop, randn": (lambda: randn_loop(*start(), STEPS // 4, *p), STEPS // 4),
    }
    return {name: (run, MEMBERS * BLOCKS * steps) for name, (run, steps) in runs.items()}


def lone_chains():
    """One chain of 1000 blocks: name -> (function, steps)."""
    x0 = np.random.default_rng(1).standard_normal(1000)
    moving = LONG.simulate(2000, dt=0.05, x0=x0, method="implicit")
    rest = LONG.simulate(20_000, dt=0.5, x0=x0, method="implicit")
    cases = {
        "explicit, moving, dt 0.05": (LONG, "explicit", 0.05, moving),
        "implicit, at rest": (LONG, "implicit", 0.05, rest),
        "implicit, moving, dt 0.05": (LONG, "implicit", 0.05, moving),
        "implicit, moving, dt 0.5": (LONG, "implicit", 0.5, moving),
        "implicit, noise, dt 0.05": (LONG.replace(eps_bar=0.1), "implicit", 0.05, moving),
        "implicit, noise, dt 5": (LONG.replace(eps_bar=0.1), "implicit", 5.0, moving),
        "midpoint, moving, dt 0.05": (LONG, "midpoint", 0.05, moving),
    }
    steps = 500

    def run(chain, method, dt, begun):
        return lambda: chain.simulate(steps, dt, x0=begun.x[0, -1], v0=begun.v[0, -1], method=method, threads=1)

    return {name: (run(*case), steps * 1000) for name, case in cases.items()}  # microseconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    table(f"ns per block-step, {MEMBERS} chains of {BLOCKS} blocks with noise", ensembles(), repeats)
    table("microseconds per step, one chain of 1000 blocks", lone_chains(), repeats)
    began = time.process_time()
    flow = inertial_flow(CHAIN.replace(k=1.0, gamma=0.1, mu_right=0.02, mu_left=0.03), t1=60.0)
    spent = time.process_time() - began
    print(f"\nevent-driven, 7 blocks: {len(flow.events)} events in {spent:.3f} s, {flow.status}")


if __name__ == "__main__":
    main()
