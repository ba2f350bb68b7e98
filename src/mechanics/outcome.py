"""From the arrays of a finished run to a `Solution`."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .diagnose import diagnose
from .engine import layout
from .engine.interpolate import interpolate
from .engine.jacobian import drifts_in_jacobian
from .engine.step import Parts, step_of
from .methods import Method
from .problem import Problem, reads_time
from .solution import Dense, EventLog, Solution, Stats
from .status import Status
from .stochastic import READ
from .trajectory import Trajectory

Array = NDArray[np.float64]
Record = TypeVar("Record")
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
    return frozen(
        Solution,
        ts=ts,
        ys=ys,
        status=found,
        stats=_stats(problem, method, whole, seconds, compiled),
        events=_events(run, whole[layout.LOGGED]) if run.marks.size else (),
        t=t,
        y=y,
        method=method.name,
        run=run,
        component=component,
        remedy=remedy,
        dense=dense,
        problem=problem,
        calculus=READ.get(method.calculus or ""),
    )


def frozen(kind: type[Record], **fields: Any) -> Record:
    """A frozen dataclass with these fields, all of them: its own constructor takes four times as long, 4 µs here."""
    made = object.__new__(kind)
    made.__dict__.update(fields)
    return made


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


# evaluations in an attempt, after acceptance, for an interpolant; Jacobians and factorisations in an attempt
_costs: dict[tuple[Method, bool], tuple[int, int, int, int, int]] = {}


def _stats(problem: Problem, method: Method, whole: list[int], seconds: float, compiled: int) -> Stats:
    key = method, not reads_time(problem.drift)
    if key not in _costs:
        step = step_of(method, None, Parts(autonomous=key[1]))
        _costs[key] = step.cost, step.finish_cost, step.dense_cost, step.jacobians, step.factorisations
    attempt, finish, dense, jacobians, factorisations = _costs[key]
    accepted, refused = whole[layout.ACCEPTED], whole[layout.REFUSED]
    attempts = accepted + refused
    evaluations = whole[layout.EVALUATIONS] + attempts * attempt + accepted * finish
    evaluations += whole[layout.DENSE_EVALUATIONS] * dense
    jacobians = whole[layout.JACOBIANS] + attempts * jacobians
    factorisations = whole[layout.FACTORISATIONS] + attempts * factorisations
    if jacobians:
        evaluations += jacobians * drifts_in_jacobian(problem.jacobian, problem.band, len(problem.y0))
    return frozen(
        Stats,
        accepted=accepted,
        refused=refused,
        evaluations=evaluations,
        seconds=seconds,
        compiled=compiled,
        engine="scalar",
        jacobians=jacobians,
        factorisations=factorisations,
        switches=whole[layout.SWITCHES],
        implicit_steps=whole[layout.IMPLICIT],
    )


def _events(run: Trajectory, logged: int) -> tuple[EventLog, ...]:
    rows: Any = run.log[:logged]
    return tuple(EventLog(rows[rows[:, 0] == e, 1], rows[rows[:, 0] == e, 2:]) for e in range(run.marks.shape[1]))
