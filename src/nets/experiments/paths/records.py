"""Records of a study, each a row of a table."""

from math import isfinite, nan
from typing import NamedTuple

Interval = tuple[float, float]
NO_INTERVAL: Interval = (nan, nan)


class Law(NamedTuple):
    """Law that a distance of one setting follows."""

    setting: str
    curve: str
    law: str
    parameters: dict[str, float]
    intervals: dict[str, Interval]
    weight: float
    """Akaike weight."""
    rms: float
    """Of ln d about the law."""
    verdict: str


class ScalingRow(NamedTuple):
    """Power of a quantity of d(t)/d(0) along an axis; nan where there is none, and the verdict says why."""

    axis: str
    quantity: str
    exponent: float
    interval: Interval
    residual: float
    x: tuple[float, ...]
    values: tuple[float, ...]
    intervals: tuple[Interval, ...]
    verdict: str
    exponents: tuple[float, ...] = ()
    """Of each baseline."""


class Spectrum(NamedTuple):
    """Lyapunov exponents of one training, per step."""

    setting: str
    exponents: tuple[float, ...]
    stderr: tuple[float, ...]
    times: tuple[float, ...]
    history: tuple[tuple[float, ...], ...]
    """Finite-time exponents from step 0, at `times`."""
    function: tuple[float, ...]
    """Function-space exponents of the same vectors at the end."""
    edge: float
    """Curvature over what the optimiser can bear, at the end."""
    verdict: str
    baseline: int = 0


class BarrierRow(NamedTuple):
    """Loss barriers on test images between the baseline and copies, one number each."""

    setting: str
    raw: tuple[float, ...]
    """Distances of the weights."""
    aligned: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    baseline: int = 0


class Verdict(NamedTuple):
    """A hypothesis, and what the runs say."""

    key: str
    statement: str
    source: str
    quantity: str
    claim: str
    """Where the effect must lie, as words."""
    low: float
    high: float
    effect: float
    interval: Interval
    copies: int
    verdict: str
    """supported, not supported, or open"""
    remark: str
    effects: tuple[float, ...] = ()
    """Of each baseline; `effect` is their mean."""
    between: float = nan
    """Standard deviation between baselines, what the copies of each add to it taken away."""
    within: float = nan
    """Standard deviation between copies of one baseline: that of its effect times the root of their number."""
    method: str = "copies"
    """What the interval comes from: a bootstrap over "copies", "t", or the "hierarchical" bootstrap."""
    bootstrap: Interval = NO_INTERVAL
    """95 % by resampling baselines, then copies within each."""


class LengthRow(NamedTuple):
    """A hypothesis after shares of all steps."""

    key: str
    shares: tuple[float, ...]
    effects: tuple[float, ...]
    intervals: tuple[Interval, ...]
    verdicts: tuple[str, ...]

    @property
    def robust(self) -> bool:
        """Whether the verdict is the same after each share at which there is an effect."""
        return len({v for e, v in zip(self.effects, self.verdicts, strict=True) if isfinite(e)}) == 1
