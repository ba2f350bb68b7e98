"""Step-size control: how much longer or shorter the next step is, and how long the first one.

The factor needs four digits, not sixteen: logarithm and power are short polynomials, with the same bits for one
trajectory and for lanes.
"""

import math

import numpy as np

from .compile import inlined, kernel
from .elementary import bits_of, float_of, fma

TWO52 = 2.0**52
EXPONENT52 = np.uint64(0x4330000000000000)
ONE = np.uint64(0x3FF0000000000000)
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
SHIFT = np.uint64(52)
ROUND = 1.5 * 2.0**52
# log2(m) on [1, 2] and 2^f on [-1/2, 1/2], minimax (mpmath.chebyfit; errors 1.6e-5 and 2.8e-6), highest power first.
LOG2 = (0.043004957792, -0.402513393549, 1.589474294976, -3.489878550685, 5.047855413441, -2.787926207304)
EXP2 = (0.009666368515385448, 0.05592197584225585, 0.2402234903802036, 0.6931210452034271, 1.0)
LOWEST = -100.0  # log2 of the smallest mean square that is told from zero


@inlined
def log2_of(square):  # type: ignore[no-untyped-def]
    """log2 of a positive number, not below LOWEST."""
    bits = bits_of(square)
    whole = float_of((bits >> SHIFT) | EXPONENT52) - (TWO52 + 1023.0)
    m = float_of((bits & MANTISSA) | ONE)
    low = fma(fma(fma(fma(fma(LOG2[0], m, LOG2[1]), m, LOG2[2]), m, LOG2[3]), m, LOG2[4]), m, LOG2[5])
    return max(whole + low, LOWEST)


@inlined
def exp2_of(z):  # type: ignore[no-untyped-def]
    """2^z for |z| < 1000."""
    rounded = z + ROUND
    f = z - (rounded - ROUND)
    scale = fma(fma(fma(fma(EXP2[0], f, EXP2[1]), f, EXP2[2]), f, EXP2[3]), f, EXP2[4])
    return float_of(bits_of(scale) + (bits_of(rounded) << SHIFT))


@inlined
def step_factor(log_square, log_before, control):  # type: ignore[no-untyped-def]
    """dt_new / dt from log2 of the mean squares of this step and of the accepted one before; `Controller` has the law."""
    z = fma(control[0], log_square, control[1] * log_before)
    return min(max(control[2] * exp2_of(z), control[3]), control[4])


@kernel(forceinline=False)
def first_step(drift, order, span, t, y, p, K, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
    """Length of the first step, signed like `span`: Hairer, Norsett, Wanner I, II.4, algorithm 4.14. Costs one drift."""
    n = len(y)
    size = slope = bend = 0.0
    for m in range(n):
        scale = 1.0 / (atol[m] + rtol * abs(y[m]))
        size += (y[m] * scale) ** 2
        slope += (K[m] * scale) ** 2
    size, slope = math.sqrt(size / n), math.sqrt(slope / n)
    dt = 1e-6
    if size >= 1e-5 and slope >= 1e-5:
        dt = 0.01 * size / slope
    if dt > abs(span):
        dt = abs(span)
    signed = math.copysign(dt, span)
    for m in range(n):
        y1[m] = y[m] + signed * K[m]
    drift(t + signed, y1, p, work)
    for m in range(n):
        bend += ((work[m] - K[m]) / (atol[m] + rtol * abs(y[m]))) ** 2
    steepest = math.sqrt(bend / n) / dt
    if slope > steepest:
        steepest = slope
    guess = 100.0 * dt
    longest = dt * 1e-3
    if steepest > 1e-15:
        longest = (0.01 / steepest) ** (1.0 / (order + 1.0))
    elif longest < 1e-6:
        longest = 1e-6
    if longest < guess:
        guess = longest
    if not 0.0 < guess <= abs(span):  # a slope that is not finite: any length will do, the first attempt finds out
        guess = abs(span)
    return math.copysign(guess, span)
