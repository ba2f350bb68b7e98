"""Load curves of a friction chain: concave, linear and convex.
============================================================

    dx_l/dt = sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps xi_l),   sigma(z) = z - clip(z, -mu_left, mu_right)     (5), (6)

Without noise every block holds until the springs overcome mu_right, and the load sits near the pulled end (left panel:
more friction, more concave; blocks that never move where (7) ends). Strong noise lets the blocks slip back over mu_left
too: what is left is half the difference, and the curve bends either way (right panel). Points are means over 512
members with 95 % intervals, dashed lines equations (7) and (8) of arXiv:2407.19353.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain, load_curve

FRICTION = (0.0, 0.02, 0.05, 0.1)
PAIRS = ((0.12, 0.06, "concave"), (0.09, 0.09, "linear"), (0.06, 0.12, "convex"))


def noiseless(ax: plt.Axes) -> None:
    """Rest states for growing friction: simulation on top of the exact rest state."""
    for mu, colour in zip(FRICTION, plt.cm.viridis(np.linspace(0, 0.85, len(FRICTION))), strict=True):
        chain = SpringChain(mu_right=mu, eps_bar=0.0)
        run = chain.simulate(200_000, dt=0.1, stop_change=1e-13)
        ax.plot(run.load_curve[0, -1], "o", color=colour, ms=4, label=rf"$\mu_\rightarrow={mu:g}$")
        ax.plot(load_curve(chain.rest_state()), "k--", lw=0.8)
    ax.set(xlabel="layer $l$", ylabel="load $D_l$", title="no noise")
    ax.legend(frameon=False)


def noisy(ax: plt.Axes) -> None:
    """Stationary means at eps_bar = 0.5 beside (8), the rest state with friction (mu_right - mu_left) / 2."""
    for (mu_right, mu_left, shape), colour in zip(PAIRS, ("tab:blue", "tab:grey", "tab:red"), strict=True):
        chain = SpringChain(mu_right=mu_right, mu_left=mu_left, eps_bar=0.5)
        loads = chain.simulate(10_000, dt=0.1, members=512, seed=1).load_curve[:, -1]
        error = 1.96 * loads.std(axis=0) / np.sqrt(len(loads))
        l = np.arange(chain.springs + 1)
        ax.errorbar(l, loads.mean(axis=0), error, fmt="o", ms=4, color=colour, label=shape)
        theory = 1 - l / 8 + chain.effective_friction() / 2 * l * (8 - l)
        ax.plot(l, theory, "k--", lw=0.8)
    ax.set(xlabel="layer $l$", title=r"strong noise, $\bar\epsilon=0.5$")
    ax.legend(frameon=False)


def main(out: Path) -> None:
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3.2), sharey=True, layout="constrained")
    noiseless(left)
    noisy(right)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "chain_load_curves.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
