"""Step-size control: how much longer or shorter the next step is, and how long the first one.

The factor needs four digits, not sixteen: logarithm and power are short polynomials. Everything here works on one
number and on lanes, with the same bits.
"""

import math

from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic

from .compile import inlined, kernel
from .elementary import fma
from .functions_number import MAGIC, Number, bits, number, polynomial
from .lane_select import select

# log2(m) on [1, 2] and 2^f on [-1/2, 1/2], minimax (mpmath.chebyfit; errors 1.6e-5 and 2.8e-6), highest power first.
LOG2 = (0.043004957792, -0.402513393549, 1.589474294976, -3.489878550685, 5.047855413441, -2.787926207304)
EXP2 = (0.009666368515385448, 0.05592197584225585, 0.2402234903802036, 0.6931210452034271, 1.0)
LOWEST = -100.0  # log2 of the smallest mean square that is told from zero
ONE, MANTISSA, EXPONENT52 = 0x3FF0000000000000, 0x000FFFFFFFFFFFFF, 0x4330000000000000

if DISABLE_JIT:

    def log2_of(square: float) -> float:
        """log2 of a number that is not negative, not below LOWEST."""
        return max(math.log2(square), LOWEST) if 0.0 < square < math.inf else LOWEST

    def exp2_of(z: float) -> float:
        """2^z."""
        return 2.0**z

else:

    @intrinsic
    def log2_of(typingctx, square):  # type: ignore[no-untyped-def]
        """log2 of a number that is not negative (float64 or lanes), not below LOWEST."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            word = bits(Number(builder, args[0]))
            whole = number((word >> 52) | EXPONENT52) - (2.0**52 + 1023.0)
            total = whole + polynomial(number((word & MANTISSA) | ONE), LOG2)
            return _largest(total, LOWEST).value

        return square(square), codegen

    @intrinsic
    def exp2_of(typingctx, z):  # type: ignore[no-untyped-def]
        """2^z for |z| < 1000 (float64 or lanes)."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            exponent = Number(builder, args[0])
            rounded = exponent + MAGIC
            fraction = polynomial(exponent - (rounded - MAGIC), EXP2)
            return number(bits(fraction) + (bits(rounded) << 52)).value

        return z(z), codegen

    def _largest(x: Number, bound: float) -> Number:
        limit = x.constant(bound)
        return Number(x.builder, x.builder.select((x > limit).value, x.value, limit.value))


@inlined
def step_factor(log_square, log_before, control):  # type: ignore[no-untyped-def]
    """dt_new / dt from log2 of the mean squares of this step and the accepted one before; `Controller` has the law."""
    z = fma(control[0], log_square, control[1] * log_before)
    factor = control[2] * exp2_of(z)
    return lesser(greater(factor, control[3]), control[4])


@inlined
def lesser(a, b):  # type: ignore[no-untyped-def]
    """The smaller of two numbers or lanes; b where they do not compare."""
    return select(a < b, a, b)


@inlined
def greater(a, b):  # type: ignore[no-untyped-def]
    """The larger of two numbers or lanes; b where they do not compare."""
    return select(a > b, a, b)


@kernel
def first_step(drift, order, span, t, y, p, K, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
    """Length of the first step, signed like `span`, and of the trial step as it would be for a longer span.

    Hairer, Norsett, Wanner I, II.4, algorithm 4.14. Costs one drift, which is never evaluated beyond the span.
    """
    n = len(y)
    size = 0.0 * t
    slope = 0.0 * t
    bend = 0.0 * t
    for m in range(n):
        scale = 1.0 / (atol[m] + rtol * abs(y[m]))
        here, there = y[m] * scale, K[m] * scale
        size += here * here
        slope += there * there
    size, slope = math.sqrt(size / n), math.sqrt(slope / n)
    longest = abs(span)
    small = select(size < 1e-5, 1.0, 0.0) + select(slope < 1e-5, 1.0, 0.0)
    reach = select(small > 0.0, 1e-6, 0.01 * size / slope)
    dt = lesser(reach, longest)
    signed = math.copysign(1.0, span) * dt
    for m in range(n):
        y1[m] = y[m] + signed * K[m]
    drift(t + signed, y1, p, work)
    for m in range(n):
        ratio = (work[m] - K[m]) / (atol[m] + rtol * abs(y[m]))
        bend += ratio * ratio
    steepest = greater(math.sqrt(bend / n) / dt, slope)
    accurate = exp2_of(log2_of(0.01 / steepest) / (order + 1.0))
    guess = lesser(select(steepest > 1e-15, accurate, greater(dt * 1e-3, 1e-6)), 100.0 * dt)
    # a slope that is not finite: any length will do, the first attempt finds out
    return math.copysign(1.0, span) * select(guess > 0.0, guess, longest), reach
