"""A fitted trajectory beside its data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .lyapunov import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 4  # components of one trajectory


def plot_trajectory_fit(fit: Any, ax: "Axes | None" = None) -> "Axes":
    """Data as points and model as lines over time, of the first trajectory.

    Parameters
    ----------
    fit : TrajectoryFit
    ax : Axes, optional
        A new figure unless given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    first = [x[0] if isinstance(x, list) else x for x in (fit.ts, fit.observed, fit.fitted)]
    ts, observed, fitted = (np.asarray(x) for x in first)
    for i in range(min(SHOWN, observed.shape[1])):
        (points,) = ax.plot(ts, observed[:, i], ".", ms=3, alpha=0.6, label=f"data $y_{i}$")
        ax.plot(ts, fitted[:, i], "-", lw=1.2, color=points.get_color(), label=f"fit $y_{i}$")
    ax.set(xlabel="time $t$", ylabel="observed $y$")
    ax.legend(frameon=False, fontsize="small", ncols=2)
    return ax
