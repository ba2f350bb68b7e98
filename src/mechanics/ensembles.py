"""`ensemble`: many members of a problem at once, in vector lanes and threads."""

import math
import time
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .blocks import CODES, UNFINISHED, Block, Plan, in_order, solve_in_lanes, solve_one_by_one
from .checks import finite_number, whole_numbers
from .engine import lane_layout
from .engine.compile import compiled_so_far
from .ensemble_result import Ensemble, EnsembleStats
from .event import Event, as_events
from .langevin_methods import is_noisy, varied_with_table
from .members import count_members, initial_states, varied_parameters
from .methods import TSIT5, Method
from .noise.normals import seed_word
from .problem import Problem
from .progress import progress_bar
from .reduce import Final, OverMembers, Reduction, as_reductions, keeping, over_time
from .solution import EventLog
from .solving import DEFAULT_ATTEMPTS, check_pieces, control_of, positive, requested_times, tolerances
from .status import Status
from .stochastic import check_follows, on_grid
from .threads import default_threads

Array = NDArray[np.float64]
NOTHING = np.empty(0)
NO_STATES = np.empty((0, 0, 0))
LARGEST = 8 * 2**30  # bytes of kept states


def ensemble(
    problem: Problem,
    method: Method = TSIT5,
    *,
    members: int | None = None,
    first_member: int = 0,
    y0: ArrayLike | None = None,
    p: Any = None,
    seed: int | np.random.SeedSequence = 0,
    refine: int = 1,
    saveat: ArrayLike | None = None,
    reduce: Reduction | Sequence[Reduction] | None = None,
    events: Event | Sequence[Event] = (),
    dt: float | None = None,
    rtol: float = 1e-6,
    atol: ArrayLike = 1e-9,
    first_dt: float | None = None,
    max_dt: float = math.inf,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    threads: int | None = None,
    engine: Literal["auto", "lanes", "scalar"] = "auto",
    throw: bool = True,
    progress: bool = False,
) -> Ensemble:
    """Solve a problem for many initial states, parameters, or seeds.

    Parameters
    ----------
    problem : Problem
        What to solve; its drift is written for one member.
    method : Method
        From `mechanics.methods`.
    members : int, optional
        Number of members, where neither `y0` nor `p` says it.
    first_member : int
        Index of the first member in the ensemble that the seed names.
    y0 : array_like, shape (members, n), optional
        Initial states; without it all members start from the problem's.
    p : array_like or NamedTuple, optional
        Parameters in the form of the problem's, with the members as first axis where they differ.
    seed : int or numpy.random.SeedSequence
        Names the noise of a stochastic problem; member i takes the noise `first_member` + i of this name.
    refine : int
        As in `solve`.
    saveat : array_like, shape (m,), optional
        Times at which states are kept or reduced. Without it only the last state of each member is kept.
    reduce : reduction or sequence of reductions, optional
        From `mechanics.reduce`: what to keep instead of the states at `saveat`.
    events : Event or sequence of Event
        Roots to find along each member's way; a terminal one ends that member alone. Members are then solved singly.
    dt, rtol, atol, first_dt, max_dt, max_steps
        As in `solve`, for each member.
    max_seconds : float, optional
        Budget of wall time for all members.
    threads : int, optional
        Default: one for each processor this process may use; inside a sweep, the share of its worker.
    engine : {"auto", "lanes", "scalar"}
        "auto" takes lanes wherever the drift can be compiled for them.
    throw : bool
        Raise if a member fails; with False look at `status`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Ensemble

    Raises
    ------
    SolveError
        If a member fails; its `solution` attribute holds the ensemble.
    ValueError, TypeError
        For arguments that make no sense or do not fit together.

    Notes
    -----
    The bits of a member depend neither on the other members, nor on threads, lanes, or how an ensemble is split: they
    are those of `solve` with the member's initial state and parameters.
    """
    begun, compiled = time.perf_counter(), compiled_so_far()
    _check(problem, method, dt, engine, first_member)
    states, varied = initial_states(problem, y0), varied_parameters(problem, p)
    count = count_members(members, None if y0 is None else states, varied)
    varied = varied_with_table(problem, method, dt, varied)
    t0, t1 = problem.t0, problem.t1
    times = NOTHING if saveat is None else requested_times(saveat, t0, t1)
    whole_numbers(refine=(refine, 1))
    check_follows(method, refine, None)
    if is_noisy(problem, method) and saveat is not None:
        requested, times = times, on_grid(times, t0, t1, dt)  # type: ignore[arg-type]
    else:
        requested = times
    reductions = as_reductions(reduce)
    if saveat is None and any(not isinstance(r, Final) for r in reductions):
        raise ValueError("A reduction needs saveat=, the times at which it looks at the states.")
    if max_steps is not None or threads is not None:
        whole_numbers(
            max_steps=(1 if max_steps is None else max_steps, 1), threads=(1 if threads is None else threads, 1)
        )
    kept = keeping(reductions, len(times))
    shape = (count, kept.total if len(times) else 0, len(problem.y0))
    if not any(r.over == "members" for r in reductions) and 8 * math.prod(shape) > LARGEST:
        raise ValueError(
            f"States of shape {shape} would take {8 * math.prod(shape) / 2**30:.1f} GiB; pass reduce= or fewer saveat."
        )
    plan = Plan(
        problem=problem,
        method=method,
        states=states,
        varied=varied,
        times=times,
        keeping=kept,
        dt=dt,
        first_dt=0.0 if first_dt is None else min(positive("first_dt", first_dt), abs(t1 - t0)),
        rtol=rtol,
        atol=tolerances(rtol, atol, len(problem.y0)),
        control=control_of(method, max_dt),
        max_dt=max_dt,
        attempts=max_steps or (math.inf if dt is not None else DEFAULT_ATTEMPTS),
        deadline=math.inf if max_seconds is None else begun + finite_number("max_seconds", max_seconds),
        events=as_events(events),
        seed=int(seed_word(seed)),
        first_member=first_member,
        refine=refine,
        requested=requested,
    )
    entry = None if engine == "scalar" else plan.entry()
    if entry is None and engine == "lanes":
        raise ValueError(
            "The drift cannot run in lanes: it branches on the state, is too large, or calls what lanes lack."
        )
    gathered = _Gathered(count, len(problem.y0), plan, reductions)
    workers = threads or default_threads()
    with progress_bar(0, count, progress, unit="members") as bar:
        try:
            for block in in_order(
                lambda a, b: solve_one_by_one(plan, a, b) if entry is None else solve_in_lanes(plan, entry, a, b),
                count,
                first_member,
                workers,
                plan.cancelled,
            ):
                gathered.add(block)
                if bar is not None:
                    bar(block.start + len(block.tally))
        except KeyboardInterrupt:
            plan.cancelled.set()
    stats = EnsembleStats(
        int(gathered.tally[:, lane_layout.STEPS].sum()),
        int(gathered.tally[:, lane_layout.REFUSALS].sum()),
        time.perf_counter() - begun,
        compiled_so_far() - compiled,
        "scalar" if entry is None else "lanes",
        workers,
    )
    result = gathered.result(first_member, stats)
    return result.raise_for_status() if throw else result


class _Gathered:
    """Results of blocks as they arrive, in the order of the members."""

    def __init__(self, count: int, n: int, plan: Plan, reductions: tuple[Reduction, ...]) -> None:
        self.plan, self.m = plan, len(plan.times)
        self.final = np.full((count, 1 + n), np.nan)
        self.tally = np.zeros((count, 4), np.int64)
        self.tally[:, lane_layout.CODE] = UNFINISHED
        self.ys = np.full((count, self.m, n), np.nan) if not reductions else None
        self.members = {
            i: OverMembers(r, self.m, n) for i, r in enumerate(reductions) if r.over == "members" and plan.saves
        }
        self.times: dict[int, list[Array]] = {
            i: [] for i, r in enumerate(reductions) if r.over == "time" and not isinstance(r, Final)
        }
        self.reductions = reductions
        self.events: list[tuple[EventLog, ...]] = []

    def add(self, block: Block) -> None:
        """Take in the next block."""
        part = slice(block.start, block.start + len(block.tally))
        self.final[part], self.tally[part] = block.final, block.tally
        self.events += block.events
        rows = self.plan.keeping.rows
        complete = block.tally[:, lane_layout.SAVED] == self.m
        if not self.plan.saves:
            return
        if self.ys is not None:
            kept = np.arange(self.m) < block.tally[:, lane_layout.SAVED, None]
            np.copyto(self.ys[part], block.kept, where=kept[:, :, None])
        for reducer in self.members.values():
            reducer.add(block.kept[complete, rows[None]])
        for i, parts in self.times.items():
            block.kept[~complete, rows[i]] = np.nan
            parts.append(over_time(self.reductions[i], block.kept[:, rows[i]], self.m))

    def result(
        self,
        first_member: int,
        stats: EnsembleStats,
    ) -> Ensemble:
        """Everything as an `Ensemble`."""
        plan = self.plan
        early = Status.INTERRUPTED if plan.cancelled.is_set() else Status.MAX_SECONDS
        names = dict(CODES.items()) | {UNFINISHED: early}
        reduced: list[Array | None] = []
        for i in range(len(self.reductions)):
            if i in self.members:
                reduced.append(self.members[i].result())
            else:
                reduced.append(np.concatenate(self.times[i]) if self.times.get(i) else None)
        return Ensemble(
            ts=plan.times if plan.requested is None else plan.requested,
            ys=self.ys if self.ys is not None else NO_STATES,
            y=self.final[:, 1:],
            t=self.final[:, 0],
            members=first_member + np.arange(len(self.final)),
            codes=self.tally[:, lane_layout.CODE],
            steps=self.tally[:, lane_layout.STEPS],
            refused=self.tally[:, lane_layout.REFUSALS],
            reduced=tuple(reduced),
            stats=stats,
            problem=plan.problem,
            method=plan.method,
            events=tuple(self.events) if plan.events else (),
            plan=plan,
            outcomes=names,
        )


def _check(problem: Any, method: Any, dt: float | None, engine: str, first_member: int) -> None:
    check_pieces(problem, method, dt)
    if engine not in ("auto", "lanes", "scalar"):
        raise ValueError(f'engine must be "auto", "lanes" or "scalar", but is {engine!r}.')
    whole_numbers(first_member=(first_member, 0))
