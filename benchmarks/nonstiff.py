"""Processor time of one trajectory at equal achieved error: ours, the limit in C, and the peers that are installed.

    PYTHONPATH=src python benchmarks/nonstiff.py [--quick] [--out table.md] [--cases lorenz63,...] [--without scipy,...]

Each competitor solves at a ladder of tolerances (rtol = atol). Error: the largest component of the final state's
difference from a reference in quadruple precision. The time at a given error is read off by log-log interpolation
between the two tolerances that bracket it; '-' where no tolerance reached it. What is not timed: building, compiling.
"""

import argparse

import numpy as np

import peers
from harness import cases, limits, table, timing

LADDER = tuple(10.0**-k for k in range(3, 16))
QUICK_LADDER = tuple(10.0**-k for k in (3, 6, 9, 12, 14))
TARGETS = (1e-4, 1e-8, 1e-11)
TOO_SLOW = 0.2  # seconds a solve: tighter tolerances of such a competitor are left out


def prepare(case, modules, ladder):
    """Runs by (name, tolerance) and their errors; a competitor leaves the ladder when it is slow or fails."""
    solvers = peers.collect(modules, "single", case)
    if limits.COMPILER:
        solvers["C DOP853"] = lambda tol: limits.dop853(case, tol)
    runs, errors = {}, {}
    for name, solve in solvers.items():
        for tol in ladder:
            try:
                run = solve(tol)
                final = np.array(run())
                seconds, _ = timing.once(run, 1)
            except Exception as failure:
                print(f"  {case.name}, {name} at {tol:.0e}: {type(failure).__name__}: {str(failure).splitlines()[0]}")
                break
            error = np.abs(final - case.reference).max() if final.shape == case.reference.shape else np.inf
            if np.isfinite(error):
                runs[name, tol], errors[name, tol] = run, max(error, 1e-17)
            if seconds > TOO_SLOW:
                break
    return runs, errors


def at_error(errors, seconds, target):
    """Time at `target` by log-log interpolation along decreasing tolerance; None if no tolerance reached it.

    Where even the loosest tolerance is more accurate than the target, its time is taken: nothing faster was seen.
    """
    for k, error in enumerate(errors):
        if error <= target:
            if k == 0:
                return seconds[0]
            x = np.log([errors[k - 1], error])
            y = np.log([seconds[k - 1], seconds[k]])
            return float(np.exp(y[0] + (np.log(target) - x[0]) / (x[1] - x[0]) * (y[1] - y[0])))
    return None


def work_precision(case, modules, ladder, repeats):
    """{name: (errors, medians, minima)}, each along the ladder."""
    runs, errors = prepare(case, modules, ladder)
    times = timing.interleaved(runs, repeats)
    curves = {}
    for key in runs:
        point = errors[key], times[key].median, times[key].smallest
        for part, value in zip(curves.setdefault(key[0], ([], [], [])), point, strict=True):
            part.append(value)
    return curves


def rows_at(curves, target):
    """One row a competitor: median and minimum at the target, over C, over the best peer; fastest first."""
    found = {name: (at_error(e, med, target), at_error(e, low, target)) for name, (e, med, low) in curves.items()}
    limit = found.get("C DOP853", (None, None))[0]
    peer = [med for name, (med, _) in found.items() if med and not name.startswith(("C ", "mechanics"))]
    best = min(peer, default=None)
    ordered = sorted(found.items(), key=lambda item: item[1][0] or np.inf)
    return [
        [name, table.seconds(med), table.seconds(low), table.ratio(med, limit), table.ratio(med, best)]
        for name, (med, low) in ordered
    ]


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
        curves = work_precision(case, modules, QUICK_LADDER if args.quick else LADDER, repeats)
        report.add(f"## {case.name}, n = {case.n}, t1 = {case.t1:.6g} ({timing.load()})")
        for target in TARGETS:
            head = [f"error {target:.0e}", "median", "minimum", "over C DOP853", "over best peer"]
            report.add(table.table(head, rows_at(curves, target)))


if __name__ == "__main__":
    main()
