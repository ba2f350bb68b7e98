"""Parameters from trajectories: a noisy cycle, a noisy double well, and a check without a model.
================================================================================================

    dx = a x - b x y,  dy = c x y - d y          fit_ode: least squares, exact sensitivities, y0 unknown
    dx = F(x) dt + sigma dW                      fit_langevin: likelihood of steps; kramers_moyal: moments of increments

Left: data and fit. Right: the force of the double well from the cubic fit (line, 95 % band) and bin by bin (points),
with the true one dashed.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from mechanics import Problem, solve
from mechanics.fit import fit_langevin, fit_ode, kramers_moyal
from mechanics.methods import EULER_MARUYAMA


class Prey(NamedTuple):
    a: float
    b: float
    c: float
    d: float


def lotka_volterra(t, y, p, dy):
    """Prey y[0], predators y[1]."""
    dy[0] = p.a * y[0] - p.b * y[0] * y[1]
    dy[1] = p.c * y[0] * y[1] - p.d * y[1]


def double_well(t, y, p, dy):
    """F = x - x^3."""
    dy[0] = y[0] - y[0] ** 3


def constant(t, y, p, g):
    """The noise sigma."""
    g[0] = p


def main() -> None:
    """Simulate, fit, print the verdicts, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    ts = np.linspace(0, 20, 81)
    clean = solve(Problem(lotka_volterra, [2.0, 1.0], 0, 20, Prey(1.0, 0.5, 0.4, 1.2)), saveat=ts).ys
    data = clean + 0.15 * np.random.default_rng(0).standard_normal(clean.shape)
    cycle = fit_ode(Problem(lotka_volterra, [2.0, 1.0], 0, 20, Prey(1.2, 0.4, 0.5, 1.0)), ts, data, y0="fit", starts=3)
    print(cycle.verdict, "\n  true: a = 1, b = 0.5, c = 0.4, d = 1.2, y0 = (2, 1)\n")

    times = 0.05 * np.arange(10_001)
    well = Problem(double_well, [1.0], 0, 500, 0.7, diffusion=constant, noise="additive")
    x = solve(well, EULER_MARUYAMA, dt=0.005, seed=1, saveat=times).ys[:, 0]
    fit, bins = fit_langevin(times, x), kramers_moyal(times, x, bins=25)
    print(fit.verdict, "\n  true: f1 = 1, f3 = -1, sigma = 0.7")

    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    cycle.plot(left)
    at = np.linspace(-1.9, 1.9, 100)
    powers = at[:, None] ** np.arange(4)
    force, band = powers @ fit.values[:4], 1.96 * np.sqrt(((powers @ fit.covariance[:4, :4]) * powers).sum(axis=1))
    right.fill_between(at, force - band, force + band, color="C0", alpha=0.3, lw=0, label="95 % band")
    right.plot(at, force, "C0", label="fit_langevin")
    seen = bins.counts > 60
    right.errorbar(bins.points[seen], bins.drift_at_zero[seen], 1.96 * bins.drift_at_zero_stderr[seen], fmt="C1o", ms=3,
                   lw=1, label="kramers_moyal")  # fmt: skip
    right.plot(at, at - at**3, "k--", lw=1, label="$x - x^3$")
    right.set(xlabel="state $x$", ylabel="force $F(x)$", ylim=(-4, 4))
    right.legend(frameon=False)
    fig.savefig(out / "fit_trajectories.png", dpi=150)


if __name__ == "__main__":
    main()
