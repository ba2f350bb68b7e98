"""Steps of explicit Runge-Kutta methods."""

import numpy as np

from ..methods.tableau import Tableau
from .compile import inlined
from .parts import NO_PARTS, Parts, Step
from .stages import explicit_stages

_made: dict[tuple[int, int | None], tuple[Step, Tableau]] = {}


def explicit_step(tab: Tableau, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """The kernels and sizes for one tableau, which needs nothing but the drift."""
    key = (id(tab), n)
    if key not in _made:
        _made[key] = (_kernels(tab, n), tab)  # the tableau is kept alive: its id is the key
    return _made[key][0]


def _kernels(tab: Tableau, n: int | None) -> Step:
    s, needs_end, estimates = tab.stages, tab.error_needs_end, len(tab.e)
    stages, mean_square, extra, coefficients = explicit_stages(tab, n)

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        for m in range(len(y)):
            K[m] = np.nan  # what the drift leaves unwritten shows
        drift(t, y, p, K[: len(y)])

    @inlined
    def end_slope(drift, t1, y1, p, K):  # type: ignore[no-untyped-def]
        start = s * len(y1)
        drift(t1, y1, p, K[start : start + len(y1)])

    if estimates and needs_end:

        @inlined
        def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
            stages(drift, t, dt, y, p, K, y1)
            end_slope(drift, t + dt, y1, p, K)
            return mean_square(dt, y, y1, K, rtol, atol)

    elif estimates:

        @inlined
        def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
            stages(drift, t, dt, y, p, K, y1)
            return mean_square(dt, y, y1, K, rtol, atol)

    else:

        @inlined
        def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
            stages(drift, t, dt, y, p, K, y1)
            return 0.0 * dt

    @inlined
    def nothing(drift, t1, y1, p, K):  # type: ignore[no-untyped-def]
        pass

    finish = nothing if estimates and needs_end else end_slope

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        extra(drift, t, dt, y, p, K, work)
        coefficients(y, K, Q)

    @inlined
    def shift(y, K):  # type: ignore[no-untyped-def]
        n = len(y)
        start = s * n
        for m in range(n):
            K[m] = K[start + m]

    in_attempt = s - 1 + (needs_end and estimates > 0)
    slopes, degree = tab.B.shape
    sizes = (slopes, degree, s, in_attempt, s - in_attempt, len(tab.extra_A))
    return Step(begin, attempt, finish, dense, shift, *sizes)
