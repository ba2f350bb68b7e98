"""Candidate laws of divergence d(t) and their starting values: data for `fit_law`.

    constant     d0                                    power        d0 + a t^p
    linear       d0 + b t                              sqrt         d0 + a sqrt(t)
    exponential  d0 exp(l t)                           logarithmic  d0 + a ln(1 + t/tau)
    saturating   d0 + A (1 - exp(-t/tau))              logistic     K / (1 + (K/d0 - 1) exp(-l t))
    exp_linear   d0 exp(l t) until t*, then its tangent d0 exp(l t*) (1 + l (t - t*))
    w_law        d' = l d / (1 + d/dc):  d = dc w,  w + ln w = ln(d0/dc) + d0/dc + l t

The W law is the smooth form of a short exponential followed by a line of slope l dc whatever d0; w is the Wright omega
function, which does not overflow where W(exp(...)) would. Hoogland, "Scaling laws of path dependence" (2022), asks for
such a law; the equation is solved here exactly, and checked against an integrator in the tests.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import wrightomega

Array = NDArray[np.float64]


class Law(NamedTuple):
    """A curve with named parameters; those in `positive` are fitted by their logarithm."""

    name: str
    parameters: tuple[str, ...]
    positive: tuple[str, ...]
    curve: Callable[..., Array]
    """(t, *parameters) -> d, with t from 0 to 1."""
    starts: Callable[[Array, Array], list[tuple[float, ...]]]
    """(t, d) -> starting values."""
    powers: tuple[int, ...]
    """Power of time in each parameter's unit, +1 or -1 or 0: b has d/time, -1."""


HEIGHTS = frozenset({"d0", "b", "a", "A", "K", "dc"})  # parameters that carry the unit of d


def _first(d: Array) -> float:
    return float(max(d[0], 1e-3 * d.max()))


def _slope(t: Array, d: Array) -> float:
    return float(np.polyfit(t, d, 1)[0])


def _rate(t: Array, d: Array) -> float:
    return float(np.polyfit(t, np.log(d), 1)[0])


def _early(t: Array, d: Array) -> float:
    """Exponential rate of the first fifth, at least 0.1."""
    n = max(len(t) // 5, 3)
    return max(_rate(t[:n], d[:n]), 0.1)


def _rise(d: Array) -> float:
    return float(max(d.max() - d[0], 1e-3 * d.max()))


def exp_linear(t: Array, d0: float, l: float, t_star: float) -> Array:
    """Exponential until t_star, then along its tangent."""
    bend = np.minimum(t, t_star)
    return d0 * np.exp(l * bend) * (1 + l * (t - bend))


def w_law(t: Array, d0: float, l: float, dc: float) -> Array:
    """Solution of d' = l d / (1 + d/dc) with d(0) = d0."""
    return dc * wrightomega(np.log(d0 / dc) + d0 / dc + l * t).real


LAWS = {
    law.name: law
    for law in (
        Law("constant", ("d0",), ("d0",), lambda t, d0: d0 + 0 * t,
            lambda t, d: [(float(np.exp(np.log(d).mean())),)], (0,)),
        Law("linear", ("d0", "b"), ("d0",), lambda t, d0, b: d0 + b * t,
            lambda t, d: [(_first(d), _slope(t, d))], (0, -1)),
        Law("exponential", ("d0", "l"), ("d0",), lambda t, d0, l: d0 * np.exp(l * t),
            lambda t, d: [(_first(d), _rate(t, d))], (0, -1)),
        Law("sqrt", ("d0", "a"), ("d0",), lambda t, d0, a: d0 + a * np.sqrt(t),
            lambda t, d: [(_first(d), _slope(np.sqrt(t), d))], (0, 0)),
        Law("power", ("d0", "a", "p"), ("d0", "p"), lambda t, d0, a, p: d0 + a * t**p,
            lambda t, d: [(_first(d), d[-1] - d[0], p) for p in (0.3, 0.7, 1.5, 3.0)], (0, 0, 0)),
        Law("logarithmic", ("d0", "a", "tau"), ("d0", "tau"), lambda t, d0, a, tau: d0 + a * np.log1p(t / tau),
            lambda t, d: [(_first(d), (d[-1] - d[0]) / np.log1p(1 / tau), tau) for tau in (0.01, 0.1, 1.0)], (0, 0, 1)),
        Law("saturating", ("d0", "A", "tau"), ("d0", "tau"), lambda t, d0, A, tau: d0 - A * np.expm1(-t / tau),
            lambda t, d: [(_first(d), d[-1] - d[0], tau) for tau in (0.05, 0.3, 1.0)], (0, 0, 1)),
        Law("logistic", ("d0", "K", "l"), ("d0", "K", "l"),
            lambda t, d0, K, l: K / (1 + (K / d0 - 1) * np.exp(-l * t)),
            lambda t, d: [(_first(d), 1.05 * float(d.max()), l) for l in (_early(t, d), 5.0, 20.0)], (0, 0, -1)),
        Law("exp_linear", ("d0", "l", "t_star"), ("d0", "l", "t_star"), exp_linear,
            lambda t, d: [(_first(d), _early(t, d), s) for s in (0.1, 0.3, 0.7)], (0, -1, 1)),
        Law("w_law", ("d0", "l", "dc"), ("d0", "l", "dc"), w_law,
            lambda t, d: [(_first(d), _early(t, d), s * float(d.max())) for s in (0.03, 0.3, 3.0)], (0, -1, 0)),
    )
}  # fmt: skip
