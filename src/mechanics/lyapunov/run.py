"""The loop: tangent steps of every panel, orthonormalisation, sums of log R_jj in blocks. One entry point.

A call leaves state and vectors in V and goes on from there with the same bits: the time of a step and its noise are
functions of its index.
"""

import math
from typing import Any

import numpy as np

from ..engine import kernel
from ..engine.panels import few
from .orthonormal import orthonormalise

FINE, DIVERGED = -1, -2

# Bound below.
tangent: Any = None  # steps of one panel
fill: Any = None
draws: Any = None
k: Any = None
n: Any = None  # components, where they are few; else 0
width: Any = None
records: Any = None  # keep Q and R of every interval

BIG, TINY = 1e100, 1e-100


def spectrum_run(  # type: ignore[no-untyped-def]
    V, work, p, origin, dt, first, blocks, intervals, q, seed, logs, resets, extremes, qs, rs
):
    """`blocks` blocks of `intervals` intervals of `q` steps, from step `first`.

    logs (blocks, k) receives sums of log R_jj; extremes the smallest share of its length that a vector kept, and the
    largest growth ratio of an interval. Returns FINE, or the number of intervals done before the state or a vector was
    not finite.
    """
    rows = draws + draws % 2
    Z = np.empty((rows, q))
    fine, table = np.empty((0, q)), np.empty((0, 0))
    R, R2, S, row = np.zeros((k, k)), np.zeros((k, k)), np.zeros((width, width)), np.zeros(width)
    product = np.empty(k)
    at = first
    for b in range(blocks):
        for j in range(k):
            logs[b, j] = 0.0
            product[j] = 1.0
        for interval in range(intervals):
            if draws > 0:
                fill(Z, fine, table, draws, np.uint64(seed), np.uint64(0), np.uint64(at), 1, True)
            for c in range(V.shape[0]):
                tangent(V[c], work, p, origin, dt, at, q, Z)
            total = 0.0
            for i in range(V.shape[1]):
                total += V[0, i, 0]
            done = False
            if n > 0:
                done = few(V[0], R, n, k, width)
            if not done:
                extremes[0] = min(extremes[0], orthonormalise(V, R, R2, S, row, k, resets, width))
            smallest, largest = math.inf, 0.0
            for j in range(k):
                r = R[j, j]
                total += 0.0 * r
                smallest, largest = min(smallest, r), max(largest, r)
                x = product[j] * r
                if not (x < BIG and x > TINY):
                    logs[b, j] += math.log(x)
                    x = 1.0
                product[j] = x
            if not math.isfinite(total):
                return b * intervals + interval
            if largest > extremes[1] * smallest:
                extremes[1] = largest / smallest
            if records:
                keep(V, R, qs, rs, b * intervals + interval, width)
            at += q
        for j in range(k):
            logs[b, j] += math.log(product[j])
    return FINE


@kernel(forceinline=False)
def keep(V, R, qs, rs, where, width):  # type: ignore[no-untyped-def]
    """Vectors and triangle of this interval."""
    w, k = width - 1, R.shape[0]
    for j in range(k):
        for i in range(V.shape[1]):
            qs[where, i, j] = V[j // w, i, 1 + j % w]
        for i in range(j + 1):
            rs[where, i, j] = R[i, j]
