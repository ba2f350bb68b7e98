"""A system with a solution chosen first, that sees every order condition.

The harmonic motion x_1' = x_2, x_2' = -x_1 in bent coordinates and with explicit time:

    y_1 = exp(x_1),   y_2 = x_2 + x_1^2 / 2,   y_3 = exp(sin t + x_2 / 2)

Its drift has non-zero derivatives of all orders and depends on t, so a method that is right only for linear,
quadratic, second-order or autonomous equations fails on it.
"""

import math
from typing import Any

import numpy as np

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
