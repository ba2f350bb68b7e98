"""Where a linear Leaky ResNet of width one without bias ends that is fitted to Y = y X: every critical point.

    J(t) = ||x||^2 (y - t)^2 / N + lam (Lt + log t)^2 / (2 Lt),   A_1 = t X,   A_p = t^p X,   W = Lt + log t

The geodesic to t X costs the second term, by `linear.rank_one_geodesic`; Jacot and Kaiser, arXiv:2405.17573, Section 1.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from ..checks import finite_number, finite_numbers


class SoftEnd(NamedTuple):
    """A critical point t of the linear network with X and Y = y X, whose map is A_1 = t X."""

    t: float
    J: float
    """Objective."""
    minimum: bool
    """Along t; the others are maxima of J between two minima."""


def soft_scalar_ends(x: ArrayLike, y: float, lam: float, Lt: float) -> list[SoftEnd]:
    """All t > 0 with 2 ||x||^2/(lam N) t (y - t) = 1 + log(t)/Lt, smallest first.

    A fitted and a collapsed minimum, t near exp(-Lt), may lie on two sides of a maximum.

    Parameters
    ----------
    x : array_like, shape (N,)
        Inputs of a network of width one.
    y : float
        Outputs are y x.
    lam, Lt : float
        Weight of the penalty, effective depth; positive.
    """
    x = np.atleast_1d(finite_numbers("x", x))
    y, lam, Lt = finite_number("y", y), finite_number("lam", lam), finite_number("Lt", Lt)
    if lam <= 0 or Lt <= 0 or not np.any(x):
        raise ValueError(f"lam and Lt must be positive and x not zero, but are {lam}, {Lt} and {x}.")
    c = float(x @ x) / x.size

    def slope(s):  # type: ignore[no-untyped-def]  # dJ/ds of t = exp(s), over lam
        t = np.exp(s)
        return 1 + s / Lt - 2 * c / lam * t * (y - t)

    low = -Lt * (2 + 2 * c / lam * (abs(y) + 1) ** 2)
    high = np.log(abs(y) + 1 + lam / c) + Lt
    turns = np.roots([4 * c / lam, -2 * c / lam * y, 1 / Lt])  # d slope / ds = 0
    inner = sorted(float(np.log(t.real)) for t in turns if abs(t.imag) < 1e-12 * abs(t) and t.real > 0)
    edges = [low, *inner, high]
    found = []
    for a, b in pairwise(edges):
        if slope(a) * slope(b) < 0:
            s = brentq(slope, a, b, xtol=1e-15, rtol=1e-15)
            t = float(np.exp(s))
            found.append(SoftEnd(t, float(c * (y - t) ** 2 + lam / (2 * Lt) * (Lt + s) ** 2), bool(slope(a) < 0)))
    return found
