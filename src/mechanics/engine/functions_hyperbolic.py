"""expm1 and the hyperbolic functions without branches.

expm1 x = (2^k - 1) + 2^k g,   e^r = 1 + g,   as a sum of two floats E + E'
sinh = (E + E/(E + 1))/2,   cosh = (E + 1 + 1/(E + 1))/2,   tanh x = expm1(2x)/(expm1(2x) + 2)    for x >= 0
"""

from .functions_exp import EXP, HIGHEST, LOWEST, power_of_two, reduce_exp, scaled
from .functions_number import Number, estrin, fast_two_sum, fma, magnitude, select, two_sum, with_sign

LARGE = 40.0  # beyond, e^-x is less than half a unit in the last place of e^x, by far


def _expm1_pair(x: Number) -> tuple[Number, Number]:
    """E and E' for |x| < 700."""
    k, r, c = reduce_exp(x)
    g, g_tail = fast_two_sum(r, fma(r * r, estrin(r, EXP), fma(c, r, c)))
    scale = power_of_two(k)
    e, e_tail = two_sum(scale - 1.0, scale * g)
    return fast_two_sum(e, fma(scale, g_tail, e_tail))


def _exp_halved(x: Number) -> Number:
    """e^x/2, also where e^x is beyond the largest float."""
    k, r, c = reduce_exp(x)
    return scaled((r + fma(r * r, estrin(r, EXP), c)) + 1.0, k - 1.0)


def _quotient(a: Number, a_tail: Number, b: Number, b_tail: Number) -> tuple[Number, Number]:
    """(a + a')/(b + b') as a sum of two floats."""
    inverse = 1.0 / b
    q = a * inverse
    return fast_two_sum(q, fma(-q, b_tail, fma(-q, b, a) + a_tail) * inverse)


def expm1(x: Number) -> Number:
    """e^x - 1."""
    inside = select(x > HIGHEST, HIGHEST, select(x < LOWEST, LOWEST, x))
    small = select(magnitude(x) > LARGE, 0.0, x)
    e, e_tail = _expm1_pair(small)
    result = select(x < -LARGE, -1.0, select(x > LARGE, _exp_halved(inside) * 2.0, e + e_tail))
    return select((x == 0.0) | (x != x), x, result)


def sinh(x: Number) -> Number:
    """Hyperbolic sine."""
    size = magnitude(x)
    e, e_tail = _expm1_pair(select(size > LARGE, 0.0, size))
    d, d_tail = two_sum(e, e.constant(1.0))
    q, q_tail = _quotient(e, e_tail, d, d_tail + e_tail)
    s, s_tail = two_sum(e, q)
    middle = (s + (s_tail + (q_tail + e_tail))) * 0.5
    result = with_sign(select(size > LARGE, _exp_halved(_capped(size)), middle), x)
    return select((x == 0.0) | (x != x), x, result)


def cosh(x: Number) -> Number:
    """Hyperbolic cosine."""
    size = magnitude(x)
    e, e_tail = _expm1_pair(select(size > LARGE, 0.0, size))
    d, d_tail = fast_two_sum(*_ordered(e, e.constant(1.0)))
    d_tail = d_tail + e_tail
    q, q_tail = _quotient(e.constant(1.0), e.constant(0.0), d, d_tail)
    s, s_tail = fast_two_sum(d, q)
    middle = (s + (s_tail + (q_tail + d_tail))) * 0.5
    return select(x != x, x, select(size > LARGE, _exp_halved(_capped(size)), middle))


def tanh(x: Number) -> Number:
    """Hyperbolic tangent."""
    size = magnitude(x)
    e, e_tail = _expm1_pair(select(size > LARGE / 2.0, 0.0, size + size))
    d, d_tail = two_sum(e, e.constant(2.0))
    q, q_tail = _quotient(e, e_tail, d, d_tail + e_tail)
    result = with_sign(select(size > LARGE / 2.0, 1.0, q + q_tail), x)
    return select((x == 0.0) | (x != x), x, result)


def _capped(size: Number) -> Number:
    """At most 711, where even the half of e^x is infinite."""
    return select(size > HIGHEST + 1.0, HIGHEST + 1.0, size)


def _ordered(a: Number, b: Number) -> tuple[Number, Number]:
    larger = a > b
    return select(larger, a, b), select(larger, b, a)
