"""One trajectory of an implicit method with an iteration: `scalar` has the same loops for methods without memory.

`newton_run` takes controlled and fixed steps. It is an entry point of `compile_bound`, and what `scalar` says of runs
in pieces and of cut last steps holds here, with the method's memory beside y.

Step control is predictive: the new step follows from this error and from how dt and error changed since the last step
(Gustafsson, ACM TOMS 20 (1994) 496-517; Hairer, Wanner II, IV.8). An attempt whose iteration does not converge is
repeated with half the step.
"""

import math
from typing import Any

from .control import exp2_of, first_step, log2_of
from .full import never
from .layout import (
    ACCEPTED,
    AT_START,
    CUT,
    DENSE_READY,
    DONE,
    DT,
    EVALUATIONS,
    EVENT,
    FIXED,
    FULL,
    GROW,
    INDEX,
    LIMIT,
    LOG_ERROR,
    NAN_SEEN,
    NEWTON_FAILED,
    NO_CONVERGENCE,
    NON_FINITE,
    ORIGIN,
    REFUSED,
    RESUME_DT,
    RESUME_GROW,
    RESUME_INDEX,
    RESUME_LOG_ERROR,
    RESUME_T,
    STARTED,
    STOPPED_BY,
    UNDERFLOW,
    T,
)
from .newton import FRESH, HEAD, ITERATIONS, KEEP, LAST_DT, MOST_ITERATIONS, READY, REFUSED_BEFORE, forget
from .scalar import LAST, ON_GRID, ROUNDING, keep_signs

# Names that the entry point leaves open; `compile_bound` fills them in.
begin: Any = None
attempt: Any = None
finish: Any = None
dense: Any = None
shift: Any = None
drift: Any = None
output: Any = None
watch: Any = None
vector: Any = None
slopes: Any = None
coefficients: Any = None
is_full: Any = never
degree: Any = None
order: Any = None

HALF = 0.5  # of a step whose iteration did not converge
LEAST_LOG = -13.3  # log2 of 1e-4: an error far below the tolerance says nothing about the next one


def newton_run(  # type: ignore[no-untyped-def]
    y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
):
    """Steps from real[T] to t1; returns a code of `layout`."""
    n = len(y_now)
    y, y1, work, K, Q = vector(n), vector(n), vector(n), slopes(n), coefficients(n)
    M, fixed = memory[0], whole[FIXED] == 1
    for m in range(n):
        y[m] = y_now[m]
    t, dt, log_before, grow = real[T], real[DT], real[LOG_ERROR], real[GROW]
    again = M[READY] == 0.0
    for m in range(n):
        K[m] = M[HEAD + m]
    if whole[STARTED] == 0:
        begin(drift, t, y, p, K)
        whole[EVALUATIONS] += 1
        again = False
        for m in range(n):
            M[HEAD + m] = K[m]
            if not math.isfinite(K[m]):
                return NON_FINITE
        M[READY] = 1.0
        if dt == 0.0:
            dt, reach = first_step(drift, order, t1 - t, t, y, p, K, y1, work, rtol, atol)
            whole[EVALUATIONS] += 1
            if reach > abs(t1 - t):  # a longer span would have chosen otherwise: go on from the very start
                real[RESUME_T], real[RESUME_DT] = t, 0.0
                real[RESUME_LOG_ERROR], real[RESUME_GROW] = log_before, grow
                whole[CUT] = AT_START
                keep_signs(marks)
                for m in range(n):
                    y_resume[m] = y[m]
                for i in range(memory.shape[1]):
                    memory[1, i] = M[i]
        if not fixed:
            dt = math.copysign(min(abs(dt), control[5]), dt)
        whole[STARTED] = 1
    code = LIMIT
    for _ in range(limit):
        if is_full(whole, ts, log, marks):
            code = FULL
            break
        if again:
            begin(drift, t, y, p, K)
            whole[EVALUATIONS] += 1
            for m in range(n):
                M[HEAD + m] = K[m]
            M[READY] = 1.0
            again = False
        on_grid = False
        if fixed:
            t_end = real[ORIGIN] + (whole[INDEX] + 1) * dt
            beyond = (t_end - t1) / dt
            last, on_grid = beyond >= -ON_GRID, beyond <= ON_GRID
            length = dt if on_grid else t1 - t
        else:
            last = (t + LAST * dt - t1) * dt >= 0.0 and abs(t1 - t) <= control[5]
            length = t1 - t if last else dt
            t_end = t + length
        if last and whole[CUT] == 0:
            real[RESUME_T], real[RESUME_DT] = t_end if on_grid else t, dt
            real[RESUME_LOG_ERROR], real[RESUME_GROW] = log_before, grow
            whole[RESUME_INDEX] = whole[INDEX] + on_grid
            whole[CUT] = 1
            keep_signs(marks)
            for m in range(n):
                y_resume[m] = y[m]
            for i in range(memory.shape[1]):
                memory[1, i] = M[i]
        if last:
            t_end = t1
        square = attempt(drift, t, length, y, p, M, whole, K, y1, rtol, atol, fixed)
        if square < 0.0 or not (square <= 1.0 or fixed):
            if square < 0.0 and fixed:
                code = NO_CONVERGENCE
                break
            whole[REFUSED] += 1
            M[REFUSED_BEFORE] = 1.0
            if square < 0.0:
                whole[NEWTON_FAILED] += 1
                dt = length * HALF
            elif math.isfinite(square):
                dt = length * min(max(control[2] * exp2_of(control[0] * log2_of(square)), control[3]), 1.0)
            else:
                whole[NAN_SEEN] += 1
                dt = length * control[3]
            grow = 1.0
            if abs(dt) <= ROUNDING * abs(t) or t + dt == t:
                code = UNDERFLOW
                break
            continue
        if fixed:
            total = 0.0
            for m in range(n):
                total += y1[m]
            if not math.isfinite(total):
                code = NON_FINITE
                break
        else:
            if t + length == t and not last:  # steps may not be long enough for time to advance
                code = UNDERFLOW
                break
            log_square = max(log2_of(square), LEAST_LOG)
            factor = exp2_of(control[0] * log_square)
            if M[LAST_DT] != 0.0:
                trend = length / M[LAST_DT] * exp2_of(control[0] * (log_square - log_before))
                factor = factor * min(trend, 1.0)
            # many iterations: the next step should not be longer than they can solve
            effort = (1.0 + 2.0 * MOST_ITERATIONS) / (max(M[ITERATIONS], 1.0) + 2.0 * MOST_ITERATIONS)
            factor = min(max(control[2] * effort * factor, control[3]), min(control[4], grow))
            if 1.0 <= factor <= KEEP and not last:
                factor = 1.0
            dt = math.copysign(min(abs(length * factor), control[5]), length)
            log_before, grow = log_square, control[4]
        finish(drift, t_end, y1, p, M, whole, K)
        whole[DENSE_READY] = 0
        found = watch(dense, drift, t, length, y, y1, p, K, work, Q, degree, real, whole, log, marks)
        whole[INDEX] += 1
        if found >= 0.0:  # an event at t + found length has changed y1, or stops the run
            last = False
            t_end = t + found * length
            if fixed:
                if length == dt:
                    whole[CUT] = 0
                real[ORIGIN] = t_end
                whole[INDEX] = 0
        output(dense, drift, t, length, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat)
        whole[ACCEPTED] += 1
        whole[NAN_SEEN], whole[NEWTON_FAILED] = 0, 0
        t = t_end
        for m in range(n):
            y[m] = y1[m]
        if found >= 0.0:
            forget(M)
            again = True
        else:
            shift(y, K, M)
            for m in range(n):
                M[HEAD + m] = K[m]
            M[FRESH], M[REFUSED_BEFORE], M[LAST_DT] = 0.0, 0.0, length
        if whole[STOPPED_BY] >= 0:
            code = EVENT
            break
        if last or t == t1:
            if fixed and last and length == dt:  # on the grid: the end is where a longer run comes by
                keep_signs(marks)
                for m in range(n):
                    y_resume[m] = y[m]
                for i in range(memory.shape[1]):
                    memory[1, i] = M[i]
            code = DONE
            break
    real[T], real[LOG_ERROR], real[GROW] = t, log_before, grow
    real[DT] = dt
    for m in range(n):
        y_now[m] = y[m]
    return code
