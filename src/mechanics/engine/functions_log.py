"""log1p, and logarithms to other bases.

log1p x = log u + (x - (u - 1))/u,  u = 1 + x rounded
log2, log10: the logarithm as a sum of two floats, times 1/log 2 or 1/log 10 as one: exact at powers of the base
"""

import math

from .functions_exp import LN2_HIGH, LN2_LOW, log_pair, log_polynomial, log_special, split_log
from .functions_number import Number, fma, select, two_product, two_sum

LOG2E = float.fromhex("0x1.71547652b82fep+0"), float.fromhex("0x1.777d0ffda0d24p-56")
LOG10E = float.fromhex("0x1.bcb7b1526e50ep-2"), float.fromhex("0x1.95355baaafad3p-57")


def log1p(x: Number) -> Number:
    """log(1 + x)."""
    u, lost = two_sum(x.constant(1.0), x)
    k, m = split_log(u)
    f = m - 1.0
    half_square, correction = log_polynomial(f)
    rest = select(u < 2.0**60, lost / u, 0.0)
    result = fma(k, LN2_HIGH, f - (half_square - (fma(k, LN2_LOW, correction) + rest)))
    result = log_special(u, result)
    return select((x < math.inf) & (x != 0.0), result, select(x == 0.0, x, u))


def log2(x: Number) -> Number:
    """Logarithm to base 2."""
    return _to_base(x, *LOG2E)


def log10(x: Number) -> Number:
    """Logarithm to base 10."""
    return _to_base(x, *LOG10E)


def _to_base(x: Number, factor: float, factor_tail: float) -> Number:
    high, low = log_pair(x)
    product, lost = two_product(high, factor)
    return log_special(x, product + fma(low, factor, fma(high, factor_tail, lost)))
