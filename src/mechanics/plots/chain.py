"""Load curves and chain fits on one pair of axes."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 6  # epochs in one picture: more curves cannot be told apart


class FittedCurves(Protocol):
    """What a picture of a fit needs; `mechanics.fit.ChainFit` has it."""

    @property
    def epochs(self) -> NDArray[np.float64]:
        """Times, shape (m,)."""
        ...

    @property
    def observed(self) -> NDArray[np.float64]:
        """Measured displacements, shape (m, n)."""
        ...

    @property
    def fitted(self) -> NDArray[np.float64]:
        """The chain's, shape (m, n)."""
        ...

    @property
    def observed_spread(self) -> NDArray[np.float64] | None:
        """Standard deviation over seeds, shape (m, n), where there are seeds."""
        ...


def plot_load_curve(load_curve: ArrayLike, ax: "Axes | None" = None, **line: Any) -> "Axes":
    """Draw load curves D_l against the layer l, later curves darker.

    Parameters
    ----------
    load_curve : array_like, shape (n,) or (m, n)
        One curve or several, first to last.
    ax : Axes, optional
        Where to draw; a new figure unless given.
    **line
        Passed to `Axes.plot`; `color` replaces the colour map.

    Returns
    -------
    Axes
    """
    curves = np.atleast_2d(np.asarray(load_curve, dtype=float))
    if curves.ndim != 2:
        raise ValueError(f"load_curve must be (layers,) or (curves, layers), but has shape {np.shape(load_curve)}.")
    ax = axes_or_new(ax)
    for curve, colour in zip(curves, _sequence(len(curves)), strict=True):
        ax.plot(np.arange(len(curve)), curve, **({"color": colour, "marker": "o", "ms": 3} | line))
    ax.set(xlabel="layer $l$", ylabel="load $D_l$")
    return ax


def plot_fit(fit: FittedCurves, ax: "Axes | None" = None, *, epochs: ArrayLike | None = None) -> "Axes":
    """Draw measured displacements (points) and the fitted chain (dashed) at a few epochs.

    Parameters
    ----------
    fit : ChainFit, or anything with its epochs, observed, fitted and observed_spread
    ax : Axes, optional
        Where to draw; a new figure unless given.
    epochs : array_like, optional
        Times to show (the nearest measured ones are taken); six over the range unless given.

    Returns
    -------
    Axes
        x_l = D_0 - D_l against l. Bars: one standard deviation over seeds, where there are seeds.
    """
    ax = axes_or_new(ax)
    m = len(fit.epochs)
    if epochs is None:
        # even steps of the last layer's displacement: the curves spread evenly over the picture
        path = np.r_[0, np.cumsum(np.abs(np.diff(fit.fitted, axis=0)).sum(axis=1))]
        wanted = np.linspace(0, path[-1], SHOWN)
        rows = np.unique([int(np.argmin(np.abs(path - w))) for w in wanted] + [m - 1])
    else:
        wanted = np.atleast_1d(np.asarray(epochs, dtype=float))
        rows = np.unique([int(np.argmin(np.abs(fit.epochs - w))) for w in wanted])
    l = np.arange(fit.observed.shape[1])
    for row, colour in zip(rows, _sequence(len(rows)), strict=True):
        bars = None if fit.observed_spread is None else fit.observed_spread[row]
        ax.errorbar(l, fit.observed[row], bars, fmt="o", ms=4, color=colour, lw=1, label=f"{fit.epochs[row]:.3g}")
        ax.plot(l, fit.fitted[row], "--", color="black", lw=1)
    ax.plot([], [], "--", color="black", lw=1, label="chain")
    ax.set(xlabel="layer $l$", ylabel="displacement $x_l = D_0 - D_l$")
    ax.legend(frameon=False, title="epoch", fontsize="small")
    return ax


def _sequence(n: int) -> Any:
    """Light to dark: order in time reads without a legend."""
    import matplotlib as mpl

    return mpl.colormaps["viridis_r"](np.linspace(0.1, 1.0, n) if n > 1 else [0.9])
