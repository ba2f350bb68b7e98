"""Twenty networks in one call: load curves bend from concave to convex as dropout grows.
======================================================================================

    D_l = log(Tr Sigma_W / Tr Sigma_B)   after layer l

Four seeds at each of five dropout rates in one call. Left: mean load curves after the last epoch, bands are one
standard deviation over seeds. Right: their curvature (negative: concave) and the test accuracy.
Shi, Pan, Dokmanic, arXiv:2407.19353, figure 2.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import curvature
from nets import MLPConfig, load_mnist10, train_ensemble

DROPOUTS = (0.0, 0.05, 0.1, 0.2, 0.3)
SEEDS, EPOCHS = 4, 12


def main(out: Path) -> None:
    configs = [MLPConfig(seed=s, dropout=p, batch_size=100) for p in DROPOUTS for s in range(SEEDS)]
    histories = train_ensemble(configs, load_mnist10(), epochs=EPOCHS, measure_every=EPOCHS)
    print(
        f"{len(histories)} networks, {EPOCHS} epochs: {histories.seconds:.1f} s; all done: {histories.finished.all()}"
    )
    curves = histories.load_curves[:, -1].reshape(len(DROPOUTS), SEEDS, -1)
    accuracy = histories.test_accuracy[:, -1].reshape(len(DROPOUTS), SEEDS)
    bends = np.array([[curvature(D) for D in of_seeds] for of_seeds in curves])

    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3), layout="constrained")
    layers = np.arange(curves.shape[2])
    colours = plt.colormaps["viridis"](np.linspace(0, 0.9, len(DROPOUTS)))
    for p, of_seeds, colour in zip(DROPOUTS, curves, colours, strict=True):
        mean, sd = of_seeds.mean(0), of_seeds.std(0, ddof=1)
        left.plot(layers, mean, color=colour, label=f"{p:g}")
        left.fill_between(layers, mean - sd, mean + sd, color=colour, alpha=0.2, lw=0)
    left.set(xlabel="layer $l$", ylabel="load $D_l$")
    left.legend(title="dropout $p$", frameon=False)
    right.errorbar(DROPOUTS, bends.mean(1), bends.std(1, ddof=1), marker="o", color="C0", capsize=2)
    right.axhline(0, color="k", ls="--", lw=1)
    right.set_xlabel("dropout $p$")
    right.set_ylabel("curvature of the load curve", color="C0")
    other = right.twinx()
    other.errorbar(DROPOUTS, accuracy.mean(1), accuracy.std(1, ddof=1), marker="s", color="C1", capsize=2)
    other.set_ylabel("test accuracy", color="C1")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "nets_ensemble.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
