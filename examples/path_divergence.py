"""Copies of one network part as they train: weights, outputs, and the kinks of ReLU.
==================================================================================

    norm(w'(0) - w(0)) = eps on the sphere of each layer, then the same batches for all copies

(a) Distance of weights (solid) and of outputs on test images (dashed), in units of their start: curves of different eps
would be one if copies followed tangent equations. (b) Three learning rates against step x lr: one curve if only that
product counts. (c) Other perturbations of the same run. (d) Growth after the last step: it does not depend on eps for
tanh; for ReLU it rises as eps falls, because each kink that is crossed adds a jump that does not shrink with eps.
Hoogland, "Scaling laws of path dependence" (2022), with the geometry of its perturbation corrected.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from nets import MLP, load_mnist10
from nets.perturb import collapse, divergence, fit_scaling

RUN = {"copies": 4, "steps": 300, "optimiser": "sgd", "batch_size": 64, "times": 24, "examples": 300}
OTHERS = {"swap": (1, "two batches swapped"), "flip": (1, "one label flipped"), "drop": (1, "one image left out"),
          "lr": (0.01, "lr changed by 1 %"), "order": (1, "another order")}  # fmt: skip
RATES, SIZES = (0.03, 0.1, 0.3), (1e-4, 1e-3, 1e-2, 1e-1)


def tanh_network() -> nn.Module:
    """The same weights under another activation."""
    net = nn.Sequential(nn.Linear(100, 50), nn.Tanh(), nn.Linear(50, 10)).double()
    net.load_state_dict(dict(zip(net.state_dict(), relu_network().state_dict().values(), strict=True)))
    return net


def relu_network() -> nn.Module:
    return MLP(width=50, depth=2, norm=None, input_norm=False).double()


def main(out: Path) -> None:
    torch.set_num_threads(1)
    model, data = relu_network(), load_mnist10()
    fig, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(8.6, 6.4), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, 3))
    for eps, colour in zip((0.01, 0.1, 1.0), colours, strict=True):
        found = divergence(model, data, eps=eps, lr=0.1, **RUN)
        for name, style, label in (("distance_2", "-", rf"$\varepsilon = {eps:g}$"), ("test/logit_rms", "--", None)):
            a.plot(found.steps, (found[name] / found[name][:, :1]).mean(0), style, color=colour, label=label)
    runs = [divergence(model, data, eps=0.1, lr=lr, record=("weights",), **RUN) for lr in RATES]
    for found, lr, colour in zip(runs, RATES, colours, strict=True):
        b.plot(found.steps * lr, found["distance_2"].mean(0), color=colour, label=f"lr {lr:g}")
    curves, times = [found["distance_2"][:, 1:] for found in runs], [found.steps[1:] for found in runs]
    print(fit_scaling(RATES, times, curves, name="lr", resamples=200).verdict)
    together = collapse(RATES, times, curves, time_power=1.0)
    print(f"spread of ln d before and after t -> lr t: {together.spread_before:.3f}, {together.spread:.3f}")
    for kind, (eps, label) in OTHERS.items():
        found = divergence(model, data, eps=eps, perturb=kind, lr=0.1, record=("weights",), **RUN)
        print(f"{label}: |w - w'| = {found['distance_2'][:, -1].mean():.4f} at the end")
        positive = (found["distance_2"] > 0).all(0)
        c.plot(found.steps[positive], found["distance_2"][:, positive].mean(0), label=label)
    for net, label in ((model, "ReLU"), (tanh_network(), "tanh")):
        options = {**RUN, "times": [0, RUN["steps"]], "record": ("weights",)}
        grown = [divergence(net, data, eps=e, lr=0.1, **options)["distance_2"][:, -1].mean() / e for e in SIZES]
        print(label, "grows by", np.round(grown, 2), "for eps", SIZES)
        d.plot(SIZES, grown, "o-", label=label)
    a.set(xscale="symlog", yscale="log", xlabel="step", ylabel="distance / its start", title="(a)")
    b.set(xscale="symlog", yscale="log", xlabel="step x lr", ylabel=r"$|w - w'|$", title="(b)")
    c.set(xscale="log", yscale="log", xlabel="step", ylabel=r"$|w - w'|$", title="(c)")
    d.set(xscale="log", yscale="log", xlabel=r"$\varepsilon$", ylabel=r"$|w - w'| / \varepsilon$", title="(d)")
    for ax in (a, b, c, d):
        ax.legend(frameon=False, fontsize=8)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "path_divergence.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
