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
from .status import Report, Status
from .trajectory import Trajectory, state_of

Array = NDArray[np.float64]
ENDED = {layout.DONE: Status.SUCCESS, layout.EVENT: Status.EVENT}


def solution_of(
    problem: Problem,
    method: Method,
    run: Trajectory,
    outcome: int | Status,
    keep: str,
    times: Array,
    t0: float,
    atol: Array,
    rtol: float,
    seconds: float,
    compiled: int,
) -> Solution:
    """Trim the buffers, find out why a run failed, add up what it cost."""
    whole, real = run.whole.tolist(), run.real.tolist()
    t, y = real[layout.T], run.y
    status = outcome if isinstance(outcome, Status) else ENDED.get(outcome)
    if status is Status.SUCCESS or status is Status.EVENT:
        report = Report(t, real[layout.DT], whole[layout.ACCEPTED])
    else:
        status, component, remedy = diagnose(problem, method, run, outcome, rtol, atol)
        report = Report(t, real[layout.DT], whole[layout.ACCEPTED], component, remedy)
    ts, ys, dense = _saved(run, keep, times, t, y, whole[layout.SAVED])
    return Solution(
        ts=ts,
        ys=ys,
        status=status,
        report=report,
        stats=_stats(method, whole, seconds, compiled),
        events=_events(run, whole[layout.LOGGED]),
        t=t,
        y=y,
        state=state_of(run, method.name),
        dense=dense,
        problem=problem,
    )


def _saved(run: Trajectory, keep: str, times: Array, t: float, y: Array, saved: int) -> tuple[Array, Array, Dense | None]:
    if keep == "nothing":
        reached = times[times == t]  # one row if the end was asked for and reached
        return reached, np.repeat(y[None], len(reached), axis=0), None
    ts, ys = run.ts[:saved], run.ys[:saved]
    if len(run.ts) > saved + 1024:  # do not keep large buffers alive for few rows
        ts, ys = ts.copy(), ys.copy()
    if keep != "steps":
        return ts, ys, None
    dense = Dense(ts, ys, run.steps[: saved - 1].copy())
    if run.saveat.size or times.size:
        inside = times[(times - t) * (1.0 if t >= ts[0] else -1.0) <= 0.0]
        return inside, interpolate(dense.ts, dense.ys, dense.steps, inside), dense
    return ts, ys, dense


def _stats(method: Method, whole: list[int], seconds: float, compiled: int) -> Stats:
    step = step_of(method, None)
    accepted, refused = whole[layout.ACCEPTED], whole[layout.REFUSED]
    evaluations = (
        whole[layout.EVALUATIONS]
        + (accepted + refused) * step.cost
        + accepted * step.finish_cost
        + whole[layout.DENSE_EVALUATIONS] * step.dense_cost
    )
    return Stats(accepted, refused, evaluations, seconds, compiled)


def _events(run: Trajectory, logged: int) -> tuple[EventLog, ...]:
    count = run.marks.shape[1]
    if not count:
        return ()
    rows: Any = run.log[:logged]
    return tuple(EventLog(rows[rows[:, 0] == e, 1], rows[rows[:, 0] == e, 2:]) for e in range(count))
