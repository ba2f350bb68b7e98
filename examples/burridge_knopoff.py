"""A chain of blocks as a fault: small slips follow a power law, great ones stand out.
====================================================================================

    m x_l'' = k (x_{l+1} - 2 x_l + x_{l-1}) + k_leaf (V t - x_l) - friction that weakens with speed

Left: how often slips of each magnitude ln(moment) occur; the dashed line is a power law of exponent one in the moment.
Right: where and when they start, larger and brighter for more blocks. Carlson, Langer,
Phys. Rev. A 40 (1989) 6470-6484.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import BurridgeKnopoff, Earthquakes

AGEING = 1000.0  # time in which the chain forgets its start
CHAIN = BurridgeKnopoff(blocks=100, k=100.0, plate_velocity=0.01, drop=0.01, v_weak=1 / 6)


def magnitudes(ax: plt.Axes, quakes: Earthquakes) -> None:
    """Events per block, time and unit of magnitude."""
    counts, edges = np.histogram(quakes.magnitude[quakes.start > AGEING], bins=40)
    time = (quakes.t - AGEING).sum()
    middle, rate = (edges[1:] + edges[:-1]) / 2, counts / np.diff(edges) / (time * CHAIN.blocks)
    ax.semilogy(middle[counts > 0], rate[counts > 0], "o", ms=3)
    at = np.argmax(rate)
    ax.semilogy(middle[at:], rate[at] * np.exp(middle[at] - middle[at:]), "k--", lw=1, label=r"$\propto 1/M$")
    ax.set(xlabel=r"magnitude $\ln M$", ylabel="events per block and time", ylim=(rate[rate > 0].min() / 2, None))
    ax.legend(frameon=False)


def places(ax: plt.Axes, quakes: Earthquakes) -> None:
    """Every event of one chain in a window of time."""
    shown = (quakes.member == 0) & (quakes.start > AGEING) & (quakes.start < 1.5 * AGEING)
    size = quakes.size[shown]
    dots = ax.scatter(quakes.start[shown], quakes.epicentre[shown], s=1 + size, c=size, lw=0, cmap="viridis")
    ax.figure.colorbar(dots, label="blocks that slip")
    ax.set(xlabel="time $t$", ylabel="first block to slip")


def main(out: Path) -> None:
    quakes = CHAIN.simulate(8_000, seed=1, members=4)
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    magnitudes(left, quakes)
    places(right, quakes)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "burridge_knopoff.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
