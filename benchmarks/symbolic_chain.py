"""From the Lagrangian of an oscillator chain to its first solve, stage by stage, in fresh processes.

    PYTHONPATH=src python benchmarks/symbolic_chain.py [--sizes 50 200 1000] [--repeats 3] [--out table.md]

The chain of Fermi, Pasta, Ulam and Tsingou with N masses, 2 N components, written as one sympy expression. Each round
has an empty cache folder; its first process compiles, its second loads. The row "by hand" is the kernel of
`mechanics.systems` in a process of the same kind. Medians.
"""

import argparse
import tempfile

import numpy as np

from first_solve import in_process
from harness import table

DERIVED = """
import json, time
began = time.perf_counter()
import numpy as np
from mechanics import solve
imported = time.perf_counter()
import sympy as sp
from mechanics.symbolic import from_lagrangian
symbolic = time.perf_counter()
N = {n}
t, alpha, m = sp.symbols("t alpha m")
q = [sp.Function(f"q{{i}}")(t) for i in range(N)]
springs = [b - a for a, b in zip([sp.Integer(0), *q], [*q, sp.Integer(0)])]
L = sp.Add(*(m * x.diff(t)**2 / 2 for x in q)) - sp.Add(*(r**2 / 2 + alpha * r**3 / 3 for r in springs))
written = time.perf_counter()
system = from_lagrangian(L, q, parameters=[alpha, m])
system.drift
derived = time.perf_counter()
y0 = np.r_[np.sin(np.pi * np.arange(1, N + 1) / (N + 1)), np.zeros(N)]
first = solve(system.problem(y0, 0.0, 10.0, [0.25, 1.0], jacobian=False))
solved = time.perf_counter()
system.jacobian
differentiated = time.perf_counter()
compiled = first.stats.compiled
print(json.dumps([imported - began, symbolic - imported, written - symbolic, derived - written, solved - derived,
                  solved - written, solved - began, differentiated - solved, compiled]))
"""

BY_HAND = """
import json, time
began = time.perf_counter()
import numpy as np
from mechanics import solve
from mechanics.systems import fput_system
imported = time.perf_counter()
problem = fput_system({n}).problem(t1=10.0)
first = solve(problem)
solved = time.perf_counter()
print(json.dumps([imported - began, 0, 0, 0, solved - imported, solved - imported, solved - began, 0,
                  first.stats.compiled]))
"""

HEAD = ["N", "process", "imports", "sympy", "user writes L", "derive drift", "first solve", "L to first solve", "all",
        "derive Jacobian", "compilations"]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", help="markdown file")
    args = parser.parse_args()
    report = table.Report("From a chain's Lagrangian to its first solve (wall time)", args.out)
    rows = []
    for n in args.sizes:
        rounds = {"first": [], "later": [], "by hand, first": []}
        for _ in range(args.repeats):
            with tempfile.TemporaryDirectory() as cache:
                for name in ("first", "later"):
                    rounds[name].append(in_process(DERIVED.format(n=n), cache, MECHANET_CACHE_DIR=cache))
            with tempfile.TemporaryDirectory() as cache:
                rounds["by hand, first"].append(in_process(BY_HAND.format(n=n), cache, MECHANET_CACHE_DIR=cache))
        for name, found in rounds.items():
            median = np.median(np.array(found), axis=0)
            rows.append([str(n), name, *map(table.seconds, median[:-1]), str(int(max(f[-1] for f in found)))])
    report.add(table.table(HEAD, rows))


if __name__ == "__main__":
    main()
