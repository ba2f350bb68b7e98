"""Processor time of an ensemble on one core: fixed RK4 and adaptive steps, six systems of 2 to 28 components.

    PYTHONPATH=src python benchmarks/ensembles.py [--quick] [--out table.md] [--cases lorenz63,...] [--without scipy]

RK4 takes 1000 steps (dt = 0.001 on [0, 1] for Lorenz 63); adaptive runs have rtol = atol = 1e-6 and 1e-8, with Tsit5
where a library has it. Error: the largest over members and components against the C code at 1e-12. The limit is C with
one vector register of members, or 2 or 4 that take turns, whichever is fastest here. Ours and the limit are timed on
two threads too: there wall time counts.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import peers
from harness import cases, limits, table, timing

STEPS = 1000
TOLERANCES = (1e-6, 1e-8)


def in_threads(make, y0, threads):
    """A run of `make(part)` for each part of the members at once; ctypes lets go of the interpreter lock."""
    pool = ThreadPoolExecutor(threads)
    parts = [make(np.ascontiguousarray(part)) for part in np.array_split(y0, threads)]
    return lambda: np.concatenate(list(pool.map(lambda run: run(), parts)))


def fastest_limit(make, y0, repeats):
    """The number of groups with the least processor time, by a short trial of its own."""
    times = timing.interleaved({groups: make(y0, groups) for groups in limits.GROUPS}, min(repeats, 3))
    return min(times, key=lambda groups: times[groups].smallest)


def competitors(case, y0, modules, kind, value, repeats):
    """{name: run}; the limit in C and this library appear with two threads too."""
    found = {}
    if limits.COMPILER:

        def make(part, groups):
            compiled = limits.rk4_lanes if kind == "fixed" else limits.tsit5_lanes
            return compiled(case, part, value, groups)

        groups = fastest_limit(make, y0, repeats)
        found["C lanes"] = make(y0, groups)
        found["C lanes, 2 threads"] = in_threads(lambda part: make(part, groups), y0, 2)
    found.update(peers.collect(modules, kind, case, y0, value))
    if "mechanics" in modules:
        for name, run in getattr(modules["mechanics"], kind)(case, y0, value, threads=2).items():
            found[f"{name}, 2 threads"] = run
    return found


def reference(case, y0):
    """Final states to about 1e-11; None without a compiler."""
    return limits.tsit5_lanes(case, y0, 1e-12, 1)().copy() if limits.COMPILER else None


def measured(case, y0, truth, modules, kind, value, repeats):
    """Rows of the table, fastest first."""
    runs, errors = {}, {}
    for name, run in competitors(case, y0, modules, kind, value, repeats).items():
        try:
            final = np.array(run())
        except Exception as failure:
            print(f"  {case.name}, {name}: {type(failure).__name__}: {str(failure).splitlines()[0]}", flush=True)
            continue
        runs[name] = run
        errors[name] = np.nan if truth is None else np.abs(final - truth).max()
    times = timing.interleaved(runs, repeats)
    median = {name: times[name].median for name in runs}
    one_core = {name: value for name, value in median.items() if not name.endswith("2 threads")}
    best = min((v for name, v in one_core.items() if not name.startswith(("C ", "mechanics"))), default=None)
    return [
        [
            name,
            table.seconds(median[name]),
            table.seconds(times[name].smallest),
            table.seconds(float(np.median(times[name].wall))),
            table.ratio(median[name], median.get("C lanes")),
            table.ratio(median[name], best),
            f"{errors[name]:.1e}",
        ]
        for name in sorted(runs, key=median.get)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the members and three rounds")
    parser.add_argument("--repeats", type=int, help="rounds (7; 3 with --quick)")
    parser.add_argument("--out", help="markdown file")
    parser.add_argument("--cases", help="names, separated by commas")
    parser.add_argument("--without", default="", help="libraries to leave out, separated by commas")
    args = parser.parse_args()
    modules, words = peers.load(args.without.split(","))
    report = table.Report("Ensembles: processor time on one core", args.out)
    report.add("; ".join(words) + ".")
    repeats = args.repeats or (3 if args.quick else 7)
    for case in cases.by_name(cases.ENSEMBLES, args.cases):
        members = max(case.members // 10, 50) if args.quick else case.members
        y0 = case.starts(members)
        truth = reference(case, y0)
        report.add(f"## {case.name}, n = {case.n}, {members} members to t1 = {case.t1:g} ({timing.load()})")
        for kind, value in (("fixed", STEPS), *(("adaptive", tol) for tol in TOLERANCES)):
            words = f"RK4, {STEPS} steps" if kind == "fixed" else f"adaptive, {value:.0e}"
            head = [words, "median", "minimum", "wall", "over C lanes", "over best peer", "largest error"]
            report.add(table.table(head, measured(case, y0, truth, modules, kind, value, repeats)))


if __name__ == "__main__":
    main()
