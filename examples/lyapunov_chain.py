"""Lyapunov spectra of the friction chain: how fast copies that feel the same noise forget where they began.
===========================================================================================================

Left: the seven exponents of the overdamped chain for growing noise; crosses are those of the chain without friction.
Right: the largest one over noise and friction. Where noise cannot move a block its exponent is zero: the rest state is
not unique. The dashed line is the share of the time in which a block slips, times the largest rate of the springs.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import ndtr

from mechanics.chain import SpringChain
from mechanics.lyapunov import lyapunov_spectrum
from mechanics.plots import plot_spectrum

DT, MU = 0.1, 0.1
SLOWEST = -4 * np.sin(np.pi / 16) ** 2  # of the springs of seven blocks, k = 1


def spectrum(eps_bar: float, mu: float, k: int | None = None):
    chain = SpringChain(mu_right=mu, mu_left=mu, eps_bar=eps_bar)
    return lyapunov_spectrum(chain, k, dt=DT, total=2000.0, transient=300.0)


def main(out: Path) -> None:
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.3), layout="constrained")
    shades = plt.cm.viridis(np.linspace(0, 0.85, 4))
    for eps_bar, colour in zip((0.05, 0.1, 0.2, 0.5), shades, strict=True):
        plot_spectrum(spectrum(eps_bar, MU), left, color=colour, label=rf"$\bar\epsilon={eps_bar}$")
    l = np.arange(1, 8)
    free = np.log(np.abs(1 - DT * 4 * np.sin(l * np.pi / 16) ** 2)) / DT
    left.plot(l, free, "kx", label="no friction")
    left.legend(frameon=False, fontsize="small")

    noises = np.geomspace(0.02, 1.0, 18)
    for mu, colour in zip((0.02, 0.05, 0.1, 0.2), shades, strict=True):
        found = [spectrum(s, mu, 1) for s in noises]
        top = np.array([f.exponents[0] for f in found])
        right.errorbar(noises, top, [2 * f.stderr[0] for f in found], fmt="o", ms=3, color=colour, label=rf"$\mu={mu}$")
        share = 2 * ndtr(-mu / noises)
        right.plot(noises, SLOWEST * share, "--", color=colour, lw=1)
        off = np.abs(top / (SLOWEST * share) - 1)[share > 0.02]
        print(
            f"mu = {mu}: within {100 * off.max():.1f} % of the dashed line where blocks slip more than 2 % of the time"
        )
    right.set(xlabel=r"noise per step $\bar\epsilon$", ylabel=r"largest exponent $\lambda_1$", xscale="log")
    right.legend(frameon=False, fontsize="small")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "lyapunov_chain.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
