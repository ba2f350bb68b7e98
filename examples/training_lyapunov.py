"""Lyapunov exponents of training: steady, transient and chaotic by the learning rate alone.
=========================================================================================

    V_{t+1} = D Phi_t V_t = Q R,   l_j = (1/T) sum log R_jj,   Phi_t the optimiser's step on batch t

A tanh network 100-8-10 on 200 digits, cross-entropy, SGD in batches of 20. Left: how far a copy has moved away along a
random first direction, in the weights (lines), in the logits at test images (dots), and as two trainings 1e-8 apart
show it (dashed). Right: finite-time exponents over the steps so far, the first three. See how growth at lr 2 ends (a
transient, not chaos) and a band of zeros remains, while lr 8 stays chaotic.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from nets import load_mnist10
from nets.ensembles import SGD
from nets.lyapunov import training_spectrum, two_copies

RATES, STEPS = (0.2, 2.0, 8.0), 300


def main(out: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(100, 8), nn.Tanh(), nn.Linear(8, 10))
    digits = load_mnist10()
    data = (digits.x_train[:200], digits.y_train[:200])
    marks = range(30, STEPS + 1, 30)

    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for lr, colour in zip(RATES, plt.colormaps["viridis"]([0.0, 0.45, 0.85]), strict=True):
        settings = {"optimiser": SGD(), "lr": lr, "steps": STEPS, "batch_size": 20, "seed": 1}
        spectrum = training_spectrum(model, data, k=3, measure_at=marks, probe=digits.x_test[:100], **settings)
        copies = two_copies(model, data, **settings)
        print(f"lr {lr:g}: {spectrum.verdict}")
        to_decades = 1 / np.log(10)
        left.plot(spectrum.times, np.cumsum(spectrum.first) * to_decades, color=colour, label=f"lr {lr:g}")
        left.plot(np.arange(1, STEPS + 1), np.cumsum(copies.rates[0]) * to_decades, "k--", lw=0.8)
        seen = spectrum.measured
        left.plot(seen.steps, seen.function_first * seen.steps * to_decades, ".", color=colour, ms=4)
        for j, style in enumerate(("-", "--", ":")):
            right.plot(spectrum.times, spectrum.history[:, j], style, color=colour, lw=1.2)
    left.set(xlabel="step $t$", ylabel=r"$\log_{10}$ of growth since step 0", yscale="symlog")
    left.legend(frameon=False)
    right.axhline(0, color="k", lw=0.6)
    right.set(xlabel="step $t$", ylabel="exponents over steps 0 to $t$", ylim=(-0.02, 1.2))
    right.set_yscale("symlog", linthresh=1e-2)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "training_lyapunov.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
