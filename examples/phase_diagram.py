"""Concave, linear, convex: the phase diagram of the chain.
===========================================================

Noise upwards, friction to the left to the right. Weak noise leaves every load curve concave; strong noise makes the
difference of the frictions decide. Solid: curvature zero in the simulation; dashed: in the mean field at the same time.
Left: at t = 20; right: at t = 200, when weaker noise suffices.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain, phase_boundary, phase_diagram


def main() -> None:
    """Make two diagrams and draw them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    chain = SpringChain(mu_right=0.1)
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for ax, steps in zip(axes, (200, 2_000), strict=True):
        diagram = phase_diagram(
            chain, eps_bar=np.linspace(0, 0.5, 26), mu_left=np.linspace(0, 0.3, 31), steps=steps, dt=0.1, seeds=64
        )
        diagram.plot(ax, colorbar=ax is axes[-1])
        ax.set_title(f"$t = {steps * 0.1:g}$", fontsize="medium")
        error = np.nanmean(np.abs(diagram.theory() - diagram.curvature))
        print(f"t = {steps * 0.1:g}: mean difference from the mean field {error:.3f}, ", end="")
        print(f"mean standard error {np.nanmean(diagram.curvature_stderr):.3f}, ", end="")
        print(f"straight at eps_bar = 0.2 for mu_left = {phase_boundary(chain, 0.2, t=steps * 0.1):.3f}")
    axes[1].set_ylabel("")
    fig.savefig(out / "phase_diagram.png", dpi=150)


if __name__ == "__main__":
    main()
