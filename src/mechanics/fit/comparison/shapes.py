"""Shapes of a displacement over the layers that know nothing of springs: u = l/L in, numbers that vanish at u = 0 out.

    line           x = Y u
    parabola       x = Y u + b u (1 - u)
    exponential    x = Y (e^{kappa u} - 1)/(e^kappa - 1)

with Y the value at the end, u = 1. All but kappa enter linearly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..data import Array

STEEPEST = 30.0  # |kappa|: the curve has then turned within a thirtieth of the chain
KAPPAS = STEEPEST * np.sinh(np.linspace(-4, 4, 161)) / np.sinh(4.0)  # dense about the straight line


@dataclass(frozen=True)
class Shape:
    """`lead(kappa, u)` is 1 at the end; `tails(u)`, shape (t, n), vanish there; `curved` whether kappa is fitted."""

    name: str
    lead: Callable[[float, Array], Array]
    tails: Callable[[Array], Array]
    curved: bool = False

    @property
    def coefficients(self) -> int:
        """Numbers of one curve: Y, the tails', and kappa."""
        return 1 + len(self.tails(np.array([0.5]))) + self.curved

    def columns(self, kappa: float, u: Array) -> Array:
        """Lead and tails, (1 + t, n)."""
        return np.vstack([self.lead(kappa, u)[None], self.tails(u)])


def _straight(kappa: float, u: Array) -> Array:
    return u


def _exponential(kappa: float, u: Array) -> Array:
    if abs(kappa) < 1e-8:
        return u
    if kappa > 0:  # the same without large numbers
        return np.asarray((np.exp(kappa * (u - 1)) - np.exp(-kappa)) / -np.expm1(-kappa))
    return np.asarray(np.expm1(kappa * u) / np.expm1(kappa))


def _none(u: Array) -> Array:
    return np.zeros((0, len(u)))


def _bow(u: Array) -> Array:
    return np.asarray((u * (1 - u))[None])


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("line", _straight, _none),
        Shape("parabola", _straight, _bow),
        Shape("exponential", _exponential, _none, curved=True),
    )
}
