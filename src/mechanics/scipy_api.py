"""`solve_ivp` with SciPy's signature, defaults and result, run by our engines: changing the import is enough."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate
from numba.core.dispatcher import Dispatcher
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult

from .engine import layout
from .methods import Method
from .scipy_compiled import NotCompilable
from .scipy_dense import DenseSolution
from .scipy_job import NOTHING_KNOWN, Asked, Job, job_of
from .scipy_options import (
    Watched,
    arguments_of,
    initial_state,
    linearisation,
    method_of,
    requested,
    steps_of,
    times_of,
    watched,
)
from .scipy_run import Ran, run

MESSAGES = (
    "The solver successfully reached the end of the integration interval.",
    "A termination event occurred.",
)
ONLY_SCIPYS = {"min_step", "jac_sparsity"}
NO_EVENTS = Watched((), (), ())


class OdeResult(OptimizeResult):
    """SciPy's result: a dictionary whose keys are also attributes."""


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Any,
    y0: ArrayLike,
    method: Any = "RK45",
    t_eval: ArrayLike | None = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    *,
    compile: bool | None = None,
    **options: Any,
) -> OdeResult:
    """Solve an initial value problem as `scipy.integrate.solve_ivp` does.

    Parameters
    ----------
    fun : callable
        `fun(t, y, *args)` returns dy/dt: an array, list, tuple or number. Any Python callable.
    t_span : (float, float)
        Start and end. The end may be infinite if an event stops the solve.
    y0 : array_like, shape (n,)
        Real or complex.
    method : str, class or Method
        "RK45" (DOPRI5), "RK23" (BOSH3), "DOP853", their SciPy classes, or an adaptive method of `mechanics.methods`.
        "Radau" (RADAU5), "BDF" (BDF), "LSODA" (AUTO) and their classes are ours where `fun` is compiled; where it is
        called as it is they, and other `OdeSolver` classes, are run by SciPy itself.
    t_eval : array_like, shape (k,), optional
        Times to return, sorted; without it every step.
    dense_output : bool
        Also return `sol`, the solution between steps.
    events : callable or sequence of callables
        `event(t, y, *args)` with the attributes `terminal` (True, or a count) and `direction`.
    vectorized : bool
        `fun` takes y of shape (n, k).
    args : tuple, optional
        Passed on to `fun`, the events and the Jacobian.
    compile : bool, optional
        None compiles the functions that are numba's already (`@njit`) and calls the others as they are; True compiles
        `fun` and the events, or raises; False compiles none. See Notes.
    **options
        `rtol` (1e-3), `atol` (1e-6, also (n,)), `first_step`, `max_step`; of implicit methods `jac` (a function; a
        constant matrix is found by differences), `lband` and `uband` (with them J is found by differences). Others
        have no effect on explicit methods, and a warning says so; with `min_step` or `jac_sparsity` SciPy itself runs.

    Returns
    -------
    OdeResult
        `t` (k,), `y` (n, k), `sol`, `t_events`, `y_events`, `nfev`, `njev`, `nlu`, `status` (0: the end was reached,
        1: a terminal event, -1: failed), `message`, `success`.

    Raises
    ------
    ValueError, TypeError
        As SciPy; TypeError also if `compile=True` and a function cannot be compiled.
    Exception
        What `fun` or an event raises, KeyboardInterrupt included.

    Notes
    -----
    A function that is called as it is behaves as in SciPy: closures, global variables and side effects are seen at
    every call. The engine that calls it is compiled once per method and machine, for all functions. Compiling a
    function takes seconds, once per machine, and pays when solves are long or many; the compiled function reads its
    global and closure variables as they were when it was compiled: hand over what changes as `args`, and write numbers
    that may be fractions as 10.0, since whole numbers are compiled as such.

    Differences from SciPy: an `rtol` per component acts as its smallest element; the error of complex components is
    controlled in real and imaginary parts separately; several roots of an event inside one step are all found, and a
    root at the end of a step counts once; a `fun` that returns NaN ends the solve with status -1; `max_step` may be
    shortened by 1 %. Steps, and so rounding and `nfev`, are not SciPy's own.
    """
    compiled = compile or (compile is None and isinstance(fun, Dispatcher))
    ours = method_of(method, bool(compiled) and not ONLY_SCIPYS & options.keys())
    if ours is None or np.size(y0) == 0:  # SciPy has its own rules for a state without components
        return scipy.integrate.solve_ivp(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        )  # fmt: skip
    t0, t1 = times_of(t_span)
    given_args = arguments_of(args)
    times = requested(t_eval, t0, t1)
    start = initial_state(y0)
    implicit = ours.kind == "implicit"
    steps = steps_of(len(start), t1 - t0, implicit=implicit, **options)
    linear = linearisation(**options) if implicit else NOTHING_KNOWN
    watch = NO_EVENTS if events is None else watched(events)
    asked = Asked(fun, start, t0, t1, ours, steps, times, dense_output, watch, vectorized, given_args, linear)
    try:
        job = job_of(asked, compile)
        ran = run(job)
    except NotCompilable:
        if compile:
            raise
        if implicit and not isinstance(method, Method):
            return scipy.integrate.solve_ivp(
                fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
            )  # fmt: skip
        job = job_of(asked, False)
        ran = run(job)
    return _result(asked, job, ran, events is not None)


def _result(asked: Asked, job: Job, ran: Ran, with_events: bool) -> OdeResult:
    """The arrays of a run in SciPy's form."""
    trajectory, kind = ran.trajectory, asked.y0.dtype
    saved = int(trajectory.whole[layout.SAVED])
    ts, ys = trajectory.ts[:saved].copy(), trajectory.ys[:saved].copy()
    t: Any = ts
    y: Any = ys.view(kind).T
    sol = None
    if asked.dense_output:
        sol = DenseSolution(ts, ys, trajectory.steps[: saved - 1].copy(), kind == np.complex128)
        if asked.times is not None:
            inside = (asked.times - ts[-1]) * (1.0 if job.t1 >= job.t0 else -1.0) <= 0.0
            t = asked.times[inside]
            y = sol(t)
    if asked.times is None and len(ts) == 1 and ran.status >= 0:
        t, y = np.repeat(t, 2), np.repeat(y, 2, axis=1)  # SciPy counts a step of no length
    elif asked.times is not None and not len(t):
        t, y = [], []  # as SciPy, which has nothing to stack then
    t_events, y_events = _occurrences(job, ran, kind) if with_events else (None, None)
    return OdeResult(
        t=t,
        y=y,
        sol=sol,
        t_events=t_events,
        y_events=y_events,
        nfev=ran.evaluations,
        njev=int(ran.trajectory.whole[layout.JACOBIANS]),
        nlu=int(ran.trajectory.whole[layout.FACTORISATIONS]),
        status=ran.status,
        message=ran.why if ran.status < 0 else MESSAGES[ran.status],
        success=ran.status >= 0,
    )


def _occurrences(job: Job, ran: Ran, kind: Any) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Times and states of each event; SciPy gives an empty array of shape (0,) where there are none."""
    log = ran.trajectory.log[: int(ran.trajectory.whole[layout.LOGGED])]
    t_events, y_events = [], []
    for e in range(len(job.values)):
        rows = log[log[:, 0] == e] if len(log) else np.empty((0, 2 + len(job.y0)))
        if e in ran.at_start:
            rows = np.vstack((np.r_[e, job.t0, job.y0], rows))
        t_events.append(rows[:, 1].copy())
        y_events.append(rows[:, 2:].copy().view(kind) if len(rows) else np.empty(0))
    return t_events, y_events


__all__ = ["OdeResult", "solve_ivp"]
