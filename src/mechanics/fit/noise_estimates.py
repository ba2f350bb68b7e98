"""Numbers with a standard error as estimates with 95 % intervals, open where the data say nothing."""

import numpy as np
from scipy.stats import norm

from .result import Estimate

QUANTILE = float(norm.ppf(0.975))
ONE_SIDED = float(norm.ppf(0.95))
SHARP = 0.5  # relative standard error beyond which a number is not called measured (as in `fit_chain`)
UNKNOWN = "unidentified"


def symmetric(value: float, error: float, unit: float = np.inf) -> Estimate:
    """Of a number of either sign; measured if its interval is shorter than the unit to either side."""
    value, error = float(value), float(error)
    if not np.isfinite(error):
        return Estimate(value, np.inf, (-np.inf, np.inf), False, UNKNOWN)
    sharp = bool(QUANTILE * error < unit)
    note = "" if sharp else "hardly determined"
    return Estimate(value, error, (value - QUANTILE * error, value + QUANTILE * error), sharp, note)


def positive(value: float, error: float, note: str = UNKNOWN) -> Estimate:
    """Of a positive number whose logarithm has this standard error; `note` says why where that is infinite."""
    value, error = float(value), float(error)
    if not np.isfinite(error):
        return unknown(note, value)
    factor = float(np.exp(QUANTILE * error))
    sharp = error <= SHARP
    words = "" if sharp else "order of magnitude only"
    return Estimate(value, value * error, (value / factor, value * factor), sharp, words)


def threshold(value: float, error: float, mean: float, note: str = UNKNOWN) -> Estimate:
    """Of a friction threshold, not negative: measured if its error is below half of it or of the mean friction."""
    value, error = float(value), float(error)
    if not np.isfinite(error):
        return unknown(note, value)
    sharp = bool(error <= SHARP * max(value, mean))
    words = "" if sharp else f"below {value + ONE_SIDED * error:.3g}"
    return Estimate(value, error, (max(value - QUANTILE * error, 0.0), value + QUANTILE * error), sharp, words)


def unknown(note: str, value: float = np.nan) -> Estimate:
    """Of a positive number that the data leave open."""
    return Estimate(value, np.inf, (0.0, np.inf), False, note)
