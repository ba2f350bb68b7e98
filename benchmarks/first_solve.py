"""Wall time until a new drift is solved: first process, a later process, a new parameter value.

    PYTHONPATH=src python benchmarks/first_solve.py [--repeats 5] [--out table.md]

Each round uses a new empty cache folder and a drift in a file of its own. Its first process compiles, its second loads;
both then solve with another parameter value and report how many compilations that took. Imports are timed apart, inside
the process; the time of `python -c pass` is for scale. The peers' rows are their first calls in a fresh process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from harness import table

SYSTEM = """
from typing import NamedTuple

class Lorenz(NamedTuple):
    sigma: float
    r: float
    b: float

def drift(t, y, p, dy):
    dy[0] = p.sigma * (y[1] - y[0])
    dy[1] = y[0] * (p.r - y[2]) - y[1]
    dy[2] = y[0] * y[1] - p.b * y[2]
"""

OURS = """
import json, time
began = time.perf_counter()
import numpy as np
from mechanics import Problem, solve
from mechanics.methods import TSIT5
import system
imported = time.perf_counter()
first = solve(Problem(system.drift, np.ones(3), 0.0, 1.0, system.Lorenz(10.0, 28.0, 2.5)), TSIT5)
solved = time.perf_counter()
other = solve(Problem(system.drift, np.ones(3), 0.0, 1.0, system.Lorenz(10.0, 30.0, 2.0)), TSIT5)
again = time.perf_counter()

def compilations(solution):
    stats = solution.stats
    stats = stats if isinstance(stats, dict) else {k: getattr(stats, k) for k in dir(stats) if not k.startswith("_")}
    return next((int(v) for k, v in stats.items() if k.startswith("compil")), -1)

print(json.dumps([imported - began, solved - imported, again - solved, compilations(first), compilations(other)]))
"""

PEER = """
import json, sys, time
sys.path.insert(0, {folder!r})
began = time.perf_counter()
import peers
from harness import cases
modules, _ = peers.load(without={without!r})
if {library!r} not in modules:
    raise SystemExit("not installed")
imported = time.perf_counter()
name, solve = next(iter(modules[{library!r}].single(cases.SINGLE[0]).items()))
run = solve(1e-6)
run()
solved = time.perf_counter()
run()
print(json.dumps([imported - began, solved - imported, time.perf_counter() - solved, name]))
"""


def in_process(code, folder, **variables):
    """The JSON that a fresh interpreter prints last; None, with its last words, if it fails."""
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "PYTHONPATH": path, **variables}
    done = subprocess.run([sys.executable, "-c", code], env=env, text=True, capture_output=True, check=False)
    if done.returncode:
        print("  left out:", (done.stderr.strip() or "no words").splitlines()[-1], flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def ours(repeats):
    """Rows for this library; none while it has no engines."""
    rounds = {"first process": [], "later process": []}
    for k in range(repeats):
        with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as home:
            Path(home, "system.py").write_text(SYSTEM + f"\n# drift of round {k}\n")
            for name in rounds:
                found = in_process(OURS, home, MECHANET_CACHE_DIR=cache)
                if found is None:
                    return []
                rounds[name].append(found)
    rows = []
    for name, found in rounds.items():
        median = np.median(np.array(found), axis=0)
        worst = np.max(np.array(found), axis=0)
        rows.append(
            [f"mechanics TSIT5, {name}", *map(table.seconds, median[:3]), table.seconds(worst[1]), str(int(worst[3])),
             str(int(worst[4]))]
        )  # fmt: skip
    return rows


def their_first_calls(repeats):
    import peers

    rows = []
    libraries = [name.removeprefix("with_") for name in peers.MODULES]
    for library in libraries:
        if library in ("mechanics", "numba", "numpy", "torchode", "torchdiffeq"):
            continue
        code = PEER.format(
            folder=str(Path(__file__).parent), library=library, without=[n for n in libraries if n != library]
        )
        found = [in_process(code, Path(__file__).parent) for _ in range(repeats)]
        if None in found:
            continue
        numbers = np.array([row[:3] for row in found])
        median = np.median(numbers, axis=0)
        rows.append([found[0][3], *map(table.seconds, median), table.seconds(numbers[:, 1].max()), "-", "-"])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", help="markdown file")
    args = parser.parse_args()
    report = table.Report("First solve of a new drift in a fresh process (wall time)", args.out)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    report.add(f"`python -c pass`: {table.seconds(time.perf_counter() - began)}.")
    head = ["process", "imports", "first solve", "next solve", "slowest first solve", "compilations", "with new values"]
    report.add(table.table(head, ours(args.repeats) + their_first_calls(min(args.repeats, 3))))


if __name__ == "__main__":
    main()
