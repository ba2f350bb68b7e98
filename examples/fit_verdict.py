"""Is it a chain? Chains and plain curves foretell what was held out.
======================================================================

    chain        dx_l/dt = E sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + s xi), pulled at the far end
    not a chain  x_l(t) = (1 - e^{-t/tau}) (Y u + b u (1 - u)), u = l/L: every layer moves at once

Left: a simulated chain; right: curves that relax as a whole, with deviations as large. Upright bars: where it was
fitted; symbols: epochs, layers and histories that were held out. What made the data is at the top of each.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain
from mechanics.fit import compare_models

DT, CHAIN = 0.01, SpringChain(blocks=7, mu_right=0.10, mu_left=0.05, eps_bar=0.1)
MODELS = ("uniform", "line", "parabola", "exponential")
SEEDS = 8


def simulated() -> tuple[np.ndarray, np.ndarray]:
    """Epochs (m,) and load curves (16, m, 8) without the pulled end, as a network shows them."""
    run = CHAIN.simulate(3000, DT, seed=1, members=2 * SEEDS, save_every=10)
    rows = np.unique(np.round(np.geomspace(1, len(run.ts), 24)).astype(int)) - 1
    return run.ts[rows], run.load_curve[:, rows, :-1]


def relaxing(ts: np.ndarray, load_curves: np.ndarray) -> np.ndarray:
    """Curves that relax as a whole, with the deviations of half of the chains."""
    u = np.arange(8) / 8
    x = (1 - np.exp(-ts / 5))[:, None] * (u + 0.6 * u * (1 - u))
    return 1 - x + load_curves[SEEDS:] - load_curves.mean(axis=0)


def main() -> None:
    """Compare, print both verdicts, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    ts, chain = simulated()
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for ax, (name, curves) in zip(
        axes, {"a chain": chain[:SEEDS], "not a chain": relaxing(ts, chain)}.items(), strict=True
    ):
        found = compare_models(curves, ts, models=MODELS, pull="ramped" if name == "not a chain" else "fixed")
        print(f"{name}\n{found}\n")
        found.plot(ax)
        ax.text(0.97, 0.97, name, ha="right", va="top", transform=ax.transAxes)
    fig.savefig(out / "fit_verdict.png", dpi=130)


if __name__ == "__main__":
    main()
