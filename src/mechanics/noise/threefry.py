"""Threefry-2x64: two random 64-bit words as a pure function of a counter and a key.

    (w0, w1) = threefry(c0, c1; k0, k1)

Additions, rotations and exclusive-ors of 64-bit words only, so that a loop over counters vectorises on any machine.
13 rounds are the fewest that pass BigCrush; 20 are the authors' cautious choice.

Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11 (2011), section 4.
Every operand must be np.uint64: one signed operand turns the whole expression into float64.
"""

import numpy as np

from ..engine import kernel

PARITY = np.uint64(0x1BD11BDAA9FC1A22)
WORD = np.uint64(64)


@kernel
def mix(x0, x1, r):  # type: ignore[no-untyped-def]
    """One round: add, rotate left by r, exclusive-or."""
    x0 = x0 + x1
    return x0, ((x1 << r) | (x1 >> (WORD - r))) ^ x0


@kernel
def rounds_even(x0, x1):  # type: ignore[no-untyped-def]
    """Four rounds, the first half of the rotation table."""
    x0, x1 = mix(x0, x1, np.uint64(16))
    x0, x1 = mix(x0, x1, np.uint64(42))
    x0, x1 = mix(x0, x1, np.uint64(12))
    return mix(x0, x1, np.uint64(31))


@kernel
def rounds_odd(x0, x1):  # type: ignore[no-untyped-def]
    """Four rounds, the second half of the rotation table."""
    x0, x1 = mix(x0, x1, np.uint64(16))
    x0, x1 = mix(x0, x1, np.uint64(32))
    x0, x1 = mix(x0, x1, np.uint64(24))
    return mix(x0, x1, np.uint64(21))


@kernel
def threefry13(c0, c1, k0, k1):  # type: ignore[no-untyped-def]
    """Two words after 13 rounds."""
    k2 = PARITY ^ k0 ^ k1
    x0, x1 = rounds_even(c0 + k0, c1 + k1)
    x0, x1 = rounds_odd(x0 + k1, x1 + k2 + np.uint64(1))
    x0, x1 = rounds_even(x0 + k2, x1 + k0 + np.uint64(2))
    return mix(x0 + k0, x1 + k1 + np.uint64(3), np.uint64(16))


@kernel
def threefry20(c0, c1, k0, k1):  # type: ignore[no-untyped-def]
    """Two words after 20 rounds."""
    k2 = PARITY ^ k0 ^ k1
    x0, x1 = rounds_even(c0 + k0, c1 + k1)
    x0, x1 = rounds_odd(x0 + k1, x1 + k2 + np.uint64(1))
    x0, x1 = rounds_even(x0 + k2, x1 + k0 + np.uint64(2))
    x0, x1 = rounds_odd(x0 + k0, x1 + k1 + np.uint64(3))
    x0, x1 = rounds_even(x0 + k1, x1 + k2 + np.uint64(4))
    return x0 + k2, x1 + k0 + np.uint64(5)
