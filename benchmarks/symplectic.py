"""Fixed symplectic steps: processor time and energy error of ours, of the same loops in C, and of heyoka.

    PYTHONPATH=src python benchmarks/symplectic.py [--quick] [--out table.md]

A million leapfrog steps of Henon and Heiles and of Kepler's ellipse; all others go as far. States are kept at 20 times,
and the energy error is the largest there, relative, computed in extended precision. Building and compiling is not
timed. C: benchmarks/c/splitting.c; its flags allow what our arithmetic does not (fast-math).
"""

import argparse

import numpy as np

from harness import cases, limits, table, timing
from mechanics import Problem, solve
from mechanics.methods import (
    BLANES_MOAN_RKN6,
    GAUSS16,
    KAHAN_LI8,
    VERLET,
    VERN9,
    YOSHIDA4,
    YOSHIDA8,
    compensated,
)

SEEN = 20
TOLERANCE = 1e-15  # of heyoka
JUMP = 1.351207191959657634  # of YOSHIDA4
C_WEIGHTS = {"VERLET": (1.0,), "YOSHIDA4": (JUMP, 1.0 - 2.0 * JUMP, JUMP)}
# steps in units of the leapfrog's; those of the last methods give errors like heyoka's or less
OURS = {
    "henon_heiles": (
        (VERLET, 1.0), (compensated(VERLET), 1.0), (YOSHIDA4, 1.0), (YOSHIDA8, 1.0), (KAHAN_LI8, 1.0),
        (BLANES_MOAN_RKN6, 1.0), (VERN9, 1.0), (GAUSS16, 5.0), (GAUSS16, 6.25),
    ),
    "kepler": (
        (VERLET, 1.0), (compensated(VERLET), 1.0), (YOSHIDA4, 1.0), (YOSHIDA8, 1.0), (KAHAN_LI8, 2.0),
        (BLANES_MOAN_RKN6, 1.0), (VERN9, 3.0), (GAUSS16, 16.0), (GAUSS16, 20.0),
    ),
}  # fmt: skip


def energy(case, ys):
    """Energy of states (..., 4)."""
    a, b, u, v = np.moveaxis(np.asarray(ys, np.longdouble), -1, 0)
    if case.name == "kepler":
        return (u * u + v * v) / 2 - 1 / np.sqrt(a * a + b * b)
    return (a * a + b * b + u * u + v * v) / 2 + a * a * b - b**3 / 3


def error(case, ys):
    return float(np.abs(energy(case, ys) / energy(case, case.y0) - 1).max())


def ours(case, method, dt, times):
    problem = Problem(case.drift, case.y0, 0.0, case.t1)
    return lambda: solve(problem, method, dt=dt, saveat=times).ys


def prepare(case, steps):
    """Runs by (name, dt)."""
    dt, times = case.t1 / steps, np.linspace(0.0, case.t1, SEEN + 1)[1:]
    runs = {}
    if limits.COMPILER:
        for name, weights in C_WEIGHTS.items():
            runs[f"C {name}", dt] = limits.leapfrog_steps(case, weights, dt, steps, SEEN)
    for method, factor in OURS[case.name]:
        runs[method.name, factor * dt] = ours(case, method, factor * dt, times)
    try:
        from peers import with_heyoka

        runs[f"heyoka {with_heyoka.VERSION}", None] = with_heyoka.along(case, TOLERANCE, times)
    except ImportError as missing:
        print(f"heyoka left out: {missing}")
    return runs


def report(case, steps, repeats, out):
    runs = prepare(case, steps)
    errors = {key: error(case, run()) for key, run in runs.items()}
    times = timing.interleaved(runs, repeats)
    rows = []
    for key in sorted(runs, key=lambda key: times[key].smallest):
        name, dt = key
        same_in_c = next((times[k] for k in runs if k[0] == f"C {name}"), None)
        taylor = next((times[k] for k in runs if k[0].startswith("heyoka")), None)
        rows.append(
            [
                name,
                "own" if dt is None else f"{dt:.4g}",
                table.seconds(times[key].smallest),
                table.seconds(times[key].median),
                table.ratio(times[key].smallest, same_in_c and same_in_c.smallest),
                table.ratio(times[key].smallest, taylor and taylor.smallest),
                f"{errors[key]:.1e}",
            ]
        )
    out.add(f"## {case.name}, t = 0 .. {case.t1:g}")
    out.add(table.table(["method", "dt", "least", "median", "/ C", "/ heyoka", "energy error"], rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds")
    parser.add_argument("--out")
    options = parser.parse_args()
    out = table.Report("Fixed symplectic steps", options.out)
    for case in cases.HAMILTONIAN:
        report(case, 1_000_000, 3 if options.quick else 15, out)


if __name__ == "__main__":
    main()
