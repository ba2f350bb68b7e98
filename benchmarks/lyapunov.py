"""Lyapunov spectra: processor time of ours and of the same work in C.

    PYTHONPATH=src python benchmarks/lyapunov.py [--quick] [--out table.md]

Equal work: the same steps, the same number of vectors, an orthonormalisation after as many steps. C: RK4 of state and
tangents with V[component][vector], hand-written derivatives, Gram-Schmidt by rows, one logarithm for many products
(benchmarks/c/lyapunov.c, with fast-math). Ours finds the derivatives from the drift. Compiling is not timed. The last
two tables have no counterpart: the same flow by ways and schemes, and full spectra of 512 and 1024 components and ten
or twenty exponents of 10 000 and 100 000, whose memory is proportional to components times vectors.
"""

import argparse
import ctypes
import resource
import time
from pathlib import Path

import numpy as np

from harness import limits, table, timing
from mechanics import Problem
from mechanics.lyapunov import Map
from mechanics.lyapunov.job import make_job
from mechanics.methods import GAUSS4, RK4
from mechanics.systems import LORENZ63, LORENZ96


def henon(n, x, p, out):
    out[0] = 1.0 - 1.4 * x[0] * x[0] + x[1]
    out[1] = 0.3 * x[0]


def fput(t, y, p, dy):
    n = len(y) // 2
    before = y[0] + p * y[0] * y[0] * y[0]
    for i in range(n - 1):
        r = y[i + 1] - y[i]
        force = r + p * r * r * r
        dy[i] = y[n + i]
        dy[n + i] = force - before
        before = force
    dy[n - 1] = y[2 * n - 1]
    dy[2 * n - 1] = -(y[n - 1] + p * y[n - 1] * y[n - 1] * y[n - 1]) - before


def lattice(n, x, p, out):
    """Logistic maps on a ring, coupled to their neighbours."""
    size = len(x)
    for i in range(size):
        a, b, c = x[i], x[(i + 1) % size], x[i - 1] if i > 0 else x[size - 1]
        out[i] = (1.0 - p) * 4.0 * a * (1.0 - a) + 0.5 * p * (4.0 * b * (1.0 - b) + 4.0 * c * (1.0 - c))


def chain(n):
    return Problem(fput, np.concatenate([np.zeros(n), np.sin(1.0 + 2.0 * np.arange(n))]), 0.0, 1.0, 1.0)


CASES = {  # system, k, dt, steps between orthonormalisations, orthonormalisations
    "Henon, k = 2, QR every step": (Map(henon, [0.1, 0.1]), 2, 1.0, 1, 100_000),
    "Henon, k = 2, QR every 3": (Map(henon, [0.1, 0.1]), 2, 1.0, 3, 33_333),
    "Lorenz63, k = 3, QR every 10": (LORENZ63.problem(), 3, 0.01, 10, 2000),
    "Lorenz96 N = 40, k = 40, QR every 10": (LORENZ96.problem(), 40, 0.01, 10, 200),
    "FPUT D = 256, k = 256, QR every 10": (chain(128), 256, 0.01, 10, 20),
    "FPUT D = 256, k = 256, QR every 100": (chain(128), 256, 0.01, 100, 2),
}


def ours(system, k, dt, q, count, method=None, backend="duals", tolerance=None):
    job = make_job(system, k, method, 0, backend=backend, tolerance=tolerance)
    room, p = job.room(q), system.p
    first = job.start()

    def run():
        V = first.copy()
        return job.advance(V, room, p, dt, 0, 1, count, q, np.ones(2))[0][0]

    return run


def in_c(library, name, system, dt, q, count):
    x0 = system.x0 if isinstance(system, Map) else system.y0
    n = len(x0)
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    number, long, whole = ctypes.c_double, ctypes.c_long, ctypes.c_int
    key = name.split()[0].rstrip(",").lower()
    function = {"henon": library.henon, "lorenz63": library.lorenz63}.get(key) or getattr(library, f"{key}_spectrum")
    if key == "henon":
        function.argtypes = [array, array, long, whole, number, number]
    elif key == "lorenz63":
        function.argtypes = [array, array, long, whole, number]
    else:
        function.argtypes = [array, array, array, long, whole, number, whole, whole]

    def run():
        x, sums = x0.copy(), np.zeros(n)
        if key == "henon":
            function(x, sums, count, q, 1.4, 0.3)
        elif key == "lorenz63":
            function(x, sums, count, q, dt)
        else:
            function(x, np.eye(n), sums, count, q, dt, n, n)
        return sums

    return run


def large(system, k, dt, q, count, label):
    began = time.perf_counter()
    job = make_job(system, k, None, 0)
    room, V = job.room(q), job.start()
    job.advance(V, room, system.p, dt, 0, 1, 1, 1, np.ones(2))
    ready = time.perf_counter()
    job.advance(V, room, system.p, dt, 1, 1, count, q, np.ones(2))
    seconds = time.perf_counter() - ready
    held = (V.nbytes + sum(a.nbytes for a in room)) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return [label, f"{ready - began:.1f} s", table.seconds(seconds / count / q), f"{held:.0f} MiB", f"{peak:.0f} MiB"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--out")
    options = parser.parse_args()
    out = table.Report("Lyapunov spectra", options.out)
    library = None
    if limits.COMPILER:
        folder = Path(limits.folder().name)
        limits.call(*limits.FLAGS, "-c", limits.SOURCES / "lyapunov.c", "-o", folder / "lyapunov.o")
        limits.call("-shared", folder / "lyapunov.o", "-o", folder / "lyapunov.so", "-lm")
        library = ctypes.CDLL(str(folder / "lyapunov.so"))
    rows = []
    for name, (system, k, dt, q, count) in CASES.items():
        runs = {"ours": ours(system, k, dt, q, count)}
        if library:
            runs["C"] = in_c(library, name, system, dt, q, count)
            a, b = (run() / (count * q * dt) for run in runs.values())
            print(f"{name}: sum {a.sum():.6f} {b.sum():.6f}, first {np.max(a):.4f} {np.max(b):.4f}")
        times = timing.interleaved(runs, 5 if options.quick else 15)
        steps, c = count * q, times.get("C")
        rows.append(
            [
                name,
                table.seconds(times["ours"].smallest / steps),
                table.seconds(c.smallest / steps) if c else "",
                table.ratio(times["ours"].smallest, c and c.smallest),
                table.ratio(times["ours"].median, c and c.median),
            ]
        )
    out.add(table.table(["case", "ours, a step", "C, a step", "least / least", "median / median"], rows))
    rows = []
    for name, system, k in (("Lorenz63", LORENZ63.problem(), 3), ("Lorenz96 N = 40", LORENZ96.problem(), 40)):
        runs = {f"RK4, {way}": ours(system, k, 0.01, 10, 50, RK4, way) for way in ("duals", "jacobian", "differences")}
        runs["GAUSS4, duals"] = ours(system, k, 0.01, 10, 50, GAUSS4)
        times = timing.interleaved(runs, 5)
        rows += [[name, way, table.seconds(t.smallest / 500)] for way, t in times.items()]
    out.add(table.table(["flow", "scheme, tangent", "a step"], rows))
    rows = [large(chain(n // 2), n, 0.01, 50, 1, f"FPUT D = k = {n}, RK4, QR every 50") for n in (512, 1024)]
    for n, k in ((10_000, 10), (100_000, 10), (100_000, 20)):
        system = Map(lattice, np.random.default_rng(0).random(n), 0.1)
        rows.append(large(system, k, 1.0, 5, 4, f"lattice D = {n}, k = {k}"))
    out.add(table.table(["case", "until ready", "a step", "arrays", "peak of the process"], rows))


if __name__ == "__main__":
    main()
