"""Ensembles of stochastic equations: Euler-Maruyama against a bare loop with the same noise kernels, and the peers.

    PYTHONPATH=src python benchmarks/sde.py [--quick] [--without diffrax,torchsde]

10,000 members of 1000 steps on one core, each end kept: Ornstein-Uhlenbeck, noisy double well, oscillator with noise in
its force, chain of 7 blocks with additive noise. The bare loop is what a user of numba writes for one system by hand:
128 members side by side, noise of all of them filled at once by `mechanics.noise`. Interleaved rounds; nanoseconds of
processor time a member-step (the least of the rounds), and ratios to the bare loop.
"""

import argparse
import math
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
from numba import njit

from harness import timing
from mechanics import Problem, ensemble
from mechanics.methods import EULER_MARUYAMA, SRA1
from mechanics.noise.normals import fill_normals

LANES, DT = 128, 0.01


def ou(t, y, p, dy):
    dy[0] = -y[0]


def well(t, y, p, dy):
    dy[0] = y[0] * (1.0 - y[0] * y[0])


def oscillator(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -2.25 * y[0] - 0.5 * y[1]


def chain(t, y, p, dy):
    dy[0] = y[1] - 2.0 * y[0]
    for i in range(1, 6):
        dy[i] = (y[i + 1] - y[i]) - (y[i] - y[i - 1])
    dy[6] = (1.0 - y[6]) - (y[6] - y[5])


def half(t, y, p, g):
    for i in range(len(y)):
        g[i] = 0.5


def force(t, y, p, g):
    g[0] = 0.0
    g[1] = 0.5


CASES = {"Ornstein-Uhlenbeck": (ou, half, 1), "double well": (well, half, 1), "oscillator": (oscillator, force, 2),
         "chain of 7": (chain, half, 7)}  # fmt: skip


def bare(name, members, steps):
    """A loop by hand over members side by side."""
    _, _, n = CASES[name]
    rows, root = n + n % 2, math.sqrt(DT)
    scale = np.full(n, 0.5 * root)
    if name == "oscillator":
        scale[0] = 0.0

    if n == 1:
        cubic = name == "double well"

        @njit(error_model="numpy")
        def step(x, new, z):
            for i in range(LANES):
                force = x[0, i] * (1.0 - x[0, i] * x[0, i]) if cubic else -x[0, i]
                new[0, i] = x[0, i] + DT * force + scale[0] * z[0, i]
    elif n == 2:

        @njit(error_model="numpy")
        def step(x, new, z):
            for i in range(LANES):
                new[0, i] = x[0, i] + DT * x[1, i]
                new[1, i] = x[1, i] + DT * (-2.25 * x[0, i] - 0.5 * x[1, i]) + scale[1] * z[1, i]
    else:

        @njit(error_model="numpy")
        def step(x, new, z):
            for b in range(n):
                for i in range(LANES):
                    left = x[b - 1, i] if b > 0 else 0.0
                    right = x[b + 1, i] if b < n - 1 else 1.0
                    new[b, i] = x[b, i] + DT * ((right - x[b, i]) - (x[b, i] - left)) + scale[b] * z[b, i]

    @njit(error_model="numpy", nogil=True)
    def run(out, seed):
        z, x, new = np.zeros((rows, LANES)), np.zeros((n, LANES)), np.zeros((n, LANES))
        for first in range(0, len(out), LANES):
            x[:] = 0.0
            for k in range(steps):
                fill_normals(z, seed, np.uint64(first), np.uint64(k), False)
                step(x, new, z)
                x, new = new, x
            for i in range(min(LANES, len(out) - first)):
                for b in range(n):
                    out[first + i, b] = x[b, i]
        return out

    out = np.empty((members, n))
    return lambda: run(out, np.uint64(1))


def ours(name, members, steps, method):
    drift, diffusion, n = CASES[name]
    problem = Problem(drift, np.zeros(n), 0.0, steps * DT, diffusion=diffusion, noise="additive")
    return lambda: ensemble(problem, method, members=members, seed=1, dt=DT, threads=1).y


def with_diffrax(name, members, steps):
    """Diffrax with its path for fixed steps, vmap over members, compiled once."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    n = CASES[name][2]
    scale = jnp.array([0.0, 0.5]) if name == "oscillator" else jnp.full(n, 0.5)

    def f(t, y, args):
        if name == "Ornstein-Uhlenbeck":
            return -y
        if name == "double well":
            return y * (1.0 - y * y)
        if name == "oscillator":
            return jnp.stack([y[1], -2.25 * y[0] - 0.5 * y[1]])
        x = jnp.concatenate([jnp.zeros(1), y, jnp.ones(1)])
        return x[2:] - 2.0 * y + x[:-2]

    def one(key):
        path = diffrax.UnsafeBrownianPath(shape=(n,), key=key)
        noise = diffrax.WeaklyDiagonalControlTerm(lambda t, y, args: scale, path)
        found = diffrax.diffeqsolve(
            diffrax.MultiTerm(diffrax.ODETerm(f), noise), diffrax.Euler(), 0.0, steps * DT, DT, jnp.zeros(n),
            saveat=diffrax.SaveAt(t1=True), max_steps=steps + 2, adjoint=diffrax.ForwardMode(),
        )  # fmt: skip
        return found.ys[0]

    compiled = jax.jit(jax.vmap(one))
    keys = jax.random.split(jax.random.PRNGKey(1), members)
    return lambda: np.asarray(compiled(keys))


def with_torchsde(name, members, steps):
    """Torchsde's Euler method, members as the batch, one thread."""
    import torch
    import torchsde

    torch.set_num_threads(1)
    n = CASES[name][2]
    scale = torch.tensor([0.0, 0.5]) if name == "oscillator" else torch.full((n,), 0.5)

    class Equation(torch.nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def f(self, t, y):
            if name == "Ornstein-Uhlenbeck":
                return -y
            if name == "double well":
                return y * (1.0 - y * y)
            if name == "oscillator":
                return torch.stack([y[:, 1], -2.25 * y[:, 0] - 0.5 * y[:, 1]], 1)
            x = torch.nn.functional.pad(y, (1, 1))
            x[:, -1] = 1.0
            return x[:, 2:] - 2.0 * y + x[:, :-2]

        def g(self, t, y):
            return scale.to(y).expand_as(y)

    y0, ts = torch.zeros(members, n, dtype=torch.float64), torch.tensor([0.0, steps * DT], dtype=torch.float64)
    equation = Equation()

    def run():
        with torch.no_grad():
            return torchsde.sdeint(equation, y0, ts, dt=DT, method="euler")[-1].numpy()

    return run


def main(quick=False, without=()):
    members, steps, rounds = (2_000, 200, 3) if quick else (10_000, 1000, 5)
    print(f"Euler-Maruyama, {members} members, {steps} steps; {timing.load()}\n")
    print("| case | run | ns a member-step | over the bare loop |\n|---|---|---|---|")
    for name in CASES:
        sizes = {"bare loop": members, "mechanics": members, "mechanics SRA1": members}
        runs = {
            "bare loop": bare(name, members, steps),
            "mechanics": ours(name, members, steps, EULER_MARUYAMA),
            "mechanics SRA1": ours(name, members, steps, SRA1),
        }
        for peer, make in (("diffrax", with_diffrax), ("torchsde", with_torchsde)):
            if peer not in without:
                try:
                    sizes[peer] = members // 5  # they are slow; the cost of a member is the same or less in a batch
                    runs[peer] = make(name, sizes[peer], steps // 5)
                    sizes[peer] //= 5
                except ImportError as error:
                    print(f"{peer} left out ({error})")
        times = timing.interleaved(runs, rounds, batch=0.0)
        cost = {key: times[key].smallest / (sizes[key] * steps) * 1e9 for key in runs}
        for key in runs:
            print(f"| {name} | {key} | {cost[key]:.2f} | {cost[key] / cost['bare loop']:.2f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without", default="")
    given = parser.parse_args()
    main(given.quick, tuple(given.without.split(",")))
