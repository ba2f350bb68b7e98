"""Processor time of one trajectory at equal achieved error: ours, the limit in C, and the peers that are installed.

    PYTHONPATH=src python benchmarks/nonstiff.py [--quick] [--out table.md] [--cases lorenz63,...] [--without scipy,...]

Each competitor solves at a ladder of tolerances (rtol = atol). Error: the largest component of the final state's
difference from a reference in quadruple precision. The time at a given error is read off by log-log interpolation
between the two tolerances that bracket it; '-' where no tolerance reached it. What is not timed: building, compiling.
"""

import argparse

import numpy as np

import peers
from harness import cases, curves, limits, table, timing

LADDER = tuple(10.0**-k for k in range(3, 16))
QUICK_LADDER = tuple(10.0**-k for k in (3, 6, 9, 12, 14))
TARGETS = (1e-4, 1e-8, 1e-11)
TOO_SLOW = 0.2  # seconds a solve: tighter tolerances of such a competitor are left out


def competitors(case, modules):
    solvers = peers.collect(modules, "single", case)
    if limits.COMPILER:
        solvers["C DOP853"] = lambda tol: limits.dop853(case, tol)
    return solvers


def distance(case):
    def measure(final):
        return np.abs(final - case.reference).max() if final.shape == case.reference.shape else np.inf

    return measure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="five tolerances and three rounds")
    parser.add_argument("--repeats", type=int, help="rounds (7; 3 with --quick)")
    parser.add_argument("--out", help="markdown file")
    parser.add_argument("--cases", help="names, separated by commas")
    parser.add_argument("--without", default="", help="libraries to leave out, separated by commas")
    args = parser.parse_args()
    modules, words = peers.load(args.without.split(","))
    report = table.Report("One trajectory: processor time at equal achieved error", args.out)
    report.add("; ".join(words) + ".")
    repeats = args.repeats or (3 if args.quick else 7)
    for case in cases.by_name(cases.SINGLE, args.cases):
        ladder = QUICK_LADDER if args.quick else LADDER
        runs, errors = curves.ladders(case.name, competitors(case, modules), distance(case), ladder, TOO_SLOW)
        found = curves.work_precision(runs, errors, repeats)
        report.add(f"## {case.name}, n = {case.n}, t1 = {case.t1:.6g} ({timing.load()})")
        for target in TARGETS:
            head = [f"error {target:.0e}", "median", "minimum", "over C DOP853", "over best peer"]
            report.add(table.table(head, curves.rows_at(found, target, "C DOP853")))


if __name__ == "__main__":
    main()
