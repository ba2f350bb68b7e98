"""Figures of the page: divergence curves with laws, powers, exponents, barriers."""

import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from mechanics.pages.style import INK, Panel, Plate, lay_out, report_style, sequential

from ..experiments.paths.records import BarrierRow, Law, ScalingRow, Spectrum
from ..experiments.paths.result import PathDependence
from ..experiments.paths.settings import BASELINE, Setting, on_axis
from ..perturb.laws import LAWS
from ..perturb.lockstep import Divergence
from .effects_figure import effects_plate

AXES = {
    "lr": "learning rate", "momentum": "momentum", "width": "width", "hidden": "hidden layers, constant size",
    "optimiser": "optimiser", "batch_size": "batch size", "weight_decay": "weight decay", "eps": "size of perturbation",
}  # fmt: skip


def make_plates(found: PathDependence) -> list[Plate]:
    """All figures for which there are runs, in the order of the page."""
    laws = {(row.setting, row.curve): row for row in found.laws}
    with report_style():
        verdicts = [h for h in (*found.hypotheses, *found.second) if np.isfinite(h.interval).all()]
        plates = [_curves(found, laws, "distance_2", "weights"), _curves(found, laws, "test/logit_rms", "functions")]
        powers = [row for row in found.scalings if row.values]
        if powers:
            plates.append(_powers(powers, len(found.trainings)))
        if found.spectra:
            plates.append(_spectra([s for s in found.spectra if s.baseline == 0]))
        if verdicts:
            plates.append(effects_plate(verdicts, len(found.trainings)))
        if found.barriers:
            plates.append(_barriers(found.barriers))
        for plate in plates:
            for panel in plate.panels:
                lay_out(panel.figure)
    return plates


def label_of(setting: Setting, axis: str) -> str:
    """What tells a setting from others of its axis."""
    if axis == "optimiser":
        return (
            "SGD" if setting.name == BASELINE else {"adam": "Adam", "adamw": "AdamW"}.get(setting.optimiser, "RMSProp")
        )
    return f"{getattr(setting, axis):.4g}"


def plot_growth(
    ax: Axes,
    found: PathDependence,
    settings: Sequence[Setting],
    axis: str,
    curve: str,
    laws: dict[tuple[str, str], Law],
) -> Axes:
    """d/d(0) against step: mean and least to greatest of the copies, the fitted law dashed; other baselines thin."""
    colours = sequential(max(len(settings), 2))
    for k, s in enumerate(settings):
        for other in found.others:
            if s.name in other and other[s.name].finished.any():
                g = _growth(other[s.name], curve)
                ax.plot(other[s.name].steps, g.mean(0), color=colours(k), lw=0.7, alpha=0.7)
        run = found.runs[s.name]
        d = run[curve][run.finished]
        if not len(d):
            continue
        g = _growth(run, curve)
        ax.plot(run.steps, g.mean(0), color=colours(k), label=label_of(s, axis))
        ax.fill_between(run.steps, g.min(0), g.max(0), color=colours(k), alpha=0.2, lw=0)
        law = laws.get((s.name, curve))
        if law is not None and law.parameters:
            t = np.linspace(0, run.steps[-1], 200)
            first = float(np.exp(np.log(d[:, 0]).mean()))
            ax.plot(t, LAWS[law.law].curve(t, *law.parameters.values()) / first, "--", color=INK, lw=0.8)
    ax.set(xlabel="step", ylabel="$d(t)\\,/\\,d(0)$", yscale="log")
    plain_ticks(ax)
    ax.legend(fontsize=7, ncols=2, loc="best")
    return ax


def _growth(run: Divergence, curve: str) -> NDArray[np.float64]:
    d = run[curve][run.finished]
    return d / d[:, :1]


def plain_ticks(ax: Axes) -> None:
    """Decimals on a logarithmic axis of y; numbers between decades only where there are few decades."""
    low, high = ax.get_ylim()
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    if high / max(low, 1e-300) < 15:
        ax.yaxis.set_minor_formatter(StrMethodFormatter("{x:.3g}"))
        ax.yaxis.set_minor_locator(
            mpl.ticker.LogLocator(subs=(1.5, 2, 3, 5) if high / low > 2 else (0.9, 1, 1.1, 1.2, 1.4, 1.7, 2))
        )
    else:
        ax.yaxis.set_minor_formatter(NullFormatter())


def _figure(width: float = 3.7, height: float = 2.9) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _curves(found: PathDependence, laws: dict[tuple[str, str], Law], curve: str, key: str) -> Plate:
    panels = []
    for axis, title in AXES.items():
        settings = [s for s in on_axis(found.plan.settings, axis) if s.name in found.runs]
        if len(settings) < 2:
            continue
        figure = _figure()
        plot_growth(figure.add_subplot(), found, settings, axis, curve, laws)
        alt = f"Growth of the distance between copies in {key} against step for values of {title}"
        panels.append(Panel(f"{key}-{axis.replace('_', '-')}", title.capitalize(), alt, figure))
    what = (
        "weights, |w − w'|"
        if key == "weights"
        else "functions: root mean square of the logits' difference on test images"
    )
    first = " of the first baseline" if found.others else ""
    caption = (
        f"Distance of {what}, over its start. Lines: mean over {found.plan.copies} copies{first}; bands: least to "
        "greatest; dashed: the law of least AICc" + ("; thin: means of the other baselines." if found.others else ".")
    )
    return Plate(key, caption, panels)


def _powers(rows: Sequence[ScalingRow], baselines: int) -> Plate:
    panels = []
    for row in rows:
        figure = _figure(3.7, 2.6)
        ax = figure.add_subplot()
        x, values = np.array(row.x), np.array(row.values)
        errors = np.abs(np.array(row.intervals).T - values)
        ax.errorbar(x, values, errors, marker="o", ls="none", capsize=2, color=sequential(2)(0))
        line = np.exp(np.log(values).mean() + row.exponent * (np.log(x) - np.log(x).mean()))
        ax.plot(x, line, "--", color=INK, lw=1, label=f"power {row.exponent:.2f}")
        ax.set(xscale="log", yscale="log", xlabel=row.axis, ylabel=row.quantity)
        ax.set_xticks(x, [f"{v:.3g}" for v in x], fontsize=7)
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="y", which="both", labelsize=7)
        ax.legend()
        panels.append(
            Panel(
                f"power-{re.sub('[^a-z]+', '-', row.axis).strip('-')}",
                row.axis,
                f"{row.quantity} against {row.axis}",
                figure,
            )
        )
    how = "Student's over baselines" if baselines > 1 else "by a bootstrap over copies"
    caption = f"Powers along the axes. Bars: 95 % {how}; dashed: the fitted power law."
    return Plate("powers", caption, panels)


def _spectra(spectra: Sequence[Spectrum]) -> Plate:
    panels = []
    for s in spectra:
        figure = _figure(3.7, 2.5)
        ax = figure.add_subplot()
        history, times = np.array(s.history), np.array(s.times)
        if len(history):
            colours = sequential(max(history.shape[1], 2))
            for k in range(history.shape[1]):
                ax.plot(times, history[:, k], color=colours(k), label=f"{k + 1}")
            settled = history[len(history) // 10 :]
            low, high = np.nanmin(settled), np.nanmax(settled)
            ax.set_ylim(min(low, 0) - 0.1 * (high - low), max(high, 0) + 0.1 * (high - low))
        ax.axhline(0, color=INK, lw=0.6, ls=":")
        ax.set(xlabel="step", ylabel="exponent per step")
        ax.legend(ncols=2, fontsize=7)
        panels.append(
            Panel(
                f"spectrum-{s.setting.replace('.', '-')}",
                s.setting,
                f"Finite-time Lyapunov exponents of {s.setting}",
                figure,
            )
        )
    caption = (
        "Finite-time Lyapunov exponents of the optimiser's step, from step 0 to the step on the axis; the first tenth "
        "may leave the picture. Directions along which the loss is flat give a band of zeros, approached as ln T / T. "
        "The first baseline; the others are in the table."
    )
    return Plate("spectra", caption, panels)


def _barriers(rows: Sequence[BarrierRow]) -> Plate:
    figure = _figure(4.4, 2.8)
    ax = figure.add_subplot()
    colours, names = sequential(2), list(dict.fromkeys(row.setting for row in rows))
    for k, setting in enumerate(names):
        of = [row for row in rows if row.setting == setting]
        sides = ([r.before for r in of], "as they are"), ([r.after for r in of], "after alignment")
        for side, (values, name) in enumerate(sides):
            x = k + 0.3 * (side - 0.5)
            ax.bar(x, np.mean(np.concatenate(values)), 0.26, color=colours(side), alpha=0.6, label=None if k else name)
            for b, column in enumerate(values):
                at = x + 0.2 * ((b + 0.5) / len(of) - 0.5)
                ax.plot(np.full(len(column), at), column, ".", color=INK, ms=4)
    ax.set(xticks=range(len(names)), xticklabels=names, ylabel="barrier (cross-entropy)")
    ax.legend()
    caption = (
        "Loss barriers on test images on the straight line between the baseline and its copies, before and after "
        "the copy's hidden units are permuted to match. Dots: copies, a column for each baseline; bars: means."
    )
    return Plate("barriers", caption, [Panel("barriers", "", "Loss barriers before and after alignment", figure)])
