"""Streaming statistics of wide layers beside scatter matrices, and He and Su's metric beside a pseudo-inverse.

    python benchmarks/nets_measure.py [--quick]

Time: medians over interleaved rounds, one thread. Memory: growth of the resident peak in a fresh process each.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch

from nets.measure import separation

CLASSES = 10


def scatter_matrices(x, y):
    """What a user would write: d x d scatter matrices in double precision, traces at the end."""
    x = x.double()
    mean = x.mean(0)
    within = torch.zeros(x.shape[1], x.shape[1], dtype=torch.float64)
    between = torch.zeros_like(within)
    for c in range(CLASSES):
        rows = x[y == c]
        centre = rows.mean(0)
        within += (rows - centre).T @ (rows - centre) / len(x)
        between += len(rows) / len(x) * torch.outer(centre - mean, centre - mean)
    return within, between


def naive_trace(x, y):
    within, between = scatter_matrices(x, y)
    return float(torch.log(within.trace() / between.trace()))


def naive_pinv(x, y):
    within, between = scatter_matrices(x, y)
    return float(torch.log((within @ torch.linalg.pinv(between, hermitian=True)).trace()))


def streamed(x, y):
    return separation(x, y)


def projected(x, y):
    return separation(x, y, "pinv")


def data(width, n=2560):
    generator = torch.Generator().manual_seed(width)
    y = torch.arange(n) % CLASSES
    means = torch.randn(CLASSES, width, generator=generator)
    return means[y] + torch.randn(n, width, generator=generator), y


def compare(width, ours, theirs, rounds):
    x, y = data(width)
    times = np.array([[_timed(f, x, y) for f in (ours, theirs)] for _ in range(rounds)])
    difference = abs(ours(x, y) - theirs(x, y))
    (a, b), ratio = np.median(times, axis=0), np.median(times[:, 1] / times[:, 0])
    print(f"{ours.__name__:9} width {width:5}: {a:8.3f} s; {theirs.__name__:11} {b:8.3f} s; ratio {ratio:5.1f}; "
          f"difference {difference:.1e}", flush=True)  # fmt: skip


def _timed(f, x, y):
    start = time.perf_counter()
    f(x, y)
    return time.perf_counter() - start


def _peak(f, width, queue):
    torch.set_num_threads(1)
    x, y = data(width)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is resident now
    before = _resident_peak()
    f(x, y)
    queue.put(_resident_peak() - before)


def _resident_peak():
    """Megabytes (Linux)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def peak(f, width):
    queue = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(target=_peak, args=(f, width, queue))
    process.start()
    megabytes = queue.get()
    process.join()
    return megabytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    compare(4096, streamed, naive_trace, 1 if quick else 5)
    compare(1024, projected, naive_pinv, 1 if quick else 7)
    ours, theirs = peak(streamed, 4096), peak(naive_trace, 4096)
    print(f"peak memory beyond the data, width 4096: {ours:.0f} MB; {theirs:.0f} MB; ratio {theirs / max(ours, 1):.1f}")


if __name__ == "__main__":
    main()
