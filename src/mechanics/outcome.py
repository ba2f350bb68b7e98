"""From the arrays of a finished run to a `Solution`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diagnose import diagnose
from .engine import layout
from .engine.interpolate import interpolate
from .engine.step import step_of
from .methods import Method
from .problem import Problem
from .solution import Dense, EventLog, Solution, Stats
from .status import Status
from .stochastic import READ
from .trajectory import Trajectory

Array = NDArray[np.float64]
NO_STATES = np.empty((0, 1 << 16))
ENDED = {layout.DONE: Status.SUCCESS, layout.EVENT: Status.EVENT}


def solution_of(
    problem: Problem,
    method: Method,
    run: Trajectory,
    outcome: int | Status,
    keep: str,
    times: Array,
    atol: Array,
    rtol: float,
    seconds: float,
    compiled: int,
) -> Solution:
    """Trim the buffers, find out why a run failed, add up what it cost."""
    whole = run.whole.tolist()
    t, y = float(run.real[layout.T]), run.y
    found = outcome if isinstance(outcome, Status) else ENDED.get(outcome)
    component, remedy = None, ""
    if found is None or not found.ok:
        found, component, remedy = diagnose(problem, method, run, outcome, rtol, atol)
    ts, ys, dense = _saved(run, keep, times, t, y, whole[layout.SAVED])
    return Solution(
        ts,
        ys,
        found,
        _stats(method, whole, seconds, compiled),
        _events(run, whole[layout.LOGGED]) if run.marks.size else (),
        t,
        y,
        method.name,
        run,
        component,
        remedy,
        dense,
        problem,
        READ.get(method.calculus or ""),
    )


def _saved(
    run: Trajectory, keep: str, times: Array, t: float, y: Array, saved: int
) -> tuple[Array, Array, Dense | None]:
    if keep == "nothing":
        reached = len(times) and times[0] == t  # one row if the end was asked for and reached
        return (times, y[None], None) if reached else (times[:0], NO_STATES[:, : len(y)], None)
    ts, ys = run.ts[:saved], run.ys[:saved]
    if len(run.ts) > saved + 1024:  # do not keep large buffers alive for few rows
        ts, ys = ts.copy(), ys.copy()
    if keep != "steps":
        return ts, ys, None
    dense = Dense(ts, ys, run.steps[: saved - 1].copy())
    if times.size:
        inside = times[(times - t) * (1.0 if t >= ts[0] else -1.0) <= 0.0]
        return inside, interpolate(dense.ts, dense.ys, dense.steps, inside), dense
    return ts, ys, dense


_costs: dict[Method, tuple[int, int, int]] = {}  # evaluations in an attempt, after acceptance, for an interpolant


def _stats(method: Method, whole: list[int], seconds: float, compiled: int) -> Stats:
    if method not in _costs:
        step = step_of(method, None)
        _costs[method] = step.cost, step.finish_cost, step.dense_cost
    attempt, finish, dense = _costs[method]
    accepted, refused = whole[layout.ACCEPTED], whole[layout.REFUSED]
    evaluations = whole[layout.EVALUATIONS] + (accepted + refused) * attempt + accepted * finish
    evaluations += whole[layout.DENSE_EVALUATIONS] * dense
    return Stats(accepted, refused, evaluations, seconds, compiled)


def _events(run: Trajectory, logged: int) -> tuple[EventLog, ...]:
    rows: Any = run.log[:logged]
    return tuple(EventLog(rows[rows[:, 0] == e, 1], rows[rows[:, 0] == e, 2:]) for e in range(run.marks.shape[1]))
