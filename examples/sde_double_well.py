"""Noise carries a particle over a barrier: an ensemble relaxes to the Gibbs density.
=====================================================================================

    dy = (y - y^3) dt + sigma dW,    density at rest ~ exp(-2 V(y) / sigma^2),   V = (y^2 - 1)^2 / 4

All members start in the right well. Left: three of them. Right: where 20,000 are at three times; dashed, the Gibbs
density, which the last time has almost reached.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import Problem, ensemble, solve
from mechanics.methods import SRA1

SIGMA = 0.7
TIMES = [1.0, 5.0, 60.0]


def well(t, y, p, dy):
    dy[0] = y[0] * (1.0 - y[0] * y[0])


def noise(t, y, p, g):
    g[0] = p


def main(out: Path) -> None:
    problem = Problem(well, [1.0], 0.0, 60.0, p=SIGMA, diffusion=noise, noise="additive")
    run = ensemble(problem, SRA1, members=20_000, dt=0.02, seed=1, saveat=TIMES)
    print(f"{run.stats.accepted:,} steps in {run.stats.seconds:.1f} s ({run.stats.engine})")

    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for member in range(3):
        path = solve(problem, SRA1, dt=0.02, seed=1, member=member)
        left.plot(path.ts, path.ys[:, 0], lw=0.6, label=f"member {member}")
    left.set(xlabel="time $t$", ylabel="$y$", ylim=(-2.3, 2.7))
    left.legend(frameon=False, ncols=3, fontsize=7, loc="upper center")

    bins = np.linspace(-2, 2, 61)
    colours = plt.get_cmap("viridis")(np.linspace(0.1, 0.85, len(TIMES)))
    for t, ys, colour in zip(TIMES, run.ys[:, :, 0].T, colours, strict=True):
        right.hist(ys, bins, density=True, histtype="step", color=colour, label=f"$t = {t:g}$")
    y = np.linspace(-2, 2, 401)
    gibbs = np.exp(-((y * y - 1) ** 2) / (2 * SIGMA**2))
    right.plot(y, gibbs / np.trapezoid(gibbs, y), "k--", lw=1, label="Gibbs")
    right.set(xlabel="$y$", ylabel="density")
    right.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "sde_double_well.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
