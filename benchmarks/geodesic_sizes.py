"""How large a representation geodesic can be: cost over the weights of a Leaky ResNet minimised at four sizes.

    python benchmarks/geodesic_sizes.py [--quick] [--sizes 1e2 1e3 1e4 paper] [--decay 0.02] [--adam SECONDS]

Teachers are two one-hidden-layer ReLU networks (hidden 60, seeded normals) in a row, d -> k -> d, with inputs and
outputs of unit variance. Each row continues from the one above in Lt; softplus(20), 20 equal layers, float64 except for
the paper's size. Times are of the processor, all threads together: set OMP_NUM_THREADS=1 on a shared machine. `--adam`
lets Adam (torch, float32, learning rate 3e-3 falling as a cosine) work on the last row's problem for that many seconds
of processor time, from its own random start, and prints what it reached.
"""

import argparse
import resource
import time
from typing import NamedTuple

import numpy as np

from harness.table import table
from mechanics.geodesics.gauss_newton import minimise
from mechanics.geodesics.layers import Task, swept
from mechanics.leaky_resnet.activation import activation_of

LAYERS, HIDDEN, BETA = 20, 60, 20.0


class Size(NamedTuple):
    w: int
    N: int
    d: int
    k: int
    depths: tuple
    between: float
    """cons that is enough before the last depth."""
    tol: float
    rows: int = 2000
    dtype: type = np.float64


SIZES = {
    "1e2": Size(8, 12, 3, 1, (1, 2, 3, 4, 5, 6, 7), 1e-6, 1e-6),
    "1e3": Size(16, 60, 6, 2, (1, 2, 3, 4, 5, 6, 7), 1e-6, 1e-6),
    "1e4": Size(50, 200, 10, 3, (1, 2, 3, 4.5, 6, 7), 0.3, 1e-6),
    "paper": Size(100, 1000, 30, 3, (1, 3, 7), 3.0, 1e-2, 3000, np.float32),
}


def standardised(z):
    return (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)


def teacher(size, seed=0):
    """Inputs in the first d rows of (w, N), outputs (d, N), readout of the first d rows."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((size.d, size.N))

    def net(z, outputs):
        V = rng.standard_normal((HIDDEN, len(z))) / np.sqrt(len(z))
        bias = rng.standard_normal((HIDDEN, 1))
        U = rng.standard_normal((outputs, HIDDEN)) / np.sqrt(HIDDEN)
        return standardised(U @ np.maximum(V @ z + bias, 0))

    X = np.zeros((size.w, size.N))
    X[: size.d] = x
    return X, net(net(x, size.k), size.d), np.eye(size.w)[:, : size.d]


def task_of(size, decay, Lt, seed=0):
    X, Y, P = (z.astype(size.dtype) for z in teacher(size, seed))
    return Task(X, Y, P, decay * Lt, Lt, [1 / LAYERS] * LAYERS, activation_of(("softplus", BETA)), True)


def first_weights(size, seed=1):
    normals = np.random.default_rng(seed).standard_normal((LAYERS, size.w, size.w + 1))
    return (0.5 / np.sqrt(size.w) * normals).astype(size.dtype)


def hamiltonians(task, W):
    """-2H/Lt at (A_{l-1}, B_l), (L,)."""
    path = swept(task, W)
    pairs = zip(path.A[:-1], path.S, path.G[1:], strict=True)
    return np.array([2 * (-G / task.lam * A).sum() - ((G @ S.T / task.lam) ** 2).sum() for A, S, G in pairs])


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def branch(name, size, decay, max_seconds, progress):
    """Rows of the table, the last task and its result."""
    W, rows = first_weights(size), []
    for Lt in size.depths:
        task = task_of(size, decay, Lt)
        tol = size.tol if Lt == size.depths[-1] else size.between
        spent = time.process_time()
        W, report = minimise(task, W, tol=tol, rows=size.rows, max_seconds=max_seconds, progress=progress)
        spent = time.process_time() - spent
        H = hamiltonians(task, W)
        row = (
            name,
            f"{decay:g}",
            f"{Lt:g}",
            f"{report.J:.6f}",
            f"{report.mse:.4f}",
            f"{report.penalty:.4f}",
            f"{report.cons:.1e}",
            f"{np.median(H):.2f}",
            f"{np.ptp(H):.2f}",
            str(report.iterations),
            str(report.cg_steps),
            f"{spent:.1f}",
            f"{memory():.0f}",
            report.reason,
        )
        rows.append(row)
        print(*row, sep="  ", flush=True)
    return rows, task


def adam(task, size, seconds):
    """Cost, misfit and penalty that Adam reaches in so many seconds of processor time."""
    import torch

    torch.set_num_threads(1)
    X, Y, P = (torch.tensor(z, dtype=torch.float32) for z in (task.X, task.Y, task.P))
    rho, Lt, N = 1 / LAYERS, task.Lt, size.N
    start = np.random.default_rng(1).standard_normal((LAYERS, size.w, size.w + 1)) * Lt / np.sqrt(size.w)
    W = torch.tensor(start, dtype=torch.float32, requires_grad=True)
    optimiser = torch.optim.Adam([W], lr=3e-3)
    ones = torch.ones(1, N)
    spent, epochs = time.process_time(), 0
    while (used := (time.process_time() - spent) / seconds) < 1:
        optimiser.param_groups[0]["lr"] = 3e-3 * 0.5 * (1 + np.cos(np.pi * used))
        A = X
        for W_l in W:
            S = torch.cat([torch.nn.functional.softplus(A, beta=BETA), ones])
            A = (1 - rho * Lt) * A + rho * (W_l @ S)
        mse = ((Y - P.T @ A) ** 2).sum() / N
        penalty = task.lam / (2 * Lt) * rho * (W**2).sum()
        optimiser.zero_grad()
        (mse + penalty).backward()
        optimiser.step()
        epochs += 1
    print(
        f"Adam: {epochs} epochs in {seconds:.0f} s: J {mse + penalty:.6f} mse {mse:.4f} penalty {penalty:.4f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the two small sizes to Lt = 3")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["1e2", "1e3", "1e4"])
    parser.add_argument("--decay", type=float, nargs="+", default=[0.05, 0.02], help="lambda / Lt")
    parser.add_argument("--seconds", type=float, help="longest time for one depth")
    parser.add_argument("--adam", type=float, help="seconds of processor time for Adam on the last problem")
    parser.add_argument("--progress", action="store_true")
    arguments = parser.parse_args()
    names = ["1e2", "1e3"] if arguments.quick else arguments.sizes
    rows = []
    for name in names:
        size = SIZES[name]
        if arguments.quick:
            size = size._replace(depths=size.depths[:3])
        for decay in arguments.decay:
            more, task = branch(name, size, decay, arguments.seconds, arguments.progress)
            rows += more
            if arguments.adam:
                adam(task, size, arguments.adam)
    heads = (
        "w N",
        "lam/Lt",
        "Lt",
        "J",
        "mse",
        "penalty",
        "cons",
        "-2H/Lt",
        "spread",
        "steps",
        "CG",
        "CPU s",
        "MB",
        "end",
    )
    print(table(heads, rows))


if __name__ == "__main__":
    main()
