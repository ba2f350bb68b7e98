"""One run of the scalar engine as `solve_ivp` needs it: infinite ends, roots at the start, exceptions from Python."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from .diagnose import diagnose
from .engine import layout
from .engine.bind import bind
from .engine.jacobian import drifts_in_jacobian
from .engine.stack import STACK
from .engine.step import Parts, step_of
from .event import Event
from .problem import Problem
from .python_call import python_drift, raise_stored
from .scipy_compiled import NotCompilable
from .scipy_job import Job
from .solving import control_of
from .status import Status
from .trajectory import Budget, Trajectory, new_trajectory

Array = NDArray[np.float64]
Entry = Callable[..., int]
OPEN = STACK + 1  # sizes beyond STACK share one machine code, whatever the number of components
ONE_STEP = 1
SPACING = "Required step size is less than spacing between numbers."  # SciPy's words


@dataclass(eq=False)
class Ran:
    """A finished run.

    Attributes
    ----------
    trajectory : Trajectory
    evaluations : int
        Calls of the drift.
    status : int
        SciPy's: 0, 1, or -1.
    why : str
        What happened if it failed.
    at_start : tuple of int
        Events that occurred at t0.
    """

    trajectory: Trajectory
    evaluations: int
    status: int
    why: str = ""
    at_start: tuple[int, ...] = ()


def run(job: Job) -> Ran:
    """Run to the end, a terminal event, or a failure.

    Raises
    ------
    NotCompilable
        Before the drift is called.
    KeyboardInterrupt
        Where the engine stopped for it.
    Exception
        Whatever a function called in Python raised.
    """
    first = [value(job.t0, job.y0) for value in job.values]
    entry = _entry(job)
    zero = [e for e, value in enumerate(first) if value == 0.0]
    trajectory = _fresh(job, first)
    if job.t0 == job.t1:
        return Ran(trajectory, 0, 0)
    if job.steps.max_step < 10 * np.spacing(max(abs(job.t0), abs(job.t1) if math.isfinite(job.t1) else 0.0)):
        return Ran(trajectory, 0, -1, SPACING)
    at_start: tuple[int, ...] = ()
    code: int | Status = Status.MAX_STEPS
    while zero and code is Status.MAX_STEPS and not trajectory.whole[layout.ACCEPTED]:
        code = _advance(job, entry, trajectory, ONE_STEP)
    if zero and trajectory.whole[layout.ACCEPTED]:
        at_start = tuple(e for e in zero if _leaves(job, e, float(trajectory.real[layout.T]), trajectory.y))
        for i, e in enumerate(at_start):
            trajectory.marks[layout.FIRED, e] += 1.0
            if job.watched.terminal[e] == 1:
                return Ran(_fresh(job, ()), _evaluations(job, trajectory), 1, "", at_start[: i + 1])
    if code is Status.MAX_STEPS:
        code = _advance(job, entry, trajectory, math.inf)
    cost = _evaluations(job, trajectory)
    if code == layout.DONE or code == layout.EVENT:
        return Ran(trajectory, cost, 1 if code == layout.EVENT else 0, "", at_start)
    return Ran(trajectory, cost, -1, _why(job, trajectory, code), at_start)


def _entry(job: Job) -> Entry:
    size = OPEN if job.drift is python_drift else len(job.y0)
    events = tuple(Event(g) for g in job.events)  # directions and counts are in the marks
    try:
        return bind(job.drift, job.method, size, job.given, job.key, job.keep, events, False, job.parts)
    except TypeError as error:
        if isinstance(error.__cause__, NumbaError):
            raise NotCompilable(
                "fun or one of the events could not be compiled; call it as it is with compile=False. Numba says:\n"
                f"{error.__cause__}"
            ) from error.__cause__
        raise


def _fresh(job: Job, first: Sequence[float]) -> Trajectory:
    """Buffers for the run; `first` holds the values of the events at the start."""
    marks, count = np.zeros((layout.MARKS, len(job.events))), len(first)
    if count:
        marks[layout.BEFORE, :count] = np.nan_to_num(first)
        marks[layout.DIRECTION, :count], marks[layout.STOP, :count] = job.watched.direction, job.watched.terminal
    method = job.method
    memory = step_of(method, None, Parts(band=job.parts.band)).memory(len(job.y0))
    trajectory = new_trajectory(job.y0, job.t0, job.t1, job.keep, job.saveat, method.degree, marks, 0.0, memory)
    trajectory.set_step(None, job.steps.first_step, job.t1 - job.t0)
    return trajectory


def _advance(job: Job, entry: Entry, trajectory: Trajectory, attempts: float) -> int | Status:
    control = control_of(job.method, job.steps.max_step)
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


def _evaluations(job: Job, trajectory: Trajectory) -> int:
    step, whole = step_of(job.method, None), trajectory.whole
    accepted, refused = int(whole[layout.ACCEPTED]), int(whole[layout.REFUSED])
    in_steps = (accepted + refused) * step.cost + accepted * step.finish_cost
    if whole[layout.JACOBIANS]:
        each = drifts_in_jacobian(job.parts.jacobian, job.parts.band, len(job.y0))
        in_steps += int(whole[layout.JACOBIANS]) * each
    return int(whole[layout.EVALUATIONS]) + in_steps + int(whole[layout.DENSE_EVALUATIONS]) * step.dense_cost


def _why(job: Job, trajectory: Trajectory, code: int | Status) -> str:
    """A sentence about the failure, from a few more calls of the drift near the end."""

    def drift(t: float, y: Array, p: Any, dy: Array) -> None:
        dy[:] = job.slope(t, y)

    spacing = SPACING if code == layout.UNDERFLOW else ""
    problem = Problem(drift, job.y0, job.t0, float(trajectory.real[layout.T]))
    try:
        status, component, remedy = diagnose(problem, job.method, trajectory, code, job.steps.rtol, job.steps.atol)
    except Exception:  # the user's function may raise whatever it likes outside of its domain
        return spacing or "The function cannot be evaluated where the solve ended."
    where = "" if component is None else f"Component {component}: "
    return f"{spacing} {status.value} {where}{remedy}".strip()
