r"""Stick-slip: blocks that are dragged slowly move in jumps.
=============================================================

    m x_l'' = k (x_{l+1} - 2 x_l + x_{l-1}) - gamma x_l' - friction                          (10)

Friction is mu_right or -mu_left while a block moves, and anything up to its static threshold at rest (11). Left: one
block between two springs whose right end moves steadily. It waits until the springs pull with the static threshold,
slips, overshoots and waits again; stronger static friction, longer waits. Points are the exact times and places of
stops, lines are explicit steps. Right: eight blocks pulled more slowly. Each row is a block, coloured while it slips;
slips start at the pulled end, and most die out on the way. Equations of Shi, Pan, Dokmanic, arXiv:2407.19353.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from mechanics.chain import Drive, SpringChain, inertial_flow

STATIC = (0.25, 0.4, 0.6)
PULL = Drive.steady(velocity=0.05, until=1000.0)
ONE = SpringChain(
    blocks=1, mu_right=0.2, mu_left=0.6, gamma=0.02, target=0.0, eps_bar=0.0, drive=PULL, dynamics="second_order"
)
MANY = ONE.replace(
    blocks=8, mu_right=0.05, mu_left=0.05, gamma=0.3, mu_static_right=0.2, mu_static_left=0.2,
    drive=Drive.steady(velocity=0.02, until=1000.0),
)  # fmt: skip


def one_block(ax: plt.Axes) -> None:
    """Positions of one block for growing static friction."""
    for static, colour in zip(STATIC, plt.cm.viridis(np.linspace(0, 0.85, len(STATIC))), strict=True):
        chain = ONE.replace(mu_static_right=static)
        run = chain.simulate(6000, dt=0.02, save_every=5)
        ax.plot(run.ts, run.x[0, :, 1], color=colour, label=rf"$\mu_s={static:g}$")
        flow = inertial_flow(chain, t1=120.0)
        stops = flow.events[flow.events["mode"] == 0]
        rows = np.searchsorted(flow.ts, stops["time"])
        ax.plot(stops["time"], flow.x[rows, 1], "o", color=colour, ms=4)
    ax.plot(run.ts, run.x[0, :, -1] / 2, "k--", lw=1, label="half the pulled end")
    ax.set(xlabel="time $t$", ylabel="position $x_1$")
    ax.legend(frameon=False)


def many_blocks(ax: plt.Axes) -> None:
    """Which blocks slip when."""
    flow = inertial_flow(MANY, t1=400.0)
    modes = flow.modes(np.linspace(0, 400, 4000))
    colours = ListedColormap(["tab:blue", "white", "tab:red"])
    ax.pcolormesh(np.linspace(0, 400, 4000), np.arange(1, 9), modes.T, cmap=colours, vmin=-1, vmax=1, shading="nearest")
    ax.set(xlabel="time $t$", ylabel="block $l$")


def main(out: Path) -> None:
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.4), layout="constrained")
    one_block(left)
    many_blocks(right)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "stick_slip.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
