"""Strong and weak error against the step for every stochastic method, with the claimed slopes.

    PYTHONPATH=src python benchmarks/sde_orders.py [--docs docs] [--quick]

What is drawn is what `mechanics.testing.check_strong_order` and `check_weak_order` measure: geometric Brownian motion.
Bars: two standard errors. Nothing here is timed. SRA1 and SRA3, for additive noise alone, are in the tests.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter

from mechanics.methods import all_methods
from mechanics.testing import check_strong_order, check_weak_order

METHODS = [method for method in all_methods("stochastic") if "diagonal" in method.noises]
MARKERS = "os^vD<>p"


def panel(ax, checks):
    for method, check in checks.items():
        k = METHODS.index(method)
        dts, errors, bars = np.array(check.dts), np.array(check.errors), 2.0 * np.array(check.stderrs)
        ax.errorbar(dts, errors, np.minimum(bars, 0.9 * errors), fmt=MARKERS[k], ms=4, color=f"C{k}", label=method.name)
        ax.plot(dts, errors[0] * (dts / dts[0]) ** check.claim, "k--", lw=0.7)
    ax.set(xlabel=r"step $\Delta t$", xscale="log", yscale="log")
    ax.set_xticks(dts, [f"{dt:.2g}" for dt in dts], minor=False)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(alpha=0.3)


def main(docs, quick):
    members = 200_000 if quick else 1_500_000
    strong = {m: check_strong_order(m, members=2000) for m in METHODS if m.strong_order}
    weak = {}
    for m in (m for m in METHODS if m.weak_order):
        try:
            weak[m] = check_weak_order(m, members=members)
        except AssertionError as refusal:
            print(refusal)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
    panel(left, strong)
    panel(right, weak)
    left.set(ylabel=r"mean of $|Y(1) - y(1)|$")
    right.set(ylabel="error of a moment at $t = 1$")
    entries = {}
    for ax in (left, right):
        handles, labels = ax.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    fig.legend(entries.values(), entries.keys(), loc="outside right center", frameon=False, fontsize=8)
    for kind in (strong, weak):
        for m, check in kind.items():
            print(f"{m.name:15} {check.kind} {check.claim:g}: {check.order:.2f} +- {check.stderr:.2f}")
    (docs / "images").mkdir(parents=True, exist_ok=True)
    fig.savefig(docs / "images" / "sde_orders.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    main(options.docs, options.quick)
