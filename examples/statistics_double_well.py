"""How long noise takes over a barrier: the Fokker-Planck equation beside an ensemble.
======================================================================================

    dy = (y - y^3) dt + sigma dW,    dp/dt = -d/dy ((y - y^3) p) + (sigma^2/2) d^2p/dy^2

Left: the two slowest modes of the density; the second moves probability from one well to the other. Middle: the mean
time until a path first meets 0, from the backward equation and from 3,000 paths per start. Right: the mean of an
ensemble that starts in the right well decays at the second eigenvalue.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import Event, Problem, ensemble
from mechanics.methods import SRA1
from mechanics.statistics import fokker_planck, mean_exit_time, slow_modes

SIGMA = 0.6
STARTS = [0.25, 0.5, 1.0, 1.5]
DT = 0.002
# Paths cross 0 and return within a step unseen; a boundary this much nearer makes up for it: -zeta(1/2)/sqrt(2 pi)
# = 0.5826, Broadie, Glasserman, Kou, Math. Finance 7 (1997) 325
NEARER = 0.5826 * SIGMA * DT**0.5


def well(t, y, p, dy):
    dy[0] = y[0] * (1.0 - y[0] * y[0])


def noise(t, y, p, g):
    g[0] = p


def saddle(t, y, p):
    return y[0] - NEARER


def main(out: Path) -> None:
    problem = Problem(well, [1.0], 0.0, 60.0, p=SIGMA, diffusion=noise, noise="additive")
    grid = fokker_planck(problem, -2.5, 2.5, 400)
    slow = slow_modes(grid, 2)
    fig, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for density, colour, value in zip(slow.densities, ("C0", "C1"), abs(slow.eigenvalues), strict=True):
        axes[0].plot(grid.axes[0], density / abs(density).max(), color=colour, label=f"rate {value:.4f}")
    axes[0].set(xlabel="$y$", ylabel="mode, largest value 1", xlim=(-2, 2))

    half = fokker_planck(problem, 0.0, 2.5, 400, [("absorbing", "reflecting")])
    times = mean_exit_time(half)
    axes[1].plot(half.axes[0], times, "k--", lw=1, label="backward equation")
    hit = Event(saddle, direction=-1, terminal=True)
    for y0 in STARTS:
        first = Problem(well, [y0], 0.0, 300.0, p=SIGMA, diffusion=noise, noise="additive")
        ends = ensemble(first, SRA1, members=3000, dt=DT, seed=1, events=[hit], saveat=[300.0]).t
        exact = np.interp(y0, half.axes[0], times)
        error = ends.std() / np.sqrt(len(ends))
        print(f"from {y0:4.2f}: {ends.mean():6.2f} +- {error:.2f}, exact {exact:.2f}")
        axes[1].errorbar(y0, ends.mean(), 2 * error, fmt="o", color="C1", ms=4)
    axes[1].set(xlabel="start $y$", ylabel="mean time to reach 0", xlim=(0, 2), ylim=(0, None))

    ts = np.linspace(0.0, 30.0, 31)
    run = ensemble(problem, SRA1, members=20_000, dt=0.02, seed=2, saveat=ts[1:])
    mean = np.concatenate([[1.0], run.ys[:, :, 0].mean(axis=0)])
    axes[2].semilogy(ts, mean, "o", color="C1", ms=3, label="mean of 20,000 paths")
    decay = slow.eigenvalues[1]
    axes[2].semilogy(ts, mean[5] * np.exp(decay * (ts - ts[5])), "k--", lw=1, label=rf"$e^{{{decay:.4f}\,t}}$")
    axes[2].set(xlabel="time $t$", ylabel="mean of $y$")
    for ax in axes:
        ax.legend(frameon=False, fontsize=8)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "statistics_double_well.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
