"""Named models of the chain: what each extra parameter does to the curve, and its fit.
=======================================================================================

    layered_friction   mu_eff,l changes linearly with l        layered_stiffness   k_j changes geometrically with j
    saturating         T = k a tanh(e/a)                       second_order        m x'' + x' = force - friction

Points: simulated chains (mean of 20 histories), three values of the parameter; dashed: the chain that was fitted to the
whole history. Rest curves at t = 60; for blocks with mass the path of the middle block, which overshoots.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.fit import fit_chain

BLOCKS, DT, NOISE = 7, 0.02, 0.1
EPOCHS = np.r_[0, np.unique(np.round(np.geomspace(0.2, 60, 30), 1))]
ALONG = np.linspace(-0.5, 0.5, BLOCKS)
PANELS = {
    "layered_friction": ("friction_slope", (-0.1, 0.0, 0.1)),
    "layered_stiffness": ("stiffness_ratio", (0.3, 1.0, 3.0)),
    "saturating": ("reach", (0.14, 0.2, 1.0)),
    "second_order": ("inertial_time", (0.3, 1.0, 3.0)),
}


def simulated(model: str, value: float, histories: int = 20) -> np.ndarray:
    """Load curves (histories, epochs, 8) with k = 1 and target 1; explicit steps, noise in the force."""
    rng = np.random.default_rng(0)
    x, v = np.zeros((histories, BLOCKS + 2)), np.zeros((histories, BLOCKS))
    x[:, -1] = 1.0
    bend = -0.02 + (value * ALONG if model == "layered_friction" else 0.0)
    mean = np.hypot(bend, 0.07)
    k = value ** np.linspace(-0.5, 0.5, BLOCKS + 1) if model == "layered_stiffness" else 1.0
    saved, out = set(np.round(EPOCHS / DT).astype(int)), []
    for step in range(max(saved) + 1):
        if step in saved:
            out.append(1.0 - x[:, :-1])
        e = np.diff(x, axis=1)
        force = np.diff(value * np.tanh(e / value) if model == "saturating" else k * e, axis=1)
        z = rng.standard_normal(v.shape)
        if model == "second_order":
            kick = DT / value * (force - v) + NOISE * np.sqrt(2 * DT / value) * z
            slowing = DT / value * np.where(v + kick > 0, mean + bend, bend - mean)
            v = np.where(np.abs(v + kick) > np.abs(slowing), v + kick - slowing, 0.0)
        else:
            z = force + NOISE * z
            v = z - np.clip(z, bend - mean, mean + bend)
        x[:, 1:-1] += DT * v
    return np.stack(out, axis=1)


def main() -> None:
    """Simulate, fit, print what was found, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    fig, axes = plt.subplots(2, 2, figsize=(7.2, 5.4), layout="constrained")
    colours = plt.colormaps["viridis_r"](np.linspace(0.2, 0.95, 3))
    for ax, (model, (name, values)) in zip(axes.flat, PANELS.items(), strict=True):
        for value, colour in zip(values, colours, strict=True):
            fit = fit_chain(simulated(model, value), EPOCHS, model=model, pull="fixed")
            print(f"{model}: {name} = {value}, found {fit.extension[name]}")
            if model == "second_order":
                along, seen, drawn = EPOCHS, fit.observed[:, 4], fit.fitted[:, 4]
            else:
                along, seen, drawn = np.arange(BLOCKS + 1), fit.observed[-1], fit.fitted[-1]
            ax.plot(along, seen, "o", ms=4, color=colour, label=f"{value:g}")
            ax.plot(along, drawn, "--", color="black", lw=1)
        if model == "second_order":
            ax.set(xlabel="time", ylabel="$x_4$", xscale="symlog")
        else:
            ax.set(xlabel="layer $l$", ylabel="$x_l = D_0 - D_l$")
        ax.legend(frameon=False, title=name.replace("_", " "), fontsize="small")
    fig.savefig(out / "fit_models.png", dpi=130)


if __name__ == "__main__":
    main()
