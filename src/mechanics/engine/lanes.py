"""Many members at once: each lane of a vector carries one member with its own time, step, acceptance and end.

A pass attempts one step of every group of lanes, in straight-line code: what is accepted is a selection. Members that
have ended are written out and their lanes given to the next members of the queue. A call returns after `passes` passes
and leaves its state in `block` and `member`, from which the next call goes on.

Each member takes the steps of its own single run, bit for bit (`engine.scalar`).
"""

import math
from typing import Any

import numpy as np

from .control import first_step, lesser, log2_of, step_factor
from .lane_layout import (
    ACCEPTED,
    BUSY,
    DT,
    FRESH,
    GROW,
    LOG_ERROR,
    NEXT,
    QUEUE_END,
    QUEUE_NEXT,
    REFUSED,
    SAVED,
    STATE,
    T,
)
from .lane_members import isfinite, leave, save, stop, take
from .lane_memory import as_lanes, stack_floats, stack_lanes
from .lane_select import any_lane, broadcast, extract, select
from .layout import DONE, LIMIT, NON_FINITE, UNDERFLOW
from .scalar import LAST, ON_GRID, ROUNDING

PATIENCE = 24  # idle lane-passes before a partly free group is filled up

# Names that the entry points leave open; `compile_bound` fills them in.
begin: Any = None
attempt: Any = None
finish: Any = None
dense: Any = None
drift: Any = None
collect: Any = None
parameters: Any = None
n: Any = None
width: Any = None
slopes: Any = None
last_slope: Any = None
more: Any = None  # numbers of K beyond one slope that the next step starts with
coefficients: Any = None
order: Any = None
saves: Any = None


def adaptive_lanes(  # type: ignore[no-untyped-def]
    y0, p0, p, t0, t1, dt0, rtol, atol, control, most, passes, block, member, queue, saveat, kept, tally, final, ys
):
    """Steps of controlled error for the members of the queue; the number of lanes still in use."""
    groups = len(block)
    L = as_lanes(block, width)
    y, y1, K = stack_lanes(n, width), stack_lanes(n, width), stack_lanes(slopes, width)
    # for what is rare: arrays whose address leaves the function would never be kept in registers
    rare_y, rare_y1, rare_K = stack_lanes(n, width), stack_lanes(n, width), stack_lanes(slopes, width)
    work, Q, state = stack_lanes(n, width), stack_lanes(coefficients, width), stack_floats(n)
    direction = math.copysign(1.0, t1 - t0)
    free, patience = np.empty(groups, np.int64), np.zeros(groups, np.int64)
    for group in range(groups):
        free[group] = 0
        for lane in range(width):
            free[group] += member[group, lane] < 0
    in_use = 0
    for _ in range(passes):
        in_use = 0
        for group in range(groups):
            if free[group] > 0:
                # a new start costs as much as several steps of the whole group: let more lanes become free first
                patience[group] -= free[group]
                if free[group] == width or (patience[group] < 0 and queue[QUEUE_NEXT] < queue[QUEUE_END]):
                    free[group] = take(
                        collect, group, block, member, y0, p0, queue, t0, dt0, saveat, kept, tally, ys, state
                    )
                    patience[group] = PATIENCE
                    if free[group] == width:
                        continue
            in_use += 1
            row = L[group]
            fresh = row[FRESH] > 0.0
            q = parameters(p, row)
            t = row[T]
            if any_lane(fresh):
                for m in range(n):
                    rare_y[m] = row[STATE + m]
                begin(drift, t, rare_y, q, rare_K)
                chosen, _ = first_step(drift, order, t1 - t, t, rare_y, q, rare_K, rare_y1, work, rtol, atol)
                chosen = direction * lesser(abs(select(row[DT] == 0.0, chosen, row[DT])), control[5])
                row[DT] = select(fresh, chosen, row[DT])
                row[FRESH] = broadcast(0.0, width)
                total = 0.0 * t
                for m in range(n):
                    row[STATE + n + m] = rare_K[m]
                    total += rare_K[m]
                bad = fresh & ~isfinite(total)
                for lane in range(width):
                    if extract(bad, lane) and member[group, lane] >= 0:
                        free[group] += 1
                        leave(group, lane, NON_FINITE, block, member, tally, final)
            for m in range(n):
                y[m] = row[STATE + m]
                K[m] = row[STATE + n + m]
            dt, log_before, grow = row[DT], row[LOG_ERROR], row[GROW]
            last = ((t + LAST * dt - t1) * dt >= 0.0) & (abs(t1 - t) <= control[5])
            length = select(last, t1 - t, dt)
            square = attempt(drift, t, length, y, q, y, K, y1, rtol, atol)
            good = square <= 1.0
            finite = isfinite(square)
            t_end = select(last, t1, t + length)
            finish(drift, t_end, y1, q, K)
            log_square = log2_of(square)
            factor = step_factor(log_square, log_before, control)
            if saves:
                wanted = row[NEXT]
                due = good & (row[BUSY] > 0.0) & ((wanted - t_end) * direction <= 0.0) & isfinite(wanted)
                if any_lane(due):
                    dense(drift, t, length, y, q, K, work, Q)
                    for m in range(n):
                        rare_y[m], rare_y1[m] = y[m], y1[m]
                    save(
                        collect, due, group, t, length, t_end, rare_y, rare_y1, Q, work, row, block, member, saveat,
                        tally, ys, direction, state,
                    )  # fmt: skip
            longer = length * lesser(factor, grow)
            longer = direction * lesser(abs(longer), control[5])
            shorter = length * select(finite, lesser(factor, 1.0), control[3])
            stuck = (good & ~last & (t + length == t)) | ~good & (
                (abs(shorter) <= ROUNDING * abs(t)) | (t + shorter == t)
            )
            row[T] = select(good, t_end, t)
            row[DT] = select(good, longer, shorter)
            row[LOG_ERROR] = select(good, log_square, log_before)
            row[GROW] = select(good, control[4], 1.0)
            row[ACCEPTED] += select(good, 1.0, 0.0)
            row[REFUSED] += select(good, 0.0, 1.0)
            for m in range(n):
                row[STATE + m] = select(good, y1[m], y[m])
                row[STATE + n + m] = select(good, K[last_slope + m], K[m])
            done = good & last
            spent = row[ACCEPTED] + row[REFUSED] >= most
            ended = (done | stuck | spent) & (row[BUSY] > 0.0)
            if any_lane(ended):
                for lane in range(width):
                    if extract(ended, lane):
                        free[group] += 1
                        code = DONE if extract(done, lane) else UNDERFLOW if extract(stuck, lane) else LIMIT
                        leave(group, lane, code, block, member, tally, final)
        if in_use == 0:
            break
    return in_use


def fixed_lanes(  # type: ignore[no-untyped-def]
    y0, p0, p, t0, t1, dt0, rtol, atol, control, most, passes, block, member, queue, saveat, kept, tally, final, ys
):
    """Steps of length dt0 for the members of the queue, all lanes of the block in step; the number of lanes in use."""
    groups, rest = len(block), block.shape[1] - more
    L = as_lanes(block, width)
    y, y1, K = stack_lanes(n, width), stack_lanes(n, width), stack_lanes(slopes, width)
    # for what is rare: arrays whose address leaves the function would never be kept in registers
    rare_y, rare_y1, rare_K = stack_lanes(n, width), stack_lanes(n, width), stack_lanes(slopes, width)
    work, Q, state = stack_lanes(n, width), stack_lanes(coefficients, width), stack_floats(n)
    direction = math.copysign(1.0, t1 - t0)
    index, t, wanted, at_work = 0, t0, kept, 0
    for group in range(groups):
        for lane in range(width):
            if member[group, lane] >= 0:
                index, t, at_work = int(block[group, ACCEPTED, lane]), block[group, T, lane], at_work + 1
                wanted = tally[member[group, lane], SAVED]
    for _ in range(passes):
        if at_work == 0:  # all members of the block have ended together: start the next ones together
            if queue[QUEUE_NEXT] == queue[QUEUE_END]:
                return 0
            index, t, wanted = 0, t0, kept
            for group in range(groups):
                at_work += width - take(
                    collect, group, block, member, y0, p0, queue, t0, dt0, saveat, kept, tally, ys, state
                )
                row = L[group]
                for m in range(n):
                    rare_y[m] = row[STATE + m]
                begin(drift, row[T], rare_y, parameters(p, row), rare_K)
                for m in range(n):
                    row[STATE + n + m] = rare_K[m]
                for m in range(more):
                    row[rest + m] = rare_K[n + m]
        t_end = t0 + (index + 1) * dt0
        beyond = (t_end - t1) / dt0
        ended = beyond >= -ON_GRID
        length = dt0 if beyond <= ON_GRID else t1 - t
        t_end = t1 if ended else t_end
        reached = wanted
        while reached < len(saveat) and (saveat[reached] - t_end) * direction <= 0.0:
            reached += 1
        if saves and reached > wanted:
            # the step is made once more, apart from the loop below: that one keeps its numbers in registers
            for group in range(groups):
                row = L[group]
                for m in range(n):
                    rare_y[m], rare_K[m] = row[STATE + m], row[STATE + n + m]
                for m in range(more):
                    rare_K[n + m] = row[rest + m]
                q = parameters(p, row)
                now, long, end = broadcast(t, width), broadcast(length, width), broadcast(t_end, width)
                attempt(drift, now, length, rare_y, q, rare_y, rare_K, rare_y1, rtol, atol)
                finish(drift, end, rare_y1, q, rare_K)
                dense(drift, now, long, rare_y, q, rare_K, work, Q)
                save(
                    collect, row[BUSY] > 0.0, group, now, long, end, rare_y, rare_y1, Q, work, row, block, member,
                    saveat, tally, ys, direction, state,
                )  # fmt: skip
        for group in range(groups):
            row = L[group]
            for m in range(n):
                y[m] = row[STATE + m]
                K[m] = row[STATE + n + m]
            for m in range(more):
                K[n + m] = row[rest + m]
            q = parameters(p, row)
            now = broadcast(t, width)
            attempt(drift, now, length, y, q, y, K, y1, rtol, atol)
            finish(drift, broadcast(t_end, width), y1, q, K)
            for m in range(n):
                row[STATE + m] = y1[m]
                row[STATE + n + m] = K[last_slope + m]
            for m in range(more):
                row[rest + m] = K[last_slope + n + m]
        t, wanted = t_end, reached
        index += 1
        if ended:
            at_work = stop(block, member, tally, final, t, index)
    for group in range(groups):
        for lane in range(width):
            block[group, T, lane], block[group, ACCEPTED, lane] = t, index
    return at_work
