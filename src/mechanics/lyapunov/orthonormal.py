"""Orthonormalisation of tangent vectors that lie in panels: V = Q R, R_jj >= 0.

    lost = orthonormalise(V, R, S, k, n_lost)

V (panels, n, width) holds the state in V[:, :, 0] and vector j in V[j // (width - 1), :, 1 + j % (width - 1)]. Modified
Gram-Schmidt, panel by panel: within a panel vector by vector, then all later panels at once. Where a vector loses more
than SAFE of its length, orthogonality has suffered, and everything is done a second time ("twice is enough": Giraud,
Langou, Rozloznik, Comput. Math. Appl. 50 (2005) 1069-1075).

A vector of which nothing is left (the derivative has lost rank) has R_jj = 0 and is replaced by a unit vector
orthogonal to those before it.
"""

import math
from typing import Any

import numpy as np

from ..engine import kernel
from ..engine.compile import inlined
from ..engine.elementary import fma
from ..engine.lane_memory import load_lanes, store_lanes
from ..engine.panels import products, subtract

SAFE = 1e-2  # orthogonality is lost by rounding over this
NOTHING = 2.0**-50  # of a length is rounding

width: Any = None  # bound below


@kernel(forceinline=False)
def within(V, c, R, row, first, count, resets, width):  # type: ignore[no-untyped-def]
    """Vectors of panel c among themselves; R[first + l - 1, first + m - 1]. Returns the largest loss of length."""
    n = V.shape[1]
    panel = V[c]
    worst = 1.0
    for l in range(1, count + 1):
        j = first + l - 1
        total = load_lanes(panel, 0, width) * 0.0
        for i in range(n):
            total = fma(panel[i, l], load_lanes(panel, i * width, width), total)
        store_lanes(row, 0, total)
        square = row[l]
        length = math.sqrt(square)
        before = square
        for m in range(j):
            before += R[m, j] * R[m, j]
        before = math.sqrt(before)
        if not length > NOTHING * before:
            length = 0.0
            resets[j] += 1
            renew(V, j, width)
            for m in range(width):
                row[m] = 0.0
            R[j, j] = 0.0
            for i in range(n):  # later vectors have no part along it yet
                for m in range(l + 1, count + 1):
                    row[m] += panel[i, l] * panel[i, m]
            scale = 1.0
        else:
            worst = min(worst, length / before)
            scale = 1.0 / length
            for m in range(width):
                row[m] = row[m] * scale
            R[j, j] = length
        for m in range(l + 1):
            row[m] = 0.0
        for m in range(l + 1, count + 1):
            R[j, first + m - 1] = row[m]
        for m in range(count + 1, width):
            row[m] = 0.0
        factors = load_lanes(row, 0, width)
        for i in range(n):
            q = panel[i, l] * scale
            store_lanes(panel, i * width, fma(-q, factors, load_lanes(panel, i * width, width)))
            panel[i, l] = q
    return worst


@kernel(forceinline=False)
def renew(V, j, width):  # type: ignore[no-untyped-def]
    """A unit vector orthogonal to vectors 0 .. j - 1, in the place of vector j."""
    n, w = V.shape[1], width - 1
    target, l = V[j // w], 1 + j % w
    for attempt in range(n):
        axis = (j + attempt) % n
        for i in range(n):
            target[i, l] = 1.0 if i == axis else 0.0
        for _ in range(2):
            for m in range(j):
                other, at = V[m // w], 1 + m % w
                along = 0.0
                for i in range(n):
                    along += other[i, at] * target[i, l]
                for i in range(n):
                    target[i, l] -= along * other[i, at]
        total = 0.0
        for i in range(n):
            total += target[i, l] * target[i, l]
        length = math.sqrt(total)
        if length > 0.5 / math.sqrt(float(n)):
            for i in range(n):
                target[i, l] /= length
            return


@kernel(forceinline=False)
def once(V, R, S, row, k, resets, width):  # type: ignore[no-untyped-def]
    """One pass."""
    w, worst = width - 1, 1.0
    for c in range(V.shape[0]):
        first = c * w
        count = min(w, k - first)
        worst = min(worst, within(V, c, R, row, first, count, resets, width))
        for d in range(c + 1, V.shape[0]):
            products(V[c], V[d], S, width)
            for l in range(1, width):
                S[l, 0] = 0.0
                for m in range(1, width):
                    if l > count or d * w + m > k:
                        S[l, m] = 0.0
                    else:
                        R[first + l - 1, d * w + m - 1] = S[l, m]
            subtract(V[c], V[d], S, width)
    return worst


@kernel(forceinline=False)
def orthonormalise(V, R, R2, S, row, k, resets, width):  # type: ignore[no-untyped-def]
    """V = Q R in place; returns the smallest share of its length that a vector kept."""
    worst = once(V, R, S, row, k, resets, width)
    if worst < SAFE:
        once(V, R2, S, row, k, resets, width)
        for i in range(k):
            for j in range(k - 1, i - 1, -1):
                total = 0.0
                for m in range(i, j + 1):
                    total += R2[i, m] * R[m, j]
                R[i, j] = total
    return worst
