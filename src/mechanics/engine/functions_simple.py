"""Functions of one or two instructions: roots, rounding, signs, the smaller and the larger, tests for NaN.

`minimum` and `maximum` are numpy's: NaN if either argument is. Python's `min` and `max` keep their own rule.
"""

import math

from .functions_number import Number, magnitude, rounded, select, with_sign
from .functions_number import sqrt as root


def sqrt(x: Number) -> Number:
    """Square root, correctly rounded."""
    return root(x)


def fabs(x: Number) -> Number:
    """Absolute value."""
    return magnitude(x)


def floor(x: Number) -> Number:
    """Largest whole number <= x, as a float."""
    return rounded(x, "floor")


def ceil(x: Number) -> Number:
    """Smallest whole number >= x, as a float."""
    return rounded(x, "ceil")


def trunc(x: Number) -> Number:
    """x without its fraction, as a float."""
    return rounded(x, "trunc")


def rint(x: Number) -> Number:
    """Nearest whole number, half to even, as a float."""
    return rounded(x)


def sign(x: Number) -> Number:
    """-1, 0, 1 or NaN."""
    return select(x > 0.0, 1.0, select(x < 0.0, -1.0, select(x == 0.0, 0.0, x)))


def square(x: Number) -> Number:
    """x x."""
    return x * x


def copysign(x: Number, y: Number) -> Number:
    """|x| with the sign of y."""
    return with_sign(x, y)


def minimum(x: Number, y: Number) -> Number:
    """The smaller; NaN if either is."""
    return select((x < y) | (x != x), x, y)


def maximum(x: Number, y: Number) -> Number:
    """The larger; NaN if either is."""
    return select((x > y) | (x != x), x, y)


def isnan(x: Number) -> Number:
    """Whether x is NaN."""
    return x != x


def isinf(x: Number) -> Number:
    """Whether x is an infinity."""
    return magnitude(x) == math.inf


def isfinite(x: Number) -> Number:
    """Whether x is neither NaN nor an infinity."""
    return magnitude(x) < math.inf
