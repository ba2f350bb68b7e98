"""Hypotheses on path dependence, each with the interval that decides it.
========================================================================

    d(t) / d(0),   d = norm(w - w'), of copies that start 1 per cent apart and see the same batches

(a) Growth of the distance for three learning rates; (b) for one, two and four hidden layers at constant size; (c) the
same copies' outputs. The printed table has the verdicts; hypotheses whose runs are not in this small plan stay open.
Hoogland, "Scaling laws of path dependence" (2022). `mechanet path-dependence` runs all axes.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nets.experiments import path_dependence
from nets.experiments.paths.settings import Plan, on_axis, settings_of

PLAN = Plan(
    settings=settings_of(120, lr=(0.03, 0.3), hidden=(2, 4), optimiser=(), momentum=(0.9,)), copies=4, times=20,
    examples=200, resamples=200, laws=("linear", "exponential"), law_resamples=5, spectra=("baseline",), exponents=2,
    spectrum_steps=64, pairs=1, barriers=("hidden-2",), points=5,
)  # fmt: skip


def main(out: Path) -> None:
    found = path_dependence(plan=PLAN, out=out / "path_dependence")
    for h in found.hypotheses:
        print(f"{h.verdict:14} {h.effect:7.3f} [{h.interval[0]:.3f}, {h.interval[1]:.3f}]  {h.statement}")
    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), layout="constrained")
    drawn = (("lr", "distance_2", "(a) weights"), ("hidden", "distance_2", "(b) weights"),
             ("hidden", "test/logit_rms", "(c) outputs"))  # fmt: skip
    for ax, (axis, curve, title) in zip(axes, drawn, strict=True):
        settings = on_axis(PLAN.settings, axis)
        for s, colour in zip(settings, plt.get_cmap("viridis")(np.linspace(0, 0.85, len(settings))), strict=True):
            run = found.runs[s.name]
            growth = run[curve] / run[curve][:, :1]
            ax.plot(run.steps, growth.mean(0), color=colour, label=f"{getattr(s, axis):g}")
            ax.fill_between(run.steps, growth.min(0), growth.max(0), color=colour, alpha=0.2, lw=0)
        ax.set(xlabel="step", ylabel="$d(t)\\,/\\,d(0)$", title=title)
        ax.legend(title="learning rate" if axis == "lr" else "hidden layers", frameon=False, fontsize=8)
    fig.savefig(out / "path_dependence.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
