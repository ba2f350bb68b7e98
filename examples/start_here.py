"""Start here: one chain, its ensemble, and what is reproducible about them.
=========================================================================

One member of a noisy chain is pulled from rest; behind it the 5-95 % band of 1000 members. It is computed twice,
alone and inside the ensemble: the same bits, because noise is a function of (seed, member, step, block).
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain


def main(out: Path) -> None:
    chain = SpringChain(blocks=7, k=1.0, mu_right=0.05, mu_left=0.05, eps_bar=0.2)
    ensemble = chain.simulate(steps=10_000, dt=0.01, members=1000, save_every=50, seed=1)
    alone = chain.simulate(steps=10_000, dt=0.01, members=1, first_member=12, save_every=50, seed=1)
    assert np.array_equal(alone.x[0], ensemble.x[12])

    fig, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    low, high = np.quantile(ensemble.x, [0.05, 0.95], axis=0)
    mean = chain.mean_field().solve(ensemble.ts)
    for block, colour in zip((1, 3, 5, 7), plt.cm.viridis(np.linspace(0, 0.85, 4)), strict=True):
        ax.fill_between(ensemble.ts, low[:, block], high[:, block], color=colour, alpha=0.2, lw=0)
        ax.plot(alone.ts, alone.x[0, :, block], color=colour, lw=0.9)
        ax.text(101, mean[-1, block], f"block {block}", color=colour, va="center")
        ax.plot(ensemble.ts, mean[:, block], "k--", lw=0.8)
    ax.set(xlabel="time $t$ (units of $1/k$)", ylabel="position $x_l$ (units of the target)")
    ax.set_xlim(0, 118)
    ax.set_title("line: member 12; band: 5-95 % of 1000; dashed: mean field", fontsize=9)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "start_here.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
