"""The arrays of one run, grown as needed, and the loop that calls the compiled engine piece by piece.

A piece is a number of attempts that takes about a tenth of a second: between pieces Python sees Ctrl-C, budgets and
the progress bar.
"""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks import finite_number
from .engine import layout
from .engine.events import MOST
from .status import Status

Array = NDArray[np.float64]
CARRIED = ("y", "y_resume", "real", "whole", "marks", "memory")  # what a run needs to go on
RESUMED = (
    (layout.T, layout.RESUME_T),
    (layout.DT, layout.RESUME_DT),
    (layout.LOG_ERROR, layout.RESUME_LOG_ERROR),
    (layout.GROW, layout.RESUME_GROW),
)
COUNTERS = (
    layout.ACCEPTED,
    layout.REFUSED,
    layout.EVALUATIONS,
    layout.DENSE_EVALUATIONS,
    layout.JACOBIANS,
    layout.FACTORISATIONS,
    layout.LOGGED,
    layout.CUT,
    layout.SAVED,
    layout.SAVE_NEXT,
    layout.STOPPED_BY,
)
NOTHING = np.empty(0)
NO_ROWS = np.empty((0, 0))
FRESH_REAL, FRESH_WHOLE = np.zeros(layout.REALS), np.zeros(layout.WHOLES, np.int64)
FRESH_REAL[layout.GROW], FRESH_WHOLE[layout.STOPPED_BY] = math.inf, -1
FIRST_ROWS = 64
FIRST_PIECE = 10_000
PIECE_SECONDS = 0.1
LARGEST = 4 * 2**30  # bytes of saved steps: beyond, the run is stopped rather than the machine


@dataclass(eq=False)
class Budget:
    """When to stop early."""

    attempts: float
    seconds: float
    bar: Any = None  # a progress bar with `update`, in units of time of the problem


@dataclass(eq=False)
class Trajectory:
    """State and buffers of one run; `layout` names the positions in `real`, `whole` and `marks`."""

    y: Array
    y_resume: Array
    real: Array
    whole: NDArray[np.int64]
    marks: Array
    memory: Array  # (2, k): what the method carries beside y, now and where a longer run would go on
    ts: Array = field(default_factory=lambda: NOTHING)
    ys: Array = field(default_factory=lambda: NO_ROWS)
    steps: Array = field(default_factory=lambda: NO_ROWS)
    saveat: Array = field(default_factory=lambda: NOTHING)
    log: Array = field(default_factory=lambda: NO_ROWS)

    def run(
        self, entry: Any, p: Any, t1: float, rtol: float, atol: Array, control: Array, budget: Budget
    ) -> int | Status:
        """Advance to t1; a code of `layout`, or the status that ended the run early."""
        piece, used, begun = FIRST_PIECE, 0, time.perf_counter()
        try:
            while True:
                limit = int(min(piece, budget.attempts - used))
                started = time.perf_counter() if piece != FIRST_PIECE or used else begun
                before = self.whole[layout.ACCEPTED] + self.whole[layout.REFUSED]
                code = entry(
                    self.y, self.y_resume, p, t1, rtol, atol, control, limit, self.real, self.whole,
                    self.ts, self.ys, self.steps, self.saveat, self.log, self.marks, self.memory,
                )  # fmt: skip
                if code != layout.LIMIT and code != layout.FULL:
                    return int(code)
                tried = int(self.whole[layout.ACCEPTED] + self.whole[layout.REFUSED] - before)
                used += tried
                now = time.perf_counter()
                if budget.bar is not None:
                    budget.bar(self.real[layout.T])
                if code == layout.FULL and not self.grow():
                    return Status.TOO_LARGE
                if used >= budget.attempts:
                    return Status.MAX_STEPS
                if now - begun > budget.seconds:
                    return Status.MAX_SECONDS
                if code == layout.LIMIT:
                    piece = int(max(1, tried * min(100.0, PIECE_SECONDS / max(now - started, 1e-4))))
        except KeyboardInterrupt:
            return Status.INTERRUPTED

    def set_step(self, dt: float | None, first_dt: float | None, span: float) -> None:
        """Fix the length of all steps, or of the first."""
        if dt is not None:
            self.real[layout.DT], self.whole[layout.FIXED] = math.copysign(dt, span), 1
        elif first_dt is not None:
            if not finite_number("first_dt", first_dt) > 0.0:
                raise ValueError(f"first_dt must be positive, but is {first_dt}.")
            self.real[layout.DT] = math.copysign(min(first_dt, abs(span)), span)

    def grow(self) -> bool:
        """Double the buffer that is full; False if that would take too much memory."""
        if self.marks.shape[1] and self.whole[layout.LOGGED] + MOST * self.marks.shape[1] > len(self.log):
            self.log = _doubled(self.log)
        else:
            if 2 * (self.ys.nbytes + self.steps.nbytes) > LARGEST:
                return False
            self.ts, self.ys = _doubled(self.ts), _doubled(self.ys)
            if self.steps.size:
                self.steps = _doubled(self.steps)
        return True


def _doubled(array: Array) -> Array:
    larger = np.empty((2 * len(array), *array.shape[1:]))
    larger[: len(array)] = array
    return larger


def new_trajectory(
    y0: Array, t0: float, t1: float, keep: str, saveat: Array, degree: int, marks: Array, rows: float, memory: int = 0
) -> Trajectory:
    """Fresh buffers for a run from (t0, y0) to t1; `rows` is a guess of the number of steps to be saved.

    `memory` counts the numbers that the method carries beside y.
    """
    n = len(y0)
    real, whole = FRESH_REAL.copy(), FRESH_WHOLE.copy()
    real[layout.T] = real[layout.ORIGIN] = t0
    real[layout.SEEN] = -math.inf if t1 >= t0 else math.inf
    ts, ys, steps = NOTHING, NO_ROWS, NO_ROWS
    if keep == "times":
        ts, ys = np.empty(len(saveat)), np.empty((len(saveat), n))
        while whole[layout.SAVED] < len(saveat) and saveat[whole[layout.SAVED]] == t0:
            ts[whole[layout.SAVED]], ys[whole[layout.SAVED]] = t0, y0
            whole[layout.SAVED] += 1
        whole[layout.SAVE_NEXT] = whole[layout.SAVED]
    elif keep != "nothing":
        capacity = int(min(max(FIRST_ROWS, rows), LARGEST / 8 / (n + 1)))
        ts, ys = np.empty(capacity), np.empty((capacity, n))
        ts[0], ys[0] = t0, y0
        whole[layout.SAVED] = 1
        if keep == "steps":
            steps = np.empty((capacity, 1 + degree * n))
    log = np.empty((4 * MOST * marks.shape[1], n + 2)) if marks.shape[1] else NO_ROWS
    return Trajectory(y0.copy(), y0.copy(), real, whole, marks, np.zeros((2, memory)), ts, ys, steps, saveat, log)


def resume(previous: Trajectory, y: Array, t: float, t1: float, keep: str, saveat: Array, degree: int) -> Trajectory:
    """Buffers that go on where a run ended in (t, y): from the state before its last step was cut to end there."""
    run = new_trajectory(y, t, t1, keep, saveat, degree, previous.marks.copy(), 0.0)
    kept = {position: run.whole[position] for position in (layout.SAVED, layout.SAVE_NEXT, layout.STOPPED_BY)}
    run.y, run.real, run.whole = previous.y.copy(), previous.real.copy(), previous.whole.copy()
    run.real[layout.SEEN] = t
    run.y_resume, run.memory = previous.y_resume.copy(), previous.memory.copy()
    if t == t1:
        kept[layout.CUT] = run.whole[layout.CUT]
    elif run.whole[layout.CUT]:
        run.y = previous.y_resume.copy()
        run.memory[0] = previous.memory[1]
        for now, before in RESUMED:
            run.real[now] = previous.real[before]
        run.whole[layout.INDEX] = run.whole[layout.RESUME_INDEX]
        run.marks[layout.BEFORE] = run.marks[layout.RESUME_BEFORE]
        if run.whole[layout.CUT] == layout.AT_START:
            run.whole[layout.STARTED] = 0
    for counter in COUNTERS:
        run.whole[counter] = kept.get(counter, 0)
    if keep == "steps":  # the first interpolant begins where the first step does, before the previous end
        run.ts[0], run.ys[0] = run.real[layout.T], run.y
    return run
