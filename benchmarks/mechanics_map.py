"""Mechanics maps of docs/mechanics_map.md: networks trained, chains fitted, settings left out and foretold.

    python benchmarks/mechanics_map.py dropout --out out/mechanics-map

Prints the regressions and the held-out errors, writes map.png and foretold.png. A second call reads the stores.
"""

import argparse
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nets.experiments import MechanicsMap, mechanics_map

SLOPES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
FEW = (0.0, 0.4, 1.0)
MAPS = {  # knob: levels, slopes, statistics of BatchNorm (one kind for all cells where batches differ)
    "dropout": ((0.0, 0.06, 0.12, 0.18, 0.24, 0.3), SLOPES, "auto"),
    "lr": ((1e-4, 1e-3, 1e-2), FEW, "batch"),
    "batch_size": ((100, 500, 2560), FEW, "batch"),
    "noise": ((0.0, 0.2, 0.6), FEW, "batch"),
}
SHOWN = ("chain", "rest", "curves")
LINES = {"chain": "-", "rest": "--", "curves": ":"}


def draw(found: MechanicsMap, out: Path) -> None:
    fig, axes = plt.subplots(1, 3, figsize=(11.5, 3.5), layout="constrained")
    found.plot("mu_eff_over_k", axes[0])
    found.plot("mu_eff_over_k_rest", axes[1])
    found.plot("mu_eff_over_k", axes[2], kind="map")
    fig.savefig(out / "map.png", dpi=130)

    score = found.score("cell")
    slopes = found.axes["slope"][[0, len(found.axes["slope"]) // 2, -1]]
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True, layout="constrained")
    levels = np.sort(found.axes[found.noise])
    levels = levels[1:-1] if len(levels) > 4 else levels
    layers = np.arange(found.cells.sizes["layer"])
    for ax, slope in zip(axes, slopes, strict=True):
        for level, colour in zip(levels, plt.colormaps["viridis"](np.linspace(0, 0.9, len(levels))), strict=True):
            cell = found.cells.sel(slope=slope, **{found.noise: level})
            look = {"fmt": "o", "ms": 3.5, "color": colour, "label": f"{level:g}"}
            ax.errorbar(layers, cell["load_curve"], cell["load_curve_sd"], **look)
            for name in SHOWN:
                foretold = score.errors["predicted"].sel({"predictor": name, "slope": slope, found.noise: level})
                ax.plot(layers, foretold, LINES[name], color=colour, lw=1)
        ax.set(xlabel="layer $l$")
        ax.text(0.95, 0.95, rf"$\alpha = {slope:g}$", transform=ax.transAxes, ha="right", va="top")
    axes[0].set_ylabel("load $D_l$")
    for name in SHOWN:
        axes[0].plot([], [], LINES[name], color="black", lw=1, label=name)
    axes[0].legend(title=found.noise, frameon=False, fontsize="x-small")
    fig.savefig(out / "foretold.png", dpi=130)


def main(knob: str, out: Path, seeds: int, workers: int | None) -> None:
    levels, slopes, mode = MAPS[knob]
    begun = time.perf_counter()
    found = mechanics_map(knob, levels, slopes, seeds, mode=mode, out=out / knob, workers=workers)
    print(f"{knob}: {time.perf_counter() - begun:.1f} s")
    for name in ("mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k"):
        print(f"{name} identified in {int(found.identified(name).sum())} of {found.identified(name).size} cells")
    for name in ("mu_eff_over_k", "mu_eff_over_k_rest", "Y", "r_squared", "residual_in_seed_spread", "curvature"):
        print(name, np.array2string(found.cells[name].values, precision=3, suppress_small=True), sep="\n")
    print(found.regress())
    for leave_out in ("cell", "level", "alternate"):
        score = found.score(leave_out)
        print(score)
        between = ", ".join(f"{n} {score.in_seed_spread(n, inside=True):.2f}" for n in score.errors["predictor"].values)
        print(f"  cells between known ones only, in seed spreads: {between}")
    draw(found, out / knob)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("knob", choices=MAPS, nargs="?", default="dropout")
    parser.add_argument("--out", type=Path, default=Path("out/mechanics-map"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    main(arguments.knob, arguments.out, arguments.seeds, arguments.workers)
