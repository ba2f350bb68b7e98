"""A small phase diagram of networks: load curves bend from concave to convex with dropout and with linearity.
============================================================================================================

    D_l = log(Tr Sigma_W / Tr Sigma_B)   after layer l

Three dropout rates, two slopes of the leaky ReLU, two seeds in each cell: twelve networks in one call. Left: colour is
the mean curvature of the load curves (blue concave, red convex), some of which are drawn in. Right: test accuracy
against the size of the curvature; six cells of two seeds show no more than that the two go together.
Shi, Pan, Dokmanic, arXiv:2407.19353, figure 1, which has 16 x 6 cells of 10 seeds.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from nets import MLPConfig
from nets.experiments import correlation, phase_diagram
from nets.plots import plot_accuracy

DROPOUTS, SLOPES = (0.0, 0.1, 0.3), (0.0, 0.6)
SEEDS, EPOCHS = 2, 12


def main(out: Path) -> None:
    diagram = phase_diagram(
        "dropout", DROPOUTS, SLOPES, SEEDS, epochs=EPOCHS, config=MLPConfig(batch_size=100), progress=False
    )
    relation = correlation(diagram)
    print(f"accuracy against |curvature|: rank correlation {relation.value:+.2f}")
    for p, bends, right in zip(DROPOUTS, diagram.curvature, diagram.accuracy, strict=True):
        cells = "   ".join(f"slope {a:g}: {b:+.2f}, {c:.3f}" for a, b, c in zip(SLOPES, bends, right, strict=True))
        print(f"dropout {p:<4g}  curvature, test accuracy:   {cells}")

    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
    diagram.plot(left)
    plot_accuracy(diagram, relation, right)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "network_phase_diagram.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
