"""Quantities of a mechanics map: lines over the knob with intervals, maps with values and errors, predicted curves."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mechanics.plots.axes import axes_or_new

from .diagram import LOGARITHMIC

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..experiments.chain_map import MechanicsMap

LABELS = {
    "Y": "end $Y$", "mu_eff_over_k": r"$\mu_\mathrm{eff}/k$", "k": "rate $k$ (1/epoch)",
    "mean_friction_over_k": r"mean friction$/k$", "noise_over_k": "noise$/k$", "tau": r"build-up $\tau$ (epochs)",
    "mu_eff_over_k_rest": r"$\mu_\mathrm{eff}/k$, final curves", "Y_rest": "$Y$, final curves",
    "curvature": "curvature", "test_accuracy": "test accuracy",
}  # fmt: skip
POSITIVE = ("k", "mean_friction_over_k", "noise_over_k", "tau")
SIGNED = ("mu_eff_over_k", "mu_eff_over_k_rest", "curvature")
MOST_WRITTEN = 64  # cells whose numbers a map has room for
KNOBS = {"lr": "learning rate", "batch_size": "batch size", "noise": "label and input noise"}


def plot_map_lines(found: "MechanicsMap", quantity: str, ax: "Axes | None" = None) -> "Axes":
    """A quantity over the knob, one line a slope.

    Returns
    -------
    Axes
        Bars: 95 % intervals of the fits (two standard errors of measured quantities). Open symbols without a line:
        cells whose data do not identify the quantity, at the value that fits best.
    """
    import matplotlib as mpl

    ax = axes_or_new(ax, (5, 3.5))
    levels, slopes = found.axes[found.noise], found.axes["slope"]
    value, identified = found.values(quantity), found.identified(quantity)
    below, above = _bars(found, quantity)
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.9, len(slopes)))
    order = np.argsort(levels)
    for j, slope in enumerate(slopes):
        good = identified[order, j]
        at = order[good]
        bars = np.stack([below[at, j], above[at, j]])
        ax.errorbar(
            levels[at], value[at, j], bars, color=colours[j], marker="o", ms=3.5, capsize=2, lw=1.2, label=f"{slope:g}"
        )
        lost = order[~good]
        ax.plot(levels[lost], value[lost, j], "o", ms=3.5, mfc="none", mec=colours[j], alpha=0.7)
    if quantity in SIGNED:
        ax.axhline(0, color="black", lw=0.6, ls=":")
    if found.noise in LOGARITHMIC:
        ax.set_xscale("log")
    if quantity in POSITIVE and np.nanmax(value) > 30 * np.nanmin(value) > 0:
        ax.set_yscale("log")
    ax.set(xlabel=_knob(found.noise), ylabel=LABELS[quantity])
    ax.legend(title=r"slope $\alpha$", frameon=False, fontsize="x-small", title_fontsize="small")
    return ax


def plot_map(found: "MechanicsMap", quantity: str, ax: "Axes | None" = None) -> "Axes":
    """A quantity as colour over nonlinearity and knob; value and standard error in each cell where there is room.

    Returns
    -------
    Axes
        Hatched: not identified; grey: no fit. Signed quantities have white at zero.
    """
    from matplotlib.patches import Rectangle

    ax = axes_or_new(ax, (5, 3.5))
    levels, slopes = found.axes[found.noise], found.axes["slope"]
    up, right = np.argsort(levels), np.argsort(1 - slopes)
    cells = np.ix_(up, right)
    value, error = found.values(quantity)[cells], found.stderr(quantity)[cells]
    known = found.identified(quantity)[cells]
    limits: dict[str, Any] = {"cmap": "viridis"}
    if quantity in SIGNED and np.isfinite(value).any():
        top = np.nanmax(np.abs(value))
        # blue is concave, red convex, as in phase diagrams: curvature > 0, but friction < 0
        limits = {"cmap": "RdBu_r" if quantity == "curvature" else "RdBu", "vmin": -top, "vmax": top}
    ax.set_facecolor("0.8")
    mesh = ax.pcolormesh(np.arange(len(slopes) + 1), np.arange(len(levels) + 1), value, **limits)
    for i, j in np.ndindex(*value.shape):
        if not known[i, j] and np.isfinite(value[i, j]):
            ax.add_patch(Rectangle((j, i), 1, 1, fill=False, hatch="////", lw=0, ec="0.4"))
        elif value.size <= MOST_WRITTEN and np.isfinite(value[i, j]):
            digits = _digits(float(error[i, j]))
            text = f"{value[i, j]:.{digits}f}" + (f"\n±{error[i, j]:.{digits}f}" if np.isfinite(error[i, j]) else "")
            ink = "black" if sum(mesh.cmap(mesh.norm(value[i, j]))[:3]) > 1.5 else "white"
            ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=5.5, color=ink)
    ax.set_xticks(np.arange(len(slopes)) + 0.5, [f"{1 - slopes[j]:.3g}" for j in right])
    ax.set_yticks(np.arange(len(levels)) + 0.5, [f"{levels[i]:.3g}" for i in up])
    ax.set(xlabel=r"nonlinearity $1 - \alpha$", ylabel=_knob(found.noise))
    ax.figure.colorbar(mesh, ax=ax, label=LABELS[quantity])
    return ax


def _bars(found: "MechanicsMap", quantity: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value = found.values(quantity)
    if f"{quantity}_low" in found.cells:
        low, high = (np.asarray(found.cells[f"{quantity}_{side}"].values) for side in ("low", "high"))
    else:
        low, high = value - 2 * found.stderr(quantity), value + 2 * found.stderr(quantity)
    bars = [np.nan_to_num(np.maximum(gap, 0), posinf=0.0) for gap in (value - low, high - value)]
    return bars[0], bars[1]


def _digits(error: float) -> int:
    return int(np.clip(1 - np.floor(np.log10(error)), 0, 3)) if np.isfinite(error) and error > 0 else 2


def _knob(noise: str) -> str:
    return KNOBS.get(noise, noise.replace("_", " "))
