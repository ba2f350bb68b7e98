"""Inverse trigonometric functions and hypot, without branches.

    atan(a/b) = base + t + t^3 A(t^2)      for a, b >= 0
       a/b <= tan(pi/8):   base 0,    t = a/b
       between:            base pi/4, t = (a - b)/(a + b)
       a/b >= tan(3 pi/8): base pi/2, t = -b/a

t and the bases are sums of two floats. A is minimax on t^2 <= tan(pi/8)^2 (mpmath.chebyfit, 60 digits), error 2e-19.
asin and acos are angles of (x, sqrt(1 - x^2)), the root as a sum of two floats. Special values: C99, annex F.
"""

import math

from .functions_number import (
    Number,
    bits,
    estrin,
    fast_two_sum,
    fma,
    magnitude,
    select,
    sqrt,
    two_product,
    two_sum,
    with_sign,
)

ATAN = (
    0.016285676314084414,
    -0.03457048930586775,
    0.04551590394759387,
    -0.052304536511503345,
    0.05878928913721616,
    -0.06666424878422776,
    0.07692296374624841,
    -0.0909090875348679,
    0.11111111105155164,
    -0.14285714285659826,
    0.19999999999999804,
    -0.3333333333333333,
)
TAN_22, TAN_67 = math.sqrt(2.0) - 1.0, math.sqrt(2.0) + 1.0
PI, PI_TAIL = math.pi, float.fromhex("0x1.1a62633145c07p-53")


def angle(a: Number, a_tail: Number, b: Number, b_tail: Number) -> tuple[Number, Number]:
    """atan((a + a')/(b + b')) in [0, pi/2] as a sum of two floats; a, b >= 0, not both zero, of moderate size."""
    low, high = a < b * TAN_22, a > b * TAN_67
    difference, difference_tail = two_sum(a, -b)
    total, total_tail = two_sum(a, b)
    top = select(low, a, select(high, -b, difference))
    top_tail = select(low, a_tail, select(high, -b_tail, difference_tail + (a_tail - b_tail)))
    below = select(low, b, select(high, a, total))
    below_tail = select(low, b_tail, select(high, a_tail, total_tail + (a_tail + b_tail)))
    base = select(low, 0.0, select(high, PI / 2, PI / 4))
    base_tail = select(low, 0.0, select(high, PI_TAIL / 2, PI_TAIL / 4))
    inverse = 1.0 / below
    t = top * inverse
    t_tail = fma(-t, below_tail, fma(-t, below, top) + top_tail) * inverse
    z = t * t
    result, lost = fast_two_sum(base, t)
    return fast_two_sum(result, lost + fma(t * z, estrin(z, ATAN), base_tail + t_tail))


def atan(x: Number) -> Number:
    """Inverse tangent."""
    size = magnitude(x)
    huge = size > 2.0**60
    zero, one = x.constant(0.0), x.constant(1.0)
    r, tail = angle(select(huge, 1.0, size), zero, select(huge, 0.0, one), zero)
    return select((size < 2.0**-30) | (x != x), x, with_sign(r + tail, x))


def atan2(y: Number, x: Number) -> Number:
    """Angle of the point (x, y), in [-pi, pi]."""
    a, b = magnitude(y), magnitude(x)
    endless = (a == math.inf) | (b == math.inf)
    a = select(endless, select(a == math.inf, 1.0, a.constant(0.0)), a)
    b = select(endless, select(b == math.inf, 1.0, b.constant(0.0)), b)
    larger = select(a > b, a, b)
    scale = select(larger > 2.0**500, 2.0**-600, select(larger < 2.0**-400, 2.0**600, larger.constant(1.0)))
    a, b = a * scale, b * scale
    b = select((a == 0.0) & (b == 0.0), 1.0, b)
    zero = x.constant(0.0)
    r, tail = angle(a, zero, b, zero)
    tiny = (a < b * 2.0**-960) | (r < 2.0**-1000)  # a subnormal quotient: no remainder exists
    r, tail = select(tiny, magnitude(y) / magnitude(x), r), select(tiny, 0.0, tail)
    r = select(tiny & ((y == 0.0) | endless), 0.0, r)
    left = (bits(x) >> 63) == 1
    turned, lost = fast_two_sum(x.constant(PI), -r)
    result = select(left, turned + (lost + (PI_TAIL - tail)), r + tail)
    return select((x != x) | (y != y), x + y, with_sign(result, y))


def _cosine(x: Number) -> tuple[Number, Number]:
    """sqrt(1 - x^2) as a sum of two floats."""
    square, square_tail = two_product(x, x)
    d, d_tail = fast_two_sum(x.constant(1.0), -square)
    d, d_tail = fast_two_sum(d, d_tail - square_tail)
    root = sqrt(d)
    return root, select(root > 0.0, (fma(-root, root, d) + d_tail) * 0.5 / root, 0.0)


def asin(x: Number) -> Number:
    """Inverse sine; NaN beyond 1."""
    zero = x.constant(0.0)
    r, tail = angle(magnitude(x), zero, *_cosine(x))
    return select(magnitude(x) < 2.0**-30, x, with_sign(r + tail, x))


def acos(x: Number) -> Number:
    """Inverse cosine; NaN beyond 1."""
    r, tail = angle(*_cosine(x), magnitude(x), x.constant(0.0))
    turned, lost = fast_two_sum(x.constant(PI), -r)
    return select(x < 0.0, turned + (lost + (PI_TAIL - tail)), r + tail)


def hypot(x: Number, y: Number) -> Number:
    """sqrt(x^2 + y^2) without overflow on the way."""
    a, b = magnitude(x), magnitude(y)
    larger, smaller = select(a > b, a, b), select(a > b, b, a)
    scale = select(larger > 2.0**500, 2.0**-600, select(larger < 2.0**-400, 2.0**600, larger.constant(1.0)))
    back = select(larger > 2.0**500, 2.0**600, select(larger < 2.0**-400, 2.0**-600, larger.constant(1.0)))
    p, p_tail = two_product(larger * scale, larger * scale)
    q, q_tail = two_product(smaller * scale, smaller * scale)
    s, s_tail = fast_two_sum(p, q)
    root = sqrt(s)
    correction = (fma(-root, root, s) + (s_tail + (p_tail + q_tail))) * 0.5 / root
    result = select(root > 0.0, root + correction, root) * back
    result = select((x != x) | (y != y), x + y, result)
    return select((a == math.inf) | (b == math.inf), math.inf, result)
