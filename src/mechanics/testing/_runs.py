"""Fixed steps by a method of the library or by a user's plain stepping function."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.methods import Method
from mechanics.systems import System

Array = NDArray[np.float64]
Step = Callable[..., Any]  # step(t, dt, y, drift, p) -> y1


def name_of(method: Method | Step) -> str:
    """What messages call it."""
    return repr(method) if isinstance(method, Method) else getattr(method, "__name__", repr(method))


def check_method(method: Any) -> None:
    """Raise TypeError unless the argument is a Method or a function."""
    if not isinstance(method, Method) and not callable(method):
        raise TypeError(
            f"method must be a Method or a function step(t, dt, y, drift, p) -> y1, but is a {type(method).__name__}."
        )


def claimed(method: Method | Step, value: float | None, attribute: str) -> float:
    """The claim given, else the method's own.

    Raises
    ------
    ValueError
        If there is neither.
    """
    if value is None:
        value = getattr(method, attribute, None)
    if value is None:
        raise ValueError(f"{name_of(method)} states no {attribute}; pass it to the check.")
    return float(value)


def changed(problem: Any, **changes: Any) -> Any:
    """A problem or system with other y0, t0 or t1."""
    return replace(problem, **changes)


def as_problem(problem: Any) -> Any:
    """What `solve` takes."""
    return problem.problem() if isinstance(problem, System) else problem


def walk(method: Method | Step, problem: Any, steps: int) -> Array:
    """States after 0, 1 .. `steps` equal steps from t0 to t1 (which may lie before t0), shape (steps + 1, n)."""
    t0, span = problem.t0, problem.t1 - problem.t0
    if isinstance(method, Method):
        from mechanics.solving import solve

        return solve(as_problem(problem), method, dt=_step_length(span, steps)).ys
    dt, y = span / steps, np.array(problem.y0, float)
    ys = np.empty((steps + 1, len(y)))
    ys[0] = y
    for i in range(steps):
        y = _state(method(t0 + i * dt, dt, y.copy(), problem.drift, problem.p), y, method)
        ys[i + 1] = y
    return ys


def end(method: Method | Step, problem: Any, steps: int) -> Array:
    """State at t1 after equal steps, shape (n,)."""
    if isinstance(method, Method):
        from mechanics.solving import solve

        dt = _step_length(problem.t1 - problem.t0, steps)
        return solve(as_problem(problem), method, dt=dt, saveat=[problem.t1]).ys[-1]
    return walk(method, problem, steps)[-1]


def _step_length(span: float, steps: int) -> float:
    """|span| / steps, never so short that rounding leaves a last tiny step."""
    dt = abs(span) / steps
    return float(np.nextafter(dt, np.inf)) if dt * steps < abs(span) else dt


def _state(y1: Any, y: Array, method: Any) -> Array:
    """The new state as an array of the old one's shape.

    Raises
    ------
    TypeError
        If it has another shape.
    """
    new = np.asarray(y1, float)
    if new.shape != y.shape:
        raise TypeError(
            f"{name_of(method)} returned shape {new.shape} for a state of shape {y.shape}; "
            "a step returns the new state y1."
        )
    return new
