"""Many members of a stochastic equation: fixed steps, all lanes of the block in step, their noise drawn together.

Members of a block follow each other in the ensemble, so one call fills the normals of all of them. Each member takes
the steps of its own single run, bit for bit (`engine.noisy`).
"""

from typing import Any

import numpy as np

from .lane_layout import (
    ACCEPTED,
    QUEUE_END,
    QUEUE_FIRST,
    QUEUE_NEXT,
    QUEUE_REFINE,
    QUEUE_SEED,
    SAVED,
    STATE,
    T,
)
from .lane_members import leave, stop, take
from .lane_memory import as_lanes, stack_floats, stack_lanes
from .lane_select import broadcast
from .layout import LIMIT

# Names that the entry point leaves open; `compile_bound` fills them in.
begin: Any = None
attempt: Any = None
drift: Any = None
fill: Any = None
collect: Any = None
parameters: Any = None
n: Any = None
width: Any = None
slopes: Any = None
wieners: Any = None
draws: Any = None
rows: Any = None
fine_rows: Any = None
saves: Any = None
keeps: Any = None


def noisy_lanes(  # type: ignore[no-untyped-def]
    y0, p0, p, t0, t1, dt0, rtol, atol, control, most, passes, block, member, queue, saveat, kept, tally, final, ys
):
    """Steps of length dt0 for the members of the queue; the number of lanes in use."""
    groups = len(block)
    L = as_lanes(block, width)
    y, y1, K, z = stack_lanes(n, width), stack_lanes(n, width), stack_lanes(slopes, width), stack_lanes(draws, width)
    state = stack_floats(n)
    Z, fine = np.empty((rows, groups, width)), np.empty((fine_rows, groups * width))
    drawn, flat, table = as_lanes(Z, width), Z.reshape((rows, groups * width)), np.empty((0, 0))
    seed, first, refine = np.uint64(queue[QUEUE_SEED]), queue[QUEUE_FIRST], queue[QUEUE_REFINE]
    for i in range(slopes):
        K[i] = broadcast(np.nan, width)  # what the functions leave unwritten shows
    index, wanted, at_work = 0, kept, 0
    for group in range(groups):
        for lane in range(width):
            if member[group, lane] >= 0:
                index, at_work = int(block[group, ACCEPTED, lane]), at_work + 1
                wanted = tally[member[group, lane], SAVED]
    for _ in range(passes):
        if at_work == 0:  # all members of the block have ended together: start the next ones together
            if queue[QUEUE_NEXT] == queue[QUEUE_END]:
                return 0
            index, wanted = 0, kept
            for group in range(groups):
                at_work += width - take(
                    collect, group, block, member, y0, p0, queue, t0, dt0, saveat, kept, tally, ys, state
                )
            if keeps:
                for group in range(groups):
                    row = L[group]
                    for i in range(n):
                        y[i] = row[STATE + i]
                    begin(drift, broadcast(t0, width), y, parameters(p, row), K)
                    for i in range(keeps):
                        row[STATE + n + i] = K[i]
        fill(flat, fine, table, wieners, seed, np.uint64(first + member[0, 0]), np.uint64(index), refine, False)
        now = broadcast(t0 + index * dt0, width)
        t_end = t0 + (index + 1) * dt0
        ended = (t_end - t1) / dt0 > -0.5
        t_end = t1 if ended else t_end
        for group in range(groups):
            row = L[group]
            for i in range(n):
                y[i] = row[STATE + i]
            for i in range(keeps):
                K[i] = row[STATE + n + i]
            for c in range(draws):
                z[c] = drawn[c, group]
            attempt(drift, now, dt0, y, parameters(p, row), z, K, y1, rtol, atol)
            for i in range(n):
                row[STATE + i] = y1[i]
            for i in range(keeps):
                row[STATE + n + i] = K[i]
        index += 1
        if saves:
            while wanted < len(saveat) and saveat[wanted] <= t_end:
                for group in range(groups):
                    for lane in range(width):
                        who = member[group, lane]
                        if who >= 0:
                            for i in range(n):
                                state[i] = block[group, STATE + i, lane]
                            collect(ys[who], wanted, saveat[wanted], state)
                            tally[who, SAVED] = wanted + 1
                wanted += 1
        if ended:
            at_work = stop(block, member, tally, final, t_end, index)
        elif index >= most:
            for group in range(groups):
                for lane in range(width):
                    if member[group, lane] >= 0:
                        block[group, T, lane], block[group, ACCEPTED, lane] = t_end, index
                        leave(group, lane, LIMIT, block, member, tally, final)
            at_work = 0
    for group in range(groups):
        for lane in range(width):
            block[group, ACCEPTED, lane] = index
    return at_work
