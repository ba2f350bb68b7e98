"""Representation geodesics: time, iterations, residual, spread of H, consistency, memory; Adam on the same network.

    python benchmarks/geodesics.py [--large] [--ranks]

Each row is a branch from Lt = 1 to 3 at lam = 0.05 with 20 layers, from seed 0: continuous up to w N = 100, networks
(softplus of beta = 4, ReLU) by the default method. Adam (full batch, its usual constants, the best of
three rates) starts from the same small weights at Lt = 3 and is given 2000 steps; "within 1 %" is when its cost first
comes so near to ours. Processor time of one run on one thread; peak memory of Python's and NumPy's own allocations.
"""

import argparse
import time
import tracemalloc
import warnings

import numpy as np

from harness import timing
from harness.table import table
from mechanics.geodesics.layers import Task, forward, gradient, misfit, penalty, swept
from mechanics.hamiltonian import LeakyResNet, solve_geodesic
from mechanics.leaky_resnet.activation import activation_of

LAM, LT, LAYERS = 0.05, 3.0, 20
SOFT = ("softplus", 4.0)
SIZES = ((3, 4), (5, 20), (20, 50))


def teacher(w, N):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(w, N))
    return X, np.tanh(rng.normal(size=(w, w)) @ X / np.sqrt(w))


def cost(task, W):
    return misfit(task, forward(task, W)[-1]) + penalty(task, W)


def cons(task, W):
    """max_l ||W_l - Lt B_l S_{l-1}^T|| / ||W_l||, from the gradient."""
    g = gradient(task, W, swept(task, W)).reshape(len(W), -1) * LAYERS * LT / LAM
    return float((np.linalg.norm(g, axis=1) / np.linalg.norm(W.reshape(len(W), -1), axis=1)).max())


def ours(w, N, activation, scheme, tol):
    X, Y = teacher(w, N)

    def run():
        return solve_geodesic(X, Y, LAM, LT, activation=activation, scheme=scheme, layers=LAYERS, tol=tol)

    begin = time.process_time()
    path = run()
    seconds = time.process_time() - begin
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return path, seconds, peak


def adam(w, N, activation, best, steps=2000):
    """Least J, its cons, seconds, and seconds to within 1 % of `best`."""
    X, Y = teacher(w, N)
    task = Task(X, Y, np.eye(w), LAM, LT, np.full(LAYERS, 1 / LAYERS), activation_of(activation), True)
    runs = []
    for rate in (3e-3, 1e-2, 3e-2):
        W = 0.1 / np.sqrt(w) * np.random.default_rng(0).normal(size=(LAYERS, w, w + 1))
        m, v, near, begin = 0.0, 0.0, np.nan, time.process_time()
        for k in range(1, steps + 1):
            g = gradient(task, W, swept(task, W))
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            W = W - rate * (1 + np.cos(np.pi * k / steps)) / 2 * (m / (1 - 0.9**k)) / (
                np.sqrt(v / (1 - 0.999**k)) + 1e-8
            )
            if np.isnan(near) and k % 20 == 0 and cost(task, W) < 1.01 * best:
                near = time.process_time() - begin
        seconds = time.process_time() - begin
        runs.append((cost(task, W), cons(task, W), seconds, near))
    return min(runs)


def ranks(k):
    """Rows of Lt, seconds, -2H/Lt, least stable COI, cons, how it ended."""
    rng = np.random.default_rng(0)
    d, N, w = 6, 60, 16

    def net(x, out):
        inner = rng.normal(size=(60, len(x))) / np.sqrt(len(x)) @ x + rng.normal(size=(60, 1))
        y = rng.normal(size=(out, 60)) @ np.maximum(inner, 0)
        return (y - y.mean(1, keepdims=True)) / y.std(1, keepdims=True)

    x = rng.normal(size=(d, N))
    Y = net(net(x, k), d)
    into, P = (np.linalg.qr(rng.normal(size=(w, d)))[0] for _ in range(2))
    rows, path = [], None
    for Lt in range(1, 9):
        begin = time.process_time()
        act = ("softplus", 20.0)
        path = solve_geodesic(into @ x, Y, 0.02 * Lt, Lt, activation=act, readout=P, tol=1e-6, start=path)
        H = np.median(path.rank_estimate)
        coi = LeakyResNet(Lt, act).cost_of_identity(path.A, 1e-4).min() if path.converged else np.nan
        rows.append([
            str(k), str(Lt), f"{time.process_time() - begin:.1f} s", f"{H:.2f}", f"{coi:.2f}",
            f"{path.mse:.3f}", f"{path.cons:.0e}", path.reason.split(":")[0],
        ])  # fmt: skip
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="ReLU at w N = 1000 as well (minutes)")
    parser.add_argument("--ranks", action="store_true", help="only -2H/Lt and COI over Lt")
    asked = parser.parse_args()
    large = asked.large
    print(timing.load(), "\n")
    if asked.ranks:
        heads = ["k", "Lt", "time", "-2H/Lt", "least stable COI", "mse", "cons", "ended"]
        print(table(heads, ranks(2) + ranks(3)))
        return
    rows, others = [], []
    for w, N in SIZES:
        cases = [(SOFT, "network"), ("relu", "network")]
        if w * N <= 100:
            cases.insert(0, (SOFT, "continuous"))
        elif not large:
            cases.pop()
        for activation, scheme in cases:
            tol = 1e-8 if w * N <= 100 else 1e-6
            with warnings.catch_warnings(action="ignore"):
                path, seconds, peak = ours(w, N, activation, scheme, tol)
            name = f"{w} x {N}, {activation if activation == 'relu' else 'softplus 4'}, {scheme}"
            spread = np.ptp(path.H) / max(1.0, np.abs(path.H).max())
            iterations = sum(point.iterations for point in path.branch)
            rows.append([
                name, path.reason.split(":")[0], f"{seconds:.2f} s", f"{len(path.branch)}", f"{iterations}",
                f"{path.residual:.1e}", f"{spread:.1e}", f"{path.cons:.1e}", f"{peak / 2**20:.0f} MB", f"{path.J:.6f}",
            ])  # fmt: skip
            if scheme == "network":
                J, miss, taken, near = adam(w, N, activation, path.branch[-1].J)
                others.append([name, f"{J:.6f}", f"{miss:.1e}", f"{taken:.1f} s", f"{near:.2f} s", f"{seconds:.2f} s"])
    heads = ["case", "ended", "time", "points", "iterations", "residual", "H spread", "cons", "peak", "J"]
    print(table(heads, rows), "\n")
    print(table(["Adam, 2000 steps", "J", "cons", "time", "within 1 %", "our time"], others))


if __name__ == "__main__":
    main()
