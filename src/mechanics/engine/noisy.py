"""One trajectory of a stochastic equation: fixed steps at origin + i dt, whose noise is a function of i.

A call leaves its state in `real`, `whole` and `y_now` and goes on from there with the same bits. Nothing is
interpolated: what is kept, and the events, are those of the ends of steps (a path between them is unknown). The
entry point of `compile_bound` for stochastic methods; `scalar` has the others.
"""

import math
from typing import Any

import numpy as np

from .layout import (
    ACCEPTED,
    DONE,
    DT,
    EVENT,
    FULL,
    INDEX,
    LIMIT,
    MEMBER,
    NON_FINITE,
    ORIGIN,
    REFINE,
    SAVE_NEXT,
    SAVED,
    SEED,
    STARTED,
    STOPPED_BY,
    T,
)
from .noise_source import AHEAD, LEAST_AHEAD, NEAREST_CACHE

# Names that the entry point leaves open; `compile_bound` fills them in.
begin: Any = None
attempt: Any = None
drift: Any = None
watch: Any = None
look: Any = None
fill: Any = None
wieners: Any = None
count: Any = None
normals: Any = None
vector: Any = None
slopes: Any = None
is_full: Any = None
refined: Any = None
saves_ends: Any = None
saves_times: Any = None
keeps: Any = None


def noisy_run(  # type: ignore[no-untyped-def]
    y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
):
    """Steps of length real[DT] to t1, which lies on the grid; returns a code of `layout`."""
    n = len(y_now)
    m, draws = wieners(n), count(n)
    rows = draws + draws % 2
    ahead = min(AHEAD, max(LEAST_AHEAD, NEAREST_CACHE // rows))
    y, y1, K, z = vector(n), vector(n), slopes(n), normals(n)
    Z, fine = np.empty((rows, ahead)), np.empty((rows if refined else 0, ahead))
    seed, member, refine = np.uint64(whole[SEED]), np.uint64(whole[MEMBER]), whole[REFINE]
    for i in range(n):
        y[i] = y_now[i]
    for i in range(len(K)):
        K[i] = np.nan  # what the functions leave unwritten shows
    dt, index = real[DT], whole[INDEX]
    t = real[ORIGIN] + index * dt
    if whole[STARTED] == 0:
        look(t, y, p, marks)
        whole[STARTED] = 1
    if keeps:
        begin(drift, t, y, p, K)
    code, at = LIMIT, ahead
    for _ in range(limit):
        if is_full(whole, ts, log, marks):
            code = FULL
            break
        if at == ahead:
            fill(Z, fine, memory, m, seed, member, np.uint64(index), refine, True)
            at = 0
        for c in range(draws):
            z[c] = Z[c, at]
        at += 1
        t_end = real[ORIGIN] + (index + 1) * dt
        last = (t_end - t1) / dt > -0.5
        attempt(drift, t, dt, y, p, z, K, y1, rtol, atol)
        total = 0.0
        for i in range(n):
            total += y1[i]
        if not math.isfinite(total):
            code = NON_FINITE
            break
        index += 1
        t = t_end
        shown = t1 if last else t_end
        watch(shown, y1, p, whole, log, marks)
        if keeps and len(log):  # an event may have changed the state
            begin(drift, t, y1, p, K)
        if saves_ends:
            saved = whole[SAVED]
            ts[saved] = shown
            for i in range(n):
                ys[saved, i] = y1[i]
            whole[SAVED] = saved + 1
        if saves_times:
            k = whole[SAVE_NEXT]
            while k < len(saveat) and saveat[k] <= shown:
                ts[k] = saveat[k]
                for i in range(n):
                    ys[k, i] = y1[i]
                k += 1
            whole[SAVE_NEXT] = whole[SAVED] = k
        whole[ACCEPTED] += 1
        for i in range(n):
            y[i] = y1[i]
        real[T] = shown
        if whole[STOPPED_BY] >= 0:
            code = EVENT
            break
        if last:
            code = DONE
            break
    whole[INDEX] = index
    for i in range(n):
        y_now[i] = y[i]
    return code
