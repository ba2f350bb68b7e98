"""A profile likelihood with its threshold and interval."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DECADE = 10.0  # positive values that span more are drawn over a logarithmic axis
ROOM = 2.2  # thresholds in the height of the picture


def plot_profile(profile: Any, ax: "Axes | None" = None, *, estimate: Any = None) -> "Axes":
    """Rise of -2 log likelihood over the values of one parameter, the others refitted.

    Parameters
    ----------
    profile : Profile
        Of `ChainFit.profile` or `TrajectoryFit.profile`.
    ax : Axes, optional
        A new figure unless given.
    estimate : Estimate, optional
        Of the same parameter: the parabola of its standard error is drawn dashed, in black, where that is known.

    Returns
    -------
    Axes
        Line: profile; dotted: threshold; band: the values that are not rejected, to the edge of the picture where the
        interval is open.
    """
    ax = axes_or_new(ax)
    values, rise, threshold = np.asarray(profile.values), np.asarray(profile.rise), float(profile.threshold)
    left, right = float(values.min()), float(values.max())
    (line,) = ax.plot(values, rise, "o-", ms=3, lw=1.2, label="profile")
    if estimate is not None and np.isfinite(estimate.stderr) and estimate.stderr > 0.0:
        at = np.linspace(left, right, 200)
        ax.plot(at, ((at - estimate.value) / estimate.stderr) ** 2, "k--", lw=1, label="linearised")
    low, high = profile.interval
    inside = (max(low, left) if np.isfinite(low) else left, min(high, right) if np.isfinite(high) else right)
    percent = f"{100 * profile.level:.4g} %"
    ax.axvspan(*inside, color=line.get_color(), alpha=0.15, lw=0, label=f"{percent} interval")
    ax.axhline(threshold, color="0.4", ls=":", lw=1, label="threshold")
    if left > 0.0 and right > DECADE * left:
        ax.set_xscale("log")
    ax.set(xlabel=profile.name, ylabel=r"rise of $-2\,\log L$", ylim=(-0.05 * threshold, ROOM * threshold))
    ax.legend(frameon=False, fontsize="small", loc="upper center", ncols=2)
    return ax
