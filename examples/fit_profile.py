"""What load curves say about friction and noise: profile likelihoods beside linearised errors.
============================================================================================

    rise(v) = min over the other parameters of -2 log L(v, ...) - min -2 log L

Ten histories of a noisy chain, twice: weak noise fixes the rate on both sides; under strong noise a faster chain with
more friction fits almost as well, and the profile of the rate is lopsided. Dashed: the parabola of the standard error.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.fit import fit_chain
from mechanics.plots import plot_profile

MU_RIGHT, MU_LEFT, DT = 0.12, 0.06, 0.01


def simulated_loads(noise: float, epochs: np.ndarray, histories: int = 10, blocks: int = 7) -> np.ndarray:
    """Load curves (histories, epochs, blocks + 1) of the chain (5) with k = 1 and target 1."""
    rng = np.random.default_rng(2)
    x = np.zeros((histories, blocks + 2))
    x[:, -1] = 1.0
    saved, loads = np.round(epochs / DT).astype(int), []
    for step in range(saved[-1] + 1):
        if step in saved:
            loads.append(1.0 - x[:, :-1])
        z = np.diff(x, 2, axis=1) + noise * rng.standard_normal((histories, blocks))
        x[:, 1:-1] += DT * (z - np.clip(z, -MU_LEFT, MU_RIGHT))
    return np.stack(loads, axis=1)


def main() -> None:
    """Fit, profile the rate, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    epochs = np.r_[0, np.unique(np.round(np.geomspace(0.1, 60, 40), 2))]
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained", sharey=True)
    for ax, noise in zip(axes, (0.1, 0.3), strict=True):
        fit = fit_chain(simulated_loads(noise, epochs), epochs, pull="fixed")
        profile = fit.profile("k")
        print(f"noise {noise}: k = {fit.k}, linearised {fit.k.interval}, profile {profile.interval} {profile.note}")
        plot_profile(profile, ax, estimate=fit.k)
        ax.set_xlabel(f"rate $k$ per epoch, noise $s/k = {noise}$")
    axes[1].set_ylabel("")
    fig.savefig(out / "fit_profile.png", dpi=150)


if __name__ == "__main__":
    main()
