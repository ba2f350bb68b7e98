"""A friction chain reaches its rest state when there is noise enough: the mean field in closed form.
==================================================================================================

    dx_l/dt = E sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + s xi)

Load curves D_l = 1 - x_l of a chain with mu_right > mu_left at t = 200, for growing noise s. Without noise four blocks
stick; with noise all creep to the parabola (8) (dashed), the sooner the stronger the noise.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain, load_curve
from mechanics.plots import plot_load_curve

NOISE = [0.0, 0.02, 0.03, 0.05, 0.1]


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    fig, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for s, colour in zip(NOISE, plt.colormaps["viridis_r"](np.linspace(0.1, 1, len(NOISE))), strict=True):
        field = SpringChain(mu_right=0.1, mu_left=0.06, eps_bar=s).mean_field()
        x = field.solve([0, 200])[-1]
        plot_load_curve(load_curve(x), ax, color=colour, label=f"$s = {s}$")
        rate = field.relaxation_rates()[0]
        print(f"s = {s:<5} slowest relaxation rate {rate:.2g}, distance from (8) {abs(x - parabola()).max():.3f}")
    ax.plot(load_curve(parabola()), "k--", lw=1, label="(8)")
    ax.legend(frameon=False, fontsize="small")
    fig.savefig(out / "chain_mean_field.png", dpi=150)


def parabola() -> np.ndarray:
    """Rest positions under any Gaussian noise."""
    return SpringChain(mu_right=0.1, mu_left=0.06, eps_bar=0.1).mean_field().equilibrium()


if __name__ == "__main__":
    main()
