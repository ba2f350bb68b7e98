"""Phase diagrams of the paper with its settings: a map of load curves, and accuracy against curvature beside it.

Shi, Pan, Dokmanic, arXiv:2407.19353, Figure 1 (dropout) and supplement (label and input noise, learning rate, batch
size). Quick settings have fewer levels, slopes and seeds, but train each network as long.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .diagram import NetworkDiagram, Noise, phase_diagram
from .rank_correlation import Correlation, correlation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nets import Digits

SLOPES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
NONLINEAR = 0.4  # slopes up to here; a linear network gains nothing from a straighter load curve


@dataclass(frozen=True)
class DiagramSettings:
    """A phase diagram as `phase_diagram` takes it."""

    noise: Noise
    levels: tuple[float, ...]
    slopes: tuple[float, ...] = SLOPES
    seeds: int = 10
    epochs: int = 100


FULL = {
    "dropout": DiagramSettings("dropout", tuple(i / 50 for i in range(16))),
    "noise": DiagramSettings("noise", tuple(i / 10 for i in range(9))),
    "learning-rate": DiagramSettings(
        "lr", (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5), epochs=200
    ),
    "batch-size": DiagramSettings("batch_size", (5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)),
}
QUICK = {
    "dropout": DiagramSettings("dropout", (0.0, 0.06, 0.12, 0.18, 0.24, 0.3), seeds=3),
    "noise": DiagramSettings("noise", (0.0, 0.1, 0.2, 0.3, 0.5, 0.8), seeds=3),
    "learning-rate": DiagramSettings("lr", (1e-4, 1e-3, 5e-3, 0.02, 0.1, 0.5), (0.0, 0.4, 1.0), 3, 200),
    "batch-size": DiagramSettings("batch_size", (40, 80, 160, 320, 640, 2560), (0.0, 0.4, 1.0), 3),
}


def run_diagram(
    settings: DiagramSettings,
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    data: "Digits | None" = None,
    width: int = 100,
    depth: int = 8,
) -> NetworkDiagram:
    """Train the networks of a diagram, or read them from the store `out`; its seeds begin at `seed`."""
    return phase_diagram(
        settings.noise, settings.levels, settings.slopes, range(seed, seed + settings.seeds), data=data,
        epochs=settings.epochs, width=width, depth=depth, out=out, workers=workers, progress=progress,
    )  # fmt: skip


def draw_diagram(diagram: NetworkDiagram) -> tuple["Figure", dict[str, Any]]:
    """The map and the scatter of a diagram side by side, and its numbers as plain data."""
    import matplotlib.pyplot as plt

    from ..plots.accuracy import plot_accuracy

    found = correlations(diagram)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.7), width_ratios=[1.25, 1], layout="constrained")
    diagram.plot(left)
    plot_accuracy(diagram, found["all, quadratic"], right)
    best = np.unravel_index(np.nanargmax(diagram.accuracy), diagram.accuracy.shape)
    means = diagram.to_xarray()
    summary = {
        **diagram.axes,
        "knob": diagram.noise,
        "best": {name: float(axis[i]) for (name, axis), i in zip(diagram.axes.items(), best, strict=True)},
        "correlation": {name: vars(value) for name, value in found.items()},
        "networks": int(diagram.runs["curvature"].size),
        "failed": int(np.isnan(diagram.runs["curvature"].values).sum()),
        **{str(name): np.asarray(values) for name, values in means.data_vars.items()},
    }
    return fig, summary


def correlations(diagram: NetworkDiagram) -> dict[str, Correlation]:
    """Rank correlations by cells and measure; those that have too few cells are left out."""
    slopes = diagram.axes["slope"]
    groups: dict[str, Sequence[float]] = {
        "all": slopes.tolist(),
        f"slope <= {NONLINEAR:g}": slopes[slopes <= NONLINEAR].tolist(),
        "slope 1": slopes[slopes == 1].tolist(),
    }
    return {
        f"{name}, {measure}": correlation(diagram, measure, slopes=chosen)
        for name, chosen in groups.items()
        for measure in ("quadratic", "ends")
        if len(chosen) and np.isfinite(diagram.runs.sel(slope=chosen)["curvature"].mean("seed")).sum() >= 4
    }
