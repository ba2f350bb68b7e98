"""Second numbers for hypotheses whose first one also measures something else: the size of the logits, of the growth."""

import math

import numpy as np

from .effects import EVEN, MissingRunError, Sample, even, line_or_exponential, log_growth
from .settings import BASELINE

E_FOLD = math.e
BURST = 0.1  # share of the steps that counts as the beginning


def relative_function_growth(sample: Sample, name: str = BASELINE) -> float:
    """ln growth of |f - f'| / |f| on test images less that of |w - w'| / |w|: training enlarges logits and weights."""
    if name not in sample.scales or sample.share < 1:
        raise MissingRunError(f"the size of the logits of {name} is known only at the start and the end")
    start, end = sample.scales[name]
    functions = log_growth(sample, name, "test/logit_rms") - np.log(end / start)
    return float(functions - log_growth(sample, name, "relative"))


def prediction_growth(sample: Sample, name: str = BASELINE) -> float:
    """ln growth of the root of the Jensen-Shannon divergence (a metric) less that of |w - w'| / |w|."""
    return 0.5 * log_growth(sample, name, "test/js") - log_growth(sample, name, "relative")


def exponential_until(sample: Sample, name: str = BASELINE, growth: float = E_FOLD) -> float:
    """As `exponentiality`, up to the first time at which d/d(0) is `growth`, or over all steps if it never is."""
    t, d = sample.growth(name)
    logs = np.log(d).mean(0)
    above = np.flatnonzero(logs >= np.log(growth))
    if len(above) == 0 or above[0] == 0:
        return line_or_exponential(*even(t, d))
    k = above[0]
    end = float(np.interp(np.log(growth), logs[k - 1 : k + 1], t[k - 1 : k + 1]))
    grid = np.linspace(t[0], end, EVEN)
    return line_or_exponential(grid, np.exp(np.interp(grid, t, logs)))


def trend_at_equal_growth(sample: Sample, axis: str = "hidden") -> float:
    """Slope against ln x of `exponential_until` the least growth of the axis: equal growth, equal misfits to expect."""
    chosen = sample.axis(axis)
    if len(chosen) < 3:
        raise MissingRunError(f"fewer than 3 settings along {axis} were run")
    least = float(np.exp(min(log_growth(sample, s.name) for s in chosen)))
    x = np.log([float(getattr(s, axis)) for s in chosen])
    return float(np.polyfit(x, [exponential_until(sample, s.name, least) for s in chosen], 1)[0])


def late_rate(sample: Sample, name: str = BASELINE) -> float:
    """Rate of ln d over the second half, over that of the first tenth: 1 for an exponential, whatever its growth."""
    t, g = even(*sample.growth(name))
    logs = np.log(g)
    half, early = np.interp([t[-1] / 2, BURST * t[-1]], t, logs)
    late, first = (logs[-1] - half) / 0.5, (early - logs[0]) / BURST
    return float(late / first) if first > 0 else np.nan


def growth_at_equal_time(sample: Sample, name: str, other: str = BASELINE) -> float:
    """ln growth with momentum at step T (1 - momentum) less that of another setting at T: equal effective time."""
    t, g = sample.growth(name)
    momentum = next(s.momentum for s in sample.settings if s.name == name)
    until = (1 - momentum) * t[-1]
    return float(np.interp(until, t, np.log(g).mean(0)) - log_growth(sample, other))
