"""From the arguments of `solve_ivp` to what the engine runs: drift, events, parameters, flat float64 states."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from .engine.bind import Keep
from .engine.step import NO_PARTS, Parts
from .methods import Method
from .python_call import Given, prepare_calls, python_drift, python_event
from .scipy_compiled import can_compile, compiled_arguments, compiled_drift, compiled_event, compiled_jacobian
from .scipy_options import Linearisation, Steps, Watched

Array = NDArray[np.float64]
NOTHING = np.empty(0)
NOTHING_KNOWN = Linearisation()


@dataclass(frozen=True, eq=False)
class Asked:
    """What the user gave, checked."""

    fun: Any
    y0: NDArray[Any]
    t0: float
    t1: float
    method: Method
    steps: Steps
    times: Array | None
    dense_output: bool
    watched: Watched
    vectorized: bool
    args: tuple[Any, ...]
    linear: Linearisation = NOTHING_KNOWN


@dataclass(frozen=True, eq=False)
class Job:
    """What to run. States are float64 here; a complex one holds its real and imaginary parts in turn.

    Attributes
    ----------
    drift, events : functions for the engine; there may be more events than are watched, which never occur
    given, key : parameters and a key of their types
    values : functions `(t, y) -> g` of the events, plain Python, for the start
    slope : function `(t, y) -> dy`, plain Python, to find out why a run failed
    alive : objects that compiled code calls by address
    """

    drift: Callable[..., None]
    events: Sequence[Callable[..., float]]
    watched: Watched
    given: Given
    key: Hashable
    values: Sequence[Callable[[float, Array], float]]
    slope: Callable[[float, Array], Any]
    method: Method
    y0: Array
    t0: float
    t1: float
    steps: Steps
    keep: Keep
    saveat: Array
    alive: Any
    parts: Parts = NO_PARTS


def job_of(asked: Asked, compile: bool | None) -> Job:
    """Decide which functions are compiled, and wrap them all.

    Raises
    ------
    NotCompilable
        If one should be compiled, but its kind or an argument cannot.
    """
    fun, events, args, y0 = asked.fun, asked.watched.functions, asked.args, asked.y0
    is_complex = y0.dtype == np.complex128
    compiled = [can_compile(f, compile) for f in (fun, *events)]
    values, key = compiled_arguments(args) if any(compiled) else ((), ())
    called = [None if is_one else f for f, is_one in zip((fun, *events), compiled, strict=True)]
    state: Array = y0.view(np.float64)
    calls, alive = prepare_calls(
        called[0], called[1:], args, len(state), is_complex=is_complex, vectorized=asked.vectorized
    )  # fmt: skip
    steps, times = asked.steps, asked.times
    if is_complex:
        steps = Steps(steps.rtol, np.repeat(steps.atol, 2), steps.max_step, steps.first_step)
    keep: Keep = "steps" if asked.dense_output else "ends" if times is None else "times"
    return Job(
        drift=compiled_drift(fun, is_complex, asked.vectorized) if compiled[0] else python_drift,
        events=_events(events, compiled[1:], is_complex),
        watched=asked.watched,
        given=Given(values, calls),
        key=("solve_ivp", key),
        values=[_plain(event, args, is_complex, False) for event in events],
        slope=_plain(fun, args, is_complex, asked.vectorized),
        method=asked.method,
        y0=state,
        t0=asked.t0,
        t1=asked.t1,
        steps=steps,
        keep=keep,
        saveat=NOTHING if times is None or keep == "steps" else times,
        alive=alive,
        parts=_parts(asked, compile, is_complex),
    )


def _parts(asked: Asked, compile: bool | None, is_complex: bool) -> Parts:
    """What is known of the Jacobian; where it cannot be compiled along, differences are taken."""
    jac = asked.linear.jac
    usable = jac is not None and not is_complex and can_compile(jac, compile)
    return Parts(jacobian=compiled_jacobian(jac) if usable else None, band=None if is_complex else asked.linear.band)


def _events(functions: tuple[Any, ...], compiled: list[bool], is_complex: bool) -> list[Callable[..., float]]:
    """Event functions for the engine. Where Python answers, 4, 16, ... of them: few numbers, each compiled once."""
    if any(compiled) or not functions:
        pairs = zip(functions, compiled, strict=True)
        return [compiled_event(f, is_complex) if is_one else python_event(e) for e, (f, is_one) in enumerate(pairs)]
    count = 4
    while count < len(functions):
        count *= 4
    return [python_event(e) for e in range(count)]


def _plain(f: Any, args: tuple[Any, ...], is_complex: bool, column: bool) -> Callable[[float, Array], Any]:
    """`f(t, y)` in Python on float64 states, which it may keep."""
    function: Any = f.py_func if isinstance(f, Dispatcher) else f

    def value(t: float, y: Array) -> Any:
        state: NDArray[Any] = (y.view(np.complex128) if is_complex else y).copy()
        result = np.ravel(function(t, state[:, None], *args)) if column else function(t, state, *args)
        if is_complex and np.ndim(result):
            return np.asarray(result, np.complex128).view(np.float64)
        return result

    return value
