"""The minimiser of a quadratic model within a trust region, by preconditioned conjugate gradients.

    min_s  g.s + s.H s / 2   with  s.M s <= radius^2

Steihaug, SIAM J. Numer. Anal. 20 (1983) 626; norms in M by the recurrences of Conn, Gould and Toint, Trust-Region
Methods (2000), Section 7.5.1. H may be indefinite, M is known by its inverse alone. Along the path of the iterates the
model falls and the norm rises, so the path is kept: a smaller radius costs no further product with H.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Leg(NamedTuple):
    """A straight piece of the path: s + t p for 0 <= t <= length."""

    s: Any
    p: Any
    length: float
    norm2: float
    """s.M s"""
    along: float
    """s.M p"""
    square: float
    """p.M p"""
    model: float
    """Value of the model at s."""
    slope: float
    """Derivative of the model along p at s."""
    bend: float
    """p.H p"""

    def norm(self, t: float) -> float:
        """Norm in M of s + t p."""
        return math.sqrt(max(self.norm2 + 2 * t * self.along + t * t * self.square, 0.0))

    def value(self, t: float) -> float:
        """Model at s + t p."""
        return self.model + t * self.slope + t * t * self.bend / 2


class Trail(NamedTuple):
    """The path of conjugate gradients from zero."""

    legs: list[Leg]
    end: str
    """"small residual", "radius", "negative curvature" or "limit"."""


class Step(NamedTuple):
    """A step, the fall of the model that goes with it, and its norm in M."""

    s: Any
    fall: float
    norm: float


def inner(a: Any, b: Any) -> float:
    """Sum of the products of all entries."""
    return float((a * b).sum())


def conjugate_gradients(
    product: Callable[[Any], Any],
    precondition: Callable[[Any], Any],
    g: Any,
    radius: float,
    *,
    rtol: float,
    max_steps: int,
) -> Trail:
    """Path towards the minimiser of the model, ended at the radius, or beyond it where the curvature is negative.

    Parameters
    ----------
    product, precondition : functions
        H v and M^-1 v.
    g : array
        Gradient, not zero.
    rtol : float
        Ends when the norm of the residual in M^-1 has fallen by this factor.
    """
    s, r = 0 * g, g
    z = precondition(r)
    p, rz = -z, inner(r, z)
    goal = rtol * rtol * rz
    norm2, along, square, model = 0.0, 0.0, rz, 0.0
    legs: list[Leg] = []
    while True:
        Hp = product(p)
        bend = inner(p, Hp)
        room = _reach(norm2, along, square, radius)
        t = rz / bend if bend > 0 else math.inf
        leg = Leg(s, p, min(t, room), norm2, along, square, model, -rz, bend)
        legs.append(leg)
        if t >= room:
            return Trail(legs, "radius" if bend > 0 else "negative curvature")
        s, r, model = s + t * p, r + t * Hp, leg.value(t)
        norm2 += 2 * t * along + t * t * square
        z = precondition(r)
        last, rz = rz, inner(r, z)
        if rz <= goal or len(legs) == max_steps:
            return Trail(legs, "small residual" if rz <= goal else "limit")
        p = (rz / last) * p - z
        along = (rz / last) * (along + t * square)
        square = rz + (rz / last) ** 2 * square


def step_within(trail: Trail, radius: float) -> Step:
    """The point of the path where it leaves the radius, or its end."""
    for leg in trail.legs:
        if leg.norm(leg.length) >= radius:
            break
    t = min(leg.length, _reach(leg.norm2, leg.along, leg.square, radius))
    return Step(leg.s + t * leg.p, -leg.value(t), leg.norm(t))


def _reach(norm2: float, along: float, square: float, radius: float) -> float:
    """t > 0 at which s + t p has the norm radius."""
    room = max(radius * radius - norm2, 0.0)
    root = math.sqrt(along * along + square * room)
    return room / (along + root) if along > 0 else (root - along) / square
