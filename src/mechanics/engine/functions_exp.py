"""Exponentials, logarithms and powers without branches.

    exp x = 2^k e^r,  r = x - k log 2,  |r| <= log(2)/2,  e^r = 1 + r + r^2 Q(r)
    log x = k log 2 + log m,  m in [sqrt(1/2), sqrt(2)),  log m = 2 (s + s^3/3 + ...),  s = (m - 1)/(m + 1)
    x^y = exp(y log|x|), log and product as sums of two floats

Q is minimax (mpmath.chebyfit, 60 digits, error 1.7e-19); the logarithm's polynomial is that of fdlibm's e_log.c, (c)
1993 Sun Microsystems ("Permission to use, copy, modify, and distribute this software is freely granted, provided that
this notice is preserved"). Special values are those of C99, annex F. Largest errors measured are in the tests.
"""

import math

from .functions_number import (
    MAGIC,
    Number,
    bits,
    estrin,
    fast_two_sum,
    fma,
    magnitude,
    number,
    rounded,
    select,
    sqrt,
    two_product,
    with_sign,
)

INF, NAN = math.inf, math.nan
LOG2E = float.fromhex("0x1.71547652b82fep+0")
LN2, LN2_TAIL = float.fromhex("0x1.62e42fefa39efp-1"), float.fromhex("0x1.abc9e3b39803fp-56")
# log 2 with 21 zero bits at its end, so that k log 2 is exact, and the rest
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
LOWEST, HIGHEST = -746.0, 710.0  # beyond: exp is 0, infinity
EXP = (
    2.0914707069612355e-09,
    2.510524515390137e-08,
    2.7557273594799413e-07,
    2.755725533255441e-06,
    2.480158732558584e-05,
    0.00019841269874873975,
    0.0013888888888883737,
    0.00833333333332612,
    0.04166666666666667,
    0.1666666666666667,
    0.5,
)
LOG = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
# (log((1 + s)/(1 - s)) - 2 s - 2 s^3/3)/s^5 as a polynomial of s^2 <= 0.0295; error 1.2e-19 of the logarithm
POW_LOG = (
    0.12916088513173332,
    0.1328575731452747,
    0.15385580823628317,
    0.18181808164729227,
    0.2222222227161022,
    0.2857142857133739,
    0.4000000000000003,
)
TWO_THIRDS, TWO_THIRDS_TAIL = 2.0 / 3.0, 2.0**-54 * 2.0 / 3.0
SQRT_HALF = 0x3FE6A09E667F3BCD
ONE = 0x3FF0000000000000
MANTISSA = 0x000FFFFFFFFFFFFF
EXPONENT52 = 0x4330000000000000


def exp(x: Number) -> Number:
    """e^x."""
    return exp_of_sum(x, None)


def exp_of_sum(x: Number, tail: Number | None) -> Number:
    """e^(x + tail) for a tail that is small against x, or absent."""
    inside = select(x > HIGHEST, HIGHEST, select(x < LOWEST, LOWEST, x))  # NaN stays
    k, r, c = reduce_exp(inside, None if tail is None else select(magnitude(x) < 800.0, tail, 0.0))
    growth = r + fma(r * r, estrin(r, EXP), c)
    return scaled(growth + 1.0, k)


def reduce_exp(x: Number, tail: Number | None = None) -> tuple[Number, Number, Number]:
    """k, r and the part of r that rounding lost, x + tail = k log 2 + r."""
    k = (fma(x, LOG2E, MAGIC)) - MAGIC
    high = fma(k, -LN2, x)  # exact: both terms are multiples of one unit and nearly cancel
    low = k * LN2_TAIL if tail is None else fma(k, LN2_TAIL, -tail)
    r = high - low
    return k, r, (high - r) - low


def scaled(x: Number, k: Number) -> Number:
    """x 2^k for |k| < 2046, rounded once where the result is subnormal (x near 1)."""
    half = rounded(k * 0.5)
    return x * power_of_two(half) * power_of_two(k - half)


def power_of_two(k: Number) -> Number:
    """2^k for whole -1023 < k < 1024."""
    return number(bits(k + (MAGIC + 1023.0)) << 52)


def split_log(x: Number) -> tuple[Number, Number]:
    """k and m of x = m 2^k, m in [sqrt(1/2), sqrt(2)), for 0 < x < infinity."""
    subnormal = x < 2.0**-1022
    word = bits(select(subnormal, x * 2.0**54, x))
    shifted = word + (ONE - SQRT_HALF)
    offset = select(subnormal, -(2.0**52) - 1023.0 - 54.0, -(2.0**52) - 1023.0)
    k = number((shifted >> 52) | EXPONENT52) + offset
    return k, number((shifted & MANTISSA) + SQRT_HALF)


def log_polynomial(f: Number) -> tuple[Number, Number]:
    """(f^2/2, s (f^2/2 + R)): log(1 + f) = f - f^2/2 + s (f^2/2 + R), for 1 + f in [sqrt(1/2), sqrt(2))."""
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    return half_square, s * fma(z, estrin(z, LOG), half_square)


def log_special(x: Number, result: Number) -> Number:
    """The logarithm's values at 0 (-infinity), below (NaN), at infinity and NaN."""
    result = select(x < INF, result, x)
    return select(x > 0.0, result, select(x == 0.0, -INF, select(x < 0.0, NAN, x)))


def log(x: Number) -> Number:
    """Natural logarithm."""
    k, m = split_log(x)
    f = m - 1.0
    half_square, correction = log_polynomial(f)
    return log_special(x, fma(k, LN2_HIGH, f - (half_square - fma(k, LN2_LOW, correction))))


def log_pair(x: Number) -> tuple[Number, Number]:
    """log x as a sum of two floats, relative error about 2^-65, for 0 < x < infinity."""
    k, m = split_log(x)
    f = m - 1.0
    d, d_tail = fast_two_sum(m.constant(1.0), m)
    inverse = 1.0 / d
    s = f * inverse
    s_tail = fma(-s, d_tail, fma(-s, d, f)) * inverse
    z, z_tail = two_product(s, s)
    z_tail = fma(s + s, s_tail, z_tail)
    t = z * estrin(z, POW_LOG)
    p, p_tail = fast_two_sum(z.constant(TWO_THIRDS), t)
    p_tail = p_tail + TWO_THIRDS_TAIL
    cube, cube_tail = two_product(s, z)
    cube_tail = fma(s_tail, z, fma(s, z_tail, cube_tail))
    v, v_tail = two_product(cube, p)
    v_tail = fma(cube_tail, p, fma(cube, p_tail, v_tail))
    h, e1 = fast_two_sum(k * LN2_HIGH, s + s)
    h, e2 = fast_two_sum(h, v)
    return fast_two_sum(h, fma(k, LN2_LOW, (e1 + e2) + fma(s_tail, 2.0, v_tail)))


def power(x: Number, y: Number) -> Number:
    """x^y."""
    size = magnitude(x)
    high, low = log_pair(size)
    product, lost = two_product(y, high)
    result = exp_of_sum(product, fma(y, low, lost))
    whole = rounded(y) == y
    half = y * 0.5
    odd = whole & (rounded(half) != half)
    # Corners, C99 F.9.4.4; infinities of y need none but at |x| = 1, where log x = 0
    result = select(size == 0.0, select(y < 0.0, INF, 0.0), result)
    result = select(size == INF, select(y < 0.0, 0.0, INF), result)
    result = select((x < 0.0) & (size < INF) & ~whole, NAN, result)
    result = select(odd, with_sign(result, x), result)
    result = select((x != x) | (y != y), NAN, result)
    return select((x == 1.0) | (y == 0.0) | ((size == 1.0) & (magnitude(y) == INF)), 1.0, result)


def half_power(x: Number, twice: int) -> Number:
    """x^(twice/2) for an odd number of halves, by products and a square root.

    At most 2.5 units in the last place away where neither the result nor its inverse is subnormal; -0 and -infinity
    behave as their magnitudes where C's pow says so.
    """
    root = sqrt(x) + 0.0  # C99: pow(-0, 1/2) = +0
    result = select(x == -INF, INF, root)
    for _ in range(abs(twice) // 2):
        result = result * x
    result = magnitude(result)
    return 1.0 / result if twice < 0 else result
