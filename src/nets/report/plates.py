"""Which figures the report has, in which order, and what their captions say."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import StrMethodFormatter

from mechanics.pages.fit_figures import (
    Array,
    new_figure,
    plot_data_and_chain,
    plot_layers_over_time,
    plot_residuals,
)
from mechanics.pages.style import Panel, Plate, lay_out, report_style

from .figures import plot_accuracy, plot_final

if TYPE_CHECKING:
    from mechanics.fit import ChainFit
    from nets import History

Histories = dict[str, list["History"]]
Fits = dict[str, "ChainFit"]


def make_plates(summary: dict[str, Any], histories: Histories, fits: Fits) -> list[Plate]:
    """All figures, in the order of the page."""
    with report_style():
        plates = [
            _final(summary),
            _network_and_chain(summary, histories, fits),
            _over_time(summary, histories, fits),
            _accuracy(summary),
            _residuals(summary, histories, fits),
        ]
        for plate in plates:
            for panel in plate.panels:
                lay_out(panel.figure)
        return plates


def network_and_chain(runs: list["History"], fit: "ChainFit") -> tuple[Array, Array, Array]:
    """Epochs of the fit (m,), the network's mean load curves and the chain's, both (m, n).

    The chain has positions x_l; its loads are D_0(t) - x_l(t) with the network's own D_0.
    """
    at = np.searchsorted(runs[0].epochs, fit.epochs)
    network = np.mean([h.load_curves[at] for h in runs], axis=0)
    return np.asarray(fit.epochs, dtype=float), network, network[:, :1] - fit.fitted


def seed_spread(fit: "ChainFit") -> Array | None:
    """Standard deviation between seeds of each layer's position, pooled over epochs, shape (n,); None for one seed."""
    if fit.observed_spread is None:
        return None
    return np.sqrt((fit.observed_spread**2).mean(axis=0))


def _limits(histories: Histories, fits: Fits) -> tuple[float, float]:
    """Common limits of the load axis, so that the settings can be compared."""
    pairs = [network_and_chain(histories[name], fit)[1:] for name, fit in fits.items()]
    everything = [curves for pair in pairs for curves in pair]
    low, high = min(np.nanmin(a) for a in everything), max(np.nanmax(a) for a in everything)
    margin = 0.06 * (high - low)
    return float(low - margin), float(high + margin)


def _loads(histories: Histories, name: str) -> tuple[Array, Array]:
    runs = histories[name]
    return np.asarray(runs[0].epochs, dtype=float), np.stack([h.load_curves for h in runs])


def _final(summary: dict[str, Any]) -> Plate:
    figure = new_figure(4.4, 3.3)
    plot_final(figure.add_subplot(), summary["settings"])
    seeds = len(summary["settings"][0]["seeds"])
    bars = f"Bars: standard error over {seeds} seeds. " if seeds > 1 else ""
    return Plate(
        "final",
        "Load curves after training. The load D_l is the logarithm of the spread within classes over the spread "
        f"between them, after layer l: the lower, the better separated the digits. {bars}Dashed: rest state of the "
        "chain, the parabola of equation (8); it is fitted to the whole training and need not pass through its end.",
        [
            Panel(
                "final-load-curves", "", "Final load curves of the three settings with the chains' rest states", figure
            )
        ],
    )


def _network_and_chain(summary: dict[str, Any], histories: Histories, fits: Fits) -> Plate:
    panels = []
    for s in summary["settings"]:
        figure = new_figure()
        left, right = figure.subplots(1, 2, sharey=True)
        scale = plot_data_and_chain((left, right), *network_and_chain(histories[s["name"]], fits[s["name"]]), "network")
        left.set_ylim(_limits(histories, fits))
        bar = figure.colorbar(scale, ax=[left, right], orientation="horizontal", label="epoch", aspect=40)
        bar.ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        alt = f"Load curves over epochs of the {s['label']} network beside those of its fitted chain"
        panels.append(Panel(f"network-and-chain-{s['name']}", s["label"], alt, figure))
    caption = (
        "Load curves while training goes on (colour: epoch; mean over seeds), the network beside the chain fitted "
        "to it. All load axes are the same."
    )
    return Plate("network-and-chain", caption, panels)


def _over_time(summary: dict[str, Any], histories: Histories, fits: Fits) -> Plate:
    panels = []
    for s in summary["settings"]:
        epochs, loads = _loads(histories, s["name"])
        figure = new_figure()
        at, _, chain = network_and_chain(histories[s["name"]], fits[s["name"]])
        ax = plot_layers_over_time(figure.add_subplot(), epochs, loads, at, chain)
        ax.set_ylim(_limits(histories, fits))
        alt = f"Load of every layer against epochs for the {s['label']} network, with the fitted chain dashed"
        panels.append(Panel(f"layers-over-time-{s['name']}", s["label"], alt, figure))
    caption = (
        "The load of every layer (its number at the right end) against epochs. Band: standard deviation between "
        "seeds. Dashed: the fitted chain."
    )
    return Plate("over-time", caption, panels)


def _accuracy(summary: dict[str, Any]) -> Plate:
    figure = new_figure(4.4, 3.1)
    plot_accuracy(figure.add_subplot(), summary["settings"])
    alt = "Test accuracy against curvature of the final load curve"
    caption = (
        "Test accuracy against curvature (quadratic coefficient of the normalised load curve). Small: single runs; "
        "large: means with standard errors."
    )
    return Plate("accuracy", caption, [Panel("accuracy", "", alt, figure)])


def _residuals(summary: dict[str, Any], histories: Histories, fits: Fits) -> Plate:
    maps: dict[str, tuple[Array, Array]] = {}
    spread_known = True
    for s in summary["settings"]:
        fit = fits[s["name"]]
        epochs, network, chain = network_and_chain(histories[s["name"]], fit)
        residuals, spread = network - chain, seed_spread(fit)
        if spread is not None:
            residuals[:, 1:] /= np.maximum(spread[1:], 1e-12)
        spread_known = spread is not None
        maps[s["name"]] = (epochs, residuals)
    limit = 6.0 if spread_known else 0.5
    unit = "spread between seeds" if spread_known else "units of $D$"
    panels = []
    for s in summary["settings"]:
        figure = new_figure(3.7, 2.5)
        ax = figure.add_subplot()
        mesh = plot_residuals(ax, *maps[s["name"]], limit)
        figure.colorbar(mesh, ax=ax, label=unit, extend="both")
        alt = f"Map over epochs and layers of network minus chain for the {s['label']} setting"
        panels.append(Panel(f"residuals-{s['name']}", s["label"], alt, figure))
    caption = (
        "Network minus chain over epochs and layers, in units of the standard deviation between seeds (pooled over "
        "epochs, layer by layer)."
        if spread_known
        else "Network minus chain over epochs and layers."
    )
    return Plate("residuals", caption + " Red: the network's load is higher than the chain's.", panels)
