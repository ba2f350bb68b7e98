"""Power laws of the divergence along the axes of a study."""

from collections.abc import Sequence

import numpy as np

from ...perturb import effective_lr, fit_scaling
from .effects import MissingRunError, Sample
from .records import Interval, ScalingRow
from .spread import t_interval

AXES = ("lr", "momentum", "width", "hidden", "batch_size", "weight_decay", "eps")


def scaling_rows(samples: Sample | Sequence[Sample], *, resamples: int, seed: int) -> tuple[ScalingRow, ...]:
    """Slope of d(t)/d(0) against each axis; for eps the distance at the end.

    With one baseline intervals are over its copies, with several those of Student over baselines.
    """
    given = [samples] if isinstance(samples, Sample) else list(samples)
    if len(given) == 1:
        return tuple(_row(given[0], axis, resamples, seed) for axis in AXES)
    return tuple(_over_baselines(given, axis, resamples, seed) for axis in AXES)


def _over_baselines(samples: Sequence[Sample], axis: str, resamples: int, seed: int) -> ScalingRow:
    """Mean power, and geometric means of the values, of baselines that have the settings of the first."""
    rows = [_row(s, axis, 2, seed) for s in samples]
    first = rows[0]
    alike = [row for row in rows if row.values and row.x == first.x]
    if len(alike) < 2:
        alone = _row(samples[0], axis, resamples, seed)
        return alone._replace(verdict=f"first of {len(rows)} baselines alone: {alone.verdict}")
    powers, logs = np.array([row.exponent for row in alike]), np.log([row.values for row in alike])
    x, mean = np.log(first.x), logs.mean(0)
    residual = float(np.std(mean - np.polyval(np.polyfit(x, mean, 1), x)))
    low, high = t_interval(powers)
    verdict = (
        f"{first.quantity} ~ {first.axis}^{powers.mean():.3g} [{low:.3g}, {high:.3g}], Student's over {len(alike)} "
        f"baselines; means lie {100 * np.expm1(residual):.0f} % off the line"
    )
    return first._replace(
        exponent=float(powers.mean()), interval=(low, high), residual=residual, values=tuple(np.exp(mean).tolist()),
        intervals=tuple(_exp(t_interval(column)) for column in logs.T), verdict=verdict,
        exponents=tuple(powers.tolist()),
    )  # fmt: skip


def _exp(interval: Interval) -> Interval:
    return float(np.exp(interval[0])), float(np.exp(interval[1]))


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
        tuple(found.values.tolist()), intervals, found.verdict, (found.exponent,),
    )  # fmt: skip
