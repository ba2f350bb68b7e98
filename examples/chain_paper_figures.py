"""The chain's figures of the spring-block paper: phase diagrams of three dynamics, trajectories, a jerky pull.
==============================================================================================================

Top: curvature of the load curve over friction mu_right and noise at mu_left = 0.1 k (solid: straight; dotted: mu_left =
mu_right), for the overdamped chain (Fig. 3), set-valued friction of second order (S13), and Langevin dynamics (S14) of
arXiv:2407.19353. Bottom: loads against time where friction wins, where neither does, and where noise does (Fig. 4,
right column), and what a steady and a jerky pull leave behind (Fig. 2). Blue is concave, red convex.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import Drive, SpringChain, phase_diagram

MU_LEFT, FRICTION, DAMPING = 0.1, np.linspace(0, 0.25, 21), 2.0
DIAGRAMS = (  # title, chain, noise, steps, dt
    ("overdamped", SpringChain(mu_left=MU_LEFT), {"eps_bar": np.linspace(0, 0.6, 21)}, 2000, 0.1),
    (
        "second order, set-valued",
        SpringChain(mu_left=MU_LEFT, dynamics="second_order", gamma=DAMPING, eps=0.1),
        {"eps": np.linspace(0, 0.4, 21)}, 2000, 0.2,
    ),
    (
        "second order, Langevin",
        SpringChain(mu_left=MU_LEFT, dynamics="langevin", gamma=DAMPING, eps=0.1),
        {"eps": np.linspace(0, 0.4, 21)}, 2000, 0.2,
    ),
)  # fmt: skip
SETTINGS = (("friction", 0.12, 0.06, 0.1), ("neither", 0.09, 0.09, 0.3), ("noise", 0.06, 0.12, 0.5))


def diagram(ax: plt.Axes, title: str, chain: SpringChain, noise: dict, steps: int, dt: float, last: bool) -> None:
    """Noise upwards, friction to the right to the right."""
    found = phase_diagram(chain, **noise, mu_right=FRICTION, steps=steps, dt=dt, seeds=16)
    ((name, values),) = noise.items()
    mesh = ax.pcolormesh(FRICTION, values, found.curvature, cmap="RdBu_r", vmin=-2, vmax=2, rasterized=True)
    ax.contour(FRICTION, values, found.curvature, [0.0], colors="black", linewidths=1.2)
    ax.axvline(MU_LEFT, color="black", ls=":", lw=1)
    symbol = r"noise $\bar\epsilon$" if name == "eps_bar" else r"noise $\epsilon$"
    ax.set(title=title, xlabel=r"$\mu_\rightarrow$", ylabel=symbol)
    if last:
        ax.figure.colorbar(mesh, label="curvature", extend="both")
    strong = found.curvature[-1]
    turn = FRICTION[np.flatnonzero(np.diff(np.sign(strong)))]
    print(f"{title}: at the strongest noise the sign turns after mu_right = {turn}; largest stderr", end=" ")
    print(f"{np.nanmax(found.curvature_stderr[-1]):.3f}; without noise {found.curvature[0].max():+.3f} at most")


def trajectories(axes: np.ndarray) -> None:
    """Mean loads of all blocks against time."""
    for ax, (who, mu_right, mu_left, eps_bar) in zip(axes, SETTINGS, strict=True):
        run = SpringChain(mu_right=mu_right, mu_left=mu_left, eps_bar=eps_bar).simulate(
            1500, dt=0.1, members=256, seed=3, save_every=10
        )
        loads = run.load_curve.mean(axis=0)
        colours = plt.cm.viridis(np.linspace(0, 0.9, loads.shape[1]))
        for l, colour in enumerate(colours):
            ax.plot(run.ts, loads[:, l], color=colour, lw=1)
        ax.set(title=f"{who} wins" if who != "neither" else who, xlabel="time", ylabel="load $D_l$", xscale="symlog")


def pulls(ax: plt.Axes) -> None:
    """Load curves after a steady and a jerky pull over the same distance in the same time."""
    chain = SpringChain(mu_right=0.03, mu_left=0.03, eps_bar=0.0, dynamics="second_order", gamma=0.05, target=0.0)
    jerky = Drive(np.arange(0, 201, 5.0), np.r_[0, np.linspace(0.05, 1, 39) + 0.6 * (-1.0) ** np.arange(39), 1.0])
    for drive, label, style in ((Drive.steady(1 / 200, 200), "steady", "o-"), (jerky, "jerky", "s-")):
        load = chain.replace(drive=drive).simulate(8000, dt=0.05).load_curve[0, -1]
        ax.plot(load, style, ms=3, lw=1, label=label)
    ax.plot(1 - np.arange(9) / 8, "k--", lw=0.8)
    ax.set(title="pulls", xlabel="layer $l$", ylabel="load $D_l$")
    ax.legend(frameon=False)


def main(out: Path) -> None:
    fig = plt.figure(figsize=(11, 6.2), layout="constrained")
    top, bottom = fig.subfigures(2, 1)
    for k, (ax, what) in enumerate(zip(top.subplots(1, 3), DIAGRAMS, strict=True)):
        diagram(ax, *what, last=k == 2)
    below = bottom.subplots(1, 4)
    trajectories(below[:3])
    pulls(below[3])
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "chain_paper_figures.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
