"""Sine, cosine and tangent without branches for |x| < 2^30; an exact reduction of larger ones behind a rare branch.

    x = k pi/2 + r + r',   |r| <= pi/4,   k from rounding 2 x/pi

pi/2 is a sum of three floats. The first product is subtracted without error (fma), so that r + r' keeps 100 bits
of x - k pi/2, also where x is close to a multiple of pi/2 (Cody, Waite 1980, with fused multiply-adds). The polynomials
are those of fdlibm's k_sin.c and k_cos.c, (c) 1993 Sun Microsystems ("Permission to use, copy, modify, and distribute
this software is freely granted, provided that this notice is preserved").
"""

from .functions_huge import reduce_where_huge
from .functions_number import MAGIC, Number, bits, estrin, fast_two_sum, fma, number, select, two_product, two_sum

TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
HALF_PI_1 = float.fromhex("0x1.921fb54442d18p+0")
HALF_PI_2 = float.fromhex("0x1.1a62633145c07p-54")
HALF_PI_3 = float.fromhex("-0x1.f1976b7ed8fbcp-110")
SIN = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
)
SIN1 = -1.66666666666666324348e-01
COS = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)


def reduce(x: Number) -> tuple[Number, Number, Number]:
    """(word, r, tail): two low bits of the word are the quadrant k, r + tail = x - k pi/2."""
    shifted = fma(x, TWO_OVER_PI, MAGIC)
    k = shifted - MAGIC
    r = fma(k, -HALF_PI_1, x)
    w, w_tail = two_product(k, HALF_PI_2)
    r, tail = two_sum(r, -w)
    tail = fma(k, -HALF_PI_3, tail - w_tail)
    return reduce_where_huge(x, bits(shifted), r, tail)


def kernels(r: Number, tail: Number) -> tuple[Number, Number, Number, Number]:
    """sin and cos of r + tail, each a term and a small correction, |r| <= pi/4."""
    z = r * r
    v = z * r
    inner = fma(v, -estrin(z, SIN), tail * 0.5)
    sin_tail = fma(v, SIN1, tail - z * inner)
    half = z * 0.5
    w = 1.0 - half
    cos_tail = ((1.0 - w) - half) + fma(z * z, estrin(z, COS), -(r * tail))
    return r, sin_tail, w, cos_tail


def sin(x: Number) -> Number:
    """sin x."""
    word, r, tail = reduce(x)
    s, s_tail, c, c_tail = kernels(r, tail)
    result = _signed(select((word & 1) == 1, c + c_tail, s + s_tail), word)
    return select(x == 0.0, x, result)


def cos(x: Number) -> Number:
    """cos x."""
    word, r, tail = reduce(x)
    s, s_tail, c, c_tail = kernels(r, tail)
    return _signed(select((word & 1) == 1, s + s_tail, c + c_tail), word + 1)


def tan(x: Number) -> Number:
    """tan x."""
    word, r, tail = reduce(x)
    s, s_tail, c, c_tail = kernels(r, tail)
    s, s_tail = fast_two_sum(s, s_tail)
    c, c_tail = fast_two_sum(c, c_tail)
    swap = (word & 1) == 1
    top, top_tail = select(swap, c, s), select(swap, c_tail, s_tail)
    below, below_tail = select(swap, s, c), select(swap, s_tail, c_tail)
    inverse = 1.0 / below
    quotient = top * inverse
    rest = fma(-quotient, below_tail, fma(-quotient, below, top) + top_tail)
    result = fma(rest, inverse, quotient)
    return select(x == 0.0, x, number(bits(result) ^ (word << 63)))


def _signed(x: Number, word: Number) -> Number:
    """x, negated where the quadrant is 2 or 3."""
    return number(bits(x) ^ ((word & 2) << 62))
