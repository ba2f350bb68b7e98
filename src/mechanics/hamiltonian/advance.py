"""The Newton iteration of collocation as one compiled function that stops where it needs the system.

`advance` is called with the slopes at the stages of the trial, or the Jacobians at those of the point, and goes on to
where it needs the other: it answers SLOPES, JACOBIANS, or how it ended. So it is compiled once for all systems, and
a new system costs the compilation of loops around its own functions only. The rules are those of `newton`.

Corrections solve  rows . dx = what the rows lack:  r_K, r_C (`condense`), minus the boundary conditions, d - D y.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine.compile import kernel
from . import condense
from .blocks import Space, factorise, space, substitute
from .newton import ACCEPT, AT_ROUNDING, RETRY, SINGULAR, STALLED, first_damping, judged

Array = NDArray[np.float64]
SLOPES, JACOBIANS, OK, NO_PROGRESS, MAX_ITERATIONS, NON_FINITE, SINGULAR_JACOBIAN = range(7)
OUTCOMES = ("", "", "ok", "no_progress", "max_iterations", "non_finite", "singular_jacobian")
POINT, TRIAL, STEP, SIMPLIFIED, LACK, SPARE, STATES, FIELD = range(8)  # slots of K; the first six of y, four of theta
DAMPING, BEFORE, NORM, SMALLEST, ITERATIONS, REDUCED, KNOWN, CONTRACTION = range(8)  # of the record

_first_damping, _judged = kernel(first_damping), kernel(judged)


class Mesh(NamedTuple):
    """What does not change, and where M intervals of s stages keep their numbers."""

    span: Array  # t0, t1, 1 if the end is the last of theta
    tau: Array  # (M + 1,)
    A: Array
    b: Array
    c: Array
    fixed: Array  # (n,): values of the first half of y at both ends, or (0,)
    d: Array  # (k,): D y + D_p theta = d
    D: Array  # (k, M + 1, n)
    ends: Array  # (n + m, 2 n + m): rows of the boundary by y_0, y_M, theta, and below them D_p
    y: Array  # (6, M + 1, n); LACK has r_C
    K: Array  # (8, M, s, n); LACK has r_K, STATES the stage states, FIELD the slopes there
    theta: Array  # (4, m)
    lack: Array  # (n + m,): minus the boundary conditions (filled in from outside unless they are `fixed`), d - D y
    record: Array  # (8,)
    ts: Array  # (M + 1,)
    times: Array  # (M s,), of the stages


class Matrix(NamedTuple):
    """The Newton matrix and its factors."""

    J: Array  # (M s, n, n)
    LU: Array  # (M, s n, s n)
    swaps: NDArray[np.int64]
    S: Array  # (M, s n, n)
    G: Array  # (M, n, n)
    U: Array  # (M, s n, m): derivatives of r_K by theta from outside, then solved for
    P: Array  # (M, n, m): those of r_C


def work_for(
    scheme: Any, span: Array, tau: Array, m: int, ends: Array, fixed: Array, D: Array, d: Array
) -> tuple[Mesh, Matrix, Space]:
    """Space for an iteration; the intervals of tau have the stages of the scheme (A, b, c)."""
    A, b, c = scheme
    M, s, (k, _, n), empty = len(tau) - 1, len(b), D.shape, np.empty
    mesh = Mesh(
        span, tau, A, b, c, fixed, d, D, ends, empty((6, M + 1, n)), empty((8, M, s, n)), empty((4, m)), empty(n + m),
        empty(8), empty(M + 1), empty(M * s),
    )  # fmt: skip
    matrix = Matrix(
        empty((M * s, n, n)), empty((M, s * n, s * n)), empty((M, s * n), np.int64), empty((M, s * n, n)),
        empty((M, n, n)), empty((M, s * n, m)), empty((M, n, m)),
    )  # fmt: skip
    return mesh, matrix, space(M, n, m, k)


@kernel(forceinline=False)
def aim(span, tau, A, c, y, K, theta, slot, ts, times):  # type: ignore[no-untyped-def]
    """Mesh, stage times and stage states of a slot."""
    m, M = theta.shape[1], len(tau) - 1
    t1 = theta[slot, m - 1] if span[2] > 0.0 else span[1]
    for i in range(M):
        ts[i] = span[0] + (t1 - span[0]) * tau[i]
    ts[M] = t1
    condense.stages(ts, y[slot], K[slot], A, c, times, K[STATES])


@kernel(forceinline=False)
def measure(b, fixed, d, D, ends, y, K, theta, slot, ts, lack):  # type: ignore[no-untyped-def]
    """What the rows lack at a slot; whether that is finite."""
    _, M, s, n = K.shape
    m, half = theta.shape[1], n // 2
    condense.residuals(ts, y[slot], K[slot], K[FIELD], b, K[LACK], y[LACK])
    if len(fixed) > 0:
        for a in range(half):
            lack[a] = fixed[a] - y[slot, 0, a]
            lack[half + a] = fixed[half + a] - y[slot, M, a]
    for r in range(len(d)):
        total = d[r]
        for i in range(M + 1):
            for a in range(n):
                total -= D[r, i, a] * y[slot, i, a]
        for a in range(m):
            total -= ends[n + m - len(d) + r, 2 * n + a] * theta[slot, a]
        lack[n + m - len(d) + r] = total
    check = 0.0  # zero times infinity is not a number
    for r in range(n + m):
        check += 0.0 * lack[r]
    for i in range(M):
        for a in range(n):
            check += 0.0 * y[LACK, i, a]
            for j in range(s):
                check += 0.0 * K[LACK, i, j, a]
    return check == 0.0


@kernel(forceinline=False)
def linearise(ts, A, b, ends, D, y, K, J, LU, swaps, S, G, U, P, V, beta, R, X, reduced, small):  # type: ignore[no-untyped-def]
    """Factorise. Gives the relative smallest singular value, -1 where the matrix is not finite."""
    M, n, m = P.shape
    s = K.shape[2]
    condense.eliminate(ts, J, A, b, LU, swaps, S, G)
    for k in range(m):
        for i in range(M):
            for a in range(n):
                y[SPARE, i, a] = P[i, a, k]
                for j in range(s):
                    K[SPARE, i, j, a] = U[i, j * n + a, k]
        condense.reduce(ts, LU, swaps, b, K[SPARE], y[SPARE])
        for i in range(M):
            for a in range(n):
                P[i, a, k] = y[SPARE, i, a]
                for j in range(s):
                    U[i, j * n + a, k] = K[SPARE, i, j, a]
    return factorise(G, P, ends, D, V, beta, R, X, reduced, small)


@kernel(forceinline=False)
def correct(ts, b, y, K, theta, lack, slot, LU, swaps, S, U, V, beta, R, X, reduced, small):  # type: ignore[no-untyped-def]
    """The correction that gives the rows what they lack, into a slot."""
    _, M, s, n = K.shape
    for i in range(M):
        for a in range(n):
            y[SPARE, i, a] = y[LACK, i, a]
            for j in range(s):
                K[SPARE, i, j, a] = K[LACK, i, j, a]
    condense.reduce(ts, LU, swaps, b, K[SPARE], y[SPARE])
    substitute(V, beta, R, X, reduced, small, y[SPARE], lack, y[slot], theta[slot])
    condense.expand(S, U, K[SPARE], y[slot], theta[slot], K[slot])


@kernel(forceinline=False)
def size_of(ts, y, K, theta, slot, share):  # type: ignore[no-untyped-def]
    """Root mean square of a slot minus `share` of the step; each component relative to its largest value at the point."""
    _, M, s, n = K.shape
    m, largest, whole = theta.shape[1], 0.0, 0.0
    for i in range(M + 1):
        for a in range(n):
            largest = max(largest, abs(y[POINT, i, a]))
    for a in range(n):
        scale, nodes, slopes = 1e-3 * largest, 0.0, 0.0
        for i in range(M + 1):
            scale = max(scale, abs(y[POINT, i, a]))
            nodes += (y[slot, i, a] - share * y[STEP, i, a]) ** 2
        for i in range(M):
            h = ts[i + 1] - ts[i]
            for j in range(s):
                slopes += (h * (K[slot, i, j, a] - share * K[STEP, i, j, a])) ** 2
        whole += (nodes / (M + 1) + slopes / (M * s)) / (scale + 1e-12) ** 2
    whole /= n
    for k in range(m):
        part = (theta[slot, k] - share * theta[STEP, k]) / (abs(theta[POINT, k]) + 1e-3)
        whole += part * part / m
    return math.sqrt(whole)


@kernel(forceinline=False)
def combine(y, K, theta, to, start, factor, step):  # type: ignore[no-untyped-def]
    """Slot `to` = slot `start` + factor slot `step`."""
    _, M, s, n = K.shape
    for i in range(M + 1):
        for a in range(n):
            y[to, i, a] = y[start, i, a] + factor * y[step, i, a]
    for i in range(M):
        for j in range(s):
            for a in range(n):
                K[to, i, j, a] = K[start, i, j, a] + factor * K[step, i, j, a]
    for k in range(theta.shape[1]):
        theta[to, k] = theta[start, k] + factor * theta[step, k]


def begin(span, tau, A, b, c, fixed, d, D, ends, y, K, theta, lack, record, ts, times):  # type: ignore[no-untyped-def]
    """Stages of the point; slopes and Jacobians are needed next."""
    aim(span, tau, A, c, y, K, theta, POINT, ts, times)
    for i in range(len(record)):
        record[i] = 0.0
    record[DAMPING] = record[SMALLEST] = 1.0


def advance(
    phase, tol, most,
    span, tau, A, b, c, fixed, d, D, ends, y, K, theta, lack, record, ts, times,
    J, LU, swaps, S, G, U, P, V, beta, R, X, reduced, small,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Go on after what was asked for has been filled in: SLOPES at a trial, JACOBIANS at the point."""
    if phase == JACOBIANS:
        if record[ITERATIONS] == 0.0 and not measure(b, fixed, d, D, ends, y, K, theta, POINT, ts, lack):
            return NON_FINITE
        if record[ITERATIONS] >= most:
            return MAX_ITERATIONS
        record[ITERATIONS] += 1.0
        smallest = linearise(ts, A, b, ends, D, y, K, J, LU, swaps, S, G, U, P, V, beta, R, X, reduced, small)
        record[SMALLEST] = max(smallest, 0.0)
        if smallest < 0.0:
            return NON_FINITE
        if smallest < SINGULAR:
            return SINGULAR_JACOBIAN
        slot = STEP
    else:
        slot = SIMPLIFIED
    finite = phase == JACOBIANS or measure(b, fixed, d, D, ends, y, K, theta, TRIAL, ts, lack)
    size = math.inf
    if finite:
        correct(ts, b, y, K, theta, lack, slot, LU, swaps, S, U, V, beta, R, X, reduced, small)
        size = size_of(ts, y, K, theta, slot, 0.0)
    if phase == JACOBIANS:
        record[NORM] = size
        if not math.isfinite(size):
            return SINGULAR_JACOBIAN
        if size <= 1e-15:
            return OK
        if record[KNOWN] > 0.0:
            before, change = size_of(ts, y, K, theta, SIMPLIFIED, 0.0), size_of(ts, y, K, theta, SIMPLIFIED, 1.0)
            record[DAMPING] = _first_damping(record[DAMPING], record[BEFORE], before, change, size)
        record[REDUCED] = 0.0
    else:
        damping, miss = record[DAMPING], math.inf
        if finite:
            record[KNOWN] = 1.0
            miss = size if damping == 1.0 else size_of(ts, y, K, theta, SIMPLIFIED, 1.0 - damping)
        verdict, wanted = _judged(damping, record[NORM], size, miss, record[REDUCED] > 0.0)
        if verdict == AT_ROUNDING:
            return OK
        if verdict == STALLED:
            return NO_PROGRESS
        if verdict == ACCEPT:
            done = damping == 1.0 and size <= tol
            combine(y, K, theta, POINT, TRIAL, 1.0 if done else 0.0, SIMPLIFIED)
            record[CONTRACTION], record[BEFORE] = size / record[NORM], record[NORM]
            return OK if done else JACOBIANS
        if wanted < damping:
            record[REDUCED] = 1.0
        record[DAMPING] = wanted
    combine(y, K, theta, TRIAL, POINT, record[DAMPING], STEP)
    aim(span, tau, A, c, y, K, theta, TRIAL, ts, times)
    return SLOPES
