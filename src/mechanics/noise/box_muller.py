"""Two standard normals from random bits, without a branch or a library call.

    r = sqrt(-2 log u),   (z_a, z_b) = r (cos, sin) of a uniform angle

u and the angle are midpoints of a uniform grid: u = (h + 1/2) / 2^32 with h the upper half of one 64-bit word and the
angle from the lower half, or 52-bit grids from two words ("wide"). The largest |z| is sqrt(66 log 2) = 6.76 from one
word and sqrt(106 log 2) = 8.57 wide; the normal distribution has 1.4e-11 and 1e-17 of its mass beyond.

log u = e log 2 + log m with m in [sqrt(1/2), sqrt(2)), log m = 2 s + s^3 Q(s^2), s = (m - 1)/(m + 1). The angle is
reduced to |y| <= 1/2 in units of a quarter turn; two bits choose which component is the larger and its sign. Minimax
coefficients (mpmath.chebyfit, 50 digits): error of log 4.6e-18 absolute, of sin 5e-18 and cos 5e-17, below rounding.

Box, Muller, Ann. Math. Stat. 29 (1958) 610.
"""

import math

import numpy as np

from ..engine import kernel
from ..engine.elementary import bits_of, float_of, fma, opaque, opaque7, polynomial7

# -2 Q, sin(pi y / 2) / y and cos(pi y / 2) as polynomials of a square, highest power first.
LOG = tuple(
    -2.0 * c
    for c in (
        0.14616585424888622,
        0.153317106182107716,
        0.18182889455674946,
        0.22222211130259877,
        0.285714286260032687,
        0.399999999998994432,
        0.666666666666666969,
    )
)
SIN = (
    5.63393375835432489e-8,
    -3.59864335282291468e-6,
    0.000160441150742150154,
    -0.00468175413234097124,
    0.0796926262460430029,
    -0.645964097506244316,
    1.57079632679489661,
)
COS = (
    4.65529616537658928e-7,
    -0.0000252001352627646278,
    0.000919259950041272211,
    -0.0208634807349465236,
    0.253669507899864729,
    -1.23370055013615134,
    0.999999999999999953,
)
# An integer below 2^52 under the exponent of 2^52 is that float: casts vectorise, conversions do not everywhere.
TWO52 = 2.0**52
EXPONENT52 = np.uint64(0x4330000000000000)
ONE = np.uint64(0x3FF0000000000000)
SQRT_HALF = np.uint64(0x3FE6A09E667F3BCD)
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
LOW30 = np.uint64(0x3FFFFFFF)
BIT30, BIT31 = np.uint64(1 << 30), np.uint64(1 << 31)
BIT62, BIT63 = np.uint64(1 << 62), np.uint64(1 << 63)
B1, B12, B32, B33, B52 = (np.uint64(b) for b in (1, 12, 32, 33, 52))
ZERO = np.uint64(0)


@kernel
def constants():  # type: ignore[no-untyped-def]
    """All that the loops below need, to be made once outside them."""
    floats = (
        opaque(0.5 - TWO52),
        opaque(2.0**-32),
        opaque(-TWO52 - 1023.0),
        opaque(-2.0 * math.log(2.0)),
        opaque(-TWO52 - 2.0**29),
        opaque(2.0**-30),
        opaque(2.0**-31),
        opaque(-1.0),
        opaque(2.0),
        opaque(-4.0),
    )
    words = (
        opaque(EXPONENT52),
        opaque(ONE - SQRT_HALF),
        opaque(MANTISSA),
        opaque(SQRT_HALF),
        opaque(LOW30),
        opaque(BIT30),
        opaque(BIT31),
    )
    return opaque7(LOG), opaque7(SIN), opaque7(COS), floats, words


@kernel
def minus_two_log(u, const):  # type: ignore[no-untyped-def]
    """-2 log u for 0 < u < 1."""
    log, _, _, floats, words = const
    shifted = bits_of(u) + words[1]
    e = float_of((shifted >> B52) | words[0]) + floats[2]
    m = float_of((shifted & words[2]) + words[3])
    f = m + floats[7]
    s = f / (floats[8] + f)
    z = s * s
    return fma(e, floats[3], s * fma(z, polynomial7(log, z), floats[9]))


@kernel
def on_circle(y, flip, swap, const):  # type: ignore[no-untyped-def]
    """Cosine and sine of y quarter turns, |y| <= 1/2, the cosine's sign xor `flip`, exchanged where `swap`."""
    _, sin, cos, _, _ = const
    z = y * y
    small = y * polynomial7(sin, z)
    large = float_of(bits_of(polynomial7(cos, z)) ^ flip)
    a = small if swap else large
    b = large if swap else small
    return a, b


@kernel
def radius_squared(w, const):  # type: ignore[no-untyped-def]
    """-2 log u from the upper half of a word."""
    floats, words = const[3], const[4]
    return minus_two_log((float_of((w >> B32) | words[0]) + floats[0]) * floats[1], const)


@kernel
def direction(w, const):  # type: ignore[no-untyped-def]
    """A point of the unit circle from the lower half of a word."""
    floats, words = const[3], const[4]
    y = fma(float_of((w & words[4]) | words[0]) + floats[4], floats[5], floats[6])
    return on_circle(y, (w & words[5]) << B33, (w & words[6]) != ZERO, const)


@kernel
def pair(w, const):  # type: ignore[no-untyped-def]
    """Two normals from one word."""
    r = math.sqrt(radius_squared(w, const))
    a, b = direction(w, const)
    return r * a, r * b


@kernel
def pair_wide(w0, w1, const):  # type: ignore[no-untyped-def]
    """Two normals from two words, on 52-bit grids."""
    u = float_of((w0 >> B12) | ONE) - (1.0 - 2.0**-53)
    y = float_of((w1 & MANTISSA) | ONE) - (1.5 - 2.0**-53)
    r = math.sqrt(minus_two_log(u, const))
    a, b = on_circle(y, (w1 & BIT62) << B1, (w1 & BIT63) != ZERO, const)
    return r * a, r * b
