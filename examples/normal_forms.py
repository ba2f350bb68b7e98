"""How far apart are two networks? Orders, scales and signs of units that do not change the function.
====================================================================================================

    relu(c z) = c relu(z), c > 0;   tanh(-z) = -tanh(z):   w_in -> c w_in, w_out -> w_out / c changes no output

Networks are compared as they are, with matched units, and in normal form (balanced scales; signs matched too).
(a) Distance to a network of another seed, and to a copy of the same with units permuted, scaled and turned, which only
the normal form recognises. (b, c) Loss on the straight line to the other seed.
Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, arXiv:2209.04836, for the matching.
"""

import argparse
from copy import deepcopy
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from nets import load_mnist10
from nets.perturb import align, barrier, divergence

KINDS = {"ReLU": nn.ReLU, "tanh": nn.Tanh}
TRAIN = {"copies": 1, "eps": 0.0, "steps": 200, "optimiser": "adam", "lr": 3e-3, "batch_size": 64, "record": ()}
NAMES, COLOURS = ("as they are", "matched", "normal form, matched"), plt.get_cmap("viridis")([0.85, 0.5, 0.0])
HIDDEN = 40


def trained(kind: str, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    layers = nn.Linear(100, HIDDEN), KINDS[kind](), nn.Linear(HIDDEN, HIDDEN), KINDS[kind](), nn.Linear(HIDDEN, 10)
    return divergence(nn.Sequential(*layers).double(), load_mnist10(), seed=seed, backend="loop", **TRAIN).network(0)


@torch.no_grad()
def disguised(net: nn.Module, kind: str, rng: np.random.Generator) -> nn.Module:
    """The same function: units in another order, of other scales (ReLU) or signs (tanh)."""
    copy = deepcopy(net)
    for below, above in ((copy[0], copy[2]), (copy[2], copy[4])):
        order = torch.from_numpy(rng.permutation(HIDDEN))
        c = torch.from_numpy(np.exp(rng.normal(size=HIDDEN)) if kind == "ReLU" else rng.choice([-1.0, 1.0], HIDDEN))
        below.weight.copy_(c[:, None] * below.weight[order])
        below.bias.copy_(c * below.bias[order])
        above.weight.copy_(above.weight[:, order] / c)
    return copy


def main(out: Path) -> None:
    torch.set_num_threads(1)
    data, rng, labels = load_mnist10(), np.random.default_rng(1), []
    x, y = torch.from_numpy(data.x_test[:500]).double(), torch.from_numpy(data.y_test[:500])
    fig, (a, *lines) = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
    for kind, ax, letter in zip(KINDS, lines, "bc", strict=True):
        net, other = (trained(kind, seed) for seed in (1, 2))
        for what, end in (("disguised", disguised(net, kind, rng)), ("other seed", other)):
            plain, normal = align(net, end), align(net, end, normal_form=True)
            far = plain.raw, plain.aligned, normal.aligned
            print(f"{kind}, {what}: |w - w'| =", ", ".join(f"{d:.3g} {n}" for d, n in zip(far, NAMES, strict=True)))
            a.bar(len(labels) + 0.27 * np.arange(-1, 2), far, 0.25, color=COLOURS)
            labels.append(f"{kind},\n{what}")
        before, after = (
            barrier(net, other, x, y, nn.functional.cross_entropy, points=15, alignment=alignment)
            for alignment in (plain, normal)
        )
        for line, name, colour in zip((before.before, before.after, after.after), NAMES, COLOURS, strict=True):
            ax.plot(line.a, line.loss, color=colour, label=name)
            print(f"{kind}, other seed, {name}: barrier {line.barrier:.3f}")
        ax.set(xlabel="share of the other network", ylabel="test loss", title=f"({letter}) {kind}", ylim=(0, None))
    lines[0].legend(frameon=False, fontsize=8, loc="lower center")
    a.set(ylabel=r"$|w - w'|$", title="(a)")
    a.set_xticks(range(4), labels, fontsize=8)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "normal_forms.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
