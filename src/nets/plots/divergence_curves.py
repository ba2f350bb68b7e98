"""Distances between a baseline and its copies against the step of training."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..perturb.lockstep import Divergence


def plot_divergence(found: "Divergence", name: str = "distance_2", ax: "Axes | None" = None, **line: Any) -> "Axes":
    """Draw the mean of a distance over copies, and the range from the least to the largest as a band.

    Parameters
    ----------
    found : Divergence
    name : str
        Of the curve; `found.keys()` lists them.
    ax : Axes, optional
        A new figure's by default.
    **line
        For `Axes.plot`: colour, label.

    Returns
    -------
    Axes
        Linear axes; set the scales as you need them. Failed copies are left out.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.3), layout="constrained")
    d = found[name][found.failed_step[1:] < 0]
    seen = np.isfinite(d).all(0)
    if len(d) and seen.any():
        (drawn,) = ax.plot(found.steps[seen], d[:, seen].mean(0), **line)
        low, high = d[:, seen].min(0), d[:, seen].max(0)
        ax.fill_between(found.steps[seen], low, high, color=drawn.get_color(), alpha=0.2, lw=0)
    ax.set(xlabel="step", ylabel=name.replace("_", " "))
    return ax
