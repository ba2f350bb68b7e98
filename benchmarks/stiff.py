"""Processor time of one stiff trajectory at equal achieved error: ours and the peers that are installed.

    PYTHONPATH=src python benchmarks/stiff.py [--quick] [--out table.md] [--cases robertson,...] [--without scipy,...]

Each competitor solves at a ladder of tolerances, with atol = rtol times the case's floor (`harness.cases.STIFF`).
Error: the largest relative error of a component of the final state, known to 60 digits (of the Brusselator: VERN9 at
1e-13). The time at a given error is read off by log-log interpolation between the two tolerances that bracket it; '-'
where no tolerance reached it. Nobody is given the Jacobian; the band of the Brusselator (200 unknowns) is given to
those that can use it: ours, CVODE, SciPy's and CyRK's LSODA. What is not timed: building, compiling.
"""

import argparse

import peers
from harness import cases, curves, table, timing

LADDER = tuple(10.0 ** (-0.5 * k) for k in range(4, 25))
QUICK_LADDER = tuple(10.0**-k for k in range(2, 13))
TARGETS = (1e-4, 1e-8)
TOO_SLOW = 0.15  # seconds a solve: tighter tolerances of such a competitor are left out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="whole decades of tolerance and three rounds")
    parser.add_argument("--repeats", type=int, help="rounds (7; 3 with --quick)")
    parser.add_argument("--out", help="markdown file")
    parser.add_argument("--cases", help="names, separated by commas")
    parser.add_argument("--without", default="", help="libraries to leave out, separated by commas")
    args = parser.parse_args()
    modules, words = peers.load(args.without.split(","))
    report = table.Report("One stiff trajectory: processor time at equal achieved error", args.out)
    report.add("; ".join(words) + ".")
    repeats, ladder = args.repeats or (3 if args.quick else 7), QUICK_LADDER if args.quick else LADDER
    for case in cases.by_name(cases.STIFF, args.cases):
        solvers = peers.collect(modules, "stiff", case)
        runs, errors = curves.ladders(case.name, solvers, case.error, ladder, TOO_SLOW)
        found = curves.work_precision(runs, errors, repeats)
        report.add(f"## {case.name}, n = {case.n}, t1 = {case.t1:.6g} ({timing.load()})")
        for target in TARGETS:
            head = [f"error {target:.0e}", "median", "minimum", "over best peer"]
            report.add(table.table(head, curves.rows_at(found, target)))


if __name__ == "__main__":
    main()
