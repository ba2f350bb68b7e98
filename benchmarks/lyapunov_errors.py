"""Are the standard errors honest? How often the true exponent lies within two of them, over many runs.

    PYTHONPATH=src python benchmarks/lyapunov_errors.py [--runs 50] [--out table.md]

Runs differ in their start and their noise. A normal error lies within two standard errors in 95.4 % of runs; an error
that is itself known from 32 groups in 94.6 %. Neutral exponents are bounded in sum: their blocks overstate the error.
"""

import argparse
import math

import numpy as np

from harness import table
from lyapunov_cases import E5, gaussian, growth, henon, proportional
from mechanics import Problem
from mechanics.lyapunov import Map, lyapunov_spectrum
from mechanics.methods import MILSTEIN
from mechanics.systems import LORENZ63


def lorenz(seed):
    y0 = np.array([1.0, 1.0, 20.0]) + np.random.default_rng(seed).standard_normal(3)
    return LORENZ63.problem(y0=y0), {"total": 2000.0, "dt": 0.005, "transient": 50.0}


def henon_run(seed):
    return Map(henon, 0.1 * np.random.default_rng(seed).random(2), [1.4, 0.3]), {"total": 1e5}


def brownian(seed):
    problem = Problem(growth, [0.0], 0.0, 1.0, [0.1, 0.8], diffusion=proportional)
    return problem, {"total": 1000.0, "dt": 0.01, "method": MILSTEIN, "seed": seed}


def products(seed):
    return Map(gaussian, np.zeros(5), noises=25), {"total": 2e4, "seed": seed}


CASES = {
    "Lorenz 1963, T = 2000": (lorenz, [0.9056, 0.0, -14.5723]),
    "Henon, n = 10^5": (henon_run, [0.41922, -1.62319]),
    "geometric Brownian motion, T = 1000": (brownian, [0.1 - 0.32]),
    "linear: Gaussian products, n = 2 10^4": (products, E5),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--out")
    options = parser.parse_args()
    out = table.Report("Standard errors of Lyapunov exponents", options.out)
    rows = []
    for name, (make, exact) in CASES.items():
        found, errors = [], []
        for seed in range(options.runs):
            system, arguments = make(seed)
            spectrum = lyapunov_spectrum(system, **arguments)
            found.append(spectrum.exponents)
            errors.append(spectrum.stderr)
        found, errors = np.array(found), np.array(errors)
        for j, true in enumerate(exact):
            inside = float(np.mean(np.abs(found[:, j] - true) <= 2.0 * errors[:, j]))
            scatter = float(found[:, j].std(ddof=1))
            rows.append(
                [
                    name if j == 0 else "",
                    f"{true:.5g}",
                    f"{100 * inside:.0f} %",
                    f"{np.sqrt(np.mean(errors[:, j] ** 2)) / scatter:.2f}",
                    f"{(found[:, j].mean() - true) / (scatter / math.sqrt(options.runs)):+.1f}",
                ]
            )
    head = ["system", "true exponent", "within two", "stated / actual scatter", "bias in its standard errors"]
    out.add(table.table(head, rows))


if __name__ == "__main__":
    main()
