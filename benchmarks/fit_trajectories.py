"""How often the intervals of `fit_ode`, `fit_sde` and `fit_langevin` hold the truth, on simulated data.

Each case is fitted to many seeded data sets; bias, scatter, stated errors and the share of nominal 95 % intervals that
hold the truth are printed as a table. Run: python benchmarks/fit_trajectories.py [--trials 200] [--case NAME]
"""

import argparse
import time
from typing import NamedTuple

import numpy as np

from mechanics import Problem, ensemble, solve
from mechanics.fit import fit_langevin, fit_ode, fit_sde
from mechanics.methods import EULER_MARUYAMA


class Prey(NamedTuple):
    a: float
    b: float
    c: float
    d: float


class Relaxing(NamedTuple):
    rate: float
    mean: float
    sigma: float


class Oscillating(NamedTuple):
    k: float
    gamma: float
    sigma: float


class Well(NamedTuple):
    a: float
    b: float
    sigma: float


def lotka_volterra(t, y, p, dy):
    dy[0] = p.a * y[0] - p.b * y[0] * y[1]
    dy[1] = p.c * y[0] * y[1] - p.d * y[1]


def decay_of_a_product(t, y, p, dy):
    dy[0] = -p[0] * p[1] * y[0]


def towards_mean(t, y, p, dy):
    dy[0] = p.rate * (p.mean - y[0])


def in_double_well(t, y, p, dy):
    dy[0] = p.a * y[0] - p.b * y[0] ** 3


def oscillating(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p.k * y[0] - p.gamma * y[1]


def constant(t, y, p, g):
    g[0] = p.sigma


def on_velocity(t, y, p, g):
    g[0] = 0.0
    g[1] = p.sigma


def lotka_volterra_case(trials):
    """81 times up to t = 20 (four periods), both species, errors 0.1; initial state fitted; one search."""
    ts, true, start = np.linspace(0, 20, 81), Prey(1.0, 0.5, 0.4, 1.2), Prey(1.1, 0.45, 0.42, 1.1)
    clean = solve(Problem(lotka_volterra, [2.0, 1.0], 0, 20, true), rtol=1e-10, atol=1e-12, saveat=ts).ys
    for seed in range(trials):
        ys = clean + 0.1 * np.random.default_rng(seed).standard_normal(clean.shape)
        yield fit_ode(Problem(lotka_volterra, [2.0, 1.0], 0, 20, start), ts, ys, y0="fit", starts=1)


def product_case(trials):
    """30 times of exp(-a b t) with errors 0.01: only a b can be determined."""
    ts = np.linspace(0, 3, 30)
    for seed in range(trials):
        ys = np.exp(-ts) + 0.01 * np.random.default_rng(seed).standard_normal(30)
        yield fit_ode(
            Problem(decay_of_a_product, [1.0], 0, 3, [0.5, 1.5]), ts, ys, parameters={"a": 0, "b": 1}, starts=1
        )


def relaxation_case(trials):
    """1000 exact steps of 0.1 (100 relaxation times), likelihood with the linearised drift."""
    rate, mean, sigma, dt = 1.0, 0.5, 0.7, 0.1
    r = np.exp(-rate * dt)
    problem = Problem(towards_mean, [mean], 0, 1, Relaxing(0.7, 0.2, 1.0), diffusion=constant, noise="additive")
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        z, x = np.sqrt(sigma**2 * (1 - r * r) / (2 * rate)) * rng.standard_normal(1001), np.empty(1001)
        x[0] = mean + z[0] / np.sqrt(1 - r * r)
        for i in range(1000):
            x[i + 1] = mean + r * (x[i] - mean) + z[i + 1]
        yield fit_sde(problem, dt * np.arange(1001), x, starts=1)


def double_well_case(trials):
    """6000 steps of 0.05 of dx = (x - x^3) dt + 0.7 dW (simulated with 0.005); block bootstrap."""
    ts = 0.05 * np.arange(6001)
    problem = Problem(in_double_well, [1.0], 0, 300, Well(1.0, 1.0, 0.7), diffusion=constant, noise="additive")
    data = ensemble(problem, EULER_MARUYAMA, members=trials, seed=1, dt=0.005, saveat=ts).ys[:, :, 0]
    for x in data:
        yield fit_langevin(ts, x, basis={"a": lambda x: x, "b": lambda x: -(x**3)}, seed=0)


def hidden_velocity_case(trials):
    """3000 positions at steps of 0.1 of an oscillator with noise on its unseen velocity (simulated with 0.002)."""
    ts = 0.1 * np.arange(3001)
    problem = Problem(
        oscillating, [0.0, 0.0], 0, 300, Oscillating(1.0, 0.5, 0.6), diffusion=on_velocity, noise="additive"
    )
    data = ensemble(problem, EULER_MARUYAMA, members=trials, seed=2, dt=0.002, saveat=ts).ys[:, :, 0]
    for x in data:
        yield fit_langevin(ts, x, dynamics="underdamped", basis={"k": lambda x: -x}, seed=0)


CASES = {
    "Lotka-Volterra": (lotka_volterra_case, {"a": 1.0, "b": 0.5, "c": 0.4, "d": 1.2, "y0[0]": 2.0, "y0[1]": 1.0}),
    "Ornstein-Uhlenbeck": (relaxation_case, {"rate": 1.0, "mean": 0.5, "sigma": 0.7}),
    "double well": (double_well_case, {"a": 1.0, "b": 1.0, "sigma": 0.7}),
    "hidden velocity": (hidden_velocity_case, {"k": 1.0, "gamma": 0.5, "sigma": 0.6}),
    "product": (product_case, {"a": 1.0, "b": 1.0}),
}


def rows(case, trials):
    """Lines of the table, and the seconds of processor time of one fit."""
    make, truth = CASES[case]
    began = time.process_time()
    fits = list(make(trials))
    seconds = (time.process_time() - began) / trials
    settled = sum(fit.converged for fit in fits)
    for name, true in truth.items():
        found = [fit.parameters[name] for fit in fits]
        values, errors = np.array([e.value for e in found]), np.array([e.stderr for e in found])
        inside = sum(e.interval[0] <= true <= e.interval[1] for e in found)
        known = sum(e.identified for e in found)
        off = (values.mean() - true) / values.std(ddof=1)
        yield (
            f"| {case} | {name} | {true:.4g} | {values.mean():.4f} | {off:+.2f} | {values.std(ddof=1):.4f} "
            f"| {np.median(errors):.4f} | {100 * inside / len(fits):.1f} % | {known} | {settled} |"
        )
    yield f"<!-- {case}: {seconds:.2f} s of processor time a fit, data and compilation included -->"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--case", choices=CASES, action="append")
    args = parser.parse_args()
    print(
        f"{args.trials} trials a case\n\n| case | parameter | truth | mean | bias / sd | sd over trials "
        "| median stated error | inside 95 % | identified | settled |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for case in args.case or CASES:
        for row in rows(case, args.trials):
            print(row, flush=True)


if __name__ == "__main__":
    main()
