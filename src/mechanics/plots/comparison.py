"""Chains and curves compared: the error of every candidate where it was fitted and where it was not."""

from typing import TYPE_CHECKING

import numpy as np

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..fit.comparison import ModelComparison

MARKERS = {"epochs": "o", "last epochs": "s", "layers": "^", "last layer": "D", "seeds": "v"}
LABELS = {
    "epochs": "epochs between others",
    "last epochs": "last epochs",
    "layers": "layers between others",
    "last layer": "last layer",
    "seeds": "histories not fitted",
}


def plot_comparison(comparison: "ModelComparison", ax: "Axes | None" = None) -> "Axes":
    """Errors of all candidates, best at the top; bars are one standard error.

    Parameters
    ----------
    comparison : ModelComparison
    ax : Axes, optional
        A new figure unless given.

    Returns
    -------
    Axes
        Errors against candidates on a logarithmic axis, in units of the seed spread where it is known. Black bars: the
        residual where fitted. Grey names: curves.
    """
    rows = comparison.rows
    ax = axes_or_new(ax, (7.0, 1.6 + 0.24 * len(rows)))
    places = np.arange(len(rows))
    unit = comparison.unit or 1.0
    ax.plot([row.rmse / unit for row in rows], places, "k|", ms=9, mew=1.6, label="where fitted")
    kinds = list(rows[0].held_out)
    offsets = np.linspace(-0.25, 0.25, len(kinds)) if len(kinds) > 1 else [0.0]
    for i, (kind, offset) in enumerate(zip(kinds, offsets, strict=True)):
        values = np.array([row.held_out[kind].value for row in rows])
        errors = np.array([row.held_out[kind].stderr for row in rows])
        values[~np.isfinite(values)] = np.nan
        low = np.minimum(np.nan_to_num(errors), 0.9 * values)  # a bar must end on a logarithmic axis
        bars = np.stack([low, np.nan_to_num(errors)])
        ax.errorbar(
            values, places + offset, xerr=bars, fmt=MARKERS[kind], ms=4, lw=0.8, color=f"C{i}", label=LABELS[kind]
        )
    ax.set_yticks(places, [row.label.replace("_", " ") for row in rows])
    for tick, row in zip(ax.get_yticklabels(), rows, strict=True):
        tick.set_color("black" if row.family == "chain" else "0.5")
    words = "error, units of $D$" if comparison.unit is None else "error, spread between histories"
    ax.set(xlabel=words, xscale="log", ylim=(len(rows) - 0.4, -0.6))
    ax.grid(axis="x", lw=0.3, alpha=0.6)
    ax.legend(frameon=False, fontsize="small", ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return ax
