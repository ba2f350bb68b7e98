"""Work against achieved error: the implicit methods and AUTO on five stiff systems.

    PYTHONPATH=src python benchmarks/work_precision_stiff.py [--quick] [--docs docs]

Systems, absolute tolerances and errors as in `stiff.py` (the largest relative error of a component of the final state;
no Jacobian given, the band of the Brusselator is). Writes images/work_precision_stiff_{evaluations,time}.png and
tables/work_precision_stiff.md into the folder of the documentation. Evaluations of the drift are counted, those for
Jacobians by differences included; times are medians of interleaved rounds of processor time. Compiling, done before,
takes minutes in the first run on a machine.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from harness import cases, curves, limits, table, timing
from mechanics import solve
from mechanics.methods import AUTO, BDF, KVAERNO5, RADAU5, RODAS5P

METHODS = (RODAS5P, KVAERNO5, RADAU5, BDF, AUTO)
TOLERANCES = tuple(10.0 ** (-0.5 * k) for k in range(4, 25))
TARGETS = (1e-2, 1e-4, 1e-6, 1e-8)
TOO_SLOW = 0.02  # seconds
MARKERS = "os^vD"


def measure(case, tolerances, repeats):
    """{method: array (errors, evaluations, seconds)}."""
    one = case.system.problem(jacobian=None)
    one = replace(one, band=case.band) if case.band else one
    counts = {}

    def with_method(method):
        def at(tol):
            def run():
                solution = solve(one, method, rtol=tol, atol=tol * case.floor, saveat=[case.t1])
                counts[method, tol] = solution.stats.evaluations
                return solution.y

            return run

        return at

    solvers = {method: with_method(method) for method in METHODS}
    runs, errors = curves.ladders(case.name, solvers, case.error, tolerances, TOO_SLOW)
    times = timing.interleaved(runs, repeats, batch=0.003)
    found = {method: [] for method in METHODS}
    for key in runs:
        found[key[0]].append((errors[key], counts[key], times[key].median))
    return {method: np.array(rows).T for method, rows in found.items()}


def draw(found, row, label, path):
    fig, axes = plt.subplots(2, 3, figsize=(10, 6.4), layout="constrained")
    colours = plt.cm.viridis(np.linspace(0.95, 0, len(METHODS)))
    for ax, case, curve in zip(axes.flat, cases.STIFF, found, strict=False):
        for m, marker, colour in zip(METHODS, MARKERS, colours, strict=True):
            ax.loglog(curve[m][0], curve[m][row], marker=marker, ms=3.5, lw=1, color=colour, label=m.name)
        ax.set_xlim(1e1, 1e-12)
        ax.set_title(f"{case.system.name}, n = {case.n}", fontsize=9)
        ax.grid(alpha=0.3)
    for ax in (*axes[1], axes[0, 2]):
        ax.set_xlabel("achieved relative error at $t_1$")
    for ax in axes[:, 0]:
        ax.set_ylabel(label)
    axes[1, 2].axis("off")
    axes[1, 2].legend(*axes[0, 0].get_legend_handles_labels(), frameon=False, loc="center")
    fig.savefig(path, dpi=110)


def rows(found, row):
    """Markdown rows: geometric mean over systems of cost over the least cost, the cheapest in bold."""
    means = np.empty((len(METHODS), len(TARGETS)))
    for j, target in enumerate(TARGETS):
        costs = np.array([[curves.at_error(c[m][0], c[m][row], target) or np.nan for m in METHODS] for c in found])
        means[:, j] = np.exp(np.log(costs / np.nanmin(costs, axis=1, keepdims=True)).mean(axis=0))
    best = np.nanmin(means, axis=0)
    return [[f"`{m.name}`", *map(cell, means[i], best)] for i, m in enumerate(METHODS)]


def cell(value, best):
    return "-" if np.isnan(value) else f"**{value:.2f}**" if value == best else f"{value:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="whole decades of tolerance and three rounds")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    args = parser.parse_args()
    tolerances, repeats = (TOLERANCES[::2], 3) if args.quick else (TOLERANCES, 7)
    found = []
    for case in cases.STIFF:
        found.append(measure(case, tolerances, repeats))
        print(f"{case.system.name} ({timing.load()})", flush=True)
    images = args.docs / "images"
    images.mkdir(parents=True, exist_ok=True)
    (args.docs / "tables").mkdir(exist_ok=True)
    draw(found, 1, "evaluations of the drift", images / "work_precision_stiff_evaluations.png")
    draw(found, 2, "processor time (s)", images / "work_precision_stiff_time.png")
    text = []
    for row, what in ((1, "evaluations"), (2, "processor time")):
        head = [f"{what} over the least, at error", *(f"{e:.0e}" for e in TARGETS)]
        text.append(table.table(head, rows(found, row)))
    text.append(f"{limits.processor()}; medians of {repeats} rounds; {timing.load()} at the end.")
    (args.docs / "tables" / "work_precision_stiff.md").write_text("\n\n".join(text) + "\n")
    print("\n\n".join(text))


if __name__ == "__main__":
    main()
