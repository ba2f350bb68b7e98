"""Tests of the hypotheses: numbers drawn from the curves of a sample of copies.

Each function takes a `Sample` and returns one number, so that a bootstrap may call it with other copies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...perturb import collapse, effective_lr
from ...perturb.lockstep import Divergence
from .settings import BASELINE, Setting, on_axis, parameters_of

Array = NDArray[np.float64]
EVEN = 40  # times of an even grid, on which lines and exponentials are compared


class MissingRunError(LookupError):
    """A run that an effect needs is not there."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Finished runs of one baseline, and which of their copies count (with repetitions in a bootstrap).

    All settings share the list: copy i has the same direction of perturbation in all networks of one shape. `share` of
    the steps count; `scales` holds the size of the baseline's own logits at the start and at the end, where known.
    """

    settings: tuple[Setting, ...]
    runs: Mapping[str, Divergence]
    rows: NDArray[np.int64] | None = None
    share: float = 1.0
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def curves(self, name: str, curve: str = "distance_2") -> tuple[Array, Array]:
        """Steps (m,) and distances (copies, m) of the copies that did all steps, up to the share that counts."""
        if name not in self.runs:
            raise MissingRunError(f"{name} was not run")
        run = self.runs[name]
        rows = np.arange(run.copies) if self.rows is None else self.rows
        d = run[curve][rows[run.finished[rows]]]
        if not len(d):
            raise MissingRunError(f"no copy of {name} did all steps")
        until = int(np.searchsorted(run.steps, self.share * run.steps[-1] * (1 + 1e-12), side="right"))
        return run.steps[:until].astype(float), d[:, :until]

    def growth(self, name: str, curve: str = "distance_2") -> tuple[Array, Array]:
        """Steps, and d/d(0) of each copy."""
        t, d = self.curves(name, curve)
        return t, d / d[:, :1]

    def axis(self, axis: str) -> list[Setting]:
        """Settings of an axis that were run, the baseline among them."""
        return [s for s in on_axis(self.settings, axis) if s.name in self.runs]


def log_growth(sample: Sample, name: str, curve: str = "distance_2") -> float:
    """Mean over copies of ln d(T)/d(0)."""
    return float(np.log(sample.growth(name, curve)[1][:, -1]).mean())


def growth_against(sample: Sample, name: str, other: str = BASELINE, curve: str = "distance_2") -> float:
    """ln growth of one setting less that of another."""
    return log_growth(sample, name, curve) - log_growth(sample, other, curve)


def function_growth(sample: Sample, name: str = BASELINE) -> float:
    """ln growth of the outputs' distance on test images less that of the weights' distance."""
    return log_growth(sample, name, "test/logit_rms") - log_growth(sample, name)


def mean_end(sample: Sample, name: str, curve: str) -> float:
    """Mean over copies at the last step."""
    return float(sample.curves(name, curve)[1][:, -1].mean())


def late_share(sample: Sample, name: str = BASELINE) -> float:
    """Share of ln d(T)/d(0) that the second half of the steps adds: 0.5 for an exponential."""
    t, g = even(*sample.growth(name))
    logs = np.log(g)
    return float((logs[-1] - np.interp(t[-1] / 2, t, logs)) / (logs[-1] - logs[0]))


def late_bend(sample: Sample, name: str, other: str = BASELINE) -> float:
    """Change of ln d/|w| over the second half of the steps, less that of another setting."""
    return _late(sample, name) - _late(sample, other)


def mismatch(sample: Sample, axis: str, *, low: float, high: float, time_power: float) -> float:
    """Spread of ln d/d(0) between settings of an axis after t -> t x^a, over the largest ln growth among them.

    For momentum x is the effective learning rate lr / (1 - beta).
    """
    chosen = [s for s in sample.axis(axis) if low <= getattr(s, axis) <= high]
    if len(chosen) < 3:
        raise MissingRunError(f"fewer than 3 settings along {axis} were run")
    x = [float(effective_lr(s.lr, s.momentum)) if axis == "momentum" else float(getattr(s, axis)) for s in chosen]
    pairs = [sample.growth(s.name) for s in chosen]
    found = collapse(x, [t for t, _ in pairs], [g for _, g in pairs], time_power=time_power)
    largest = max(abs(log_growth(sample, s.name)) for s in chosen)
    return found.spread / largest


def width_mismatch(sample: Sample) -> float:
    """Spread of ln (d / sqrt D) between widths, over the largest ln growth among them."""
    chosen = sample.axis("width")
    if len(chosen) < 3:
        raise MissingRunError("fewer than 3 widths were run")
    pairs = [sample.curves(s.name) for s in chosen]
    sizes = [parameters_of(s) for s in chosen]
    found = collapse(sizes, [t for t, _ in pairs], [d for _, d in pairs], time_power=0.0, distance_power=0.5)
    return found.spread / max(abs(log_growth(sample, s.name)) for s in chosen)


def slope_power(sample: Sample, axis: str, *, normalised: bool = True) -> float:
    """a in: slope of the line through d(t)/d(0), or through d(t), ~ x^a."""
    chosen = sample.axis(axis)
    if len(chosen) < 3:
        raise MissingRunError(f"fewer than 3 settings along {axis} were run")
    pairs = [sample.growth(s.name) if normalised else sample.curves(s.name) for s in chosen]
    slopes = np.array([np.polyfit(*even(*pair), 1)[0] for pair in pairs])
    if not (slopes > 0).all():
        return np.nan
    return float(np.polyfit(np.log([float(getattr(s, axis)) for s in chosen]), np.log(slopes), 1)[0])


def exponentiality(sample: Sample, name: str = BASELINE) -> float:
    """ln (relative rms of the best line / that of the best exponential): above 0 the exponential fits better."""
    return line_or_exponential(*even(*sample.growth(name)))


def line_or_exponential(t: Array, g: Array) -> float:
    """ln (relative rms of the best line / that of the best exponential) of one curve."""
    line = np.polyval(np.polyfit(t, g, 1, w=1 / g), t)
    exponential = np.exp(np.polyval(np.polyfit(t, np.log(g), 1), t))
    rms = [np.sqrt(np.mean((f / g - 1) ** 2)) for f in (line, exponential)]
    return float(np.log(rms[0] / rms[1]))


def trend(sample: Sample, of: Callable[[Sample, str], float], axis: str) -> float:
    """Slope of a number against ln x along an axis."""
    chosen = sample.axis(axis)
    if len(chosen) < 3:
        raise MissingRunError(f"fewer than 3 settings along {axis} were run")
    x = np.log([float(getattr(s, axis)) for s in chosen])
    return float(np.polyfit(x, [of(sample, s.name) for s in chosen], 1)[0])


def least(sample: Sample, of: Callable[[Sample, str], float], names: tuple[str, ...]) -> float:
    """Smallest of a number over settings."""
    return min(of(sample, name) for name in names)


def even(t: Array, g: Array) -> tuple[Array, Array]:
    """Geometric mean over copies on an even grid of times."""
    grid = np.linspace(t[0], t[-1], EVEN)
    return grid, np.exp(np.interp(grid, t, np.log(g).mean(0)))


def _late(sample: Sample, name: str) -> float:
    t, g = even(*sample.growth(name, "relative"))
    return float(np.log(g[-1]) - np.interp(t[-1] / 2, t, np.log(g)))
