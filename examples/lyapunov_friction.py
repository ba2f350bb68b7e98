"""Lyapunov spectra of the friction chain across its phase diagram, overdamped and of second order.
===================================================================================================

Top: the largest exponent over friction to the right and noise (friction to the left 0.1, black: equal friction). It is
a function of (mu_right + mu_left)/eps alone: asymmetry moves the rest state, from concave to convex loads, and no
exponent sees it. Bottom left: all diagrams are one curve for each exponent. Bottom right: a chain of second
order without noise, pulled to and fro, from event to event: blocks that stop take exponents to -infinity.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from mechanics.chain import Drive, SpringChain
from mechanics.lyapunov import lyapunov_spectrum

DT, GAMMA, MU_LEFT = 0.1, 0.5, 0.1
NOISES, FRICTIONS = np.geomspace(0.05, 2.0, 9), np.linspace(0.0, 0.4, 9)
CHAINS = {
    "overdamped": SpringChain(mu_left=MU_LEFT),
    "second_order": SpringChain(mu_left=MU_LEFT, dynamics="second_order", gamma=GAMMA),
}
PULL = Drive(4.0 * np.arange(40), 1.0 * (np.arange(40) % 2))


def spectrum(chain):
    """Seven exponents of the steps; copies feel the same noise."""
    return lyapunov_spectrum(chain, 7, dt=DT, total=1000.0, transient=200.0)


def main(out: Path) -> None:
    fig, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
    curves = axes[1, 0]
    for ax, (name, chain), marker in zip(axes[0], CHAINS.items(), "o^", strict=True):
        grid = np.array([
            [spectrum(chain.replace(mu_right=mu, eps_bar=eps)).exponents for eps in NOISES] for mu in FRICTIONS
        ])  # fmt: skip
        mesh = ax.pcolormesh(
            NOISES, FRICTIONS, -grid[:, :, 0], norm=LogNorm(1e-3, 0.5), cmap="viridis", rasterized=True
        )
        fig.colorbar(mesh, ax=ax, label=r"$-\lambda_1$")
        ax.axhline(MU_LEFT, color="k", lw=1)
        ax.set(xscale="log", xlabel=r"noise per step $\bar\epsilon$", ylabel=r"friction to the right $\mu_\rightarrow$")
        ax.set_title(name.replace("_", " "), fontsize="medium")
        width = (FRICTIONS[:, None] + MU_LEFT) / (2.0 * NOISES)
        for j, colour in zip((0, 3, 6), ("C0", "C1", "C2"), strict=True):
            label = rf"$\lambda_{{{j + 1}}}$, {name.replace('_', ' ')}"
            curves.plot(width.ravel(), -grid[:, :, j].ravel(), marker, ms=3, color=colour, mfc="none", label=label)
        print(name, f"(mu_left = {MU_LEFT}): lambda_1 / lambda_7 for eps_bar =", *(f"{e:.3g}" for e in NOISES[::2]))
        for i in range(0, len(FRICTIONS), 2):
            row = "  ".join(f"{a:8.4f} /{b:8.3f}" for a, b in grid[i, ::2, [0, 6]].T)
            print(f"  mu_right = {FRICTIONS[i]:.1f}:  {row}")
    curves.set(xscale="log", yscale="log", xlabel=r"$(\mu_\rightarrow + \mu_\leftarrow) / 2\bar\epsilon$")
    curves.set(ylabel=r"$-\lambda_j$", ylim=(3e-3, 10))
    curves.legend(frameon=False, fontsize="x-small")

    exact, markers = axes[1, 1], iter("os^")
    for mu in (0.0, 0.05, 0.15):
        chain = SpringChain(blocks=4, mu_right=mu, mu_left=mu, eps_bar=0.0, dynamics="second_order", gamma=0.2)
        found = lyapunov_spectrum(chain.replace(drive=PULL), total=120.0, transient=30.0)
        lost = np.isneginf(found.exponents)
        line = exact.plot(np.arange(1, 9)[~lost], found.exponents[~lost], next(markers), label=rf"$\mu={mu}$")[0]
        for j in np.flatnonzero(lost):
            exact.annotate(
                "", (j + 1, -1.14), (j + 1, -1.0), arrowprops={"arrowstyle": "->", "color": line.get_color()}
            )
        print(f"mu = {mu}: {found.events.number} events,", np.array2string(found.exponents, precision=3))
    exact.axhline(-0.1, color="k", ls="--", lw=1)
    exact.set(xlabel="rank $j$", ylabel=r"exponent $\lambda_j$", ylim=(-1.2, 0.05))
    exact.legend(frameon=False, fontsize="small", loc="lower left")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "lyapunov_friction.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
