"""The first root of a polynomial on (0, 1], none skipped, by its Bernstein coefficients.

A polynomial has no more roots on an interval than its Bernstein coefficients there have changes of sign: none, and
there is no root; one, and there is exactly one; else the interval is halved (de Casteljau).
Farouki, Comput. Aided Geom. Design 29 (2012) 379-419.
"""

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

DEEPEST = 40  # halvings; closer roots are one root of even order


@cache
def to_bernstein(degree: int) -> NDArray[np.float64]:
    """Matrix from power to Bernstein coefficients."""
    rows = range(degree + 1)
    return np.array([[comb(i, j) / comb(degree, j) if j <= i else 0.0 for j in rows] for i in rows])


def first_root(coefficients: NDArray[np.float64]) -> float | None:
    """Where a polynomial (powers from 0 up) positive just after 0 first falls to 0 or below; None if nowhere."""
    bernstein = to_bernstein(len(coefficients) - 1) @ coefficients
    return _first(bernstein, coefficients, 0.0, 1.0, 0)


def _first(b: NDArray[np.float64], c: NDArray[np.float64], low: float, high: float, depth: int) -> float | None:
    if (b > 0).all():
        return None
    signs = np.sign(b[b != 0])
    if (np.diff(signs) != 0).sum() <= 1 and b[0] > 0:
        if b[-1] >= 0:
            return high if b[-1] == 0 else None
        return _polished(c, low, high)
    if depth == DEEPEST:
        return low
    rows, middle = [b], 0.5 * (low + high)
    for _ in range(len(b) - 1):
        rows.append(0.5 * (rows[-1][:-1] + rows[-1][1:]))
    found = _first(np.array([row[0] for row in rows]), c, low, middle, depth + 1)
    if found is None:
        found = _first(np.array([row[-1] for row in rows[::-1]]), c, middle, high, depth + 1)
    return found


def _polished(c: NDArray[np.float64], low: float, high: float) -> float:
    def value(s: float) -> float:
        return float(np.polynomial.polynomial.polyval(s, c))

    if value(low) <= 0:  # rounding moved the root just out of the interval
        return low
    if value(high) >= 0:
        return high
    return float(brentq(value, low, high, xtol=1e-16, rtol=4 * np.finfo(float).eps))
