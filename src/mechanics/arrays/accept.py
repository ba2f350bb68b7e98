"""Which engine a problem is for, and its fields where it is for arrays.

The type of y0 and the number of arguments of the drift decide: an array of another framework than NumPy, or a
drift(t, y, p) that returns dy, means this engine; drift(t, y, p, dy) with a NumPy y0, the compiled one.
"""

import inspect
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

from .framework import framework_of, is_foreign

_returning: dict[Any, bool] = {}


def is_for_arrays(drift: Any, y0: Any) -> bool:
    """Whether a problem is for the array engine."""
    return is_foreign(y0) or returns_slope(drift)


def returns_slope(drift: Any) -> bool:
    """Whether a function takes (t, y, p) and not (t, y, p, dy)."""
    try:
        found = _returning.get(drift)
    except TypeError:  # not hashable
        return callable(drift) and takes(drift, 3) and not takes(drift, 4)
    if found is None:
        found = callable(drift) and takes(drift, 3) and not takes(drift, 4)
        if inspect.isfunction(drift):
            _returning[drift] = found
    return found


def takes(function: Any, count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    plain = function.py_func if isinstance(function, Dispatcher) else function
    try:
        inspect.signature(plain).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def array_fields(drift: Any, y0: Any, t0: Any, t1: Any, diffusion: Any, jacobian: Any) -> dict[str, Any]:
    """Checked y0, t0 and t1 of an array problem.

    Raises
    ------
    TypeError
        If a function takes the wrong number of arguments, or y0 holds something else than floating-point numbers.
    ValueError
        If y0 is empty or holds NaN (NumPy only), or a part is given that this engine does not use.
    """
    _check(drift, "drift", "dy", y0)
    if diffusion is not None:
        _check(diffusion, "diffusion", "g", y0)
    if jacobian is not None:
        raise ValueError("No method for arrays uses a jacobian; leave it out.")
    state = y0 if is_foreign(y0) else _numpy_state(y0)
    if framework_of(state).size == 0:
        raise ValueError("y0 must have at least one component.")
    return {"y0": state, "t0": _time(t0, "t0"), "t1": _time(t1, "t1")}


def _check(function: Any, name: str, result: str, y0: Any) -> None:
    if not callable(function):
        raise TypeError(f"{name} must be a function {name}(t, y, p) that returns {result}, but is {function!r}.")
    if takes(function, 3):
        return
    if takes(function, 4):
        raise TypeError(
            f"{name} takes four arguments, as for the compiled engine, whose y0 are NumPy arrays of shape (n,); with a "
            f"{type(y0).__module__.partition('.')[0]} {type(y0).__name__} write {name}(t, y, p) that returns {result}."
        )
    raise TypeError(f"{name} must be {name}(t, y, p), which returns {result}, but cannot be called so.")


def _numpy_state(y0: Any) -> Any:
    y = np.array(y0)
    if y.dtype.kind in "iub":
        y = y.astype(np.float64)
    if y.dtype.kind not in "fc":
        raise TypeError(f"y0 must hold numbers, but its dtype is {y.dtype}.")
    if not np.isfinite(y).all():
        bad = np.flatnonzero(~np.isfinite(y))
        raise ValueError(f"y0 must be finite, but components {bad[:10].tolist()} are not.")
    return y


def _time(t: Any, name: str) -> Any:
    from ..problem import finite_time

    if not is_foreign(t):
        return finite_time(t, name)
    if tuple(t.shape) != ():
        raise TypeError(f"{name} must be a number, but has shape {tuple(t.shape)}.")
    finite_time(float(framework_of(t).host(t)), name)
    return t
