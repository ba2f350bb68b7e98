"""Orthonormalisation of tangent vectors that lie in panels: V = Q R, R_jj >= 0.

The panels follow each other in one flat array: state and vectors of panel c begin at c n width, component i of the
state at i width, and of vector l of the panel at i width + 1 + l. Modified Gram-Schmidt, panel by panel: within a panel
vector by vector, then all later panels at once. Where a vector keeps less than SAFE of its length, orthogonality has
suffered, and everything is done a second time ("twice is enough": Giraud, Langou, Rozloznik, Comput. Math. Appl. 50
(2005) 1069-1075).

A vector of which nothing is left (the derivative has lost rank) has R_jj = 0 and is replaced by a unit vector
orthogonal to those before it.

This is an entry point of its own, compiled once for each width, whatever the system: the loop of `run` calls it through
its address.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..engine import compile_bound, kernel

SAFE = 1e-2  # orthogonality is lost by rounding over this
NOTHING = 2.0**-50  # of a length is rounding


def room_for(k: int, width: int) -> Any:
    """R, the R of a second pass, products of two panels, a row, and counts of replaced vectors, one after the other."""
    return np.zeros(2 * k * k + width * width + width + k)


if not DISABLE_JIT:
    from ..engine.elementary import fma
    from ..engine.lane_memory import load_lanes, store_lanes
    from ..engine.panels import address_of_compiled, floats_at, products, subtract
    from ..engine.stack import part

    def entry_for(width: int) -> Any:
        """The entry point for panels of this width, not compiled yet."""

        @kernel(forceinline=False)
        def dot(V, a, b, n):  # type: ignore[no-untyped-def]
            """Product of two vectors, given by where they begin."""
            total = 0.0
            for i in range(n):
                total += V[a + i * width] * V[b + i * width]
            return total

        @kernel(forceinline=False)
        def renew(V, n, j):  # type: ignore[no-untyped-def]
            """A unit vector orthogonal to vectors 0 .. j - 1, in the place of vector j."""
            w = width - 1
            mine = (j // w) * n * width + 1 + j % w
            for attempt in range(n):
                for i in range(n):
                    V[mine + i * width] = 1.0 if i == (j + attempt) % n else 0.0
                for m in range(2 * j):
                    other = ((m % j) // w) * n * width + 1 + (m % j) % w
                    along = dot(V, other, mine, n)
                    for i in range(n):
                        V[mine + i * width] -= along * V[other + i * width]
                length = math.sqrt(dot(V, mine, mine, n))
                if length > 0.5 / math.sqrt(float(n)):
                    for i in range(n):
                        V[mine + i * width] /= length
                    return

        @kernel(forceinline=False)
        def within(V, n, k, c, room, r, row):  # type: ignore[no-untyped-def]
            """Vectors of panel c among themselves; R begins at r of the room. The smallest share of a length kept."""
            w, start = width - 1, c * n * width
            first = c * w
            count = min(w, k - first)
            resets = len(room) - k
            worst = 1.0
            for l in range(1, count + 1):
                j = first + l - 1
                products_of_one = load_lanes(V, start, width) * 0.0
                for i in range(n):
                    at = start + i * width
                    products_of_one = fma(V[at + l], load_lanes(V, at, width), products_of_one)
                store_lanes(room, row, products_of_one)
                before = room[row + l]
                length, scale = math.sqrt(before), 1.0
                for m in range(j):
                    before += room[r + m * k + j] ** 2
                before = math.sqrt(before)
                lost = not length > NOTHING * before
                if lost:
                    length = 0.0
                    room[resets + j] += 1.0
                    renew(V, n, j)
                    for m in range(l + 1, count + 1):  # later vectors have a part along the new one
                        room[row + m] = dot(V, start + l, start + m, n)
                else:
                    worst = min(worst, length / before)
                    scale = 1.0 / length
                room[r + j * k + j] = length
                for m in range(width):
                    factor = room[row + m] * scale if l < m <= count else 0.0
                    room[row + m] = factor
                    if l < m <= count:
                        room[r + j * k + first + m - 1] = factor
                factors = load_lanes(room, row, width)
                for i in range(n):
                    at = start + i * width
                    q = V[at + l] * scale
                    store_lanes(V, at, fma(-q, factors, load_lanes(V, at, width)))
                    V[at + l] = q
            return worst

        @kernel(forceinline=False)
        def once(V, n, k, room, r):  # type: ignore[no-untyped-def]
            """One pass, with R at r of the room."""
            w, worst, panel = width - 1, 1.0, n * width
            panels = len(V) // panel
            s = 2 * k * k
            S = part(room, s, width * width)
            for c in range(panels):
                worst = min(worst, within(V, n, k, c, room, r, s + width * width))
                for d in range(c + 1, panels):
                    products(V, c * panel, d * panel, n, S, width)  # type: ignore[call-arg]
                    for l in range(1, width):
                        S[l * width] = 0.0
                        for m in range(1, width):
                            row, column = c * w + l - 1, d * w + m - 1
                            if row < k and column < k:
                                room[r + row * k + column] = S[l * width + m]
                            else:
                                S[l * width + m] = 0.0
                    subtract(V, c * panel, d * panel, n, S, width)
            return worst

        def orthonormal_entry(V_address, panels, n, k, room_address):  # type: ignore[no-untyped-def]
            """V = Q R in place; returns the smallest share of its length that a vector kept."""
            V = floats_at(V_address, panels * n * width)  # type: ignore[call-arg, var-annotated]
            room = floats_at(room_address, 2 * k * k + width * width + width + k)
            first = 0 * k  # typed like the other
            worst = once(V, n, k, room, first)
            if worst < SAFE:
                second = k * k
                once(V, n, k, room, second)
                for i in range(k):
                    for j in range(i, k):
                        total = 0.0
                        for m in range(i, j + 1):
                            total += room[second + i * k + m] * room[m * k + j]
                        room[i * k + j] = total
            return worst

        return orthonormal_entry

    @cache
    def address_for(width: int) -> int:
        """Address of the machine code for panels of this width."""
        return address_of_compiled(compile_bound(entry_for(width)), (types.intp,) * 5)

else:

    def address_for(width: int) -> int:  # type: ignore[misc]
        """Uncompiled code has no address: the loop calls `plain`."""
        return 0


def plain(V: Any, k: int, room: Any) -> float:
    """As the entry point, by Householder reflections: for uncompiled runs, and what tests compare with."""
    panels, n, width = V.shape
    vectors = np.concatenate([V[c, :, 1:] for c in range(panels)], axis=1)[:, :k]
    before = np.linalg.norm(vectors, axis=0)
    Q, R = np.linalg.qr(vectors)
    signs = np.where(np.diag(R) < 0.0, -1.0, 1.0)
    Q, R = Q * signs, R * signs[:, None]
    lost = ~(np.diag(R) > NOTHING * before)
    R[lost, lost] = 0.0
    room[-k:] += lost
    room[: k * k] = R.ravel()
    full = np.zeros((n, panels * (width - 1)))
    full[:, :k] = Q
    for c in range(panels):
        V[c, :, 1:] = full[:, c * (width - 1) : (c + 1) * (width - 1)]
    return float(np.min(np.diag(R)[~lost] / before[~lost], initial=1.0))
