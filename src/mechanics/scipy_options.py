"""Arguments of `solve_ivp`, checked as SciPy checks them: the same exceptions and warnings, in SciPy's words."""

import inspect
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import BDF, DOP853, LSODA, RK23, RK45, OdeSolver, Radau

from . import methods
from .methods import Method

SMALLEST_RTOL = float(100 * np.finfo(float).eps)
OURS: dict[Any, Method] = {
    "RK23": methods.BOSH3,
    "RK45": methods.DOPRI5,
    "DOP853": methods.DOP853,
    RK23: methods.BOSH3,
    RK45: methods.DOPRI5,
    DOP853: methods.DOP853,
}
SCIPYS: dict[str, type] = {"Radau": Radau, "BDF": BDF, "LSODA": LSODA}
IMPLICIT: dict[Any, Method] = {  # where the right-hand side is compiled
    "Radau": methods.RADAU5,
    "BDF": methods.BDF,
    "LSODA": methods.AUTO,
    Radau: methods.RADAU5,
    BDF: methods.BDF,
    LSODA: methods.AUTO,
}


@dataclass(frozen=True)
class Steps:
    """Options of the explicit methods.

    Attributes
    ----------
    rtol : float
        The smallest, where components were given their own.
    atol : ndarray, shape (n,)
    max_step : float
    first_step : float or None
    """

    rtol: float
    atol: NDArray[np.float64]
    max_step: float
    first_step: float | None


def method_of(method: Any, compiled: bool = False) -> Method | None:
    """Our method of this name, class or object; None for those that SciPy runs.

    The implicit ones are ours where the right-hand side is `compiled`.

    Raises
    ------
    ValueError
        If it is neither, or needs a fixed step.
    """
    if isinstance(method, Method):
        if not method.adaptive:
            raise ValueError(
                f"`method` must control its error, but {method} has no error estimate; use mechanics.solve."
            )
        return method
    if isinstance(method, str) or inspect.isclass(method):
        if method in OURS:
            return OURS[method]
        if compiled and method in IMPLICIT:
            return IMPLICIT[method]
        if method in SCIPYS or (inspect.isclass(method) and issubclass(method, OdeSolver)):
            return None
    names = [name for name in OURS if isinstance(name, str)] + list(SCIPYS)
    raise ValueError(f"`method` must be one of {names}, an OdeSolver class, or a mechanics.methods.Method.")


def times_of(t_span: Any) -> tuple[float, float]:
    """Both ends of the interval; the end may be infinite where an event stops the solve."""
    t0, t1 = map(float, t_span)
    if not math.isfinite(t0) or math.isnan(t1):
        raise ValueError(f"`t_span` must start at a finite time, but is {t_span!r}.")
    return t0, t1


def arguments_of(args: Any) -> tuple[Any, ...]:
    """`args` as a tuple."""
    if args is None:
        return ()
    try:
        return tuple(args)
    except TypeError:
        raise TypeError(
            f"Supplied 'args' cannot be unpacked. Please supply `args` as a tuple (e.g. `args=({args},)`)"
        ) from None


def requested(t_eval: ArrayLike | None, t0: float, t1: float) -> NDArray[np.float64] | None:
    """`t_eval` as an array."""
    if t_eval is None:
        return None
    times = np.array(t_eval, dtype=np.float64)
    if times.ndim != 1:
        raise ValueError("`t_eval` must be 1-dimensional.")
    if not np.all((times >= min(t0, t1)) & (times <= max(t0, t1))):
        raise ValueError("Values in `t_eval` are not within `t_span`.")
    steps = np.diff(times)
    if (t1 > t0 and np.any(steps <= 0)) or (t1 < t0 and np.any(steps >= 0)):
        raise ValueError("Values in `t_eval` are not properly sorted.")
    return times


def initial_state(y0: ArrayLike) -> NDArray[Any]:
    """y0 as an array of float64 or complex128."""
    y = np.asarray(y0)
    y = np.array(y, dtype=np.complex128 if np.issubdtype(y.dtype, np.complexfloating) else np.float64, order="C")
    if y.ndim != 1:
        raise ValueError("`y0` must be 1-dimensional.")
    if not np.isfinite(y).all():
        raise ValueError("All components of the initial state `y0` must be finite.")
    return y


def steps_of(
    n: int,
    span: float,
    *,
    rtol: Any = 1e-3,
    atol: Any = 1e-6,
    max_step: float = math.inf,
    first_step: float | None = None,
    implicit: bool = False,
    **others: Any,
) -> Steps:
    """Options that all methods have; a warning for those that the explicit ones do not have."""
    if others and not implicit:
        names = ", ".join(f"`{name}`" for name in others)
        warnings.warn(f"The following arguments have no effect for a chosen solver: {names}.", stacklevel=3)
    if max_step <= 0:
        raise ValueError("`max_step` must be positive.")
    smallest = _smallest(rtol, n)
    if smallest < SMALLEST_RTOL:
        warnings.warn(
            f"At least one element of `rtol` is too small. Setting `rtol = np.maximum(rtol, {SMALLEST_RTOL})`.",
            stacklevel=3,
        )
        smallest = SMALLEST_RTOL
    floor = np.empty(n)
    if type(atol) is not float and np.shape(atol) not in ((), (n,)):
        raise ValueError("`atol` has wrong shape.")
    floor[:] = atol
    least = atol if type(atol) is float else floor.min()
    if not least >= 0.0:
        raise ValueError("`atol` must be positive.")
    if first_step is not None:
        if first_step <= 0:
            raise ValueError("`first_step` must be positive.")
        if first_step > abs(span):
            raise ValueError("`first_step` exceeds bounds.")
    return Steps(smallest, floor, max_step, first_step)


def _smallest(rtol: Any, n: int) -> float:
    """The smallest of one or n relative tolerances."""
    if type(rtol) is not float:
        relative = np.asarray(rtol, dtype=np.float64)
        if relative.shape not in ((), (n,)):
            raise ValueError("`rtol` has wrong shape.")
        rtol = float(relative.min())
    if not rtol < math.inf:
        raise ValueError(f"`rtol` must be finite, but is {rtol}.")
    return float(rtol)


@dataclass(frozen=True)
class Linearisation:
    """What is known of the Jacobian.

    Attributes
    ----------
    jac : callable or None
        `jac(t, y, *args)` of shape (n, n).
    band : (int, int) or None
        Half-bandwidths; with them the Jacobian is found by differences.
    """

    jac: Any = None
    band: tuple[int, int] | None = None


def linearisation(jac: Any = None, lband: int | None = None, uband: int | None = None, **others: Any) -> Linearisation:
    """From the options of SciPy's implicit methods. A constant Jacobian is found by differences, as accurately."""
    if lband is not None or uband is not None:
        return Linearisation(None, (int(lband or 0), int(uband or 0)))
    return Linearisation(jac if callable(jac) else None)


@dataclass(frozen=True)
class Watched:
    """Event functions with the attributes that SciPy reads from them.

    Attributes
    ----------
    functions : tuple of callables `event(t, y, *args)`
    direction : tuple of int
        Sign of the admissible crossings, 0 for both.
    terminal : tuple of int
        Occurrences after which the solve stops, 0 for never.
    """

    functions: tuple[Any, ...]
    direction: tuple[int, ...]
    terminal: tuple[int, ...]


def watched(events: Any) -> Watched:
    """One event function or a sequence of them."""
    functions = (events,) if callable(events) else tuple(events)
    terminal = []
    for event in functions:
        count = getattr(event, "terminal", None) or 0
        if int(count) != count or count < 0:
            raise ValueError("The `terminal` attribute of each event must be a boolean or positive integer.")
        terminal.append(int(count))
    direction = tuple(int(np.sign(getattr(event, "direction", 0))) for event in functions)
    return Watched(functions, direction, tuple(terminal))
