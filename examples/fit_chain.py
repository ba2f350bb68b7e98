"""Recover a chain's friction from its load curves: fit the mean field to simulated histories.
===========================================================================================

    x_l(t) = D_0(t) - D_l(t)  ->  Y, (mu_right - mu_left)/2k, k, and what the data leave open

Ten short histories of a noisy chain, seen without their end as in a network. Points: mean and spread of the histories;
dashed: the fitted chain.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.fit import fit_chain

MU_RIGHT, MU_LEFT, NOISE, DT = 0.10, 0.04, 0.1, 0.01


def simulated_loads(epochs: np.ndarray, histories: int = 10, blocks: int = 7) -> np.ndarray:
    """Load curves (histories, epochs, blocks + 1) of the chain (5) with k = 1 and target 1."""
    rng = np.random.default_rng(0)
    x = np.zeros((histories, blocks + 2))
    x[:, -1] = 1.0
    saved, loads = np.round(epochs / DT).astype(int), []
    for step in range(saved[-1] + 1):
        if step in saved:
            loads.append(1.0 - x[:, :-1])
        z = np.diff(x, 2, axis=1) + NOISE * rng.standard_normal((histories, blocks))
        x[:, 1:-1] += DT * (z - np.clip(z, -MU_LEFT, MU_RIGHT))
    return np.stack(loads, axis=1)


def main() -> None:
    """Fit, print the verdict, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    epochs = np.r_[0, np.unique(np.round(np.geomspace(0.1, 60, 40), 2))]
    fit = fit_chain(simulated_loads(epochs), epochs)
    print(fit.verdict)
    print(f"true: Y = 1, mu_eff/k = {(MU_RIGHT - MU_LEFT) / 2:.3f}, k = 1, noise/k = {NOISE}")

    fig, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    fit.plot(ax)
    fig.savefig(out / "fit_chain.png", dpi=150)


if __name__ == "__main__":
    main()
