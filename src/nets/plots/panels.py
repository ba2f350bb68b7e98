"""Panels of final load curves side by side, one colour for each network, with standard errors over seeds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..experiments.panels import Curve, Panel

LOADS = {"trace": "load $D_l$", "pinv": r"$\log\,\mathrm{Tr}\,\Sigma_W \Sigma_B^+$", "rmse": "RMSE$_l$"}
COLUMNS = 3


def draw_panels(panels: Sequence["Panel"], curves: Sequence[dict[str, "Curve"]]) -> "Figure":
    """A new figure with one pair of axes for each panel."""
    import matplotlib.pyplot as plt

    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(3.1 * columns + 0.6, 2.6 * rows), layout="constrained", squeeze=False
    )
    for ax, panel, found in zip(axes.flat, panels, curves, strict=False):
        plot_panel(panel, found, ax)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    return fig


def plot_panel(panel: "Panel", curves: dict[str, "Curve"], ax: "Axes") -> "Axes":
    """Draw load curves with standard errors; grey, dashed: equal loads. The legend says how well each does."""
    from matplotlib import colormaps

    colours = colormaps["viridis"](np.linspace(0.1, 0.85, max(len(curves), 2)))
    for colour, (label, c) in zip(colours, curves.items(), strict=False):
        if c.seeds == 0:
            ax.plot([], [], color=colour, label=f"{label}: failed")
            continue
        l = np.arange(len(c.D))
        error = np.nan_to_num(c.D_se)
        ax.errorbar(
            l, c.D, error, color=colour, marker="o", ms=3, lw=1.2, capsize=2, label=f"{label}: {c.score[0]:.3f}"
        )
        ax.plot(l[[0, -1]], c.D[[0, -1]], "--", color="0.7", lw=0.8, zorder=0)
    ax.set(xlabel="layer $l$", ylabel=LOADS[panel.metric])
    ax.set_title(panel.title, fontsize="medium")
    ax.legend(
        frameon=False, fontsize=7, title="test error" if panel.metric == "rmse" else "test accuracy", title_fontsize=7
    )
    return ax
