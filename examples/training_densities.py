"""Where trainings go and what decides it: aging of weights and logits, and what end points depend on.
====================================================================================================

    R(t_w, t_w + tau) = C(t_w, t_w + tau) / sqrt(C(t_w, t_w) C(t_w + tau, t_w + tau)),   y_ij = mu + a_i + b_j + e_ij

A small MLP on 400 packaged digits. Left and middle: 16 trainings from the same initial weights with other batch orders;
R is the correlation of their departures from the common mean. Were training stationary, the curves of all waiting times
t_w would fall on one another. Right: 6 initial weights x 6 batch orders, parts of the variance of what is reached, with
95 % intervals. See which quantities the initial weights decide, and which neither cause decides alone.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

from nets import Digits, MLPConfig, load_mnist10, train_ensemble
from nets.densities import correlation_time, end_points, logits_in_time, two_time
from nets.ensembles import SGD
from nets.plots import plot_aging, plot_components

EPOCHS, WAITS = 80, (1, 4, 16, 40)


def main(out: Path) -> None:
    torch.set_num_threads(1)
    full = load_mnist10()
    data = Digits(full.x_train[:400], full.y_train[:400], full.x_test[:500], full.y_test[:500], 10, "400 digits")
    size = {"width": 12, "depth": 3}
    configs = [MLPConfig(seed=0, data_seed=s, optimiser=SGD(), lr=0.1, batch_size=20) for s in range(1, 17)]
    runs = train_ensemble(configs, data, epochs=EPOCHS, record=("networks", "weights"), **size)
    logits = logits_in_time(runs, data.x_test[:100])

    fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for ax, series, name in ((axes[0], runs.weights, "weights"), (axes[1], logits, "logits")):
        plot_aging(two_time(series, runs.epochs), WAITS, ax)
        ax.set(ylim=(0, 1.02), xlabel=r"lag $\tau$ (epochs)", ylabel=rf"$R(t_w, t_w + \tau)$ of {name}")
        print(f"{name}, last half: {correlation_time(series, runs.epochs, start=EPOCHS / 2).verdict}")
    axes[0].legend(frameon=False)

    ends = end_points(data, configs[0], epochs=EPOCHS, seed=100, **size)
    for name, found in ends.components["base"].items():
        print(f"{name}\n{found}")
    plot_components(ends.components["base"], axes[2])
    axes[2].legend(frameon=False, ncols=3, fontsize=8, columnspacing=1.0, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "training_densities.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
