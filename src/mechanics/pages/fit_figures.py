"""Figures of a chain fit for a page: data beside chain, layers over time, residuals."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from .style import INK, sequential

Array = NDArray[np.float64]
SHOWN_EPOCHS = 10  # curves in a picture of load curves over epochs


def new_figure(width: float = 3.7, height: float = 2.9) -> Figure:
    """A figure as wide as a phone's page, so that its text keeps its size there."""
    return Figure(figsize=(width, height), layout="constrained")


def log_spaced(epochs: NDArray[Any], count: int = SHOWN_EPOCHS) -> list[int]:
    """Indices of about `count` epochs, spread evenly in log(epoch), the first and the last among them."""
    wanted = np.geomspace(1, max(epochs[-1], 1), count)
    found = {int(np.argmin(np.abs(epochs - e))) for e in wanted} | {len(epochs) - 1}
    return sorted(i for i in found if epochs[i] >= 1) or [len(epochs) - 1]


def parabola(Y: float, mu_eff_over_k: float, springs: int, blocks: int) -> Array:
    """Rest positions (8): x_l = l Y/L - (mu_eff/2k) l (L - l), l = 0 .. blocks."""
    l = np.arange(blocks + 1)
    return l * Y / springs - mu_eff_over_k / 2 * l * (springs - l)


def plot_data_and_chain(axes: tuple[Axes, Axes], epochs: Array, data: Array, chain: Array, name: str) -> ScalarMappable:
    """Load curves at the same epochs, data (named) left, fitted chain right; returns the colour scale."""
    norm, colours = LogNorm(1, max(epochs[-1], 2)), sequential()
    l = np.arange(data.shape[1])
    for ax, curves, label in zip(axes, (data, chain), (name, "chain"), strict=True):
        for i in log_spaced(epochs):
            ax.plot(l, curves[i], color=colours(norm(max(epochs[i], 1))), lw=1.3)
        ax.text(0.05, 0.04, label, transform=ax.transAxes)  # load curves fall: this corner is free
        ax.set(xlabel="layer $l$", xticks=l[::2])
    axes[0].set_ylabel("load $D_l$")
    return ScalarMappable(norm, colours)


def plot_layers_over_time(ax: Axes, epochs: Array, loads: Array, chain_epochs: Array, chain: Array) -> Axes:
    """D_l of every layer against epochs: mean and standard deviation over seeds; the chain dashed."""
    keep, chain_keep = epochs >= 1, chain_epochs >= 1
    mean = loads.mean(axis=0)
    layers = mean.shape[1]
    colours = sequential(layers)
    for l in range(layers):
        ax.plot(epochs[keep], mean[keep, l], color=colours(l), label=f"{l}")
        if len(loads) > 1:
            sd = loads.std(axis=0, ddof=1)[keep, l]
            ax.fill_between(epochs[keep], mean[keep, l] - sd, mean[keep, l] + sd, color=colours(l), alpha=0.25, lw=0)
        ax.plot(chain_epochs[chain_keep], chain[chain_keep, l], "--", color=INK, lw=0.8)
        ax.annotate(f"{l}", (epochs[-1], mean[-1, l]), (3, 0), textcoords="offset points", va="center", fontsize=7)
    ax.set(xlabel="epoch", ylabel="load $D_l$", xscale="log", xlim=(1, epochs[-1]))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    return ax


def plot_residuals(ax: Axes, epochs: Array, residuals: Array, limit: float) -> ScalarMappable:
    """Data minus chain over layers 1 .. n-1 and epochs on a diverging scale of +-limit."""
    keep = epochs >= 1
    edges = np.sqrt(epochs[keep][1:] * epochs[keep][:-1])
    edges = np.concatenate([[epochs[keep][0] * 0.95], edges, [epochs[keep][-1] * 1.02]])
    layers = np.arange(1, residuals.shape[1])  # layer 0 is the chain's fixed end
    sides = np.append(layers - 0.5, layers[-1] + 0.5)
    values = residuals[keep][:, 1:].T
    mesh = ax.pcolormesh(edges, sides, values, cmap="RdBu_r", vmin=-limit, vmax=limit, rasterized=True)
    ax.set(xlabel="epoch", ylabel="layer $l$", xscale="log", yticks=layers)
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    return mesh
