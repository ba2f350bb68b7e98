"""From a drift, a method and what is to be kept to one compiled entry point of the scalar engine."""

from collections.abc import Callable, Hashable
from typing import Any, Literal

import numba
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.errors import NumbaError

from ..event import Event
from ..methods.auto import Automatic
from ..methods.method import Method
from . import events as event_kernels
from . import full, noise_source, noisy_events, output, scalar
from .adopt import adopt
from .auto import automatic_entry, largest_rate
from .compile import compile_bound
from .jacobian import make_jacobian
from .linear import make_linear
from .parts import SecondOrder
from .stack import STACK, workspace
from .step import NO_PARTS, Parts, Step, step_of

Keep = Literal["nothing", "ends", "steps", "times"]
OUTPUTS = {
    "nothing": output.keep_nothing,
    "ends": output.keep_end,
    "steps": output.keep_step,
    "times": output.keep_at,
}

_bound: dict[Hashable, tuple[Callable[..., int], Any]] = {}


def bind(
    drift: Any,
    method: Method,
    n: int,
    p: Any,
    p_key: Hashable,
    keep: Keep,
    events: tuple[Event, ...],
    fixed: bool,
    parts: Parts = NO_PARTS,
    source: str = "counted",
) -> Callable[..., int]:
    """The entry point for these choices: from memory in a microsecond, from disk, or compiled.

    Raises
    ------
    TypeError
        If a function of the user cannot be compiled.
    ValueError
        If the method cannot be used with it.
    """
    size = n if n <= STACK else None
    functions = tuple((event.g, event.apply) for event in events)
    key = (drift, method, size, p_key, keep, functions, fixed, parts, source)
    found = _bound.get(key)
    if found is None:
        if isinstance(method.data, Automatic):
            made: Any = automatic_entry(
                method.data,
                size,
                parts,
                lambda single, change: _compile(drift, single, size, p, keep, events, fixed, parts, source, change),
                lambda: look_at(drift, size, p, parts),
            )
        else:
            made = _compile(drift, method, size, p, keep, events, fixed, parts, source)
        found = _bound[key] = made, method
    return found[0]


def look_at(drift: Any, n: int | None, p: Any, parts: Parts) -> Any:
    """The compiled `auto.largest_rate` of a problem."""
    known = adopted(parts)
    entry: Any = compile_bound(
        largest_rate,
        drift=adopt(drift),
        fill=make_jacobian(known.jacobian, known.band),
        size_J=make_linear(n, known.band).size_J,
        vector=workspace(n, 1),
    )
    f1 = types.float64[::1]
    return entry if DISABLE_JIT else entry.compile((types.float64, f1, numba.typeof(p), types.float64, f1))


def _compile(
    drift: Any,
    method: Method,
    n: int | None,
    p: Any,
    keep: Keep,
    events: tuple[Event, ...],
    fixed: bool,
    parts: Parts,
    source: str,
    change: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Callable[..., int]:
    step = step_of(method, n, adopted(parts))
    step.check(drift, p)
    watch = event_kernels.watch_nothing
    noise: dict[str, Any] = {}
    parts_of_events: Any = ()
    if events:
        parts_of_events = (
            event_kernels.make_values([adopt(event.g) for event in events]),
            event_kernels.make_apply([event.apply and adopt(event.apply) for event in events]),
            len(events),
        )
    if step.noise is not None:
        watch, noise = _noise_names(step, n, keep, source, parts_of_events, parts.noises)
    elif events:
        watch = event_kernels.make_watch(*parts_of_events)
    names = {
        "begin": step.begin,
        "attempt": step.attempt,
        "finish": step.finish,
        "dense": step.dense,
        "shift": step.shift,
        "drift": adopt(drift),
        "output": OUTPUTS[keep],
        "watch": watch,
        "is_full": full.choose(grows=keep in ("ends", "steps"), events=bool(events)),
        "vector": workspace(n, 1),
        "slopes": workspace(n, step.slopes, squares=step.squares),
        "coefficients": workspace(n, step.degree, step.degree),
        "degree": step.degree,
        "order": method.order,
        "carried": step.carried,
        "recalled": step.recalled,
        "bare": keep in ("nothing", "times") and not events,
        **noise,
    }
    run = step.run or (scalar.fixed_run if fixed else scalar.adaptive_run)
    entry: Any = compile_bound(run, **change(names))
    if DISABLE_JIT:
        return entry
    try:
        return entry.compile(_signature(p))
    except NumbaError as error:
        raise TypeError(
            f"{getattr(drift, '__name__', drift)} (or one of the events) could not be compiled. Kernels take numbers, "
            f"arrays and NamedTuples of these, and write their result into their last argument. Numba says:\n{error}"
        ) from error


def _noise_names(
    step: Step, n: int | None, keep: Keep, source: str, events: Any, noises: int | None
) -> tuple[Any, dict[str, Any]]:
    """The kernel that watches events, and what else `noisy.noisy_run` leaves open."""
    draws = step.noise
    look, watch = (
        noisy_events.make_watch(*events) if events else (noisy_events.look_at_nothing, noisy_events.watch_nothing)
    )
    return watch, {
        "keeps": step.keeps is not None,
        "look": look,
        "fill": noise_source.choose(source, draws),
        "wieners": draws.wieners,
        "count": draws.count,
        "normals": _room(n, step, noises),
        "refined": source == "refined",
        "saves_ends": keep == "ends",
        "saves_times": keep == "times",
    }


def _room(n: int | None, step: Step, noises: int | None) -> Any:
    """Kernel that makes the array of the normals of one step."""
    if n is None and noises is None:  # at most two for each component
        return workspace(None, 2)
    count = in_python(step.noise.count)(n)
    return workspace(1, count) if count <= STACK else workspace(None, 0, count)


def in_python(kernel: Any) -> Any:
    """The plain function of a kernel."""
    return getattr(kernel, "py_func", kernel)


def adopted(parts: Parts) -> Parts:
    """The functions of a problem with our own elementary functions, as `adopt` makes them."""
    return parts._replace(
        jacobian=parts.jacobian and adopt(parts.jacobian),
        diffusion=parts.diffusion and adopt(parts.diffusion),
        second_order=parts.second_order and _adopted(parts.second_order),
    )


def _adopted(known: SecondOrder) -> SecondOrder:
    amplitude = known.amplitude and adopt(known.amplitude)
    return known._replace(force=adopt(known.force), amplitude=amplitude, drift=None, diffusion=None)


def _signature(p: Any) -> tuple[Any, ...]:
    """Numba types of the arguments of `scalar.adaptive_run` and `scalar.fixed_run`."""
    f1, f2, i1 = types.float64[::1], types.float64[:, ::1], types.int64[::1]
    number = types.float64
    #  y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
    return (f1, f1, numba.typeof(p), number, number, f1, f1, types.int64, f1, i1, f1, f2, f2, f1, f2, f2, f2)
