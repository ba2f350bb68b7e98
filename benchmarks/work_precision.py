"""Work against achieved error: every adaptive explicit method on five systems.

    PYTHONPATH=src python benchmarks/work_precision.py [--quick] [--docs docs]

Each method solves at tolerances 1e-2 .. 1e-14 (rtol = atol) until it costs more than 150,000 evaluations. Error: the
largest component of the difference from the record's high-precision final state, over the largest component of that.
Writes images/work_precision_{evaluations,time}.png and tables/work_precision.md into the folder of the documentation.
Evaluations of the drift are counted and the same everywhere; times are medians of interleaved rounds of processor time.
Compiling, done before, takes minutes in the first run on a machine.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from harness import limits, table, timing
from mechanics import SolveError, solve
from mechanics.methods import all_methods
from mechanics.systems import ARENSTORF, HENON_HEILES, LORENZ63, LORENZ96, PLEIADES

SYSTEMS = (LORENZ63, HENON_HEILES, ARENSTORF, PLEIADES, LORENZ96)
METHODS = tuple(sorted((m for m in all_methods("explicit") if m.adaptive), key=lambda m: m.order))
TOLERANCES = 10.0 ** -np.arange(2, 14.5, 0.5)
TARGETS = (1e-3, 1e-5, 1e-7, 1e-9, 1e-11)
ROUNDED = {ARENSTORF: 1e-9}  # float64 keeps ten digits of this orbit: it does not count below
MOST_EVALUATIONS = 150_000
DENSE = 2  # row of evaluations with all interpolants
MARKERS = "os^vDPX*<>phd"


def ladder(system, method, tolerances):
    """(run, evaluations, evaluations with all interpolants, error) for each tolerance, as far as the method gets."""
    problem, extra, found = system.problem(), len(method.data.extra_A), []
    for tol in tolerances:

        def run(tol=tol):
            return solve(problem, method, rtol=tol, atol=tol, saveat=[system.t1])

        try:
            solution = run()
        except SolveError:  # too loose for this method (the state explodes), or too tight for float64
            if found:
                break
            continue
        error = np.abs(solution.y - system.final).max() / np.abs(system.final).max()
        count = solution.stats.evaluations
        found.append((run, count, count + extra * solution.stats.accepted, max(float(error), 1e-16)))
        if count > MOST_EVALUATIONS:
            break
    return found


def measure(system, tolerances, repeats):
    """{method: array (errors, evaluations, evaluations with interpolants, seconds)}."""
    points = {m: ladder(system, m, tolerances) for m in METHODS}
    runs = {(m, k): run for m, found in points.items() for k, (run, *_) in enumerate(found)}
    times = timing.interleaved(runs, repeats, batch=0.003)
    return {
        m: np.array([(error, *counts, times[m, k].median) for k, (_, *counts, error) in enumerate(found)]).T
        for m, found in points.items()
    }


def cost_at(errors, costs, target):
    """Cost at an achieved error: log-log interpolation between the tolerances where the error first falls below it."""
    below = np.flatnonzero(errors <= target)
    if not len(below):
        return np.nan
    k = below[0]
    if k == 0:
        return costs[0]
    x, y = np.log(errors[k - 1 : k + 1]), np.log(costs[k - 1 : k + 1])
    return float(np.exp(y[0] + (np.log(target) - x[0]) / (x[1] - x[0]) * (y[1] - y[0])))


def over_best(curves, row):
    """Geometric mean over systems of cost over the least cost, (methods, targets); NaN where one was not reached."""
    means = np.empty((len(METHODS), len(TARGETS)))
    for j, target in enumerate(TARGETS):
        fit = [c for system, c in zip(SYSTEMS, curves, strict=True) if ROUNDED.get(system, 0.0) <= target]
        costs = np.array([[cost_at(c[m][0], c[m][row], target) for m in METHODS] for c in fit])
        if row == DENSE:
            costs[:, [m.dense_order + 1 < m.order for m in METHODS]] = np.nan  # less accurate between steps
        means[:, j] = np.exp(np.log(costs / np.nanmin(costs, axis=1, keepdims=True)).mean(axis=0))
    return means


def draw(curves, row, label, path):
    fig, axes = plt.subplots(2, 3, figsize=(10, 6.4), layout="constrained")
    colours = plt.cm.viridis(np.linspace(0.95, 0, len(METHODS)))
    for ax, system, curve in zip(axes.flat, SYSTEMS, curves, strict=False):
        for m, marker, colour in zip(METHODS, MARKERS, colours, strict=False):
            ax.loglog(curve[m][0], curve[m][row], marker=marker, ms=3.5, lw=1, color=colour, label=m.name)
        ax.set_xlim(1e-1, 1e-15)
        ax.set_title(f"{system.name}, n = {system.n}", fontsize=9)
        ax.grid(alpha=0.3)
    for ax in (*axes[1], axes[0, 2]):
        ax.set_xlabel("achieved relative error at $t_1$")
    for ax in axes[:, 0]:
        ax.set_ylabel(label)
    axes[1, 2].axis("off")
    axes[1, 2].legend(*axes[0, 0].get_legend_handles_labels(), ncols=2, frameon=False, loc="center")
    fig.savefig(path, dpi=110)


def rows(means):
    """Markdown rows with the cheapest in bold."""
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
    curves = []
    for system in SYSTEMS:
        curves.append(measure(system, tolerances, repeats))
        print(f"{system.name} ({timing.load()})", flush=True)
    (args.docs / "images").mkdir(parents=True, exist_ok=True)
    (args.docs / "tables").mkdir(exist_ok=True)
    text = []
    draw(curves, 1, "evaluations of the drift", args.docs / "images" / "work_precision_evaluations.png")
    draw(curves, 3, "processor time (s)", args.docs / "images" / "work_precision_time.png")
    for row, what in enumerate(("evaluations", "evaluations with all interpolants", "processor time"), 1):
        head = [f"{what} over the least, at error", *(f"{e:.0e}" for e in TARGETS)]
        text.append(table.table(head, rows(over_best(curves, row))))
    text.append(f"{limits.processor()}; medians of {repeats} rounds; {timing.load()} at the end.")
    (args.docs / "tables" / "work_precision.md").write_text("\n\n".join(text) + "\n")
    print("\n\n".join(text))


if __name__ == "__main__":
    main()
