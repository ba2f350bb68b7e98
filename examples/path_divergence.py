"""Copies of one network part as they train: weights drift, functions hardly do.
============================================================================

    |w'(0) - w(0)| = eps on the sphere of each layer, then the same batches for all copies

(a) Distance of the weights for three eps: parallel curves are a tangent dynamics, flat ends are not. (b) The same at
three learning rates against step x lr, one curve if only that product counts. (c) Other perturbations of the same run.
(d) Distance of the outputs on test images, in units of its start.
Hoogland, "Scaling laws of path dependence" (2022), with the geometry of its perturbation corrected.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nets import MLP, load_mnist10
from nets.perturb import collapse, divergence, fit_scaling

RUN = {"copies": 4, "steps": 400, "optimiser": "sgd", "batch_size": 64, "times": 24, "examples": 300}
OTHERS = {"swap": (1, "two batches swapped"), "flip": (1, "one label flipped"), "drop": (1, "one image left out"),
          "lr": (0.01, "lr changed by 1 %"), "order": (1, "another order")}  # fmt: skip
RATES = (0.03, 0.1, 0.3)


def main(out: Path) -> None:
    model, data = MLP(width=50, depth=2, norm=None, input_norm=False, init="variance"), load_mnist10()
    fig, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(8.6, 6.4), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, 3))
    for eps, colour in zip((0.01, 0.1, 1.0), colours, strict=True):
        found = divergence(model, data, eps=eps, lr=0.1, **RUN)
        found.plot("distance_2", a, color=colour, label=rf"$\varepsilon = {eps:g}$")
        outputs = found["test/logit_rms"] / found["test/logit_rms"][:, :1]
        d.plot(found.steps, outputs.mean(0), color=colour, label=rf"$\varepsilon = {eps:g}$")
    runs = [divergence(model, data, eps=0.1, lr=lr, record=("weights",), **RUN) for lr in RATES]
    for found, lr, colour in zip(runs, RATES, colours, strict=True):
        b.plot(found.steps * lr, found["distance_2"].mean(0), color=colour, label=f"lr {lr:g}")
    seen = [found.steps > 0 for found in runs]
    curves = [found["distance_2"][:, s] for found, s in zip(runs, seen, strict=True)]
    times = [found.steps[s].astype(float) for found, s in zip(runs, seen, strict=True)]
    rise = fit_scaling(RATES, times, curves, name="lr", resamples=200)
    together = collapse(RATES, times, curves, time_power=1.0)
    print(rise.verdict)
    print(f"spread of ln d before and after t -> lr t: {together.spread_before:.3f}, {together.spread:.3f}")
    for kind, (eps, label) in OTHERS.items():
        found = divergence(model, data, eps=eps, perturb=kind, lr=0.1, record=("weights",), **RUN)
        print(f"{label}: |w - w'| = {found['distance_2'][:, -1].mean():.4f} at the end")
        positive = (found["distance_2"] > 0).all(0)
        c.plot(found.steps[positive], found["distance_2"][:, positive].mean(0), label=label)
    a.set(xscale="symlog", yscale="log", ylabel=r"$|w - w'|$", title="(a)")
    b.set(xscale="symlog", xlabel="step x lr", ylabel=r"$|w - w'|$", title="(b)")
    c.set(xscale="log", yscale="log", xlabel="step", ylabel=r"$|w - w'|$", title="(c)")
    d.set(xscale="symlog", yscale="log", xlabel="step", ylabel="logit rms / its start", title="(d)")
    for ax in (a, b, c, d):
        ax.legend(frameon=False, fontsize=8)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "path_divergence.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
