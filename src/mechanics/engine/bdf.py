"""The loop of the backward differentiation formulas: orders and steps chosen, accepted, refused; see `engine.scalar`.

Everything that a step needs of those before it lies in one row of `memory`: the other row keeps it as it was before
the last step was cut to end at t1.
"""

import math
from typing import Any

from .bdf_layout import (
    GROWTH,
    HEAD,
    HIGHER,
    J_AGE,
    KEPT_RATIO,
    LOWER,
    LU_AGE,
    LU_SHIFT,
    MOST_PAST,
    ORDER,
    PAST,
    RATIO,
    REFUSED_ERROR,
    ROWS,
    SCALE,
    STEPS,
    TERMS,
    WAIT,
)
from .bdf_terms import lower_order, raise_order, terms
from .compile import inlined, kernel
from .control import exp2_of, first_step, log2_of
from .layout import (
    ACCEPTED,
    AT_START,
    CUT,
    DENSE_READY,
    DONE,
    DT,
    EVALUATIONS,
    EVENT,
    FULL,
    LIMIT,
    NAN_SEEN,
    NEWTON_FAILED,
    NON_FINITE,
    REFUSED,
    RESUME_DT,
    RESUME_T,
    STARTED,
    STOPPED_BY,
    UNDERFLOW,
    T,
)
from .scalar import LAST, ROUNDING, keep_signs
from .stack import part, workspace

# Names that the entry point leaves open; `compile_bound` fills them in.
attempt: Any = None
dense: Any = None
drift: Any = None
output: Any = None
watch: Any = None
vector: Any = None
slopes: Any = None
coefficients: Any = None
is_full: Any = None
degree: Any = None
order: Any = None

make_polynomial, make_terms = workspace(ROWS, 1), workspace(TERMS, 1)

BIAS_LOWER, BIAS_SAME, BIAS_HIGHER = 6.0, 6.0, 10.0  # errors are taken for larger: a higher order must win clearly
WORTHWHILE = 1.3  # a smaller increase of the step is not worth a factorisation: 1.5 costs up to 10 % more steps
FIRST_GROWTH, LATER_GROWTH = 1e4, 10.0
NOT_CONVERGED = 0.25  # next step after Newton's iteration has failed
LEAST, AGAIN = 0.1, 0.2  # smallest ratio after an error; largest after two
MANY = 3  # refusals after which the history is distrusted


@kernel(forceinline=False)
def keep_memory(memory):  # type: ignore[no-untyped-def]
    """Remember everything at the state that is kept to resume from."""
    for i in range(memory.shape[1]):
        memory[1, i] = memory[0, i]


@kernel(forceinline=False)
def ratio_of(bias, square, power):  # type: ignore[no-untyped-def]
    """Step ratio at which the error, whose mean square is given, would be 1 / bias."""
    return exp2_of(-0.5 / power * log2_of(bias * bias * square))


@kernel(forceinline=False)
def mean_square(mem, start, w, factor, n):  # type: ignore[no-untyped-def]
    """Mean over components of (factor w mem[start + m])^2."""
    total, row = 0.0, part(mem, start, n)
    for m in range(n):
        scaled = row[m] * w[m]
        total += scaled * scaled
    return total / n * factor * factor


@kernel(forceinline=False)
def refuse(mem, square, n, length, l):  # type: ignore[no-untyped-def]
    """Length of the next attempt after an error that was too large; lower order after many."""
    q = int(mem[ORDER])
    mem[REFUSED_ERROR] += 1.0
    mem[GROWTH] = 1.0
    ratio = max(ratio_of(BIAS_SAME, square, q + 1.0), LEAST)
    if mem[REFUSED_ERROR] >= 2.0:
        ratio = min(ratio, AGAIN)
    if mem[REFUSED_ERROR] > MANY:
        ratio = LEAST
        if q > 1:
            lower_order(mem, n, l)
            mem[WAIT] = mem[ORDER] + 1.0
        else:
            mem[ORDER] = 0.0
    return length * min(ratio, 0.9)


@kernel(forceinline=False)
def choose(mem, square, n, length, largest, e, w, d, l, c):  # type: ignore[no-untyped-def]
    """Order and length of the next step after an accepted one."""
    q = int(mem[ORDER])
    growth = mem[GROWTH]
    mem[GROWTH] = LATER_GROWTH
    mem[WAIT] -= 1.0
    kept = HEAD + ROWS * n
    if growth == 1.0:
        mem[WAIT] = max(mem[WAIT], 2.0)
        mem[KEPT_RATIO] = 0.0
        return length
    best = ratio_of(BIAS_SAME, square, q + 1.0)
    change = 0
    if mem[WAIT] <= 0.0:
        mem[WAIT] = 2.0
        if q > 1:
            found = ratio_of(BIAS_LOWER, mean_square(mem, HEAD + q * n, w, c[LOWER], n), 1.0 * q)
            if found > best:
                best, change = found, -1
        if q < largest and mem[KEPT_RATIO] > 0.0:
            ratio = length / mem[PAST + 1]
            power = ratio
            for _ in range(q):
                power *= ratio
            factor, total, before = c[RATIO] / mem[KEPT_RATIO] * power, 0.0, part(mem, kept, n)
            for m in range(n):
                scaled = (e[m] - factor * before[m]) * w[m]
                total += scaled * scaled
            found = ratio_of(BIAS_HIGHER, total / n * c[HIGHER] * c[HIGHER], q + 2.0)
            if found > best:
                best, change = found, 1
    if best < WORTHWHILE:
        best, change = 1.0, 0
    if change > 0:
        raise_order(mem, n, e, l)
    elif change < 0:
        lower_order(mem, n, l)
    if change != 0:
        mem[WAIT] = mem[ORDER] + 1.0
    mem[KEPT_RATIO] = 0.0
    if mem[WAIT] == 1.0 and mem[ORDER] < largest:
        mem[KEPT_RATIO] = c[RATIO]
        for m in range(n):
            mem[kept + m] = e[m]
    return length * min(best, growth)


def bdf_run(  # type: ignore[no-untyped-def]
    y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
):
    """Steps of controlled error from real[T] to t1; returns a code of `layout`."""
    n = len(y_now)
    y, y1, work, K, Q = vector(n), vector(n), vector(n), slopes(n), coefficients(n)
    zp, e, w, d, f = K, vector(n), vector(n), vector(n), vector(n)
    l, c, mem = make_polynomial(ROWS), make_terms(TERMS), memory[0]
    for m in range(n):
        y[m] = y_now[m]
    t, dt = real[T], real[DT]
    code = LIMIT
    for _ in range(limit):
        if is_full(whole, ts, log, marks):
            code = FULL
            break
        if mem[ORDER] == 0.0:
            drift(t, y, p, f)
            whole[EVALUATIONS] += 1
            if whole[STARTED] == 0:
                finite = True
                for m in range(n):
                    finite = finite and math.isfinite(f[m])
                if not finite:
                    code = NON_FINITE
                    break
            if dt == 0.0:
                dt, reach = first_step(drift, 1.0, t1 - t, t, y, p, f, y1, work, rtol, atol)
                whole[EVALUATIONS] += 1
                if reach > abs(t1 - t) and whole[CUT] == 0:  # a longer span would have chosen otherwise
                    real[RESUME_T], real[RESUME_DT] = t, 0.0
                    whole[CUT] = 1 if whole[STARTED] else AT_START
                    keep_signs(marks)
                    for m in range(n):
                        y_resume[m] = y[m]
                    keep_memory(memory)
            dt = math.copysign(min(abs(dt), control[5]), dt)
            whole[STARTED] = 1
            for m in range(n):
                mem[HEAD + m] = y[m]
                mem[HEAD + n + m] = dt * f[m]
                for j in range(2, ROWS):
                    mem[HEAD + j * n + m] = 0.0
            mem[ORDER], mem[WAIT], mem[SCALE], mem[GROWTH] = 1.0, 2.0, dt, FIRST_GROWTH
            mem[LU_SHIFT] = mem[LU_AGE] = mem[J_AGE] = mem[KEPT_RATIO] = mem[REFUSED_ERROR] = mem[STEPS] = 0.0
            for i in range(MOST_PAST):
                mem[PAST + i] = 0.0
        last = (t + LAST * dt - t1) * dt >= 0.0 and abs(t1 - t) <= control[5]
        length = t1 - t if last else dt
        if last and whole[CUT] == 0:
            real[RESUME_T], real[RESUME_DT] = t, dt
            whole[CUT] = 1
            keep_signs(marks)
            for m in range(n):
                y_resume[m] = y[m]
            keep_memory(memory)
        for m in range(n):
            w[m] = 1.0 / (atol[m] + rtol * abs(y[m]))
        terms(mem, length, mem[WAIT] <= 1.0, l, c)
        square = attempt(drift, t, length, p, mem, whole, zp, e, w, d, f, y1, work, l, c, rtol, atol)
        if not 0.0 <= square <= 1.0:
            whole[REFUSED] += 1
            if square > 1.0 and math.isfinite(square):
                dt = refuse(mem, square, n, length, l)
            else:
                whole[NEWTON_FAILED if square < 0.0 else NAN_SEEN] += 1
                mem[GROWTH] = 1.0
                dt = length * NOT_CONVERGED
            if abs(dt) <= ROUNDING * abs(t) or t + dt == t:
                code = UNDERFLOW
                break
            continue
        if t + length == t and not last:
            code = UNDERFLOW
            break
        t_end = t1 if last else t + length
        q = int(mem[ORDER])
        for j in range(q + 1):
            row, predicted = part(mem, HEAD + j * n, n), part(zp, j * n, n)
            for m in range(n):
                row[m] = predicted[m] + l[j] * e[m]
        for m in range(n):
            y1[m] = zp[m] + e[m]
        mem[SCALE] = length
        for i in range(MOST_PAST - 1, 0, -1):
            mem[PAST + i] = mem[PAST + i - 1]
        mem[PAST] = length
        mem[LU_AGE] += 1.0
        mem[J_AGE] += 1.0
        mem[STEPS] += 1.0
        mem[REFUSED_ERROR] = 0.0
        whole[DENSE_READY] = 0
        z = part(mem, HEAD, ROWS * n)
        found = watch(dense, drift, t, length, y, y1, p, z, work, Q, degree, real, whole, log, marks)
        if found >= 0.0:  # an event at t + found length has changed y1, or stops the run
            last = False
            t_end = t + found * length
        output(dense, drift, t, length, t_end, y, y1, p, z, work, Q, degree, real, whole, ts, ys, steps, saveat)
        whole[ACCEPTED] += 1
        whole[NAN_SEEN] = whole[NEWTON_FAILED] = 0
        if found >= 0.0:
            mem[ORDER] = 0.0
            dt = 0.0
        else:
            dt = choose(mem, square, n, length, order, e, w, d, l, c)
            dt = math.copysign(min(abs(dt), control[5]), dt)
        t = t_end
        for m in range(n):
            y[m] = y1[m]
        if whole[STOPPED_BY] >= 0:
            code = EVENT
            break
        if last or t == t1:
            code = DONE
            break
    real[T], real[DT] = t, dt
    for m in range(n):
        y_now[m] = y[m]
    return code


@inlined
def nordsieck_dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
    """Bernstein coefficients of the Nordsieck polynomial; K is the array at the end of the step."""
    n = len(y)
    for m in range(n):
        # control points c_{5-k} = sum_{j<=k} C(k, j) / C(5, j) (-1)^j z_j, from the end backwards
        a1, a2, a3 = -0.2 * K[n + m], 0.1 * K[2 * n + m], -0.1 * K[3 * n + m]
        a4, end = 0.2 * K[4 * n + m], K[m] - y[m]
        Q[4 * n + m] = end / dt
        Q[3 * n + m] = (end + a1) / dt
        Q[2 * n + m] = (end + 2.0 * a1 + a2) / dt
        Q[n + m] = (end + 3.0 * a1 + 3.0 * a2 + a3) / dt
        Q[m] = (end + 4.0 * a1 + 6.0 * a2 + 4.0 * a3 + a4) / dt
