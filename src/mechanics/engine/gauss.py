"""Steps of Gauss methods: fixed-point iteration to rounding, and sums that carry their rounding errors.

K holds vectors of n, one after the other: the slopes at the s nodes and the rounding errors of y, at the start and then
at the end of the step; work of `nodes`; y1; and one for the slopes at the ends. Where dq/dt is v itself
and the force depends on t and q alone (`Parts.plain_velocity`), only forces are iterated, with A^2: twice as fast, and
for the same solution.
"""

from typing import Any

import numpy as np

from ..methods.gauss import Gauss
from .compile import inlined
from .constant import constant_run
from .nodes import node_kernel
from .parts import NO_PARTS, Parts, Step

_made: dict[tuple[int, int | None, bool], tuple[Step, Gauss]] = {}


def gauss_step(data: Gauss, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """The kernels and sizes for one method."""
    plain = bool(parts and parts.plain_velocity)
    key = (id(data), n, plain)
    if key not in _made:
        _made[key] = (_kernels(data, n, plain), data)  # the method is kept alive: its id is the key
    return _made[key][0]


def _kernels(data: Gauss, n: int | None, plain: bool) -> Step:
    s, degree = data.stages, data.degree
    carried, work_vectors = s + 1, 2 * s + 1
    solve = node_kernel(data, n, plain, carried)
    stash, ends = 2 * carried + work_vectors, 2 * carried + work_vectors + 1
    A, B = np.ascontiguousarray(data.A[0]), np.ascontiguousarray(data.B)

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            K[m] = np.nan  # what the drift leaves unwritten shows
        drift(t, y, p, K[:n])
        for j in range(1, s):
            for m in range(n):
                K[j * n + m] = K[m]
        for m in range(n):
            K[s * n + m] = 0.0

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        return solve(drift, t, dt, y, p, K, y1)

    @inlined
    def finish(drift, t1, y1, p, K):  # type: ignore[no-untyped-def]
        for m in range(len(y1)):
            K[stash * len(y1) + m] = y1[m]

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        n = len(y)
        d = n // 2
        first = carried * n
        if plain:  # velocities at the nodes
            for i in range(s):
                for m in range(d):
                    total = 0.0 * y[m]
                    for j in range(s):
                        total = total + A[i, j] * K[first + j * n + d + m]
                    K[first + i * n + m] = y[d + m] + dt * total
        drift(t, y, p, K[ends * n : ends * n + n])
        for k in range(degree):
            for m in range(n):
                total = B[0, k] * K[ends * n + m]
                for j in range(s):
                    total = total + B[1 + j, k] * K[first + j * n + m]
                Q[k * n + m] = total
        for m in range(n):
            work[m] = K[stash * n + m]
        drift(t + dt, work, p, K[ends * n : ends * n + n])
        for k in range(degree):
            for m in range(n):
                Q[k * n + m] = Q[k * n + m] + B[s + 1, k] * K[ends * n + m]

    @inlined
    def shift(y, K):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(carried * n):
            K[m] = K[carried * n + m]

    slopes = ends + 1
    sizes = (slopes, degree, carried, 0, 0, 2)

    def memory(n: int) -> int:
        return 1 + carried * n

    own: dict[str, Any] = {"run": constant_run, "memory": memory, "carried": carried, "recalled": 0}
    return Step(begin, attempt, finish, dense, shift, *sizes, **own)
