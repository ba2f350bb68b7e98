"""Load curves of two networks: noise turns the concave, lazy curve convex.
========================================================================

    D_l = log(Tr Sigma_W / Tr Sigma_B)   after layer l

Left: small steps and large batches, the last layers do the work. Right: large steps, small batches and dropout, the
first layers do. Dark is late; the dashed line shares the load equally.
Shi, Pan, Dokmanic, arXiv:2407.19353, figure 4.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

from nets import MLP, load_mnist10, train
from nets.plots import plot_load_curves

SETTINGS = {
    "lr 0.0001, batch 200": ({"lr": 1e-4, "batch_size": 200}, {"dropout": 0.0}),
    "lr 0.003, batch 50, dropout 0.2": ({"lr": 3e-3, "batch_size": 50}, {"dropout": 0.2}),
}
EPOCHS = 24
MEASURE_EVERY = 2


def main(out: Path) -> None:
    torch.set_num_threads(1)  # products of 100 x 100 lose time to more threads
    data = load_mnist10()
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained", sharey=True)
    for i, (ax, (name, (training, model))) in enumerate(zip(axes, SETTINGS.items(), strict=True)):
        history = train(MLP(**model), data, epochs=EPOCHS, measure_every=MEASURE_EVERY, **training)
        plot_load_curves(history, ax, colorbar=i == 1)
        ax.set_title(f"{name}: test accuracy {history.test_accuracy[-1]:.3f}", fontsize=9)
    axes[1].set_ylabel("")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "nets_load_curve.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
