"""Pictures of fitted fluctuations: statistics measured against simulated, and variances of modes."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


class MatchedStatistics(Protocol):
    """What `plot_moments` draws; a `StochasticFit` has it."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names."""
        ...

    @property
    def measured(self) -> Array:
        """Of the data, shape (q,)."""
        ...

    @property
    def simulated(self) -> Array:
        """Of the chain, shape (q,)."""
        ...

    @property
    def stderr(self) -> Array:
        """Of the data, shape (q,)."""
        ...

    @property
    def p_value(self) -> float:
        """Of their agreement."""
        ...


class ModeVariances(Protocol):
    """What `plot_mode_variances` draws; a `FluctuationFit` has it."""

    @property
    def mode_variances(self) -> Array:
        """Measured, shape (n,)."""
        ...

    @property
    def mode_theory(self) -> Array:
        """Of the chain, shape (n,)."""
        ...

    @property
    def mode_stderr(self) -> Array:
        """Of the measured ones, shape (n,)."""
        ...


def plot_moments(fit: MatchedStatistics, ax: "Axes | None" = None) -> "Axes":
    """Draw measured statistics less the simulated ones, in standard errors, by name.

    Parameters
    ----------
    fit : StochasticFit
    ax : Axes, optional
        Where to draw; a new figure unless given.

    Returns
    -------
    Axes
        Points: measured, with a bar of one standard error; line at 0: the fitted chain; band: two standard errors.
    """
    rows = np.arange(len(fit.statistics))
    ax = axes_or_new(ax, (5, 0.6 + 0.2 * len(rows)))
    ax.axvspan(-2, 2, color="0.92", lw=0, label="2 standard errors")
    ax.axvline(0, color="black", ls="--", lw=1, label="chain")
    off = (fit.measured - fit.simulated) / fit.stderr
    ax.errorbar(off, rows, xerr=1.0, fmt="o", ms=4, lw=1, color="C0", label=f"measured, p = {fit.p_value:.2g}")
    ax.set_yticks(rows, fit.statistics, fontsize="small")
    ax.set(xlabel="(measured $-$ simulated) / standard error", ylim=(len(rows) - 0.5, -0.5))
    reach = max(3.5, float(np.abs(off).max()) + 1.2)
    ax.set_xlim(-reach, reach)
    ax.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax


def plot_mode_variances(fit: ModeVariances, ax: "Axes | None" = None) -> "Axes":
    """Draw the variance of each mode, measured (points) and of the fitted chain (dashed).

    Parameters
    ----------
    fit : FluctuationFit
    ax : Axes, optional
        Where to draw; a new figure unless given.

    Returns
    -------
    Axes
        Both axes logarithmic; bars of one standard error.
    """
    ax = axes_or_new(ax)
    modes = np.arange(1, len(fit.mode_variances) + 1)
    ax.errorbar(modes, fit.mode_variances, fit.mode_stderr, fmt="o", ms=4, lw=1, color="C0", label="measured")
    ax.plot(modes, fit.mode_theory, "--", color="black", lw=1, label="chain")
    ax.set(xscale="log", yscale="log", xlabel="mode $j$", ylabel="variance")
    ax.set_xticks(modes, [str(j) for j in modes])
    ax.minorticks_off()
    ax.legend(frameon=False)
    return ax
