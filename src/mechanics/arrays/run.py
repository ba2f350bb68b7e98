"""The loops: steps of controlled error, one for the whole state or one for each member; and fixed steps."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.scalar import ON_GRID
from ..status import Status
from . import control
from .clock import Clock
from .events import Watch
from .explicit import ExplicitStep
from .framework import Framework, Vector
from .output import Keep
from .step import Step

CHECKED = 32  # fixed steps between two looks at the state: on a device each look waits for it


@dataclass(eq=False)
class Run:
    """One run: what it is given, where it is, and what it has cost."""

    framework: Framework
    step: Step
    clock: Clock
    keep: Keep
    watch: Watch | None
    t0: float
    t1: float
    y0: Any
    rtol: float
    atol: Any
    attempts: float
    seconds: float
    bar: Any = None
    members: int = 0  # 0: one step for the whole state
    real: Vector = field(init=False)
    whole: NDArray[np.int64] = field(init=False)
    reached: tuple[Vector, Any, Any] = field(init=False)  # time, state, and what was kept until then
    begun: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        rows = self.members or 1
        self.real, self.whole = np.zeros((rows, control.REALS)), np.zeros((rows, control.WHOLES), np.int64)
        self.reached = np.full(rows, self.t0), self.y0, self.keep.mark()
        self.real[:, control.T] = self.t0
        self.real[:, control.GROW] = math.inf

    def over_budget(self, used: int) -> Status | None:
        """The status of a run that must stop before its next attempt."""
        if self.bar is not None:
            self.bar(float(self.reached[0].min() if self.t1 > self.t0 else self.reached[0].max()))
        if used >= self.attempts:
            return Status.MAX_STEPS
        if self.keep.too_large:
            return Status.TOO_LARGE
        if time.perf_counter() - self.begun > self.seconds:
            return Status.MAX_SECONDS
        return None


def adaptive_run(run: Run, step: ExplicitStep, law: Vector, order: int, first_dt: float | None) -> Status | None:
    """Steps of controlled error to t1; None where the codes of `control` tell how the run ended."""
    real, whole, clock, keep, y = run.real, run.whole, run.clock, run.keep, run.y0
    members, used = run.members > 0, 0
    judge = control.judge_kernel()
    k = step.framework.own(step.slope(clock.begin(run.reached[0]), y))
    if not _has_values(run.framework, k):
        raise TypeError(
            "Controlled steps choose their lengths from the values of y, which a traced array (jax.jit, vmap) does not "
            "have: give fixed steps with dt=, or solve outside of the transformation."
        )
    _first_length(run, step, k, order, first_dt, law[5])
    running, _ = judge(run.reached[0], True, run.t1, law, real, whole)
    while running:
        stopped = run.over_budget(used)
        if stopped is not None:
            return stopped
        times, dt = clock.plan(real, whole)
        start, length = real[:, control.START].copy(), real[:, control.LENGTH].copy()
        y1, k1 = step.attempt(times, dt, y, k)
        sizes = step.size(y, y1, run.rtol, run.atol, members)
        used += 1
        running, accepted = judge(sizes, False, run.t1, law, real, whole)
        if not accepted:
            continue
        if k1 is None:
            k1 = step.finish(times, dt, y1)
        t_end, stop = real[:, control.T].copy(), False
        if run.watch is not None:
            theta, y1, stop = run.watch.look(step, times, dt, start[0], length[0], t_end[0], y, y1)
            if stop:
                t_end[0] = real[0, control.T] = start[0] + theta * length[0] if theta < 1.0 else t_end[0]
        accept = whole[:, control.ACCEPT] == 1
        keep.step(step, times, dt, start, length, t_end, accept, y, y1)
        if accepted < len(real):
            mask = run.framework.mask(accept.reshape(clock.shape))
            y1, k1 = run.framework.where(mask, y1, y), run.framework.where(mask, k1, k)
        y, k = y1, k1
        run.reached = t_end, y1, keep.mark()
        if stop:
            return Status.EVENT
    return None


def _first_length(run: Run, step: ExplicitStep, k: Any, order: int, first_dt: float | None, longest: float) -> None:
    """Length of the first step of each member, as `engine.control.first_step`; those with an infinite slope end."""
    framework, y, span = run.framework, run.y0, run.t1 - run.t0
    members = run.members > 0

    def size(x: Any) -> Vector:
        return framework.scaled(x, y, y, run.rtol, run.atol, members)

    with framework.undifferentiated():
        slope = size(k)
        if not np.isfinite(slope).all():  # or only the scale is zero, where y0 and atol are
            infinite = ~np.isfinite(framework.scaled(k, y, y, 0.0, 1.0, members))
            run.whole[infinite, control.CODE] = control.NON_FINITE
            if infinite.all():
                return
        if first_dt is None:
            reach = control.first_reach(size(y), slope, span)
            signed = math.copysign(1.0, span) * reach
            there = step.slope(run.clock.at(run.t0 + signed), y + run.clock.length(signed) * k)
            bend = size(there - k)
            length = control.first_length(reach, slope, bend, order, span)
        else:
            length = np.full(len(slope), min(first_dt, abs(span)))
    run.real[:, control.DT] = np.copysign(np.minimum(length, longest), span)


def fixed_run(run: Run, dt: float, steps: int | None = None) -> Status | int:
    """Steps of length dt from t0, the last one shorter where t1 is not on the grid; a code of `control` or a status.

    With the number of `steps` all are of one length, and the last one ends at t1 whatever was rounded.
    States are looked at every `CHECKED` steps; a run that has met infinity goes back and looks at each.
    """
    step, clock, keep, y = run.step, run.clock, run.keep, run.y0
    signed = math.copysign(dt, run.t1 - run.t0)
    real, whole = run.real, run.whole
    real[0, control.DT] = signed
    slope, k = step.begin(clock.begin(run.reached[0]), y)
    looks = _has_values(run.framework, slope)
    if looks and not run.framework.finite(slope):
        return control.NON_FINITE
    index, every = 0, CHECKED if run.watch is None else 1
    back = (0, y, k, keep.mark())
    while True:
        stopped = run.over_budget(index)
        if stopped is not None:
            return stopped
        t = float(run.reached[0][0])
        t_end = run.t0 + (index + 1) * signed
        beyond = (t_end - run.t1) / signed
        last = beyond >= -ON_GRID if steps is None else index + 1 == steps
        length = signed if beyond <= ON_GRID or steps is not None else run.t1 - t
        t_end = run.t1 if last else t_end
        times, dt_now = clock.attached(*clock.common(t, length), index == 0, last)
        y1, k1 = step.attempt(times, dt_now, y, k)
        index += 1
        if looks and (last or index % every == 0) and not run.framework.finite(y1):
            if every == 1:
                return control.NON_FINITE
            every = 1
            index, y, k, marked = back
            keep.back_to(marked)
            run.reached = np.array([run.t0 + index * signed]), y, marked
            whole[0, control.ACCEPTED] = index
            continue
        if k1 is None:
            k1 = step.finish(times, dt_now, y1)
        ends, stop = np.array([t_end]), False
        if run.watch is not None:
            theta, y1, stop = run.watch.look(step, times, dt_now, t, length, t_end, y, y1)
            if stop and theta < 1.0:
                ends[0] = t + theta * length
        keep.step(step, times, dt_now, np.array([t]), np.array([length]), ends, np.ones(1, np.bool_), y, y1)
        whole[0, control.ACCEPTED] = index
        y, k = y1, k1
        run.reached = ends, y1, keep.mark()
        if stop:
            return Status.EVENT
        if last:
            return control.DONE
        if looks and index % every == 0:
            back = (index, y, k, keep.mark())


def _has_values(framework: Framework, y: Any) -> bool:
    """Whether an array holds numbers, and is not the placeholder of a compiler that traces the solve."""
    try:
        framework.finite(y)
    except Exception:
        return False
    return True
