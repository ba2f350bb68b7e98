"""Blocks of members solved one after the other by each of several threads.

A block is a fixed range of the ensemble, whatever the number of threads; reductions over members take the blocks in
their order. So neither threads nor lanes show in the results.
"""

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .engine import lane_layout, layout
from .engine.collect import collect_states
from .engine.lane_bind import bind_lanes, native_width
from .engine.lane_layout import STATE
from .engine.lane_parameters import Varied
from .engine.step import step_of
from .event import Event
from .members import member_parameters
from .methods import Method
from .problem import Problem
from .reduce import Keeping
from .separable import plain_velocities
from .solution import EventLog
from .solving import parts_of, solve
from .status import Status

Array = NDArray[np.float64]
BLOCK = 1024  # members
GROUPS = 16  # vectors in flight: their latencies overlap, and their state stays in the first-level cache
MOST_COMPONENTS = 256  # beyond, a member fills vectors by itself
FIRST_PASSES = 200
PASS_SECONDS = 0.05
CODES = {
    layout.DONE: Status.SUCCESS,
    layout.LIMIT: Status.MAX_STEPS,
    layout.UNDERFLOW: Status.DT_UNDERFLOW,
    layout.NON_FINITE: Status.NON_FINITE,
    layout.EVENT: Status.EVENT,
    layout.NO_CONVERGENCE: Status.NO_CONVERGENCE,
}
UNFINISHED = -1


@dataclass(eq=False)
class Plan:
    """Everything that the blocks share."""

    problem: Problem
    method: Method
    states: Array  # (members, n) or (1, n)
    varied: Varied
    times: Array
    keeping: Keeping
    dt: float | None
    first_dt: float
    rtol: float
    atol: Array
    control: Array
    max_dt: float
    attempts: float
    deadline: float
    events: tuple[Event, ...] = ()
    seed: int = 0  # as an unsigned word
    first_member: int = 0
    refine: int = 1
    requested: Array | None = None  # times as they were asked for, where `times` are ends of steps near them
    passes: int = FIRST_PASSES  # of the compiled loop between two looks at the clock
    cancelled: threading.Event = field(default_factory=threading.Event)

    def entry(self) -> Callable[..., int] | None:
        """The compiled lane engine; None where the drift cannot run in lanes, members need different forms of the step,
        or there are events.
        """
        problem, n = self.problem, len(self.problem.y0)
        plain = plain_velocities(problem, self.varied, self.method)
        if n > MOST_COMPONENTS or problem.t0 == problem.t1 or self.events or len(plain) > 1:
            return None
        return bind_lanes(
            problem.drift,
            self.method,
            n,
            self.varied,
            problem.p_key,
            self.keeping.collect,
            self.saves,
            self.dt is not None,
            parts_of(problem, self.method)._replace(plain_velocity=plain.pop()),
            "counted" if self.refine == 1 else "refined",
        )

    @property
    def saves(self) -> bool:
        """Whether anything is kept at requested times."""
        return len(self.times) > 0 and self.keeping.total > 0

    @property
    def stop(self) -> bool:
        """Whether Ctrl-C was pressed or time is up."""
        return self.cancelled.is_set() or time.perf_counter() > self.deadline


@dataclass(frozen=True, eq=False)
class Block:
    """Results of a range of members.

    `final` (b, 1 + n) holds time and state reached, `tally` (b, 4) code, steps, refused attempts and states kept,
    `events` the logs of each member that has run.
    """

    start: int
    kept: Array
    final: Array
    tally: NDArray[np.int64]
    events: list[tuple[EventLog, ...]] = field(default_factory=list)


def new_block(plan: Plan, start: int, stop: int) -> Block:
    """Room for the results of members start .. stop - 1."""
    size, n = stop - start, len(plan.problem.y0)
    kept = np.empty((size, plan.keeping.total if plan.saves else 0, n))
    tally = np.zeros((size, 4), np.int64)
    tally[:, lane_layout.CODE] = UNFINISHED
    return Block(start, kept, np.full((size, 1 + n), np.nan), tally)


def solve_in_lanes(plan: Plan, entry: Callable[..., int], start: int, stop: int) -> Block:
    """One block in vector lanes; stops between passes when the plan says so."""
    block, problem = new_block(plan, start, stop), plan.problem
    size, n, width = stop - start, len(problem.y0), native_width()
    states, rows = _part(plan.states, start, stop), _part(plan.varied.rows, start, stop)
    groups = min(GROUPS, math.ceil(size / width))
    kept = int(np.count_nonzero(plan.times == problem.t0)) if plan.saves else 0
    first = math.copysign(plan.dt or plan.first_dt, problem.t1 - problem.t0)
    named = np.array([plan.seed, plan.first_member + start, plan.refine], np.uint64).view(np.int64)
    queue = np.concatenate([np.array([0, size]), named])
    carried = step_of(plan.method, None).carried
    lanes = np.zeros((groups, STATE + (1 + carried) * n + rows.shape[1], width))
    member = np.full((groups, width), -1)
    in_use = 1
    while (in_use or queue[0] < size) and not plan.stop:
        begun, passes = time.perf_counter(), plan.passes
        in_use = entry(
            states, rows, plan.varied.shared, problem.t0, problem.t1, first, plan.rtol, plan.atol, plan.control,
            plan.attempts, passes, lanes, member, queue, plan.times, kept, block.tally, block.final, block.kept,
        )  # fmt: skip
        took = time.perf_counter() - begun
        if in_use or queue[0] < size:  # else fewer passes than these were needed
            plan.passes = max(1, int(passes * min(16.0, PASS_SECONDS / max(took, 1e-6))))
    return block


def solve_one_by_one(plan: Plan, start: int, stop: int) -> Block:
    """One block by single solves."""
    block, problem = new_block(plan, start, stop), plan.problem
    for i in range(stop - start):
        if plan.stop:
            break
        who = start + i
        y0 = plan.states[who if len(plan.states) > 1 else 0]
        single = replace(problem, y0=y0, p=member_parameters(plan.varied, who))
        solution = solve(
            single, plan.method, dt=plan.dt, rtol=plan.rtol, atol=plan.atol, saveat=plan.times,
            first_dt=plan.first_dt or None, max_dt=plan.max_dt, events=plan.events,
            max_steps=None if plan.attempts == math.inf else int(plan.attempts), throw=False,
            seed=plan.seed, member=plan.first_member + who, refine=plan.refine,
        )  # fmt: skip
        if plan.saves:
            collect_states(plan.keeping.collect, block.kept[i], solution.ts, solution.ys)
        block.final[i, 0], block.final[i, 1:] = solution.t, solution.y
        code = next((c for c, status in CODES.items() if status is solution.status), layout.UNDERFLOW)
        block.events.append(solution.events)
        block.tally[i] = code, solution.stats.accepted, solution.stats.refused, len(solution.ts)
    return block


def _part(rows: Array, start: int, stop: int) -> Array:
    return rows[start:stop] if len(rows) > 1 else rows


def in_order(
    work: Callable[[int, int], Block], count: int, first: int, threads: int, cancelled: threading.Event
) -> Iterator[Block]:
    """Blocks of members in their order, worked on by several threads; few are in memory at once.

    Boundaries lie at multiples of BLOCK of the absolute index, so that parts of an ensemble have the same blocks.
    """
    edges = [0, *range(BLOCK - first % BLOCK, count, BLOCK), count]
    ranges = list(itertools.pairwise(edges))
    if threads == 1 or len(ranges) == 1:
        for start, stop in ranges:
            yield work(start, stop)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: dict[int, Future[Block]] = {}
        handed = 0
        for wanted in range(len(ranges)):
            while handed < len(ranges) and handed < wanted + 2 * threads:
                waiting[handed] = pool.submit(work, *ranges[handed])
                handed += 1
            try:
                wait([waiting[wanted]])
            except KeyboardInterrupt:  # the blocks at work stop at their next piece
                cancelled.set()
            yield waiting.pop(wanted).result()
