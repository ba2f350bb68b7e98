"""What a spectrum says about its attractor: Kaplan and Yorke's dimension and the sum of the positive exponents.

    D_KY = j + (l_1 + ... + l_j) / |l_{j+1}|,   j the last for which the sum is not negative
    h_KS <= sum of the positive exponents (Ruelle; equality is Pesin's, for measures smooth along unstable directions)

Kaplan, Yorke, Lecture Notes in Mathematics 730 (1979) 204-227; Eckmann, Ruelle, Rev. Mod. Phys. 57 (1985) 617-656.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def kaplan_yorke_dimension(exponents: Array, n: int | None = None) -> float:
    """Kaplan and Yorke's dimension of a spectrum.

    Parameters
    ----------
    exponents : array_like, shape (k,)
        Lyapunov exponents, in any order.
    n : int, optional
        Dimension of the state, by default k. NaN is returned where k < n exponents do not decide.
    """
    values = np.sort(np.asarray(exponents, dtype=float))[::-1]
    size = len(values) if n is None else n
    total = 0.0
    for j, value in enumerate(values):
        if math.isnan(value):
            return math.nan
        if total + value < 0.0:
            return 0.0 if j == 0 else j + total / abs(value)
        total += value
    return float(size) if len(values) == size else math.nan


def entropy_bound(exponents: Array) -> float:
    """Sum of the positive exponents: what bounds the Kolmogorov-Sinai entropy."""
    values = np.asarray(exponents, dtype=float)
    return float(values[values > 0.0].sum())


def jackknife(groups: Array, function: object) -> float:
    """Standard error of a function of the mean of `groups`, leaving out one group at a time."""
    count = len(groups)
    if count < 2:
        return math.nan
    total = groups.sum(axis=0)
    with np.errstate(invalid="ignore"):  # exponents of -infinity
        values = np.array([function((total - group) / (count - 1)) for group in groups])  # type: ignore[operator]
    if not np.isfinite(values).all():
        return math.nan
    return float(np.sqrt((count - 1) * values.var()))
