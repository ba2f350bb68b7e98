"""Members entering and leaving lanes, and what is kept of them on the way. `lanes` has the loops."""

import math

from .compile import inlined, kernel
from .dense import evaluate
from .lane_layout import (
    ACCEPTED,
    BUSY,
    CODE,
    DT,
    FRESH,
    GROW,
    LOG_ERROR,
    NEXT,
    QUEUE_END,
    QUEUE_NEXT,
    REFUSALS,
    REFUSED,
    SAVED,
    STATE,
    STEPS,
    T,
)
from .lane_select import any_lane, extract, select
from .layout import DONE, NON_FINITE


@inlined
def isfinite(x):  # type: ignore[no-untyped-def]
    """Whether a number or each lane is finite."""
    return x - x == 0.0


@kernel
def take(collect, group, block, member, y0, p0, queue, t0, dt0, saveat, kept, tally, ys, start):  # type: ignore[no-untyped-def]
    """Give each free lane of a group the next member of the queue; how many lanes stay free."""
    n = len(start)
    free = 0
    for lane in range(member.shape[1]):
        if member[group, lane] < 0 and queue[QUEUE_NEXT] < queue[QUEUE_END]:
            who = queue[QUEUE_NEXT]
            queue[QUEUE_NEXT] += 1
            member[group, lane] = who
            block[group, T, lane], block[group, DT, lane] = t0, dt0
            block[group, LOG_ERROR, lane], block[group, GROW, lane] = 0.0, math.inf
            block[group, ACCEPTED, lane] = block[group, REFUSED, lane] = 0.0
            block[group, FRESH, lane] = block[group, BUSY, lane] = 1.0
            row = who if len(y0) > 1 else 0
            for m in range(n):
                start[m] = block[group, STATE + m, lane] = y0[row, m]
            row = who if len(p0) > 1 else 0
            for k in range(p0.shape[1]):
                block[group, STATE + 2 * n + k, lane] = p0[row, k]
            for k in range(kept):  # requested times at the start
                collect(ys[who], k, saveat[k], start)
            tally[who, SAVED] = kept
            block[group, NEXT, lane] = saveat[kept] if kept < len(saveat) else math.inf
        free += member[group, lane] < 0
    return free


@kernel(forceinline=False)
def leave(group, lane, code, block, member, tally, final):  # type: ignore[no-untyped-def]
    """Write out a member that has ended and free its lane."""
    who = member[group, lane]
    tally[who, CODE] = code
    tally[who, STEPS] = int(block[group, ACCEPTED, lane])
    tally[who, REFUSALS] = int(block[group, REFUSED, lane])
    final[who, 0] = block[group, T, lane]
    for m in range(final.shape[1] - 1):
        final[who, 1 + m] = block[group, STATE + m, lane]
    block[group, BUSY, lane] = 0.0
    member[group, lane] = -1


@kernel
def save(  # type: ignore[no-untyped-def]
    collect, due, group, t, length, t_end, y, y1, Q, work, row, block, member, saveat, tally, ys, direction, state
):
    """States at the requested times inside the steps of the lanes that are due; Q is the interpolant."""
    n = len(y)
    while any_lane(due):
        wanted = row[NEXT]
        at_end = wanted == t_end
        evaluate((wanted - t) / length, length, y, Q, len(Q) // (n + 1), work)
        for m in range(n):
            work[m] = select(at_end, y1[m], work[m])
        for lane in range(member.shape[1]):
            if extract(due, lane):
                who = member[group, lane]
                k = tally[who, SAVED]
                for m in range(n):
                    state[m] = extract(work[m], lane)
                collect(ys[who], k, saveat[k], state)
                tally[who, SAVED] = k + 1
                block[group, NEXT, lane] = saveat[k + 1] if k + 1 < len(saveat) else math.inf
        wanted = row[NEXT]
        due = due & ((wanted - t_end) * direction <= 0.0) & isfinite(wanted)


@kernel(forceinline=False)
def stop(block, member, tally, final, t, index):  # type: ignore[no-untyped-def]
    """All members of a block of fixed steps have ended; no lane stays in use."""
    for group in range(member.shape[0]):
        for lane in range(member.shape[1]):
            if member[group, lane] >= 0:
                block[group, T, lane], block[group, ACCEPTED, lane] = t, index
                total = 0.0
                for m in range(final.shape[1] - 1):
                    total += block[group, STATE + m, lane]
                leave(group, lane, DONE if math.isfinite(total) else NON_FINITE, block, member, tally, final)
    return 0
