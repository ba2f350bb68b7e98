"""A chain fitted in every cell of a small diagram: dropout lowers the effective friction, and foretells a load curve.
===================================================================================================================

    D_l = D_0 - l Y/L + (mu_eff/2k) l (L - l)   at rest, equation (8)

Networks with four dropout rates and two slopes; a spring-block chain is fitted to each cell. Left: effective friction
with 95 % intervals. Right: load curves of the slope 0 (points), and what the chain and the plain interpolation of load
curves foretell for each of them when it is left out (lines).
Shi, Pan, Dokmanic, arXiv:2407.19353.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nets import MLPConfig
from nets.experiments import mechanics_map

DROPOUTS, SLOPES, SEEDS, EPOCHS = (0.0, 0.1, 0.2, 0.3), (0.0, 0.6), 2, 12


def main(out: Path) -> None:
    found = mechanics_map(
        "dropout", DROPOUTS, SLOPES, SEEDS, epochs=EPOCHS, measured=(0, 1, 2, 3, 4, 6, 8, 10, 12),
        config=MLPConfig(batch_size=100), progress=False,
    )  # fmt: skip
    for sentence in found.regress(["mu_eff_over_k", "Y", "noise_over_k"]).sentences:
        print(sentence)
    score = found.score("cell")
    print(score)

    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    found.plot("mu_eff_over_k", left)
    colours = plt.colormaps["viridis"](np.linspace(0, 0.9, len(DROPOUTS)))
    layers = np.arange(found.cells.sizes["layer"])
    for p, colour in zip(DROPOUTS, colours, strict=True):
        cell = found.cells.sel(dropout=p, slope=0.0)
        right.errorbar(layers, cell["load_curve"], cell["load_curve_sd"], fmt="o", ms=3.5, color=colour, label=f"{p:g}")
        for method, line in (("chain", "-"), ("curves", ":")):
            foretold = score.errors["predicted"].sel(predictor=method, dropout=p, slope=0.0)
            right.plot(layers, foretold, line, color=colour, lw=1.2)
    right.plot([], [], "k-", lw=1.2, label="chain")
    right.plot([], [], "k:", lw=1.2, label="curves")
    right.set(xlabel="layer $l$", ylabel="load $D_l$")
    right.legend(title="dropout", frameon=False, fontsize="small")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "mechanics_map.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
