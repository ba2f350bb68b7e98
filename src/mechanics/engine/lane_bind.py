"""From a drift, a method and what is to be kept to one compiled entry point of the lane engine."""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

import numba
from llvmlite import binding
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.errors import NumbaError

from ..methods.method import Method
from . import lanes, noise_source
from .adopt import adopt
from .bind import adopted, in_python
from .collect import keep_states
from .compile import compile_bound
from .lane_layout import STATE
from .lane_parameters import Varied, reader
from .noisy_lanes import noisy_lanes
from .step import NO_PARTS, Parts, Step, step_of

_bound: dict[Hashable, tuple[Callable[..., int] | None, Any]] = {}


@cache
def native_width() -> int:
    """Members in one vector register of this machine; results do not depend on it."""
    if DISABLE_JIT:
        return 1
    features = binding.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2


def bind_lanes(
    drift: Any,
    method: Method,
    n: int,
    varied: Varied,
    p_key: Hashable,
    collect: Any,
    saves: bool,
    fixed: bool,
    parts: Parts = NO_PARTS,
    source: str = "counted",
) -> Callable[..., int] | None:
    """The entry point for these choices; None where the drift cannot run in lanes (it branches on the state, say)."""
    key = (drift, method, n, varied.layout, varied.rows.shape[1], p_key, collect, saves, fixed, parts, source)
    if key not in _bound:
        _bound[key] = _compile(drift, method, n, varied, collect, saves, fixed, parts, source), (method, collect)
    return _bound[key][0]


def _compile(
    drift: Any,
    method: Method,
    n: int,
    varied: Varied,
    collect: Any,
    saves: bool,
    fixed: bool,
    parts: Parts,
    source: str,
) -> Callable[..., int] | None:
    step = step_of(method, n, adopted(parts))
    step.check(drift, varied.shared)
    if not step.lanes:
        return None
    entry: Any = compile_bound(
        noisy_lanes if step.noise is not None else lanes.fixed_lanes if fixed else lanes.adaptive_lanes,
        begin=step.begin,
        attempt=step.attempt,
        finish=step.finish,
        dense=step.dense,
        drift=adopt(drift),
        parameters=reader(varied, STATE + 2 * n),
        collect=keep_states if collect is None else collect,
        n=n,
        width=native_width(),
        slopes=step.slopes * n + step.squares * n * n,
        last_slope=step.last * n,
        more=(step.carried - 1) * n,
        coefficients=step.degree * (n + 1),
        order=method.order,
        saves=saves,
        **_noise_names(step, n, source),
    )
    if DISABLE_JIT:
        return entry
    try:
        return entry.compile(_signature(varied.shared))
    except NumbaError:
        return None


def _noise_names(step: Step, n: int, source: str) -> dict[str, Any]:
    """What else `noisy_lanes.noisy_lanes` leaves open."""
    if step.noise is None:
        return {}
    draws = in_python(step.noise.count)(n)
    rows = draws + draws % 2
    return {
        "keeps": 0 if step.keeps is None else in_python(step.keeps)(n),
        "fill": noise_source.choose(source, step.noise),
        "wieners": in_python(step.noise.wieners)(n),
        "draws": draws,
        "rows": rows,
        "fine_rows": rows if source == "refined" else 0,
    }


def _signature(p: Any) -> tuple[Any, ...]:
    """Numba types of the arguments of `lanes.adaptive_lanes` and `lanes.fixed_lanes`."""
    f1, f2, f3, number = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1], types.float64
    i1, i2, whole = types.int64[::1], types.int64[:, ::1], types.int64
    #  y0, p0, p, t0, t1, dt0, rtol, atol, control, most, passes
    first = (f2, f2, numba.typeof(p), number, number, number, number, f1, f1, number, whole)
    #  block, member, queue, saveat, kept, tally, final, ys
    return (*first, f3, i2, i1, f1, whole, i2, f2, f3)
