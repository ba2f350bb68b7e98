"""The report's figures, each from arrays of a Fig. 4 job."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mechanics.pages.fit_figures import parabola
from mechanics.pages.style import INK

COLOURS = {"lazy": "#3a7bd5", "linear": "#d9822b", "noisy": "#2a9d6f"}
MARKERS = {"lazy": "o", "linear": "s", "noisy": "^"}


def plot_final(ax: Axes, settings: list[dict[str, Any]]) -> Axes:
    """Final load curves with standard errors; the parabola (8) of each fitted chain dashed."""
    for s in settings:
        D = np.array(s["load_curve"])
        l = np.arange(len(D))
        error = None if s["load_curve_se"] is None else np.array(s["load_curve_se"])
        look: dict[str, Any] = {"color": COLOURS[s["name"]], "marker": MARKERS[s["name"]], "ms": 4.5, "capsize": 2}
        ax.errorbar(l, D, error, label=s["label"], **look)
        if s["mu_eff_over_k"] is not None and s["Y"] is not None:
            x = parabola(s["Y"], s["mu_eff_over_k"], len(D), len(D) - 1)
            ax.plot(l, D[0] - x, "--", color=INK, lw=1, zorder=3)
    (rest,) = ax.plot([], [], "--", color=INK, lw=1)
    ax.set(xlabel="layer $l$", ylabel="load $D_l$")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend([*handles, rest], [*labels, "chain at rest, (8)"])
    return ax


def plot_accuracy(ax: Axes, settings: list[dict[str, Any]]) -> Axes:
    """Test accuracy against curvature: every run a dot, the mean of a setting a large one with standard errors."""
    for s in settings:
        colour, marker = COLOURS[s["name"]], MARKERS[s["name"]]
        runs = s["runs"]
        ax.plot(
            [r["curvature"] for r in runs],
            [100 * r["accuracy"] for r in runs],
            marker,
            color=colour,
            ms=3,
            alpha=0.5,
            mew=0,
        )
        errors: dict[str, Any] = {
            "xerr": s["curvature_se"],
            "yerr": None if s["accuracy_se"] is None else 100 * s["accuracy_se"],
        }
        look: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "ms": 7,
            "capsize": 2,
            "ls": "none",
            "label": s["label"],
        }
        ax.errorbar(s["curvature"], 100 * s["accuracy"], **errors, **look)
    ax.axvline(0, color=INK, lw=0.6, ls=":")
    ax.set(xlabel="curvature of the final load curve (convex > 0)", ylabel="test accuracy (%)")
    ax.legend()
    return ax
