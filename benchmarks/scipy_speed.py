"""`mechanics.solve_ivp` against scipy's: the same call with the import changed, and with the function compiled.

    PYTHONPATH=src python benchmarks/scipy_speed.py [--rounds 9] [--out table.md]

Medians of interleaved rounds after a first call of each; the first calls are timed separately (the engine that calls
Python functions is compiled once per machine, a function that is compiled itself once more).
"""

import argparse
import statistics
import time

import numpy as np
import scipy
import scipy.integrate

import mechanics
from harness import table


def oscillator(t, y):
    return [y[1], -y[0]]


def lorenz(t, y, sigma, rho, beta):
    return [sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]]


def heat(t, y):
    dy = np.empty_like(y)
    dy[0] = dy[-1] = 0.0
    dy[1:-1] = y[:-2] - 2.0 * y[1:-1] + y[2:]
    return dy


def crosses(t, y, *args):
    return y[0]


CASES = {  # name: (fun, t_span, y0, options)
    "oscillator, defaults": (oscillator, (0.0, 20.0), [1.0, 0.0], {}),
    "oscillator, event": (oscillator, (0.0, 20.0), [1.0, 0.0], {"events": crosses}),
    "Lorenz, rtol 1e-8": (lorenz, (0.0, 10.0), [1.0] * 3, {"rtol": 1e-8, "atol": 1e-8, "args": (10.0, 28.0, 8 / 3)}),
    "Lorenz, DOP853, 1e-10": (
        lorenz, (0.0, 10.0), [1.0] * 3,
        {"method": "DOP853", "rtol": 1e-10, "atol": 1e-10, "args": (10.0, 28.0, 8 / 3)},
    ),
    "heat equation, n = 1000": (heat, (0.0, 50.0), np.sin(np.arange(1000.0)), {"rtol": 1e-6}),
}  # fmt: skip


def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def measure(case, rounds):
    """First call, median and calls of fun, for scipy, ours, and ours compiled."""
    fun, span, y0, options = case
    calls = [
        lambda: scipy.integrate.solve_ivp(fun, span, y0, **options),
        lambda: mechanics.solve_ivp(fun, span, y0, **options),
        lambda: mechanics.solve_ivp(fun, span, y0, compile=True, **options),
    ]
    first = [seconds(call) for call in calls]
    times = [[seconds(call) for call in calls] for _ in range(rounds)]
    return first, [statistics.median(column) for column in zip(*times, strict=True)], [call().nfev for call in calls]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", help="markdown file")
    args = parser.parse_args()
    report = table.Report(f"solve_ivp: scipy {scipy.__version__} and mechanics", args.out)
    rows = []
    for name, case in CASES.items():
        first, times, evaluations = measure(case, args.rounds)
        rows.append([
            name, *map(table.seconds, times), *(table.ratio(times[0], own) for own in times[1:]),
            f"{evaluations[0]} / {evaluations[1]}", *map(table.seconds, first[1:]),
        ])  # fmt: skip
    head = ["call", "scipy", "ours", "compiled", "scipy / ours", "scipy / compiled", "calls of fun: scipy / ours",
            "first call", "first compiled call"]  # fmt: skip
    report.add(table.table(head, rows))


if __name__ == "__main__":
    main()
