"""Figures of densities of training: aging, and what end points depend on."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mechanics.plots.axes import axes_or_new

MOST = 1.5  # top of the axis of components

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..densities import Components, TwoTime


def plot_aging(found: "TwoTime", waits: Sequence[float], ax: "Axes | None" = None, **style: Any) -> "Axes":
    """R(t_w, t_w + tau) against tau, one line for each waiting time, with a band of one standard error.

    Parameters
    ----------
    found : TwoTime
        Of at least 3 copies.
    waits : sequence of float
    ax : matplotlib Axes, optional
        Made if not given.
    **style
        Passed to `plot`.
    """
    from matplotlib import colormaps

    ax = axes_or_new(ax, (6.4, 4.8))
    stderr = found.correlation_stderr
    for wait, colour in zip(waits, colormaps["viridis"](np.linspace(0.0, 0.85, len(waits))), strict=True):
        w = int(abs(found.times - wait).argmin())
        lags, R = found.aging(wait)
        error = stderr[w, w:]
        ax.plot(lags[1:], R[1:], **{"color": colour, "label": f"$t_w$ = {found.times[w]:g}", **style})
        ax.fill_between(lags[1:], (R - error)[1:], (R + error)[1:], color=colour, alpha=0.25, linewidth=0)
    ax.set(xscale="log", xlabel=r"lag $\tau$", ylabel=r"$R(t_w, t_w + \tau)$")
    return ax


def plot_components(found: Mapping[str, "Components"], ax: "Axes | None" = None) -> "Axes":
    """Components as parts of the total variance, a group of bars for each quantity, with their intervals.

    Intervals are cut at 1.5: those of a few initial weights may reach to several times the total.

    Parameters
    ----------
    found : mapping of str to Components
        By quantity, as `EndPoints.components[setting]`.
    ax : matplotlib Axes, optional
        Made if not given.
    """
    ax = axes_or_new(ax, (6.4, 4.8))
    places, names = np.arange(len(found)), next(iter(found.values())).names
    for c, (name, colour) in enumerate(zip(names, ("C0", "C1", "0.6"), strict=True)):
        total = np.array([f.total or 1.0 for f in found.values()])
        value = np.array([f.values[c] for f in found.values()])
        low, high = np.array([f.intervals[c] for f in found.values()]).T
        at = places + 0.27 * (c - 1)
        ax.bar(at, value / total, width=0.25, color=colour, label=name)
        ax.vlines(at, low / total, high / total, color="k", lw=1)
    ax.axhline(0.0, color="k", lw=0.6)
    lowest = min(min(f.values.min() / (f.total or 1.0) for f in found.values()), 0.0)
    ax.set_ylim(1.1 * lowest, MOST)
    ax.set_xticks(places, list(found))
    ax.set(ylabel="component / total variance")
    return ax
