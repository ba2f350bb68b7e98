"""One Brownian path seen at finer and finer grids: strong convergence of two schemes.
====================================================================================

    dy = mu y dt + sigma y dW,   y(t) = exp((mu - sigma^2/2) t + sigma W(t))

A `BrownianPath` is asked for its increments on a grid, then on a grid of half the step, and so on. It is the same path
each time, so that the schemes of Euler-Maruyama and Milstein can be compared with the solution on this very path:
their largest errors fall as dt^(1/2) and dt. Averages over 200 paths; thin lines are single ones.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.noise import BrownianPath, refine

MU, SIGMA, PATHS = 0.5, 0.8, 200


def steps(ts: np.ndarray, dW: np.ndarray, milstein: bool) -> np.ndarray:
    """The scheme on a grid ts (k,) with increments dW (k - 1, paths); (k, paths)."""
    y = np.ones((len(ts), dW.shape[1]))
    for i, dt in enumerate(np.diff(ts)):
        correction = 0.5 * SIGMA**2 * (dW[i] ** 2 - dt) if milstein else 0.0
        y[i + 1] = y[i] * (1 + MU * dt + SIGMA * dW[i] + correction)
    return y


def exact(ts: np.ndarray, W: np.ndarray) -> np.ndarray:
    return np.exp((MU - SIGMA**2 / 2) * ts[:, None] + SIGMA * W)


def main(out: Path) -> None:
    path = BrownianPath(7, 0.0, 1.0, noises=PATHS)
    grids = [np.linspace(0.0, 1.0, 9)]
    for _ in range(9):
        grids.append(refine(grids[-1]))

    fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.6), layout="constrained")
    fine = np.linspace(0.0, 1.0, 2001)
    left.plot(fine, exact(fine, path(fine))[:, 0], color="0.6", lw=0.8, label="solution")
    for i, colour in ((0, "tab:red"), (2, "tab:orange"), (5, "tab:blue")):
        ts = grids[i]
        left.plot(ts, steps(ts, path.increments(ts), False)[:, 0], lw=1, color=colour, label=f"dt = 1/{len(ts) - 1}")
    left.set(xlabel="time $t$", ylabel="$y$", title="Euler-Maruyama on one path")
    left.legend(frameon=False)

    dts = np.array([1.0 / (len(ts) - 1) for ts in grids])
    for name, milstein, colour in (("Euler-Maruyama", False, "tab:red"), ("Milstein", True, "tab:blue")):
        errors = []
        for ts in grids:
            y = steps(ts, path.increments(ts), milstein)
            errors.append(np.abs(y - exact(ts, path(ts))).max(axis=0))
        mean = np.mean(errors, axis=1)
        slope = np.polyfit(np.log(dts[3:]), np.log(mean[3:]), 1)[0]
        print(f"{name}: error falls as dt^{slope:.2f}")
        right.loglog(dts, np.array(errors)[:, :5], color=colour, lw=0.5, alpha=0.4)
        right.loglog(dts, mean, "o-", ms=4, color=colour, label=f"{name}, slope {slope:.2f}")
    right.set(xlabel="step $dt$", ylabel="largest error on the path")
    right.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "brownian_refinement.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
