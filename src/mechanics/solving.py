"""`solve`: one trajectory of a problem, by any method."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import finite_number, whole_numbers
from .engine import layout
from .engine.bind import Keep, bind
from .engine.compile import compiled_so_far
from .engine.controller import control_of
from .engine.step import Parts, step_of
from .event import Event, as_events
from .langevin_methods import is_noisy, structure_of, with_table
from .methods import TSIT5, Method
from .noise import BrownianPath
from .outcome import solution_of
from .problem import Problem, reads_time
from .progress import progress_bar
from .separable import check_separable, has_plain_velocity
from .solution import Restart, Solution
from .status import Status
from .stochastic import BY_PATH, check_follows, check_noise, laid_out, name_noise, on_grid, same_noise
from .trajectory import Budget, new_trajectory, resume

Array = NDArray[np.float64]
NOTHING = np.empty(0)
NO_MARKS = np.empty((layout.MARKS, 0))
DEFAULT_ATTEMPTS = 10_000_000
PRECISION = 2.3e-15  # ten rounding errors of 1: no step has a smaller relative error


def solve(
    problem: Problem | Restart,
    method: Method = TSIT5,
    *,
    dt: float | None = None,
    rtol: float = 1e-6,
    atol: ArrayLike = 1e-9,
    saveat: ArrayLike | None = None,
    dense: bool = False,
    events: Event | Sequence[Event] = (),
    seed: int | np.random.SeedSequence = 0,
    member: int = 0,
    refine: int = 1,
    path: BrownianPath | None = None,
    first_dt: float | None = None,
    max_dt: float = math.inf,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    throw: bool = True,
    progress: bool = False,
    per_member: bool = False,
) -> Solution:
    """Solve an initial value problem.

    Parameters
    ----------
    problem : Problem or Restart
        What to solve, or `solution.restart(t1=...)` to go on from where a solve ended.
    method : Method
        From `mechanics.methods`.
    dt : float, optional
        Fixed steps of this length at t0 + i dt, the last one shorter if need be. Without it the error of each step is
        kept below the tolerance.
    rtol : float
        Relative tolerance. The root mean square over components of error / (atol + rtol |y|) is kept below 1.
    atol : float or array_like, shape (n,)
        Absolute tolerance.
    saveat : array_like, shape (m,), optional
        Times at which states are kept, sorted in the direction of the solve; steps are not shortened for them.
        Without it the start and every accepted step are kept; `saveat=[t1]` keeps the end alone.
    dense : bool
        Keep the interpolant, so that `solution(t)` works.
    events : Event or sequence of Event
        Roots to find along the way.
    seed : int or numpy.random.SeedSequence
        Names the noise of a stochastic problem: the same seed gives the same bits.
    member : int
        Whose noise it is: that of this member of the ensemble with the same seed. With `per_member`, the first
        member's.
    refine : int
        Each step takes the noise of so many steps of length dt / refine: what a solve with those steps would see.
    path : BrownianPath, optional
        Takes the noise from here instead.
    first_dt, max_dt : float, optional
        Length of the first step; largest length of any.
    max_steps : int, optional
        Budget of attempted steps: 10 million for controlled steps, no limit for fixed ones.
    max_seconds : float, optional
        Budget of wall time, checked about ten times a second.
    throw : bool
        Raise on failure; with False look at `solution.status`.
    progress : bool
        Show a progress bar.
    per_member : bool
        Array engine: the first axis of y0 counts members, each with steps or noise of its own.

    Returns
    -------
    Solution
        An `ArraySolution`, in arrays like y0, where the problem is for the array engine.

    Raises
    ------
    SolveError
        If the solve fails; its `solution` attribute holds what was done and why it ended. Ctrl-C does not raise: the
        solution then has the status INTERRUPTED.
    ValueError, TypeError
        For arguments that make no sense, before anything is compiled.

    Notes
    -----
    The bits of a solution depend on nothing but its arguments: not on `saveat`, `dense`, budgets or restarts.
    """
    if per_member or getattr(problem, "engine", None) == "arrays":
        return _solve_arrays(
            problem, method, dt, rtol, atol, saveat, dense, events, seed, member, refine, path,
            first_dt, max_dt, max_steps, max_seconds,
            throw, progress, per_member,
        )  # fmt: skip
    begun, compiled = time.perf_counter(), compiled_so_far()
    previous = None
    if isinstance(problem, Restart):
        previous, problem = problem.solution, problem.problem
    given = as_events(events) if events != () else ()
    check_pieces(problem, method, dt)
    noisy = is_noisy(problem, method)
    if noisy and dense:
        raise ValueError(
            "A stochastic equation has no interpolant: its path between steps is unknown. Use saveat=, or a smaller dt."
        )
    if previous is not None:
        _check_restart(previous, problem, method, dt, given)
    t0, t1 = problem.t0 if previous is None else previous.t, problem.t1
    times = NOTHING if saveat is None else requested_times(saveat, t0, t1)
    floor = tolerances(rtol, atol, len(problem.y0))
    if noisy:
        origin = t0 if previous is None else float(previous.run.real[layout.ORIGIN])
        asked, times = times, on_grid(times, origin, t1, dt) if saveat is not None else times  # type: ignore[arg-type]
    keep: Keep = "steps" if dense else "ends" if saveat is None else "times"
    if keep == "times" and (len(times) == 0 or (len(times) == 1 and times[0] == t1)):
        keep = "nothing"
    source = "counted" if refine == 1 else "refined"
    control, attempts = control_of(method, max_dt), _attempts(max_steps, dt)
    degree = method.degree
    memory = step_of(method, None, Parts(band=problem.band)).memory(len(problem.y0))
    if previous is None:
        rows = 0.0 if dt is None else abs(t1 - t0) / dt + 2.0
        run = new_trajectory(problem.y0, t0, t1, keep, times, degree, _marks(given), min(rows, attempts + 1), memory)
        run.set_step(dt, first_dt, t1 - t0)
    else:
        run = resume(previous.run, previous.y, t0, t1, keep, times, degree)
    if noisy:
        whole_numbers(member=(member, 0), refine=(refine, 1))
        check_follows(method, refine, path)
        if previous is None:
            name_noise(run.whole, seed, member, refine if path is None else BY_PATH)
        else:
            same_noise(run.whole, seed, member, refine if path is None else BY_PATH)
        if path is not None:
            source = "tabled"
            run.memory = laid_out(path, problem, origin, dt, method.areas)  # type: ignore[arg-type]
            if structure_of(problem, method) is not None:  # velocities alone are driven
                run.memory = run.memory[:, -(path.noises + 1) // 2 :].copy()
    outcome: int | Status = layout.DONE
    if rtol < PRECISION and dt is None and np.any(floor < PRECISION * np.abs(problem.y0)):
        outcome = Status.TOLERANCE
    elif t0 != t1:
        p = with_table(problem, method, dt)
        entry = bind(
            problem.drift,
            method,
            len(problem.y0),
            p,
            problem.p_key,
            keep,
            given,
            dt is not None,
            parts_of(problem, method),
            source,
        )
        budget = Budget(attempts, math.inf if max_seconds is None else finite_number("max_seconds", max_seconds))
        if progress:
            with progress_bar(t0, t1, progress) as budget.bar:
                outcome = run.run(entry, p, t1, rtol, floor, control, budget)
        else:
            outcome = run.run(entry, p, t1, rtol, floor, control, budget)
    solution = solution_of(
        problem,
        method,
        run,
        outcome,
        keep,
        times,
        floor,
        rtol,
        time.perf_counter() - begun,
        compiled_so_far() - compiled,
    )
    if noisy and saveat is not None:
        solution = replace(solution, ts=asked[: len(solution.ts)])
    return solution.raise_for_status() if throw else solution


def _solve_arrays(
    problem: Any,
    method: Any,
    dt: float | None,
    rtol: float,
    atol: Any,
    saveat: Any,
    dense: bool,
    events: Any,
    seed: Any,
    member: int,
    refine: int,
    path: Any,
    first_dt: float | None,
    max_dt: float,
    max_steps: int | None,
    max_seconds: float | None,
    throw: bool,
    progress: bool,
    per_member: bool,
) -> Any:
    """`solve` on arrays."""
    from .arrays import solve as arrays

    if getattr(problem, "engine", None) != "arrays":
        raise ValueError("per_member is for the array engine; many members of a compiled problem are an `ensemble`.")
    if type(method) is not Method:
        raise TypeError(f"method must be a Method such as mechanics.methods.TSIT5, but is {method!r}.")
    if refine != 1 or path is not None:
        raise ValueError(
            "refine= and path= are for the compiled engine, drift(t, y, p, dy); name a seed= and a member=."
        )
    return arrays.solve_arrays(
        problem,
        method,
        law=control_of(method, max_dt),
        attempts=_attempts(max_steps, dt),
        saveat=saveat,
        dt=dt,
        rtol=rtol,
        atol=atol,
        dense=dense,
        events=as_events(events) if events != () else (),
        seed=seed,
        member=member,
        first_dt=first_dt,
        max_seconds=max_seconds,
        per_member=per_member,
        throw=throw,
        progress=progress,
    )


def parts_of(problem: Problem, method: Method) -> Parts:
    """What a method may need of the problem beside its drift."""
    noise = problem.noise if problem.diffusion else None
    return Parts(
        problem.jacobian,
        problem.diffusion,
        noise,
        problem.band,
        not reads_time(problem.drift),
        has_plain_velocity(problem, method),
        {"general": problem.noises, "scalar": 1}.get(noise or ""),
        structure_of(problem, method),
    )


def check_pieces(problem: Any, method: Any, dt: Any) -> None:
    """Raise unless problem, method and step fit together."""
    if type(problem) is not Problem:
        raise TypeError(f"problem must be a Problem, but is a {type(problem).__name__}.")
    if type(method) is not Method:
        raise TypeError(f"method must be a Method such as mechanics.methods.TSIT5, but is {method!r}.")
    if problem.engine == "arrays":
        raise TypeError(
            "The problem is for the array engine, which `solve` alone runs; many members are a first axis of y0, with "
            "per_member=True for steps of their own."
        )
    check_noise(problem, method, dt)
    if dt is None:
        if not method.adaptive:
            reason = getattr(method.data, "fixed_because", "has no error estimate")
            raise ValueError(f"{method} {reason}; give the step with dt=, or use an adaptive method.")
    else:
        positive("dt", dt)
        if not getattr(method.data, "fixed_steps", True):
            raise ValueError(f"{method} chooses its own steps; leave out dt=, and limit them with max_dt=.")
    check_separable(problem, method)


def positive(name: str, value: Any) -> float:
    """The value as a positive float; ValueError with its name otherwise."""
    number = finite_number(name, value)
    if not number > 0.0:
        raise ValueError(f"{name} must be positive (the direction follows from t0 and t1), but is {number}.")
    return number


def _check_restart(
    previous: Solution, problem: Problem, method: Method, dt: float | None, events: tuple[Event, ...]
) -> None:
    """Raise unless this solve can go on from the previous one."""
    run = previous.run
    if previous.method != method.name:
        raise ValueError(f"The solution was made by {previous.method}; go on with it, or start a new Problem.")
    if len(run.y) != len(problem.y0) or run.marks.shape[1] != len(events):
        raise ValueError("A restart needs a problem of the same size and the same events as the first solve.")
    fixed = abs(run.real[layout.DT]) if run.whole[layout.FIXED] else None
    if fixed != dt:
        was = "controlled steps" if fixed is None else f"dt={fixed}"
        raise ValueError(f"A restart needs the steps of the first solve ({was}), but dt is {dt}.")


def requested_times(saveat: ArrayLike, t0: float, t1: float) -> Array:
    """Sorted times between t0 and t1."""
    times = np.array(saveat, dtype=np.float64)
    if times.ndim != 1:
        raise ValueError(f"saveat must be an array of times of shape (m,), but has shape {times.shape}.")
    if not len(times):
        return times
    if len(times) > 1:
        steps = np.diff(times)
        if not np.all(steps >= 0.0 if t1 >= t0 else steps <= 0.0):
            raise ValueError("saveat must be sorted in the direction of the solve, without NaN.")
    low, high = min(t0, t1), max(t0, t1)
    for t in (times[0], times[-1]):
        if not low <= t <= high:
            raise ValueError(f"saveat must lie between {t0} and {t1}, but {t} does not.")
    return times


_floors: dict[tuple[float, int], Array] = {}  # read, never written


def tolerances(rtol: Any, atol: ArrayLike, n: int) -> Array:
    """atol for every component."""
    if not 0.0 <= finite_number("rtol", rtol) < 1.0:
        raise ValueError(f"rtol must lie in [0, 1), but is {rtol}.")
    if type(atol) is float and 0.0 < atol < math.inf:
        if (atol, n) not in _floors:
            _floors[atol, n] = np.full(n, atol)
        return _floors[atol, n]
    floor = np.empty(n)
    try:
        floor[:] = atol
    except (TypeError, ValueError):
        raise ValueError(f"atol must be a number or an array of shape ({n},), but is {atol!r}.") from None
    least = floor.min()
    if not 0.0 <= least <= floor.max() < math.inf:
        raise ValueError(f"atol must be finite and not negative, but is {atol!r}.")
    if least == 0.0 and rtol == 0.0:
        raise ValueError("rtol and atol may not both be 0.")
    return floor


def _attempts(max_steps: int | None, dt: float | None) -> float:
    if max_steps is None:
        return DEFAULT_ATTEMPTS if dt is None else math.inf
    whole_numbers(max_steps=(max_steps, 1))
    return max_steps


def _marks(events: tuple[Event, ...]) -> Array:
    """What the engine must know and remember of each event."""
    if not events:
        return NO_MARKS
    marks = np.zeros((layout.MARKS, len(events)))
    marks[layout.DIRECTION] = [event.direction for event in events]
    marks[layout.STOP] = [int(event.terminal) for event in events]
    return marks
