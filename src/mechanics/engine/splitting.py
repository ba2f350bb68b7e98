"""Steps of splitting methods: the flows of a word, one after the other.

K holds vectors of n, one after the other: those carried from step to step (force at the start of the step, where a word
begins with B; rounding errors of y, where its sums are compensated), the same at the end of the step, the drift's
output, and y1. The last kick of a step is made by `finish`, at the very time at which the next step starts: its force
is then that of the next first kick, also in a run that was split there.
"""

from typing import Any

import numpy as np

from ..methods.splitting import Splitting
from .compile import inlined
from .constant import constant_run
from .elementary import fma
from .parts import NO_PARTS, Parts, Step
from .words import add, word_kernel

_made: dict[tuple[int, int | None, bool], tuple[Step, Splitting]] = {}


def splitting_step(data: Splitting, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """The kernels and sizes for one word."""
    plain = bool(parts and parts.plain_velocity)
    key = (id(data), n, plain)
    if key not in _made:
        _made[key] = (_kernels(data, n, plain), data)  # the word is kept alive: its id is the key
    return _made[key][0]


def _kernels(data: Splitting, n: int | None, plain: bool) -> Step:
    keeps_force, ends_in_kick, compensated = data.word[0] == "B", data.word[-1] == "B", data.compensated
    carried = max(1, keeps_force + compensated)
    low = int(keeps_force)  # the carried vector of rounding errors
    scratch, stash = 2 * carried, 2 * carried + 1
    walk = word_kernel(data, n, plain, carried)
    last_kick = data.weights[-1]

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        n = len(y)
        d = n // 2
        for m in range((2 * carried + 2) * n):
            K[m] = np.nan  # what the drift leaves unwritten shows
        drift(t, y, p, K[scratch * n : scratch * n + n])
        total = 0.0 * y[0]
        for m in range(n):
            total += K[scratch * n + m]
        for m in range(carried * n):
            K[m] = 0.0 * total  # not finite if the drift is not
        if keeps_force:
            for m in range(d):
                K[m] = K[scratch * n + d + m]

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        walk(drift, t, dt, y, p, K, y1)
        if ends_in_kick:
            K[stash * len(y)] = last_kick * dt
        return 0.0

    @inlined
    def finish(drift, t1, y1, p, K):  # type: ignore[no-untyped-def]
        n = len(y1)
        d = n // 2
        if keeps_force or ends_in_kick:
            dt = K[stash * n]
            drift(t1, y1, p, K[scratch * n : scratch * n + n])
            for m in range(d):
                force = K[scratch * n + d + m]
                if keeps_force:
                    K[carried * n + m] = force
                if ends_in_kick:
                    if compensated:
                        at = (carried + low) * n + d + m
                        y1[d + m], K[at] = add(dt, force, y1[d + m], K[at])
                    else:
                        y1[d + m] = fma(dt, force, y1[d + m])
        for m in range(n):
            K[stash * n + m] = y1[m]

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            work[m] = K[stash * n + m]
        drift(t, y, p, K[scratch * n : scratch * n + n])
        for m in range(n):
            Q[m] = K[scratch * n + m] / 3.0
        drift(t + dt, work, p, K[scratch * n : scratch * n + n])
        for m in range(n):
            mean = (K[stash * n + m] - y[m]) / dt
            Q[n + m] = mean - K[scratch * n + m] / 3.0
            Q[2 * n + m] = mean

    @inlined
    def shift(y, K):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(carried * n):
            K[m] = K[carried * n + m]

    after = int(keeps_force or ends_in_kick)
    in_attempt = data.word.count("B") - keeps_force - ends_in_kick
    slopes = 2 * carried + 2
    sizes = (slopes, data.degree, carried, in_attempt, after, 2)

    def memory(n: int) -> int:
        return 1 + carried * n

    own: dict[str, Any] = {"run": constant_run, "memory": memory, "carried": carried, "recalled": low}
    return Step(begin, attempt, finish, dense, shift, *sizes, **own)
