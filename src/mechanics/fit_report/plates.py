"""The figures of a fit's page: final curves, data beside chain, layers over time, residuals."""

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.ticker import StrMethodFormatter

from ..fit import ChainFit, ModelComparison
from ..fit_files import LoadCurves
from ..pages.fit_figures import (
    Array,
    new_figure,
    parabola,
    plot_data_and_chain,
    plot_layers_over_time,
    plot_residuals,
)
from ..pages.style import INK, Panel, Plate, lay_out, report_style

BLUE = "#3a7bd5"
SHIFTED = "For the logarithmic scale times are counted from 1 at the first curve."
LIMIT = 6.0  # seed spreads: the ends of the residuals' colour scale


def make_plates(data: LoadCurves, fit: ChainFit) -> list[Plate]:
    """All figures, in the order of the page."""
    ts, D, chain = curves_of(data, fit)
    shown = _positive(ts)
    with report_style():
        plates = [_final(data, fit, chain), _beside(shown, D, chain), _over_time(data, shown, chain, fit)]
        plates.append(_residuals(shown, D - chain, fit))
        if shown is not ts:
            plates[1:] = [replace(plate, caption=f"{plate.caption} {SHIFTED}") for plate in plates[1:]]
        for plate in plates:
            for panel in plate.panels:
                lay_out(panel.figure)
    return plates


def curves_of(data: LoadCurves, fit: ChainFit) -> tuple[Array, Array, Array]:
    """Epochs of the fit (m,), mean measured loads and the chain's, both (m, n); the chain starts at the data's D_0."""
    at = np.searchsorted(data.epochs, fit.epochs)
    D = data.load_curves[:, at].mean(axis=0)[:, : fit.fitted.shape[1]]
    return np.asarray(fit.epochs, dtype=float), D, D[:, :1] - fit.fitted


def springs_of(fit: ChainFit) -> int:
    """L: the hidden or measured end is one spring behind the last block."""
    return int(fit.fitted.shape[1])


def _positive(ts: Array) -> Array:
    """Times for logarithmic axes: counted from 1 at the first curve, unless all but one are epochs from 1 on."""
    return ts if ts[0] >= 0 and (ts >= 1).sum() >= len(ts) - 1 else ts - ts[0] + 1.0


def comparison_plate(found: ModelComparison) -> Plate:
    """Errors of all candidates."""
    with report_style():
        figure = new_figure(7.0, 1.6 + 0.24 * len(found.rows))
        found.plot(figure.add_subplot())
        lay_out(figure)
    unit = "units of D" if found.unit is None else "units of the spread between seeds"
    caption = f"Root mean square errors in {unit}, best at the top. Black names: chains; grey: curves."
    alt = "Errors of chains and curves, where fitted and where held out"
    return Plate("comparison", caption, [Panel("comparison", "", alt, figure)])


def _final(data: LoadCurves, fit: ChainFit, chain: Array) -> Plate:
    figure = new_figure(4.4, 3.3)
    ax = figure.add_subplot()
    final = data.load_curves[:, -1]
    l = np.arange(data.layers)
    bars = final.std(axis=0, ddof=1) if len(final) > 1 else None
    look: dict[str, Any] = {"color": BLUE, "marker": "o", "ms": 4.5, "capsize": 2}
    ax.errorbar(l, final.mean(axis=0), bars, label="data", **look)
    blocks = fit.fitted.shape[1]
    ax.plot(np.arange(blocks), chain[-1], "--", color=INK, lw=1, zorder=3, label="chain")
    words = ""
    if np.isfinite(fit.Y.value) and np.isfinite(fit.mu_eff_over_k.value):
        rest = parabola(fit.Y.value, fit.mu_eff_over_k.value, springs_of(fit), blocks - 1)
        look = {"color": INK, "lw": 1.2, "zorder": 3, "label": "chain at rest, (8)"}
        ax.plot(np.arange(blocks), final.mean(axis=0)[0] - rest, ":", **look)
        words = " Dotted: the rest state that it tends to, the parabola of equation (8)."
    ax.set(xlabel="layer $l$", ylabel="load $D_l$")
    ax.legend()
    spread = f" Bars: standard deviation of {len(final)} seeds." if len(final) > 1 else ""
    caption = f"Load curve at the last epoch. Dashed: the fitted chain at that epoch.{words}{spread}"
    return Plate("final", caption, [Panel("final-load-curve", "", "Final load curve with the fitted chain", figure)])


def _beside(ts: Array, D: Array, chain: Array) -> Plate:
    figure = new_figure()
    left, right = figure.subplots(1, 2, sharey=True)
    scale = plot_data_and_chain((left, right), ts, D, chain, "data")
    bar = figure.colorbar(scale, ax=[left, right], orientation="horizontal", label="epoch", aspect=40)
    bar.ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    alt = "Load curves over epochs, the data beside the fitted chain"
    caption = "Load curves over the epochs (colour), mean of the seeds, the data beside the fitted chain."
    return Plate("beside", caption, [Panel("data-and-chain", "", alt, figure)])


def _over_time(data: LoadCurves, ts: Array, chain: Array, fit: ChainFit) -> Plate:
    figure = new_figure()
    at = np.searchsorted(data.epochs, fit.epochs)
    loads = data.load_curves[:, at][..., : chain.shape[1]]
    plot_layers_over_time(figure.add_subplot(), ts, loads, ts, chain)
    band = " Band: standard deviation between seeds." if len(loads) > 1 else ""
    caption = f"The load of every layer (its number at the right end) against epochs. Dashed: the fitted chain.{band}"
    alt = "Load of every layer against epochs, with the fitted chain dashed"
    return Plate("over-time", caption, [Panel("layers-over-time", "", alt, figure)])


def _residuals(ts: Array, residuals: Array, fit: ChainFit) -> Plate:
    spread = None if fit.observed_spread is None else np.sqrt((fit.observed_spread**2).mean(axis=0))
    known = spread is not None and bool((spread[1:] > 0).all())
    shown = residuals.copy()
    if spread is not None and known:
        shown[:, 1:] /= spread[1:]
    limit = LIMIT if known else max(float(np.abs(shown[:, 1:]).max()), 1e-12)
    figure = new_figure(3.7, 2.5)
    ax = figure.add_subplot()
    mesh = plot_residuals(ax, ts, shown, limit)
    figure.colorbar(mesh, ax=ax, label="spread between seeds" if known else "units of $D$", extend="both")
    unit = ", in units of the standard deviation between seeds (pooled over epochs, layer by layer)" if known else ""
    caption = f"Data minus chain over epochs and layers{unit}. Red: the load is higher than the chain's."
    return Plate(
        "residuals", caption, [Panel("residuals", "", "Map over epochs and layers of data minus chain", figure)]
    )
