"""Error against step length for every explicit method, at the ends of steps and between them, with the claimed slopes.

    PYTHONPATH=src python benchmarks/orders.py [--docs docs]

What is drawn is what `mechanics.testing.check_order` and `check_dense_output` measure: fixed steps on the manufactured
system, whose solution is known at all times. Writes images/orders.png and tables/orders.md into the folder of the
documentation. Nothing here is timed; compiling takes about two minutes in the first run on a machine.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from harness import table
from mechanics.methods import all_methods
from mechanics.testing import check_dense_output, check_order

METHODS = tuple(sorted(all_methods("explicit"), key=lambda m: m.order))
ANY = 20.0  # orders above the claim
MARKERS = "os^vDPX*<>phd8H"


def measured(check, method):
    """The fitted slope, however far above the claim; and the check's words where it refuses the method."""
    try:
        return check(method).slope, ""
    except AssertionError as refusal:
        words = str(refusal)
    try:
        return check(method, above=ANY).slope, words
    except AssertionError:
        return None, words


def panel(ax, slopes, claims, colours):
    for (method, slope), claim, marker in zip(slopes.items(), claims, MARKERS, strict=True):
        if slope is None:
            continue
        dts, errors = np.array(slope.dts), np.array(slope.errors)
        ax.loglog(dts, errors, marker, ms=4, color=colours[method.order], label=method.name)
        middle = len(dts) // 2
        ax.loglog(dts, errors[middle] * (dts / dts[middle]) ** claim, "k--", lw=0.7)
    ax.set(xlabel=r"step $\Delta t$", ylim=(5e-14, 1e-1))
    ax.grid(alpha=0.3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    docs = parser.parse_args().docs
    ends, inside, refusals, lines = {}, {}, [], []
    for m in METHODS:
        (ends[m], why), (inside[m], why_inside) = measured(check_order, m), measured(check_dense_output, m)
        refusals += [said for said in (why, why_inside) if said]
        shown = ["-" if s is None else f"{s.order:.2f} ± {s.stderr:.2f}" for s in (ends[m], inside[m])]
        within = min(m.order, m.dense_order + 1)
        lines.append([f"`{m.name}`", str(m.order), shown[0], f"{m.dense_order}", f"{within}", shown[1]])
        print(*lines[-1], flush=True)
    orders = sorted({m.order for m in METHODS})
    colours = dict(zip(orders, plt.cm.viridis(np.linspace(0.95, 0, len(orders))), strict=True))
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 5), sharey=True, layout="constrained")
    panel(left, ends, [m.order for m in METHODS], colours)
    panel(right, inside, [min(m.order, m.dense_order + 1) for m in METHODS], colours)
    left.set(ylabel="relative error")
    left.set_title("at the ends of steps", fontsize=9)
    right.set_title("between them", fontsize=9)
    handles, labels = left.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right center", frameon=False, fontsize="small")
    (docs / "images").mkdir(parents=True, exist_ok=True)
    (docs / "tables").mkdir(exist_ok=True)
    fig.savefig(docs / "images" / "orders.png", dpi=110)
    head = ["method", "order", "measured", "order inside a step", "so between steps", "measured"]
    text = [table.table(head, lines), *refusals]
    (docs / "tables" / "orders.md").write_text("\n\n".join(text) + "\n")
    print("\n".join(refusals))


if __name__ == "__main__":
    main()
