"""Power laws of the divergence along the axes of a study."""

import numpy as np

from ...perturb import effective_lr, fit_scaling
from .effects import MissingRunError, Sample
from .records import ScalingRow

AXES = ("lr", "momentum", "width", "hidden", "batch_size", "weight_decay", "eps")


def scaling_rows(sample: Sample, *, resamples: int, seed: int) -> tuple[ScalingRow, ...]:
    """Slope of d(t)/d(0) against each axis; for eps the distance at the end."""
    return tuple(_row(sample, axis, resamples, seed) for axis in AXES)


def _row(sample: Sample, axis: str, resamples: int, seed: int) -> ScalingRow:
    chosen = [s for s in sample.axis(axis) if axis == "momentum" or getattr(s, axis) > 0]
    x = [float(effective_lr(s.lr, s.momentum)) if axis == "momentum" else float(getattr(s, axis)) for s in chosen]
    name = "lr/(1 - momentum)" if axis == "momentum" else axis.replace("_", " ")
    quantity = "distance at the end" if axis == "eps" else "slope of d/d(0)"
    try:
        pairs = [sample.curves(s.name) if axis == "eps" else sample.growth(s.name) for s in chosen]
        found = fit_scaling(
            x, [t for t, _ in pairs], [d for _, d in pairs], quantity="end" if axis == "eps" else "slope", name=name,
            resamples=resamples, seed=seed,
        )  # fmt: skip
    except (ValueError, MissingRunError) as why:
        return ScalingRow(name, quantity, np.nan, (np.nan, np.nan), np.nan, tuple(x), (), (), str(why))
    intervals = tuple((float(low), float(high)) for low, high in found.intervals)
    return ScalingRow(
        name, quantity, found.exponent, found.interval, found.residual, tuple(found.x.tolist()),
        tuple(found.values.tolist()), intervals, found.verdict,
    )  # fmt: skip
