"""A fitted trajectory beside its data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 4  # components of one trajectory
ROOM = 0.22  # of the height, for the legend above the curves


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
    ax = axes_or_new(ax)
    first = [x[0] if isinstance(x, list) else x for x in (fit.ts, fit.observed, fit.fitted)]
    ts, observed, fitted = (np.asarray(x) for x in first)
    for i in range(min(SHOWN, observed.shape[1])):
        (points,) = ax.plot(ts, observed[:, i], ".", ms=3, alpha=0.6, label=f"data $y_{i}$")
        ax.plot(ts, fitted[:, i], "-", lw=1.2, color=points.get_color(), label=f"fit $y_{i}$")
    low, high = ax.get_ylim()
    ax.set(xlabel="time $t$", ylabel="observed $y$", ylim=(low, high + ROOM * (high - low)))
    ax.legend(frameon=False, fontsize="small", ncols=2, loc="upper right")
    return ax


def plot_kramers_moyal(found: Any, ax: "Axes | None" = None) -> "Axes":
    """Drift and diffusion over the state with two standard errors, read at tau = 0 where there are several lags.

    Parameters
    ----------
    found : KramersMoyal
        Of one component.
    ax : Axes, optional
        A new figure unless given.

    Returns
    -------
    Axes
    """
    if found.points.ndim != 1:
        raise ValueError("Only one component can be drawn over x; take drift and diffusion of two from their arrays.")
    ax = axes_or_new(ax)
    several = len(found.tau) > 1
    for name, label in (("drift", "drift $D_1$"), ("diffusion", "diffusion $D_2$")):
        value = getattr(found, f"{name}_at_zero") if several else getattr(found, name)[0]
        error = getattr(found, f"{name}_at_zero_stderr") if several else getattr(found, f"{name}_stderr")[0]
        ax.errorbar(found.points, value, 2.0 * error, fmt="o", ms=3, lw=1, label=label)
    ax.set(xlabel="state $x$", ylabel="coefficient")
    ax.legend(frameon=False)
    return ax
