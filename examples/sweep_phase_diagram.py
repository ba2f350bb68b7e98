"""Noise and friction: the phase diagram of the chain, as a sweep.
===============================================================

    dx_l/dt = sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps xi_l),   sigma(z) = z - clip(z, -mu_left, mu_right)     (5), (6)

Curvature of the mean load curve over noise and left friction, mu_right = 0.06 fixed. Under strong noise its sign is
that of mu_left - mu_right, whatever the noise (8): the black contour of zero curvature lies on the dotted line. Left of
the dashed line, where 2 k lambda_1 Phi(-(mu_left + mu_right) / (2 eps_bar)) t < 1, the chain has had no time to forget
how it was pulled: concave for any mu_left. `--full`: 64 x 64 cells, five times as long, into a store.
arXiv:2407.19353.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from mechanics import sweep
from mechanics.chain import SpringChain, curvature

MU_RIGHT, DT = 0.06, 0.1
MARKED = ((0.3, 0.015, "o"), (0.3, 0.06, "s"), (0.3, 0.105, "^"), (0.009, 0.105, "D"))


def cells(c, seeds, *, steps):
    """Load curves averaged over the second half of each run; a cell's seeds are members of one ensemble."""
    loads = np.empty((len(seeds), 9))
    new = np.diff(seeds) != 1
    for values in c.values():
        new |= np.diff(values) != 0
    for part in np.split(np.arange(len(seeds)), 1 + np.flatnonzero(new)):
        eps_bar, mu_left, first = c["eps_bar"][part[0]], c["mu_left"][part[0]], int(seeds[part[0]])
        chain = SpringChain(mu_right=MU_RIGHT, mu_left=mu_left, eps_bar=eps_bar)
        run = chain.simulate(steps, DT, seed=0, members=len(part), first_member=first, save_every=20)
        loads[part] = run.load_curve[:, len(run.ts) // 2 :].mean(axis=1)
    return {"curvature": curvature(loads), "load_curve": loads}


def plot(found, steps):
    fig, (ax, side) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained", width_ratios=(1.5, 1))
    x, y, z = found.eps_bar, found.mu_left, found.curvature.T
    image = ax.pcolormesh(x, y, z, cmap="RdBu_r", vmin=-1, vmax=1, shading="nearest", rasterized=True)
    ax.contour(x, y, z, [0], colors="k", linewidths=1.2)
    ax.axhline(MU_RIGHT, color="k", ls=":", lw=1)
    slowest = 4 * np.sin(np.pi / 16) ** 2
    ax.plot((y + MU_RIGHT) / -2 / norm.ppf(0.5 / (slowest * steps * DT)), y, "k--", lw=1)
    ax.set(
        xscale="log",
        xlim=(x[0], x[-1]),
        xlabel=r"noise per step $\bar\epsilon$",
        ylabel=r"left friction $\mu_\leftarrow$",
    )
    fig.colorbar(image, ax=ax, label="curvature", extend="both")
    l = np.arange(9)
    for eps_bar, mu_left, marker in MARKED:
        at = found.sel(eps_bar=eps_bar, mu_left=mu_left, method="nearest")
        ax.plot(at.eps_bar, at.mu_left, marker, color="w", mec="k", ms=6)
        colour = plt.cm.RdBu_r(0.5 + at.curvature.item() / 2.4)
        side.errorbar(
            l,
            at.load_curve,
            at.load_curve_stderr,
            fmt=marker,
            color=colour,
            mec="k",
            mew=0.5,
            ms=5,
            ecolor="k",
            elinewidth=0.8,
        )
        if eps_bar > 0.1:
            side.plot(l, 1 - l / 8 + (MU_RIGHT - float(at.mu_left)) / 4 * l * (8 - l), "k--", lw=0.8, label="(8)")
    side.set(xlabel="layer $l$", ylabel="load $D_l$")
    return fig


def main(out: Path, full: bool) -> None:
    n, steps = (64, 20_000) if full else (20, 4_000)
    axes = {"eps_bar": np.geomspace(0.005, 0.5, n), "mu_left": np.linspace(0, 2 * MU_RIGHT, n)}
    out.mkdir(parents=True, exist_ok=True)
    store = out / "phase_diagram" if full else None
    found = sweep(
        cells, axes, seeds=16, vectorised=True, parameters={"steps": steps}, dims={"load_curve": ["layer"]}, out=store
    )
    plot(found, steps).savefig(out / "sweep_phase_diagram.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    parser.add_argument("--full", action="store_true")
    main(**vars(parser.parse_args()))
