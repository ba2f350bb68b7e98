"""A batch of Lorenz systems as torch tensors on one processor: ours beside torchdiffeq, torchode and diffrax.

    PYTHONPATH=src python benchmarks/array_engine.py [--quick] [--members 1000] [--out table.md]

Forward: y(1) of every member, nothing recorded. Forward and backward: the gradient of sum |y(1)|^2 by all y(0), through
the steps (torchdiffeq and torchode: plain `backward`; diffrax: `jit` of its default adjoint). Tolerances are equal and
errors are shown; the last column is time at equal error: time * (error / our error)^(1/5), since all are of order 5.
Members with steps of their own are compared with such, one common step with such.
"""

import argparse
import importlib.util
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
import torch

from harness import table, timing
from mechanics import Problem, solve
from mechanics.methods import DOPRI5, TSIT5, VERN9

TOLERANCES = (1e-6, 1e-8)


def lorenz(t, y, p=None):
    a, b, c = y.unbind(-1)
    return torch.stack((10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c), -1)


def ours(y0, tol, method, per_member):
    def end(start):
        return solve(
            Problem(lorenz, start, 0.0, 1.0), method, rtol=tol, atol=tol, saveat=[1.0], per_member=per_member
        ).y

    return end


def of_torchdiffeq(y0, tol):
    from torchdiffeq import odeint

    ts = torch.tensor([0.0, 1.0], dtype=torch.float64)
    return lambda start: odeint(lorenz, start, ts, rtol=tol, atol=tol, method="dopri5")[-1]


def of_torchode(y0, tol):
    import torchode

    term = torchode.ODETerm(lorenz)
    control = torchode.IntegralController(atol=tol, rtol=tol, term=term)
    solver = torchode.AutoDiffAdjoint(torchode.Tsit5(term=term), control)
    ts = torch.tensor([[0.0, 1.0]] * len(y0), dtype=torch.float64)
    return lambda start: solver.solve(torchode.InitialValueProblem(y0=start, t_eval=ts)).ys[:, -1]


def with_torch(end, y0):
    """Runs of a function of a tensor: (forward, forward and backward), results as NumPy arrays."""
    start = torch.from_numpy(y0)

    def forward():
        with torch.no_grad():
            return end(start).numpy()

    def backward():
        leaf = start.clone().requires_grad_()
        (end(leaf) ** 2).sum().backward()
        return leaf.grad.numpy()

    return forward, backward


def of_diffrax(y0, tol):
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def slope(t, y, p):
        a, b, c = y
        return jnp.stack((10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c))

    def end(y):
        control = diffrax.PIDController(rtol=tol, atol=tol)
        return diffrax.diffeqsolve(
            diffrax.ODETerm(slope), diffrax.Tsit5(), 0.0, 1.0, None, y, stepsize_controller=control, max_steps=4096
        ).ys[0]

    starts = jnp.asarray(y0)
    forward = jax.jit(jax.vmap(end))
    backward = jax.jit(jax.grad(lambda y: jnp.sum(jax.vmap(end)(y) ** 2)))
    return lambda: np.asarray(forward(starts)), lambda: np.asarray(backward(starts))


def competitors(y0, tol):
    """{(kind, name): (forward, forward and backward)} of what is installed."""
    found = {
        ("each member", "mechanics TSIT5"): with_torch(ours(y0, tol, TSIT5, True), y0),
        ("one step", "mechanics TSIT5, common"): with_torch(ours(y0, tol, TSIT5, False), y0),
        ("one step", "mechanics DOPRI5, common"): with_torch(ours(y0, tol, DOPRI5, False), y0),
    }
    if importlib.util.find_spec("torchode"):
        found["each member", "torchode Tsit5"] = with_torch(of_torchode(y0, tol), y0)
    if importlib.util.find_spec("torchdiffeq"):
        found["one step", "torchdiffeq dopri5"] = with_torch(of_torchdiffeq(y0, tol), y0)
    if importlib.util.find_spec("diffrax"):
        found["each member", "diffrax Tsit5, jit, vmap"] = of_diffrax(y0, tol)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one tolerance and three rounds")
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--out", help="markdown file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    y0 = np.random.default_rng(1).normal([0.0, 0.0, 20.0], 1.0, (args.members, 3))
    report = table.Report("Array engine: a batch of Lorenz systems in torch", args.out)
    exact = with_torch(ours(y0, 1e-13, VERN9, True), y0)
    truths = [run() for run in exact]
    for tol in TOLERANCES[: 1 if args.quick else None]:
        runs = competitors(y0, tol)
        for k, what in enumerate(("forward", "forward and backward")):
            errors = {key: float(np.abs(pair[k]() - truths[k]).max()) for key, pair in runs.items()}
            times = timing.interleaved({key: pair[k] for key, pair in runs.items()}, 3 if args.quick else 7)
            rows = []
            for kind, name in sorted(times, key=lambda key: (key[0], times[key].median)):
                mine = next(key for key in times if key[0] == kind and key[1].startswith("mechanics"))
                found, error = times[kind, name].median, errors[kind, name]
                rows.append(
                    [
                        kind,
                        name,
                        table.seconds(found),
                        table.seconds(times[kind, name].smallest),
                        table.ratio(found, times[mine].median),
                        f"{error:.1e}",
                        table.ratio(found * (error / errors[mine]) ** 0.2, times[mine].median),
                    ]
                )
            report.add(f"## {what}, tolerance {tol:.0e}, {args.members} members ({timing.load()})")
            head = ["steps", "solver", "median", "minimum", "over ours", "largest error", "over ours at equal error"]
            report.add(table.table(head, rows))


if __name__ == "__main__":
    main()
