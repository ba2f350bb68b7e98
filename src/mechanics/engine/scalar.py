"""One trajectory: the loop of attempted, accepted and refused steps.

A call runs until it is done, a buffer is full, or `limit` attempts are used up, and leaves its state in `real`,
`whole`, `y_now` and `memory`, from which the next call goes on: a run in pieces has the same bits as a whole one. The
last step is cut to end at t1; the state before the cut is kept for runs that are continued beyond t1.

`adaptive_run` chooses its steps, `fixed_run` puts them at origin + i dt. Both are entry points of `compile_bound`.
"""

import math
from typing import Any

from .compile import inlined
from .control import first_step, log2_of, step_factor
from .layout import (
    ACCEPTED,
    AT_START,
    BEFORE,
    CUT,
    DENSE_READY,
    DONE,
    DT,
    EVALUATIONS,
    EVENT,
    FULL,
    GROW,
    INDEX,
    LIMIT,
    LOG_ERROR,
    NAN_SEEN,
    NON_FINITE,
    ORIGIN,
    REFUSED,
    RESUME_BEFORE,
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

# Names that the entry points leave open; `compile_bound` fills them in.
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
is_full: Any = None
degree: Any = None
order: Any = None

ROUNDING = 2.3e-15  # about ten rounding errors of 1: below dt = ROUNDING |t|, time no longer advances reliably
ON_GRID = 1e-9  # a fixed step that ends within this part of itself from t1 ends there
LAST = 1.01  # a step that would leave less than a hundredth of itself goes to the end


@inlined
def keep_signs(marks):  # type: ignore[no-untyped-def]
    """Remember the signs of the event functions at the state that is kept to resume from."""
    for e in range(marks.shape[1]):
        marks[RESUME_BEFORE, e] = marks[BEFORE, e]


def adaptive_run(  # type: ignore[no-untyped-def]
    y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
):
    """Steps of controlled error from real[T] to t1; returns a code of `layout`."""
    n = len(y_now)
    y, y1, work, K, Q = vector(n), vector(n), vector(n), slopes(n), coefficients(n)
    for m in range(n):
        y[m] = y_now[m]
    t, dt, log_before, grow = real[T], real[DT], real[LOG_ERROR], real[GROW]
    begin(drift, t, y, p, K)
    whole[EVALUATIONS] += 1
    if whole[STARTED] == 0:
        for m in range(n):
            if not math.isfinite(K[m]):
                return NON_FINITE
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
        dt = math.copysign(min(abs(dt), control[5]), dt)
        whole[STARTED] = 1
    code = LIMIT
    for _ in range(limit):
        if is_full(whole, ts, log, marks):
            code = FULL
            break
        last = (t + LAST * dt - t1) * dt >= 0.0 and abs(t1 - t) <= control[5]
        length = t1 - t if last else dt
        if last and whole[CUT] == 0:
            real[RESUME_T], real[RESUME_DT] = t, dt
            real[RESUME_LOG_ERROR], real[RESUME_GROW] = log_before, grow
            whole[CUT] = 1
            keep_signs(marks)
            for m in range(n):
                y_resume[m] = y[m]
        square = attempt(drift, t, length, y, p, y, K, y1, rtol, atol)
        if not square <= 1.0:
            whole[REFUSED] += 1
            if math.isfinite(square):
                dt = length * min(step_factor(log2_of(square), log_before, control), 1.0)
            else:
                whole[NAN_SEEN] += 1
                dt = length * control[3]
            grow = 1.0
            if abs(dt) <= ROUNDING * abs(t) or t + dt == t:
                code = UNDERFLOW
                break
            continue
        if t + length == t and not last:  # steps may not be long enough for time to advance
            code = UNDERFLOW
            break
        log_square = log2_of(square)
        dt = length * min(step_factor(log_square, log_before, control), grow)
        dt = math.copysign(min(abs(dt), control[5]), dt)
        t_end = t1 if last else t + length
        finish(drift, t_end, y1, p, K)
        whole[DENSE_READY] = 0
        found = watch(dense, drift, t, length, y, y1, p, K, work, Q, degree, real, whole, log, marks)
        if found >= 0.0:  # an event at t + found length has changed y1, or stops the run
            last = False
            t_end = t + found * length
        output(dense, drift, t, length, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat)
        whole[ACCEPTED] += 1
        whole[NAN_SEEN] = 0
        log_before, grow, t = log_square, control[4], t_end
        for m in range(n):
            y[m] = y1[m]
        if found >= 0.0:
            begin(drift, t, y, p, K)
            whole[EVALUATIONS] += 1
        else:
            shift(y, K)
        if whole[STOPPED_BY] >= 0:
            code = EVENT
            break
        if last or t == t1:
            code = DONE
            break
    real[T], real[DT], real[LOG_ERROR], real[GROW] = t, dt, log_before, grow
    for m in range(n):
        y_now[m] = y[m]
    return code


def fixed_run(  # type: ignore[no-untyped-def]
    y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
):
    """Steps of length real[DT] to t1, the last one shorter where t1 is not on the grid; returns a code of `layout`."""
    n = len(y_now)
    y, y1, work, K, Q = vector(n), vector(n), vector(n), slopes(n), coefficients(n)
    for m in range(n):
        y[m] = y_now[m]
    t, dt = real[T], real[DT]
    begin(drift, t, y, p, K)
    whole[EVALUATIONS] += 1
    if whole[STARTED] == 0:
        for m in range(n):
            if not math.isfinite(K[m]):
                return NON_FINITE
        whole[STARTED] = 1
    code = LIMIT
    for _ in range(limit):
        if is_full(whole, ts, log, marks):
            code = FULL
            break
        t_end = real[ORIGIN] + (whole[INDEX] + 1) * dt
        beyond = (t_end - t1) / dt
        last = beyond >= -ON_GRID
        length = dt if beyond <= ON_GRID else t1 - t
        if last and whole[CUT] == 0:
            on_grid = beyond <= ON_GRID
            real[RESUME_T], real[RESUME_DT] = t_end if on_grid else t, dt
            whole[RESUME_INDEX] = whole[INDEX] + on_grid
            whole[CUT] = 1
            keep_signs(marks)
            for m in range(n):
                y_resume[m] = y[m]
        if last:
            t_end = t1
        attempt(drift, t, length, y, p, y, K, y1, rtol, atol)
        total = 0.0
        for m in range(n):
            total += y1[m]
        if not math.isfinite(total):
            code = NON_FINITE
            break
        finish(drift, t_end, y1, p, K)
        whole[DENSE_READY] = 0
        found = watch(dense, drift, t, length, y, y1, p, K, work, Q, degree, real, whole, log, marks)
        whole[INDEX] += 1
        if found >= 0.0:
            last = False
            t_end = t + found * length
            if length == dt:
                whole[CUT] = 0
            real[ORIGIN] = t_end
            whole[INDEX] = 0
        output(dense, drift, t, length, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat)
        whole[ACCEPTED] += 1
        t = t_end
        for m in range(n):
            y[m] = y1[m]
        if found >= 0.0:
            begin(drift, t, y, p, K)
            whole[EVALUATIONS] += 1
        else:
            shift(y, K)
        if whole[STOPPED_BY] >= 0:
            code = EVENT
            break
        if last or t == t1:
            if last and length == dt:  # on the grid: the end is where a longer run comes by
                keep_signs(marks)
                for m in range(n):
                    y_resume[m] = y[m]
            code = DONE
            break
    real[T] = t
    for m in range(n):
        y_now[m] = y[m]
    return code
