"""Paths between two points: orbits, a fold, a geodesic, and the way out of a well.
=================================================================================

Left: Kepler orbits between two points in five times of flight. Middle: solutions of y'' + lambda e^y = 0, y(0) = y(1)
= 0, followed around the fold at lambda = 3.5138 (dashed). Right: the most probable paths out of a double well, from
-1 to 1 in time T, and their actions; with more time they cost less, down to 2 dU = 1/2.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.hamiltonian import continuation, lambert, minimum_action


def bratu(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p.lam * np.exp(y[0])


def well(t, x, par, dx):
    dx[0] = x[0] - x[0] ** 3


def orbits(ax: plt.Axes) -> None:
    times = (0.8, 1.2, 2.0, 4.0, 8.0)
    for T, colour in zip(times, plt.cm.viridis(np.linspace(0, 0.9, len(times))), strict=True):
        path = lambert([1.0, 0.0], [-0.3, 1.1], T)
        q = path(np.linspace(0, T, 300))[:, :2]
        ax.plot(q[:, 0], q[:, 1], color=colour, label=f"T = {T:g}")
        print(f"T = {T}: residual {path.residual:.1e}, energy drift {path.hamiltonian_drift:.1e}")
    ax.plot([1.0, -0.3], [0.0, 1.1], "ko", ms=4)
    ax.plot(0, 0, "k*", ms=8)
    ax.set(xlabel="$x$", ylabel="$y$", aspect="equal", xlim=(-1.1, 1.8))
    ax.legend(frameon=False, fontsize="small", loc="upper left")


def fold(ax: plt.Axes) -> None:
    branch = continuation(
        bratu, lambda y0, y1: np.array([y0[0], y1[0]]), (0.0, 1.0), "lam", 4.0, par={"lam": 0.2}, n=2,
        guess=lambda t: np.zeros(2),
    )  # fmt: skip
    branch.plot(lambda point: point.ys[:, 0].max(), ax)
    print(f"fold at {branch.folds}, formula 3.51383071913")
    ax.set(xlabel=r"$\lambda$", ylabel="largest $y$")


def way_out(ax: plt.Axes) -> None:
    times = (2.0, 4.0, 8.0, 12.0)
    for T, colour in zip(times, plt.cm.viridis(np.linspace(0, 0.9, len(times))), strict=True):
        path = minimum_action(well, [-1.0], [1.0], T)
        t = np.linspace(0, T, 400)
        ax.plot(t / T, path(t)[:, 0], color=colour, label=f"T = {T:g}: S = {path.action():.4f}")
    ax.axhline(0.0, color="k", lw=0.8, ls="--")
    ax.set(xlabel="$t / T$", ylabel="$x$")
    ax.legend(frameon=False, fontsize="small")


def main(out: Path) -> None:
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for draw, ax in zip((orbits, fold, way_out), axes, strict=True):
        draw(ax)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "two_point_paths.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
