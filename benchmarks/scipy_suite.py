"""scipy's own tests of `solve_ivp`, as installed, run against another function of the same name.

    PYTHONPATH=src python benchmarks/scipy_suite.py [--replacement mechanics.solve_ivp] [--out table.md] [--verbose]

Nothing is copied: pytest runs `scipy.integrate._ivp.tests.test_ivp` (the only tests of scipy that call `solve_ivp`) in
a process of its own with `harness/replace_solve_ivp.py` as plugin. Many of its tests loop over all methods of scipy, so
one method that is missing fails them: with `--fallback` a NotImplementedError is answered by scipy and counted, which
shows how the methods that are there do. Failures are sorted by what was wanted. Exit status: 0 if the suite ran,
whatever failed; 1 if it did not run or the replacement was never called.
"""

import argparse
import collections
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import scipy

from harness import table

SUITES = ("scipy.integrate._ivp.tests.test_ivp",)
REASONS = (  # first match decides: (name, words in the error, words in the line that failed)
    ("method or option not supported", ("NotImplementedError", "not support", "unknown method", "method must"), ()),
    ("argument not accepted", ("unexpected keyword", "positional argument", "takes "), ()),
    ("field missing from the result", ("AttributeError", "KeyError", "has no attribute"), ()),
    ("error or warning expected, none given", ("DID NOT RAISE", "DID NOT WARN"), ()),
    ("other message or exception than scipy's", ("Regex pattern did not match",), ("raises(", "match=")),
    ("counts of evaluations, steps or factorisations", (), ("nfev", "njev", "nlu", "nst")),
    ("status, message or success", (), ("status", "message", "success")),
    ("events", (), ("event",)),
    ("classes of solvers or dense output", (), ("isinstance", "OdeSolution", "solver")),
    ("shape, type or order of the output", ("shape", "dtype"), (".shape", ".size", "dtype")),
    ("values beyond the tolerance", ("Not equal to tolerance", "AssertionError", "assert"), ()),
)


def reason(message, line):
    for name, in_message, in_line in REASONS:
        if any(word in message for word in in_message) or any(word in line for word in in_line):
            return name
    return message.split(":")[0].splitlines()[0] if message else "no words"


def run_suite(replacement, fallback, seconds, verbose):
    """What the plugin wrote, or the words of pytest if it wrote nothing."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        path = [str(Path(__file__).parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(Path(part).resolve()) for part in path),
            "SOLVE_IVP_REPLACEMENT": replacement,
            "SOLVE_IVP_RESULTS": str(results),
            "SOLVE_IVP_FALLBACK": "1" if fallback else "0",
        }
        files = [importlib.util.find_spec(name).origin for name in SUITES]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "harness.replace_solve_ivp", "-p", "no:cacheprovider"]
        command += ["-c", os.devnull, "--rootdir", folder, "--import-mode=importlib", *files]
        done = subprocess.run(
            command, cwd=folder, env=env, text=True, capture_output=True, timeout=seconds, check=False
        )
        if verbose:
            print(done.stdout)
        if not results.exists() or done.returncode not in (0, 1):
            raise SystemExit(f"the suite did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return json.loads(results.read_text())


def shortened(text, width=100):
    line = " ".join(text.split())[:width].replace("|", "\\|")
    return f"`{line}`" if line else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replacement", default="mechanics.solve_ivp", help="import path of the function")
    parser.add_argument("--fallback", action="store_true", help="let scipy answer a NotImplementedError")
    parser.add_argument("--out", help="markdown file")
    parser.add_argument("--seconds", type=float, default=1200.0, help="limit for the whole suite")
    parser.add_argument("--verbose", action="store_true", help="print what pytest printed")
    args = parser.parse_args()
    found = run_suite(args.replacement, args.fallback, args.seconds, args.verbose)
    outcomes = collections.Counter(outcome for _, outcome, _, _ in found["tests"])
    report = table.Report(f"scipy {scipy.__version__}: its tests of solve_ivp on {args.replacement}", args.out)
    counts = {
        "tests": len(found["tests"]),
        "passed": outcomes["passed"],
        "failed": outcomes["failed"],
        "skipped or expected to fail": outcomes["skipped"],
        "calls of the replacement": found["calls"],
        "answered by scipy": found["fallbacks"],
    }
    report.add(table.table(list(counts), [[str(number) for number in counts.values()]]))
    failures = collections.defaultdict(list)
    for name, outcome, message, line in found["tests"]:
        if outcome == "failed":
            failures[reason(message, line)].append((name, message, line))
    if failures:
        rows = [[name, str(len(those)), shortened(those[0][0]), shortened(those[0][1])]
                for name, those in sorted(failures.items(), key=lambda item: -len(item[1]))]  # fmt: skip
        report.add(table.table(["reason", "failures", "for example", "error"], rows))
        rows = [[shortened(name), why, shortened(line)] for why, those in failures.items() for name, _, line in those]
        report.add(table.table(["test", "reason", "line"], rows))
    if not found["calls"]:
        raise SystemExit("the replacement was never called: the tests do not use the name solve_ivp any more")


if __name__ == "__main__":
    main()
