"""Processor time of a whole `solve` of y' = -y over one time unit, after the first call: nearly all of it is overhead.

    PYTHONPATH=src python benchmarks/call_overhead.py [--repeats 9] [--out table.md] [--without scipy,...]

Each competitor runs at its default tolerances. The last column is the time over that of the bare numba call, which a
compiled function of one array costs on this machine.
"""

import argparse

import numba
import numpy as np

import peers
from harness import table, timing


def bare_call():
    """A compiled function that does nothing but read and write an array: the floor for any numba library."""

    @numba.njit
    def touch(y):
        y[0] = -y[0]

    y = np.ones(1)
    return lambda: touch(y)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", help="markdown file")
    parser.add_argument("--without", default="", help="libraries to leave out, separated by commas")
    args = parser.parse_args()
    modules, words = peers.load(args.without.split(","))
    report = table.Report("Overhead of a call: y' = -y over one time unit", args.out)
    report.add("; ".join(words) + ".")
    times = timing.interleaved({"a numba call": bare_call(), **peers.collect(modules, "trivial")}, args.repeats)
    floor = times["a numba call"].median
    rows = [
        [name, table.seconds(found.median), table.seconds(found.smallest), table.ratio(found.median, floor)]
        for name, found in sorted(times.items(), key=lambda item: item[1].median)
    ]
    report.add(table.table(["solve", "median", "minimum", "over a numba call"], rows))


if __name__ == "__main__":
    main()
