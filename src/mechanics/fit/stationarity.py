"""Whether a series looks stationary: its first and last third compared, mean and spread, correlations counted."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..statistics import integrated_time

Array = NDArray[np.float64]
FAR = 4.0  # standard errors
FEW = 30.0  # correlation times below which nothing can be said


class Stationarity(NamedTuple):
    """The finding.

    Attributes
    ----------
    stationary : bool
        Whether neither mean nor variance differ by more than four standard errors, in a series that is long enough.
    mean_shift, variance_shift : float
        Last third minus first third, in standard errors.
    correlation_times : float
        Length of the series in integrated correlation times of x.
    words : str
    """

    stationary: bool
    mean_shift: float
    variance_shift: float
    correlation_times: float
    words: str


def stationarity(x: Array) -> Stationarity:
    """Compare thirds of a series (m,)."""
    third = len(x) // 3
    shifts = []
    middle = float(np.mean(x))
    length = np.inf
    for series in (x, (x - middle) ** 2):
        parts = [series[:third], series[-third:]]
        # within each third: a drift of the whole series would pass for a long memory
        taus = [_tau(one) for one in parts]
        length = min(length, len(x) / max(taus)) if series is x else length
        error = np.sqrt(sum(one.var() * tau / len(one) for one, tau in zip(parts, taus, strict=True)))
        shifts.append(float((parts[1].mean() - parts[0].mean()) / error) if error > 0.0 else 0.0)
    far = [name for name, shift in zip(("mean", "variance"), shifts, strict=True) if abs(shift) > FAR]
    if far:
        by = " and ".join(f"{s:+.1f}" for s in shifts if abs(s) > FAR)
        words = (
            f"Not stationary: from the first to the last third the {' and the '.join(far)} changed by {by} standard "
            "errors; one set of coefficients for the whole series is an average at best. Fit parts of it, or the "
            "fluctuations about a trend."
        )
    elif length < FEW:
        words = f"Only {length:.0f} correlation times: whether the series is stationary cannot be told."
    else:
        words = f"Stationary as far as {length:.0f} correlation times tell."
    return Stationarity(not far and length >= FEW, shifts[0], shifts[1], float(length), words)


def _tau(x: Array) -> float:
    if len(x) < 8 or x.std() == 0.0:
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a short series is what is looked for here
        return max(1.0, float(integrated_time(x).tau))
