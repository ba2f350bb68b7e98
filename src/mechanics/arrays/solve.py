"""`solve` for states that are arrays of any framework."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..checks import finite_number
from ..event import Event
from ..methods import Method
from ..methods.splitting import Splitting
from ..methods.tableau import Tableau
from ..progress import progress_bar
from ..solution import EventLog, Stats
from ..solving import positive, requested_times
from ..status import Report, Status
from ..stochastic import grid_steps, on_grid
from . import control
from .clock import Clock
from .diagnose import diagnose_arrays
from .events import Watch
from .explicit import ExplicitStep
from .framework import Framework, Vector, framework_of, is_foreign
from .noisy import FAMILIES
from .output import Keep, KeepEnd, KeepEnds, KeepMemberTimes, KeepSteps, KeepTimes
from .run import Run, adaptive_run, fixed_run
from .separable import check_separable
from .solution import ArraySolution, MemberStats
from .splitting import SplittingStep
from .step import Step
from .stochastic import check_noise, make_noisy_step

ENDED = {control.DONE: Status.SUCCESS}


def solve_arrays(
    problem: Any,
    method: Method,
    *,
    law: Vector,
    attempts: float,
    saveat: Any,
    dt: float | None,
    rtol: float,
    atol: Any,
    dense: bool,
    events: tuple[Event, ...],
    seed: Any,
    member: int,
    first_dt: float | None,
    max_seconds: float | None,
    per_member: bool,
    throw: bool,
    progress: bool,
) -> ArraySolution:
    """One trajectory of an array problem; the arguments are those of `solve`, checked as far as numbers go."""
    framework = framework_of(problem.y0)
    y0, p, drift, shape = problem.y0, problem.p, problem.drift, framework.shape
    t0, t1 = host_time(framework, problem.t0), host_time(framework, problem.t1)
    check_noise(problem, method, framework, dt, t0, t1, dense, events)
    _check_method(method, dt, first_dt, rtol, events)
    noisy = problem.diffusion is not None
    times = None if saveat is None else requested_times(host_array(saveat), t0, t1)
    asked = times
    if noisy and times is not None:
        times = on_grid(times, t0, t1, float(dt))  # type: ignore[arg-type]
    members = _members(framework, per_member, events) if noisy or dt is None else 0
    calls = 0

    def slope(t: Any, y: Any) -> Any:
        nonlocal calls
        calls += 1
        k = drift(t, y, p)
        if getattr(k, "shape", None) != shape or k.dtype != framework.dtype:
            raise TypeError(_wrong_slope(k, framework))
        return k

    step: Step
    if noisy:
        step = make_noisy_step(problem, method, framework, slope, seed, member, members, grid_steps(t0, t1, float(dt)))  # type: ignore[arg-type]
        members = 0  # their steps are the same
    elif isinstance(method.data, Splitting):
        step = SplittingStep(method.data, framework, slope, check_separable(problem, method, framework, t0, t1))
    else:
        step = ExplicitStep(method.data, framework, slope)
    ends = (t0, t1) if noisy else (problem.t0, problem.t1)  # no gradient by the times of a path
    keep = _keep(framework, t0, t1, y0, times, dense, members)
    run = Run(
        framework,
        step,
        Clock(framework, ends[0], ends[1], step.nodes, members > 0),
        keep,
        Watch(events, framework, t0, y0, p) if events else None,
        t0,
        t1,
        y0,
        rtol,
        _floor(framework, atol, rtol),
        attempts,
        math.inf if max_seconds is None else finite_number("max_seconds", max_seconds),
        members=members,
    )
    try:
        # NumPy warns of what a refused attempt met; failures are told by the status, as in the compiled engine
        with np.errstate(all="ignore"), progress_bar(t0, t1, progress) as run.bar:
            if t0 == t1:
                found: Status | int | None = control.DONE
            elif dt is None and isinstance(step, ExplicitStep):
                found = adaptive_run(run, step, law, method.order, first_dt)
            else:
                found = fixed_run(run, dt, grid_steps(t0, t1, dt) if noisy else None)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        found = Status.INTERRUPTED
    solution = _solution(problem, method, run, found, times, calls)
    if noisy and asked is not None:
        solution = replace(solution, ts=framework.real(asked[: len(solution.ys)]))
    return solution.raise_for_status() if throw else solution


def host_array(x: Any) -> Any:
    """Times in an array of any framework, on the host."""
    return framework_of(x).host(x) if is_foreign(x) else x


def host_time(framework: Framework, t: Any) -> float:
    """A time that may be an array without axes, as a number."""
    return t if isinstance(t, float) else float(framework.host(t))


def _members(framework: Framework, per_member: bool, events: tuple[Event, ...]) -> int:
    if not per_member:
        return 0
    if not framework.shape:
        raise ValueError("per_member needs a y0 whose first axis counts members, but y0 has no axes.")
    if events:
        raise ValueError("Events need one step for all members: leave out per_member.")
    return framework.shape[0]


def _wrong_slope(k: Any, framework: Framework) -> str:
    if k is None:
        return (
            "drift(t, y, p) must return dy, but returned None. (A drift(t, y, p, dy) that fills dy, of four "
            "arguments, is for NumPy states of shape (n,).)"
        )
    got = f"{type(k).__name__} of shape {tuple(getattr(k, 'shape', ()))} and dtype {getattr(k, 'dtype', None)}"
    wanted = f"of shape {framework.shape} and dtype {framework.dtype}"
    return f"drift(t, y, p) must return dy like y, {wanted}, but returned {got}."


def _floor(framework: Framework, atol: Any, rtol: float) -> Any:
    """atol as a number, or as an array beside y0."""
    if is_foreign(atol):
        return atol
    floor = np.asarray(atol, np.float64)
    if not np.all(np.isfinite(floor) & (floor >= 0.0)):
        raise ValueError(f"atol must be finite and not negative, but is {atol!r}.")
    if rtol == 0.0 and not np.all(floor > 0.0):
        raise ValueError("rtol and atol may not both be 0.")
    return float(floor) if floor.ndim == 0 else framework.real(floor)


def _keep(framework: Framework, t0: float, t1: float, y0: Any, times: Vector | None, dense: bool, members: int) -> Keep:
    if dense:
        return KeepSteps(framework, t0, y0, members > 0)
    if times is None:
        return KeepEnd(framework, t0, y0) if members else KeepEnds(framework, t0, y0)
    if members:
        return KeepMemberTimes(framework, t0, y0, times, math.copysign(1.0, t1 - t0))
    return KeepTimes(framework, t0, y0, times)


def _solution(
    problem: Any, method: Method, run: Run, found: Status | int | None, times: Vector | None, calls: int
) -> ArraySolution:
    framework, keep = run.framework, run.keep
    reached, y, marked = run.reached
    if found is Status.INTERRUPTED:
        keep.back_to(marked)
    codes = run.whole[:, control.CODE]
    failed = np.flatnonzero((codes != control.DONE) if run.members else (codes > control.DONE))
    worst = int(failed[0]) if len(failed) else 0
    if found is None:
        found = int(codes[worst])
    status, component, remedy = (
        (found, None, "")
        if isinstance(found, Status) and found.ok
        else (ENDED[found], None, "")
        if found in ENDED
        else diagnose_arrays(problem, method, run, found, worst)
    )
    sign = math.copysign(1.0, run.t1 - run.t0)
    t = float(sign * (sign * reached).min())
    ts, ys = keep.saved(reached, y)
    if isinstance(keep, KeepSteps) and times is not None:
        inside = times[sign * (times - t) <= 0.0]
        ts, ys = inside, framework.stack([keep.at(float(each), t, y) for each in inside] or [y])[: len(inside), ...]
    whole = run.whole.sum(axis=0)
    logs = run.watch.logs if run.watch is not None else []
    return ArraySolution(
        framework.real(ts),
        ys,
        status,
        Stats(
            int(whole[control.ACCEPTED]),
            int(whole[control.REFUSED]),
            calls,
            time.perf_counter() - run.begun,
            0,
            "arrays",
        ),
        tuple(_log(framework, log, y) for log in logs),
        t,
        y,
        method.name,
        Report(
            float(reached[worst]),
            float(run.real[worst, control.DT]),
            int(run.whole[worst, control.ACCEPTED]),
            component,
            remedy,
        ),
        MemberStats(run.whole[:, control.ACCEPTED], run.whole[:, control.REFUSED], reached, failed)
        if run.members
        else None,
        keep if isinstance(keep, KeepSteps) else None,
    )


def _log(framework: Framework, log: Sequence[tuple[float, Any]], y: Any) -> EventLog:
    ts = framework.real(np.array([t for t, _ in log], np.float64))
    return EventLog(ts, framework.stack([state for _, state in log] or [y])[: len(log), ...])


def _check_method(
    method: Method, dt: float | None, first_dt: float | None, rtol: float, events: tuple[Event, ...]
) -> None:
    """Raise unless the array engine can do what is asked for."""
    if not isinstance(method.data, (Tableau, Splitting, *FAMILIES)):
        raise ValueError(
            f"{method} does not run on arrays. Methods that fit: explicit ones (TSIT5, DOP853, RK4) and, with fixed "
            "steps, splitting ones (VERLET, BLANES_MOAN4, KAHAN_LI8)."
        )
    if dt is not None:
        positive("dt", dt)
    elif not method.adaptive:
        reason = getattr(method.data, "fixed_because", "has no error estimate")
        raise ValueError(f"{method} {reason}; give the step with dt=, or use an adaptive method.")
    if first_dt is not None:
        positive("first_dt", first_dt)
    if not 0.0 <= finite_number("rtol", rtol) < 1.0:
        raise ValueError(f"rtol must lie in [0, 1), but is {rtol}.")
    if any(event.apply is not None for event in events):
        raise ValueError("Events with apply= change y in place, which arrays do not allow: stop at a terminal event.")
