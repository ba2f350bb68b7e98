"""Systems with solutions chosen first, that see every order condition.

The harmonic motion x_1' = x_2, x_2' = -x_1 in bent coordinates and with explicit time:

    y_1 = exp(x_1),   y_2 = x_2 + x_1^2 / 2,   y_3 = exp(sin t + x_2 / 2)

Its drift has non-zero derivatives of all orders and depends on t, so a method that is right only for linear,
quadratic, second-order or autonomous equations fails on it.

For methods of separable systems: an ellipse about a centre that is shaken,

    x'' = -(x - s) / |x - s|^3 + s'',   s = (sin t, cos 2t) / 10,   y = (x_1, x_2, x_1', x_2')
"""

import math
from typing import Any

import numpy as np

from .orbits import Kepler, kepler_exact
from .system import Vector, make_system


def manufactured(t, y, p, dy):  # type: ignore[no-untyped-def]
    """The chain rule, with x_1 = log y_1 and x_2 = y_2 - x_1^2 / 2."""
    x1 = math.log(y[0])
    x2 = y[1] - 0.5 * x1 * x1
    dy[0] = y[0] * x2
    dy[1] = x1 * x2 - x1
    dy[2] = y[2] * (math.cos(t) - 0.5 * x1)


def _manufactured_exact(t: float, y0: Vector, p: Any) -> Vector:
    a = math.log(y0[0])
    b = y0[1] - 0.5 * a * a
    c, s = math.cos(t), math.sin(t)
    x1, x2 = a * c + b * s, b * c - a * s
    return np.array([math.exp(x1), x2 + 0.5 * x1 * x1, y0[2] * math.exp(s + 0.5 * (x2 - b))])


MANUFACTURED = make_system(
    "manufactured",
    manufactured,
    [1.5, 0.3, 1.0],
    3.0,
    kind="non-stiff",
    reference="Method of manufactured solutions: Roache, J. Fluids Eng. 124 (2002) 4-10.",
    exact=_manufactured_exact,
)


def shaken_kepler(t, y, p, dy):  # type: ignore[no-untyped-def]
    """The force of a centre at s(t), and the acceleration of s."""
    a = y[0] - 0.1 * math.sin(t)
    b = y[1] - 0.1 * math.cos(2.0 * t)
    r2 = a * a + b * b
    w = -p.mu / (r2 * math.sqrt(r2))
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = w * a - 0.1 * math.sin(t)
    dy[3] = w * b - 0.4 * math.cos(2.0 * t)


def _shake(t: float) -> Vector:
    """s and s'."""
    return 0.1 * np.array([math.sin(t), math.cos(2.0 * t), math.cos(t), -2.0 * math.sin(2.0 * t)])


def _shaken_exact(t: float, y0: Vector, p: Kepler) -> Vector:
    return kepler_exact(t, y0 - _shake(0.0), p) + _shake(t)


SHAKEN_KEPLER = make_system(
    "shaken Kepler",
    shaken_kepler,
    [0.8, 0.1, 0.1, 1.2247448713915890491],  # e = 0.2 about the centre
    6.0,
    Kepler(1.0),
    kind="non-stiff",
    reference="Method of manufactured solutions: Roache, J. Fluids Eng. 124 (2002) 4-10.",
    exact=_shaken_exact,
)
