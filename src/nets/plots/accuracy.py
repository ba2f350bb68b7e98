"""Test accuracy of the cells of a phase diagram against the size of their curvature."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..experiments.diagram import NetworkDiagram
    from ..experiments.rank_correlation import Correlation


def plot_accuracy(diagram: "NetworkDiagram", correlation: "Correlation", ax: "Axes | None" = None) -> "Axes":
    """Draw a point for each cell, with standard errors over seeds.

    Parameters
    ----------
    diagram : NetworkDiagram
        Of `nets.experiments.phase_diagram`.
    correlation : Correlation
        Of the same cells; written above the points.
    ax : Axes, optional
        A new figure's by default.

    Returns
    -------
    Axes
        Colour: slope of the nonlinearity. Filled: convex; open: concave.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.4), layout="constrained")
    bend, accuracy = diagram.curvature, diagram.accuracy
    errors = np.nan_to_num(diagram.curvature_se), np.nan_to_num(diagram.accuracy_se)
    slopes = diagram.axes["slope"]
    colours = plt.get_cmap("viridis")(np.linspace(0.05, 0.9, len(slopes)))
    for j in np.argsort(slopes):
        ax.errorbar(
            np.abs(bend[:, j]), accuracy[:, j], errors[1][:, j], errors[0][:, j], ls="none", color=colours[j], lw=0.7
        )
        face = np.where((bend[:, j] > 0)[:, None], colours[j], (1.0, 1.0, 1.0, 1.0))
        ax.scatter(
            np.abs(bend[:, j]), accuracy[:, j], s=22, c=face, edgecolors=[colours[j]], zorder=3,
            label=rf"$\alpha = {slopes[j]:g}$",
        )  # fmt: skip
    ax.set(xlabel="size of the curvature", ylabel="test accuracy")
    ax.set_title(
        rf"rank correlation ${correlation.value:+.2f}$ $[{correlation.low:+.2f}, {correlation.high:+.2f}]$ (95 %)",
        fontsize="small",
    )
    legend = ax.legend(frameon=False, fontsize=7)
    for handle, colour in zip(legend.legend_handles, colours[np.argsort(slopes)], strict=True):
        handle.set_facecolor(colour)  # type: ignore[union-attr]
    return ax
