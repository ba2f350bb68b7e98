"""What a sweep costs: overhead per cell, memory, and the gain of a second worker.

    PYTHONPATH=src python benchmarks/sweeps.py [--quick] [--out table.md]

- Overhead: 10^5 cells of a few arithmetic operations in a sweep (in memory; into a store) against a plain Python loop
  over the same calls; processor time, interleaved rounds, smallest of each.
- Memory: peak of Python's allocations (tracemalloc) for 10^4 and 10^5 cells, without the data set that is returned.
- Scaling: chains in threads, and pure Python in processes, about 15 ms a cell, on one worker and on two; wall time,
  interleaved, smallest of each. Other work on the machine lowers the ratio: compare with the bare pair of processes.
"""

import argparse
import itertools
import shutil
import tempfile
import time
import tracemalloc
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from harness import table, timing
from mechanics import sweep
from mechanics.chain import SpringChain

N = 100_000


def cheap(c, seed):
    return {"x": c["a"] * seed + 1.0, "y": c["a"] - c["b"]}


def grid(n):
    return {"a": np.linspace(0.0, 1.0, n // 100), "b": np.linspace(0.0, 2.0, 100)}


def loop(n):
    axes = grid(n)
    a, b = (axis.tolist() for axis in axes.values())
    x, y = np.empty(n), np.empty(n)
    for i, (u, v) in enumerate(itertools.product(a, b)):
        found = cheap({"a": u, "b": v}, 0)
        x[i], y[i] = found["x"], found["y"]
    return x


def in_memory(n):
    return sweep(cheap, grid(n), seeds=1, workers=1, progress=False)


def on_disk(n):
    folder = Path(tempfile.mkdtemp())
    try:
        return sweep(cheap, grid(n), seeds=1, workers=1, progress=False, out=folder / "store")
    finally:
        shutil.rmtree(folder)


def peak(n):
    tracemalloc.start()
    found = on_disk(n)
    top = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    return top


def chain(c, seed):
    """A compiled loop, which releases the GIL."""
    run = SpringChain(eps_bar=0.2).simulate(steps=30_000, dt=0.01, members=16, seed=c["i"])
    return {"x": run.load_curve[:, -1].mean()}


def scalar(c, seed):
    """A logistic map of one point: plain Python."""
    x = 0.1 + 0.001 * seed
    for _ in range(250_000):
        x = 3.9 * x * (1 - x)
    return {"x": x}


def cells(function, workers, executor, count):
    def run():
        sweep(function, {"i": np.arange(count)}, seeds=1, workers=workers, executor=executor, progress=False)

    return run


def bare(workers, count):
    """The same pure Python work in bare processes: what the machine has to give."""

    def run():
        context = get_context("spawn")
        shares = [context.Process(target=burn, args=(count // workers,)) for _ in range(workers)]
        for share in shares:
            share.start()
        for share in shares:
            share.join()

    return run


def burn(count):
    for seed in range(count):
        scalar({}, seed)


def wall(runs, repeats):
    found = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            found[name].append(time.perf_counter() - start)
    return {name: min(times) for name, times in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", help="markdown file")
    args = parser.parse_args()
    report = table.Report("Sweeps", args.out)
    runs = {"loop": lambda: loop(N), "sweep in memory": lambda: in_memory(N), "sweep into a store": lambda: on_disk(N)}
    cost = timing.interleaved(runs, 2 if args.quick else 5)
    rows = [
        [name, table.seconds(t.smallest / N), table.seconds((t.smallest - cost["loop"].smallest) / N)]
        for name, t in cost.items()
    ]
    report.add(table.table(["10^5 cells", "per cell", "over the loop"], rows))
    small, large = peak(N // 10), peak(N)
    rows = [[f"{n}", f"{top / 1e6:.1f} MB"] for n, top in ((N // 10, small), (N, large))]
    report.add(table.table(["cells", "peak beside the result"], rows))
    count = 200 if args.quick else 400
    pairs = {}
    for name, make in {
        "bare processes": lambda workers: bare(workers, count),
        "chains in threads": lambda workers: cells(chain, workers, "threads", count),
        "Python in processes": lambda workers: cells(scalar, workers, "processes", count),
    }.items():
        pairs |= {(name, workers): make(workers) for workers in (1, 2)}
    seconds = wall(pairs, 1 if args.quick else 3)
    rows = [
        [name, *(table.seconds(seconds[name, k]) for k in (1, 2)), table.ratio(seconds[name, 1], seconds[name, 2])]
        for name in dict.fromkeys(name for name, _ in pairs)
    ]
    report.add(table.table([f"{count} cells", "one worker", "two workers", "ratio"], rows))


if __name__ == "__main__":
    main()
