"""`solve_ivp` with SciPy's signature, defaults and result, run by our engines: changing the import is enough."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate
from numba.core.dispatcher import Dispatcher
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult

from .engine import layout
from .engine.bind import Keep
from .methods import Method
from .python_call import Calls, Given, prepare_calls, python_drift, python_event
from .scipy_compiled import can_compile, compiled_arguments, compiled_drift, compiled_event
from .scipy_dense import DenseSolution
from .scipy_options import (
    Steps,
    Watched,
    arguments_of,
    initial_state,
    method_of,
    requested,
    steps_of,
    times_of,
    watched,
)
from .scipy_run import Job, Ran, evaluations, run

MESSAGES = (
    "The solver successfully reached the end of the integration interval.",
    "A termination event occurred.",
)
NOTHING = np.empty(0)
NO_EVENTS = Watched((), (), ())


class OdeResult(OptimizeResult):  # type: ignore[misc]
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
        "Radau", "BDF", "LSODA", their classes and other `OdeSolver` classes are run by SciPy itself.
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
        `rtol` (1e-3), `atol` (1e-6, also (n,)), `first_step`, `max_step`; others have no effect on explicit methods,
        and a warning says so.

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
    every call. The engine that calls it is compiled once per method and machine, for all functions. Compiling a function
    takes seconds, once per machine, and pays when solves are long or many; the compiled function reads its global and
    closure variables as they were when it was compiled: hand over what changes as `args`.

    Differences from SciPy: an `rtol` per component acts as its smallest element; the error of complex components is
    controlled in real and imaginary parts separately; several roots of an event inside one step are all found, and a
    root at the end of a step counts once; a `fun` that returns NaN ends the solve with status -1; `max_step` may be
    shortened by 1 %. Steps, and so rounding and `nfev`, are not SciPy's own.
    """
    ours = method_of(method)
    if ours is None or np.size(y0) == 0:  # SciPy has its own rules for a state without components
        return scipy.integrate.solve_ivp(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        )  # fmt: skip
    t0, t1 = times_of(t_span)
    given_args = arguments_of(args)
    times = requested(t_eval, t0, t1)
    start = initial_state(y0)
    steps = steps_of(len(start), t1 - t0, **options)
    watch = NO_EVENTS if events is None else watched(events)
    job, _alive = _job(fun, watch, ours, start, (t0, t1), given_args, steps, times, dense_output, vectorized, compile)
    return _result(job, run(job), times, dense_output, events is not None, np.iscomplexobj(start))


def _job(
    fun: Any,
    watch: Watched,
    method: Method,
    y0: NDArray[Any],
    span: tuple[float, float],
    args: tuple[Any, ...],
    steps: Steps,
    times: NDArray[np.float64] | None,
    dense_output: bool,
    vectorized: bool,
    compile: bool | None,
) -> tuple[Job, list[Any]]:
    """The run, and the objects that must live as long as it."""
    is_complex = np.iscomplexobj(y0)
    state: NDArray[np.float64] = y0.view(np.float64)
    compiled = [_is_compiled(function, compile) for function in (fun, *watch.functions)]
    values, key = ((), ()) if not any(compiled) else compiled_arguments(args)
    called = [None if is_one else f for f, is_one in zip((fun, *watch.functions), compiled, strict=True)]
    calls, alive = prepare_calls(
        called[0], called[1:], args, len(state), is_complex=is_complex, vectorized=vectorized
    )  # fmt: skip
    if is_complex:
        steps = Steps(steps.rtol, np.repeat(steps.atol, 2), steps.max_step, steps.first_step)
    keep: Keep = "steps" if dense_output else "ends" if times is None else "times"
    job = Job(
        drift=compiled_drift(fun, is_complex, vectorized) if compiled[0] else python_drift,
        events=[
            compiled_event(event, is_complex) if is_one else python_event(e)
            for e, (event, is_one) in enumerate(zip(watch.functions, compiled[1:], strict=True))
        ],
        watched=watch,
        values=[_as_python(event, args, is_complex, False) for event in watch.functions],
        slope=_as_python(fun, args, is_complex, vectorized),
        method=method,
        y0=state,
        t0=span[0],
        t1=span[1],
        given=Given(values, calls),
        key=("solve_ivp", key),
        steps=steps,
        keep=keep,
        saveat=times if keep == "times" and times is not None else NOTHING,
    )
    return job, alive


def _is_compiled(function: Any, wanted: bool | None) -> bool:
    if wanted and not can_compile(function):
        raise TypeError(
            f"compile=True needs plain functions, but got a {type(function).__name__}: wrap it in a def, or leave compile "
            "out to call it as it is."
        )
    return isinstance(function, Dispatcher) if wanted is None else wanted


def _as_python(f: Any, args: tuple[Any, ...], is_complex: bool, column: bool) -> Callable[[float, Any], Any]:
    """`f(t, y)` for float64 states."""
    plain: Any = f.py_func if isinstance(f, Dispatcher) else f

    def value(t: float, y: NDArray[np.float64]) -> Any:
        state: NDArray[Any] = y.view(np.complex128) if is_complex else y
        if not column:
            result = plain(t, state.copy(), *args)
        else:
            result = np.ravel(plain(t, state.copy()[:, None], *args))
        if is_complex and np.ndim(result):
            return np.asarray(result, np.complex128).view(np.float64)
        return result

    return value


def _result(
    job: Job,
    ran: Ran,
    times: NDArray[np.float64] | None,
    dense_output: bool,
    with_events: bool,
    is_complex: bool,
) -> OdeResult:
    """The arrays of a run in SciPy's form."""
    trajectory, kind = ran.trajectory, np.complex128 if is_complex else np.float64
    saved, logged = int(trajectory.whole[layout.SAVED]), int(trajectory.whole[layout.LOGGED])
    ts, ys = trajectory.ts[:saved].copy(), trajectory.ys[:saved].copy()
    sol = None
    if dense_output:
        sol = DenseSolution(ts, ys, trajectory.steps[: saved - 1].copy(), is_complex)
    t: Any = ts
    y: Any = ys.view(kind).T
    if times is None:
        if len(ts) == 1 and ran.status >= 0:  # SciPy counts a step of no length
            t, y = np.repeat(t, 2), np.repeat(y, 2, axis=1)
    elif dense_output:
        t = times[: np.searchsorted(*_ascending(times, ts), side="right")]
        y = np.empty((y.shape[0], 0)) if sol is None else sol(t)
    if times is not None and not len(t):
        t, y = [], []  # as SciPy, which has nothing to stack
    t_events = y_events = None
    if with_events:
        log: Any = trajectory.log[:logged]
        t_events, y_events = [], []
        for e in range(len(job.events)):
            rows = log[log[:, 0] == e] if logged else np.empty((0, 2 + len(job.y0)))
            te, ye = rows[:, 1].copy(), rows[:, 2:].copy().view(kind)
            if e in ran.at_start:
                te, ye = np.r_[job.t0, te], np.vstack((job.y0.view(kind)[None], ye))
            t_events.append(te)
            y_events.append(ye if len(te) else np.empty(0))
    return OdeResult(
        t=t,
        y=y,
        sol=sol,
        t_events=t_events,
        y_events=y_events,
        nfev=evaluations(job.method, trajectory),
        njev=0,
        nlu=0,
        status=ran.status,
        message=ran.why if ran.status < 0 else MESSAGES[ran.status],
        success=ran.status >= 0,
    )


def _ascending(times: Any, ts: Any) -> tuple[Any, Any]:
    """`times` and the end of the run in the direction in which both grow."""
    sign = 1.0 if ts[-1] >= ts[0] and not (len(times) > 1 and times[1] < times[0]) else -1.0
    return sign * times, sign * ts[-1]


__all__ = ["Calls", "OdeResult", "solve_ivp"]
