"""What a run keeps of an accepted step: nothing, its end, its end and interpolant, or states at given times.

    output(dense, drift, t, dt, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat)

The step starts in (t, y) with length dt and ends in (t_end, y1); where an event cut it short, t_end lies before t + dt.
Q holds the interpolant already if `whole[DENSE_READY]` says so.
"""

from .compile import inlined
from .dense import evaluate
from .layout import DENSE_EVALUATIONS, DENSE_READY, SAVE_NEXT, SAVED, SEEN


@inlined
def prepare(dense, drift, t, dt, y, p, K, work, Q, whole):  # type: ignore[no-untyped-def]
    """Make the interpolant of this step, once."""
    if whole[DENSE_READY] == 0:
        dense(drift, t, dt, y, p, K, work, Q)
        whole[DENSE_READY] = 1
        whole[DENSE_EVALUATIONS] += 1


@inlined
def keep_nothing(dense, drift, t, dt, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat):  # type: ignore[no-untyped-def]
    """Only the final state, which the caller has anyway."""


@inlined
def keep_end(dense, drift, t, dt, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat):  # type: ignore[no-untyped-def]
    """Time and state at the end of the step."""
    if (t_end - real[SEEN]) * dt > 0.0:
        saved = whole[SAVED]
        ts[saved] = t_end
        for m in range(len(y1)):
            ys[saved, m] = y1[m]
        whole[SAVED] = saved + 1


@inlined
def keep_step(dense, drift, t, dt, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat):  # type: ignore[no-untyped-def]
    """End of the step and its interpolant."""
    prepare(dense, drift, t, dt, y, p, K, work, Q, whole)
    saved = whole[SAVED]
    row = steps[saved - 1]
    row[0] = dt
    for i in range(degree * len(y)):
        row[1 + i] = Q[i]
    ts[saved] = t_end
    for m in range(len(y1)):
        ys[saved, m] = y1[m]
    whole[SAVED] = saved + 1


@inlined
def keep_at(dense, drift, t, dt, t_end, y, y1, p, K, work, Q, degree, real, whole, ts, ys, steps, saveat):  # type: ignore[no-untyped-def]
    """States at the requested times inside the step."""
    k = whole[SAVE_NEXT]
    while k < len(saveat) and (saveat[k] - t_end) * dt <= 0.0:
        row = ys[k]
        if saveat[k] == t_end:
            for m in range(len(y1)):
                row[m] = y1[m]
        else:
            prepare(dense, drift, t, dt, y, p, K, work, Q, whole)
            evaluate((saveat[k] - t) / dt, dt, y, Q, degree, row)
        ts[k] = saveat[k]
        k += 1
    whole[SAVE_NEXT] = k
    whole[SAVED] = k
