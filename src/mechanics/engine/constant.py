"""One trajectory in steps of one length that carry numbers of their own from step to step.

As `scalar.fixed_run`, with two differences. What a method carries beside y lives in `memory`: row 0 now, row 1 where a
longer run would go on, each with a 1 in front once there is something. And steps between which nothing is read are
made CHUNK at a time, in a loop that does nothing else; where such a chunk does not end well it is made again step by
step, so that a run stops in the same step and with the same bits as one that looks at every step. `attempt` returns
the evaluations whose number is not known beforehand; infinitely many if its equations could not be solved.
"""

import math
from typing import Any

from .compile import inlined
from .layout import (
    ACCEPTED,
    CUT,
    DENSE_READY,
    DONE,
    DT,
    EVALUATIONS,
    EVENT,
    FULL,
    INDEX,
    LIMIT,
    NO_CONVERGENCE,
    NON_FINITE,
    ORIGIN,
    RESUME_DT,
    RESUME_INDEX,
    RESUME_T,
    SAVE_NEXT,
    STARTED,
    STOPPED_BY,
    T,
)
from .scalar import ON_GRID, keep_signs

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
is_full: Any = None
degree: Any = None
carried: Any = None
recalled: Any = None
bare: Any = None

CHUNK = 512  # steps between two looks at whether numbers are finite


@inlined
def steps_before(wanted, origin, dt, index):  # type: ignore[no-untyped-def]
    """Steps that certainly end before a time, from step `index` on; at most CHUNK."""
    ahead = (wanted - origin) / dt - index - 2.0
    return int(min(max(ahead, 1.0), 1.0 * CHUNK))


@inlined
def put(memory, row, K, first, count):  # type: ignore[no-untyped-def]
    """Keep `count` numbers of K."""
    memory[row, 0] = 1.0
    for m in range(count):
        memory[row, 1 + m] = K[first + m]


def constant_run(  # type: ignore[no-untyped-def]
    y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
):
    """Steps of length real[DT] to t1, the last one shorter where t1 is not on the grid; returns a code of `layout`."""
    n = len(y_now)
    y, y1, work, K, Q = vector(n), vector(n), vector(n), slopes(n), coefficients(n)
    # the innermost loop has arrays of its own: those above may be read elsewhere, and so stay in memory
    x, x1, S = vector(n), vector(n), slopes(n)
    n = len(x)  # on the stack this one is known while compiling, and loops over it are written out
    c = carried * n
    for m in range(n):
        y[m] = y_now[m]
    t, dt = real[T], real[DT]
    begin(drift, t, y, p, K)
    whole[EVALUATIONS] += 1
    if whole[STARTED] == 0:
        for m in range(c):
            if not math.isfinite(K[m]):
                return NON_FINITE
        whole[STARTED] = 1
    if memory[0, 0] != 0.0:
        for m in range(recalled * n, c):
            K[m] = memory[0, 1 + m]
    code, used, careful = LIMIT, 0, 0
    while used < limit:
        if is_full(whole, ts, log, marks):
            code = FULL
            break
        origin, index = real[ORIGIN], whole[INDEX]
        t_end = origin + (index + 1) * dt
        beyond = (t_end - t1) / dt
        last = beyond >= -ON_GRID
        length = dt if beyond <= ON_GRID else t1 - t
        if last and whole[CUT] == 0:
            on_grid = beyond <= ON_GRID
            real[RESUME_T], real[RESUME_DT] = t_end if on_grid else t, dt
            whole[RESUME_INDEX] = index + on_grid
            whole[CUT] = 1
            keep_signs(marks)
            for m in range(n):
                y_resume[m] = y[m]
            put(memory, 1, K, 0, c)
        if last:
            t_end = t1
        chunk = 1
        if bare and not last and careful == 0:
            chunk = min(steps_before(t1, origin, dt, index), limit - used)
            if whole[SAVE_NEXT] < len(saveat):
                chunk = min(chunk, steps_before(saveat[whole[SAVE_NEXT]], origin, dt, index))
        for m in range(n):
            x[m] = y[m]
        for m in range(c):
            S[c + m] = K[m]
        start, spent = t, 0.0
        for k in range(chunk):
            end = t_end if k == 0 else origin + (index + (k + 1)) * dt
            shift(x, S)
            spent += attempt(drift, start, length, x, p, x, S, x1, rtol, atol)
            finish(drift, end, x1, p, S)
            for m in range(n):
                x[m] = x1[m]
            start = end
        total = 0.0
        for m in range(n):
            total += x1[m]
        if not math.isfinite(spent + total):
            if chunk > 1:
                careful = chunk
                continue
            code = NON_FINITE if math.isfinite(spent) else NO_CONVERGENCE
            break
        careful = max(careful - 1, 0)
        used += chunk
        whole[EVALUATIONS] += int(spent)
        whole[INDEX] += chunk
        whole[ACCEPTED] += chunk
        if chunk > 1:
            t = start
            for m in range(n):
                y[m] = x[m]
            for m in range(c):
                K[m] = S[c + m]
            continue
        for m in range(n):
            y1[m] = x1[m]
        for m in range(len(K)):
            K[m] = S[m]
        whole[DENSE_READY] = 0
        found = watch(dense, drift, t, length, y, y1, p, K, work, Q, degree, real, whole, log, marks)
        if found >= 0.0:
            last = False
            t_end = t + found * length
            if length == dt:
                whole[CUT] = 0
            real[ORIGIN] = t_end
            whole[INDEX] = 0
        output(dense, drift, t, length, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat)
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
                put(memory, 1, K, 0, c)
            code = DONE
            break
    real[T] = t
    for m in range(n):
        y_now[m] = y[m]
    put(memory, 0, K, 0, c)
    return code
