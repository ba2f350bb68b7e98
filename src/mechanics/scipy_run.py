"""One run of the scalar engine as `solve_ivp` needs it: infinite ends, roots at the start, exceptions from Python."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diagnose import diagnose
from .engine import layout
from .engine.bind import Keep, bind
from .engine.scalar import LAST
from .engine.stack import STACK
from .engine.step import step_of
from .event import Event
from .methods import Method
from .problem import Problem
from .python_call import Given, python_drift, raise_stored
from .scipy_options import Steps, Watched
from .solving import control_of
from .status import Status
from .trajectory import Budget, Trajectory, new_trajectory

Array = NDArray[np.float64]
OPEN = STACK + 1  # sizes beyond STACK share one machine code, whatever the number of components
ONE_STEP = 1


@dataclass(eq=False)
class Job:
    """What to run; states are float64 here, also complex ones.

    `values[e](t, y)` is event e as Python, for the start; `slope(t, y)` the drift, to find out why a run failed.
    """

    drift: Callable[..., None]
    events: Sequence[Callable[..., float]]
    watched: Watched
    values: Sequence[Callable[[float, Array], float]]
    slope: Callable[[float, Array], Any]
    method: Method
    y0: Array
    t0: float
    t1: float
    given: Given
    key: Hashable
    steps: Steps
    keep: Keep
    saveat: Array


@dataclass(eq=False)
class Ran:
    """A finished run; `at_start` holds the indices of events that occurred at t0."""

    trajectory: Trajectory
    status: int
    why: str
    at_start: tuple[int, ...] = ()


def run(job: Job) -> Ran:
    """Run to the end, a terminal event, or a failure.

    Raises
    ------
    KeyboardInterrupt
        Where the engine stopped for it.
    Exception
        Whatever a function called in Python raised.
    """
    first = [value(job.t0, job.y0) for value in job.values]
    zero = [e for e, value in enumerate(first) if value == 0.0]
    trajectory = _fresh(job, first)
    at_start: tuple[int, ...] = ()
    code: int | Status = Status.MAX_STEPS
    while zero and code is Status.MAX_STEPS and not trajectory.whole[layout.ACCEPTED]:
        code = _advance(job, trajectory, ONE_STEP)
    if zero and trajectory.whole[layout.ACCEPTED]:
        at_start = tuple(e for e in zero if _leaves(job, e, float(trajectory.real[layout.T]), trajectory.y))
        for e in at_start:
            trajectory.marks[layout.FIRED, e] += 1.0
            if job.watched.terminal[e] == 1:
                return Ran(_stopped_at_start(job), 1, "", at_start[: at_start.index(e) + 1])
    if code is Status.MAX_STEPS:
        code = _advance(job, trajectory, math.inf)
    if code == layout.DONE or code == layout.EVENT:
        return Ran(trajectory, 1 if code == layout.EVENT else 0, "", at_start)
    return Ran(trajectory, -1, _why(job, trajectory, code), at_start)


def evaluations(method: Method, trajectory: Trajectory) -> int:
    """Calls of the drift."""
    step, whole = step_of(method, None), trajectory.whole
    accepted, refused = int(whole[layout.ACCEPTED]), int(whole[layout.REFUSED])
    in_steps = (accepted + refused) * step.cost + accepted * step.finish_cost
    return int(whole[layout.EVALUATIONS]) + in_steps + int(whole[layout.DENSE_EVALUATIONS]) * step.dense_cost


def _fresh(job: Job, first: Sequence[float]) -> Trajectory:
    marks = np.zeros((4, len(job.events)))
    if len(first):
        marks[layout.BEFORE] = np.nan_to_num(first)
        marks[layout.DIRECTION], marks[layout.STOP] = job.watched.direction, job.watched.terminal
    degree = job.method.data.B.shape[1]
    trajectory = new_trajectory(job.y0, job.t0, job.t1, job.keep, job.saveat, degree, marks, 0.0)
    trajectory.set_step(None, job.steps.first_step, job.t1 - job.t0)
    return trajectory


def _advance(job: Job, trajectory: Trajectory, attempts: float) -> int | Status:
    if job.t0 == job.t1:
        trajectory.whole[layout.EVALUATIONS] = 0
        return layout.DONE
    size = OPEN if job.drift is python_drift else len(job.y0)
    marks = zip(job.events, job.watched.direction, job.watched.terminal, strict=True)
    events = tuple(Event(g, direction=direction, terminal=terminal) for g, direction, terminal in marks)
    entry = bind(job.drift, job.method, size, job.given, job.key, job.keep, events, False)
    control = control_of(job.method, job.steps.max_step / LAST)  # the last step may be LAST times as long
    steps, budget = job.steps, Budget(attempts, math.inf)
    code = trajectory.run(entry, job.given, job.t1, steps.rtol, steps.atol, control, budget)
    raise_stored(job.given.calls.error)
    if code is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return code


def _leaves(job: Job, e: int, t: float, y: Array) -> bool:
    """Whether an event that is zero at the start counts: SciPy asks for its sign after the first step."""
    direction = job.watched.direction[e]
    return direction == 0 or direction * job.values[e](t, y) >= 0.0


def _stopped_at_start(job: Job) -> Trajectory:
    trajectory = _fresh(job, ())
    trajectory.marks = np.zeros((4, len(job.events)))
    return trajectory


def _why(job: Job, trajectory: Trajectory, code: int | Status) -> str:
    """A sentence about the failure, from a few more calls of the drift near the end."""

    def drift(t: float, y: Array, p: Any, dy: Array) -> None:
        dy[:] = job.slope(t, y)

    spacing = "Required step size is less than spacing between numbers. " if code == layout.UNDERFLOW else ""
    problem = Problem(drift, job.y0, job.t0, float(trajectory.real[layout.T]))
    try:
        status, component, remedy = diagnose(problem, job.method, trajectory, code, job.steps.rtol, job.steps.atol)
    except Exception:  # the user's function may raise whatever it likes outside of its domain
        return spacing or "The function cannot be evaluated where the solve ended."
    where = "" if component is None else f" (component {component})"
    return f"{spacing}{status.value}{where} {remedy}".strip()
