"""Figure of the effects of all hypotheses: baselines, interval, and where the claim lies."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mechanics.pages.style import INK, Panel, Plate, sequential

from ..experiments.paths.records import Verdict


def effects_plate(verdicts: Sequence[Verdict], baselines: int) -> Plate:
    """One row for each verdict, which has an interval; each row has its own scale."""
    columns = 2 if len(verdicts) > 3 else 1
    rows = -(-len(verdicts) // columns)
    figure = Figure(figsize=(3.9 * columns, 0.52 * rows + 0.2), layout="constrained")
    axes = np.asarray(figure.subplots(rows, columns, squeeze=False)).T.ravel()
    for ax, verdict in zip(axes, verdicts, strict=False):
        plot_effect(ax, verdict)
    for ax in axes[len(verdicts) :]:
        ax.remove()
    dots = "Dots: baselines" if baselines > 1 else "Dot: the baseline"
    caption = (
        f"Effects, each on its own scale. {dots}; line: 95 % interval; shaded: where the effect was claimed to lie."
    )
    return Plate("effects", caption, [Panel("effects", "", "Effects of all hypotheses with intervals", figure)])


def plot_effect(ax: Axes, verdict: Verdict) -> Axes:
    """Baselines, interval and claimed region of one verdict along the axis of x."""
    limits = [v for v in (verdict.low, verdict.high) if np.isfinite(v)]
    seen = np.array([*verdict.effects, *verdict.interval, *limits])
    margin = 0.08 * (np.ptp(seen) or 1.0)
    left, right = seen.min() - margin, seen.max() + margin
    colours = sequential(2)
    ax.axvspan(max(verdict.low, left), min(verdict.high, right), color=colours(1), alpha=0.25, lw=0)
    ax.plot(verdict.interval, [0, 0], color=INK, lw=1.5)
    ax.plot(verdict.effects, np.zeros(len(verdict.effects)), "o", color=colours(0), ms=4, alpha=0.8, mew=0)
    ax.set(xlim=(left, right), ylim=(-1, 1), yticks=[])
    ax.set_ylabel(verdict.key, rotation=0, ha="right", va="center", fontsize=7)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.tick_params(axis="x", labelsize=6, pad=1, length=2)
    ax.spines["left"].set_visible(False)
    return ax
