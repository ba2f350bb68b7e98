"""Geodesics of a relu network with one neuron, one sample and a bias, in closed form: through the kink, or beside it.

    a < 0:  a'^2 = h + Lt^2 a^2            B = a'/Lt + a
    a > 0:  a'^2 = h + (h + Lt^2) a^2      B = (a'/Lt + a) / (1 + a^2)          h = 2 Lt H

From a' = Lt (B (1 + relu(a)^2) - a) in H = Lt/2 B^2 (1 + relu(a)^2) - Lt B a, Jacot and Kaiser, arXiv:2405.17573. Each
side is a piece of sinh or cosh, and so is met by the end values; a path across the kink is fixed by the times of its
sides, asinh(Lt |a_-| / sqrt h)/Lt + asinh(kappa a_+ / sqrt h)/kappa = 1 with kappa^2 = h + Lt^2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.optimize import brentq

from ..checks import finite_number

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ScalarGeodesic:
    """A path a(p), p from 0 to 1, of sides a = (a_l sinh(k (r - p)) + a_r sinh(k (p - l))) / sinh(k (r - l)).

    Attributes
    ----------
    Lt, h : float
        Effective depth; 2 Lt H.
    p_kink : float or None
        Where a = 0, if it is.
    """

    Lt: float
    h: float
    p_kink: float | None
    _sides: tuple[tuple[float, float, float, float, float], ...]  # l, r, a_l, a_r, k

    @property
    def H(self) -> float:
        """Hamiltonian."""
        return self.h / (2 * self.Lt)

    def at(self, p: ArrayLike) -> tuple[Any, Any]:
        """(a, B) at depths p."""
        p = np.asarray(p, float)
        a, da = np.empty(p.shape), np.empty(p.shape)
        for l, r, a_l, a_r, k in self._sides:
            here = (p >= l) & (p <= r)
            q, length = p[here], r - l
            s = np.sinh(k * length)
            a[here] = (a_l * np.sinh(k * (r - q)) + a_r * np.sinh(k * (q - l))) / s
            da[here] = k * (a_r * np.cosh(k * (q - l)) - a_l * np.cosh(k * (r - q))) / s
        return a[()], ((da / self.Lt + a) / (1 + np.maximum(a, 0) ** 2))[()]

    @property
    def lowest(self) -> tuple[float, float]:
        """(p, a) where a is least."""
        found = [(0.0, float(self.at(0.0)[0])), (1.0, float(self.at(1.0)[0]))]
        for l, r, a_l, a_r, k in self._sides:
            slope = (a_l * np.cosh(k * (r - l)) - a_r) / (a_l * np.sinh(k * (r - l))) if a_l else np.inf
            if abs(slope) < 1:
                p = l + np.arctanh(slope) / k
                if l < p < r:
                    found.append((float(p), float(self.at(p)[0])))
        return min(found, key=lambda point: point[1])

    @property
    def action(self) -> float:
        """int ||W||^2 dp / (2 Lt), by quadrature on each side."""

        def density(p: float) -> float:
            a, B = self.at(p)
            return float(self.Lt / 2 * B * B * (1 + max(a, 0.0) ** 2))

        return float(sum(quad(density, l, r, epsabs=1e-13, epsrel=1e-13)[0] for l, r, *_ in self._sides))


def scalar_relu_geodesic(a0: float, a1: float, Lt: float) -> ScalarGeodesic:
    """The path from a0 to a1, neither of them zero.

    Raises
    ------
    ValueError
        If an end is zero, or Lt not positive.
    """
    a0, a1, Lt = finite_number("a0", a0), finite_number("a1", a1), finite_number("Lt", Lt)
    if Lt <= 0 or a0 == 0 or a1 == 0:
        raise ValueError(f"Lt must be positive and a0, a1 not zero, but are {Lt}, {a0} and {a1}.")
    if a0 < 0 and a1 < 0:
        start = Lt * (a1 - a0 * np.cosh(Lt)) / np.sinh(Lt)
        return ScalarGeodesic(Lt, float(start**2 - (Lt * a0) ** 2), None, ((0.0, 1.0, a0, a1, Lt),))
    if a0 > 0 and a1 > 0:
        return _above(a0, a1, Lt)
    return _across(a0, a1, Lt)


def _above(a0: float, a1: float, Lt: float) -> ScalarGeodesic:
    """a'(0)^2 = kappa^2 - Lt^2 + kappa^2 a0^2 with a'(0) from the end values."""

    def excess(kappa: float) -> float:
        ends = (a0 - a1) ** 2 - 4 * a0 * a1 * np.sinh(kappa / 2) ** 2
        return float(Lt**2 - kappa**2 + ends * (kappa / np.sinh(kappa)) ** 2)

    kappa = brentq(excess, 1e-9 * Lt, Lt + abs(a1 - a0) + 1, xtol=1e-15, rtol=1e-15)
    return ScalarGeodesic(Lt, float(kappa**2 - Lt**2), None, ((0.0, 1.0, a0, a1, kappa),))


def _across(a0: float, a1: float, Lt: float) -> ScalarGeodesic:
    low, high = min(a0, a1), max(a0, a1)

    def time_below(s: float) -> float:  # s = log h
        return float(np.arcsinh(Lt * -low / np.exp(s / 2)) / Lt)

    def excess(s: float) -> float:
        kappa = np.sqrt(np.exp(s) + Lt**2)
        return time_below(s) + float(np.arcsinh(kappa * high / np.exp(s / 2)) / kappa) - 1

    least, most = -2 * Lt - 2.0, 1.0
    while excess(least) < 0:
        least *= 2
    while excess(most) > 0:
        most *= 2
    s = brentq(excess, least, most, xtol=1e-15, rtol=1e-15)
    h, below = float(np.exp(s)), time_below(s)
    kappa = float(np.sqrt(h + Lt**2))
    kink = below if a0 < 0 else 1 - below
    first, last = (Lt, kappa) if a0 < 0 else (kappa, Lt)
    return ScalarGeodesic(Lt, h, kink, ((0.0, kink, a0, 0.0, first), (kink, 1.0, 0.0, a1, last)))
