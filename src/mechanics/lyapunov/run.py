"""The loop: tangent steps of every panel, orthonormalisation, sums of log R_jj in blocks. One entry point.

A call leaves state and vectors in V and goes on from there with the same bits: the time of a step and its noise are
functions of its index.
"""

import math
from typing import Any

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..engine import kernel
from ..engine.stack import part

if DISABLE_JIT:
    from .orthonormal import plain
else:
    from ..engine.panels import SMALL, address_of, call_at, few

FINE = -1

# Bound below.
tangent: Any = None  # steps of one panel, or of all
fill: Any = None
draws: Any = None
k: Any = None
orthonormalise: Any = None
width: Any = None
together: Any = None  # whether `tangent` takes all panels at once

BIG, TINY = 1e100, 1e-100

if DISABLE_JIT:

    def orthonormaliser(n: int, k: int, width: int) -> Any:
        """`orthonormalise(V, flat, room, address)` for k vectors of n components."""
        return lambda V, flat, room, address: plain(V, k, room)

else:

    def orthonormaliser(n: int, k: int, width: int) -> Any:
        """`orthonormalise(V, flat, room, address)`: V = Q R in place, R at the start of the room.

        Returns the smallest share of its length that a vector kept. Few short vectors stay in registers, unless they
        are nearly parallel.
        """

        @kernel(forceinline=False)
        def by_call(V, flat, room, address):  # type: ignore[no-untyped-def]
            return call_at(address, address_of(flat), V.shape[0], n, k, address_of(room))  # type: ignore[call-arg]

        if n > SMALL:
            return by_call

        @kernel
        def in_registers(V, flat, room, address):  # type: ignore[no-untyped-def]
            if few(flat, room, n, k, width):  # type: ignore[call-arg]
                return 1.0
            return by_call(V, flat, room, address)

        return in_registers


def spectrum_run(  # type: ignore[no-untyped-def]
    V,
    flat,
    work,
    Z,
    z,
    product,
    room,
    address,
    p,
    origin,
    dt,
    first,
    blocks,
    intervals,
    q,
    seed,
    logs,
    extremes,
    qs,
    rs,
):
    """`blocks` blocks of `intervals` intervals of `q` steps, from step `first`.

    logs (blocks, k) receives sums of log R_jj; extremes the smallest share of its length that a vector kept, and the
    largest growth ratio of an interval. Returns FINE, or the number of intervals done before the state or a vector was
    not finite. `flat` is V as one row. Where rs has room, qs and rs keep Q and R of every interval.
    """
    n = V.shape[1]
    panel = len(flat) if together else n * width
    at = first
    work[0] = math.nan  # what an earlier call left there is not this state's
    for b in range(blocks):
        for j in range(k):
            logs[b, j] = 0.0
            product[j] = 1.0
        for interval in range(intervals):
            if draws > 0:
                fill(Z, Z, Z, draws, seed, np.uint64(0), np.uint64(at), 1, True)
            for c in range(len(flat) // panel):
                tangent(part(flat, c * panel, panel), work, Z, z, p, origin, dt, at, q)
            total = 0.0
            for i in range(n):
                total += flat[i * width]
            kept = orthonormalise(V, flat, room, address)
            if kept < extremes[0]:
                extremes[0] = kept
            smallest, largest = math.inf, 0.0
            for j in range(k):
                r = room[j * k + j]
                total += 0.0 * r
                if r < smallest:
                    smallest = r
                if r > largest:
                    largest = r
                x = product[j] * r
                if not (x < BIG and x > TINY):
                    logs[b, j] += math.log(x)
                    x = 1.0
                product[j] = x
            if not math.isfinite(total):
                return b * intervals + interval
            if largest > extremes[1] * smallest:
                extremes[1] = largest / smallest
            if len(rs) > 0:
                keep(flat, n, room, qs, rs, b * intervals + interval, k, width)
            at += q
        for j in range(k):
            logs[b, j] += math.log(product[j])
    return FINE


@kernel(forceinline=False)
def keep(flat, n, room, qs, rs, where, k, width):  # type: ignore[no-untyped-def]
    """Vectors, state (the last column of qs) and triangle of this interval."""
    w = width - 1
    for j in range(k):
        start = (j // w) * n * width + 1 + j % w
        for i in range(n):
            qs[where, i, j] = flat[start + i * width]
        for i in range(k):
            rs[where, i, j] = room[i * k + j] if i <= j else 0.0
    for i in range(n):
        qs[where, i, k] = flat[i * width]
