"""Is a problem what a splitting method needs: dq/dt a function of t and v, dv/dt one of t and q?

    y = (q_1 .. q_d, v_1 .. v_d),   dq/dt = g(t, v, p),   dv/dt = f(t, q, p)

Such a method run on anything else converges, to the solution of another problem. So the drift is probed: at a few
states about y0 one half is changed, in small and in large steps, and the slopes of the other half must keep their bits.
A dependence that is zero at every state probed is not seen.
"""

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from .engine.adopt import adopt
from .engine.compile import compile_bound
from .engine.lane_parameters import Varied
from .members import member_parameters
from .methods import Method
from .problem import Problem

Array = NDArray[np.float64]
CHANGES = (1e-3, 0.3, 30.0)  # sizes, relative to 1 + |y|
INSTEAD = "Use GAUSS4 or IMPLICIT_MIDPOINT, which are symplectic for every Hamiltonian"
FEW = 8  # members whose parameters are looked at, and parameters whose extremes are
MOST_KEPT = 4096  # findings: each value of the parameters has its own, since a damping of 0 is none

_found: dict[Any, tuple[str, bool, bool]] = {}
drift: Any = None  # bound below


def check_separable(problem: Problem, method: Method) -> None:
    """Raise unless `problem` is separable, if `method` needs that.

    Raises
    ------
    ValueError
        With the component that depends on what it may not depend on.
    """
    if not getattr(method.data, "separable", False):
        return
    complaint, _, linear = _probed(problem)
    if complaint:
        raise ValueError(f"{method} splits y = (q, v) into positions and velocities, but {complaint} {INSTEAD}.")
    if method.data.linear_velocity and not linear:
        raise ValueError(
            f"{method} keeps its order only where dq/dt is linear in the velocities, but here it is not. Use "
            f"KAHAN_LI8 or YOSHIDA6, or GAUSS6."
        )


def has_plain_velocity(problem: Problem, method: Method) -> bool:
    """Whether dq/dt is v itself and the problem separable, if `method` makes use of it."""
    return getattr(method.data, "kind", "") == "symplectic" and _probed(problem)[1]


def plain_velocities(problem: Problem, varied: Varied, method: Method) -> set[bool]:
    """`has_plain_velocity` of members whose parameters differ: what is found among a few of them.

    The first, the last, some between, and those with the least and the largest value of each parameter.

    Raises
    ------
    ValueError
        If one of them is not separable, and `method` needs that.
    """
    if varied.layout is None or method.kind != "symplectic":
        return {has_plain_velocity(problem, method)}
    rows = varied.rows
    few = {0, len(rows) - 1, *range(0, len(rows), max(1, len(rows) // FEW))}
    for column in rows.T[:FEW]:
        few |= {int(column.argmin()), int(column.argmax())}
    found = set()
    for who in sorted(few):
        member = replace(problem, p=member_parameters(varied, who))
        check_separable(member, method)
        found.add(has_plain_velocity(member, method))
    return found


def _probed(problem: Problem) -> tuple[str, bool, bool]:
    """Complaint ("" if separable), whether dq/dt is v bit for bit, and whether it is linear in v."""
    key = (problem.drift, len(problem.y0), problem.p_key, _value(problem.p))
    if key not in _found:
        if len(_found) > MOST_KEPT:
            _found.clear()
        _found[key] = _probe(problem)
    return _found[key]


def _value(p: Any) -> Any:
    if isinstance(p, np.ndarray):
        return p.tobytes()
    return tuple(map(_value, p)) if isinstance(p, tuple) else p


def _probe(problem: Problem) -> tuple[str, bool, bool]:
    n = len(problem.y0)
    if n % 2:
        return f"y0 has {n} components, an odd number.", False, False
    d, slope = n // 2, _slope(problem)
    random = np.random.default_rng(20100731)
    plain = linear = True
    for t in (problem.t0, 0.5 * (problem.t0 + problem.t1)):
        for size in (0.0, *CHANGES):
            y = problem.y0 + size * (1.0 + np.abs(problem.y0)) * random.uniform(-1.0, 1.0, n)
            base = slope(t, y)
            for change in CHANGES:
                moved = y + change * (1.0 + np.abs(y)) * random.choice((-1.0, 1.0), n) * random.uniform(0.5, 1.0, n)
                for first in (0, d):  # the slopes from `first` on, against changes of the same half of y
                    z = y.copy()
                    z[first : first + d] = moved[first : first + d]
                    there = slope(t, z)
                    i = _first_difference(base, there, first, d)
                    if i is not None:
                        return _complaint(slope, t, y, z, first, d, i), False, False
            plain = plain and _same(base[:d], y[d:])
            linear = linear and _is_linear(slope, t, y, base, random)
    return "", plain, plain or linear


def _slope(problem: Problem) -> Any:
    """The drift at one state: as plain Python, or compiled where it cannot run as that."""
    given: Any = problem.drift
    plain, p, n = given.py_func if isinstance(given, Dispatcher) else given, problem.p, len(problem.y0)

    def slope(t: float, y: Array) -> Array:
        dy = np.full(n, np.nan)
        # plain Python raises where compiled code returns inf or nan
        with np.errstate(all="ignore"), contextlib.suppress(ArithmeticError, ValueError):
            plain(t, y.copy(), p, dy)
        return dy

    try:
        slope(problem.t0, problem.y0)
    except (TypeError, NotImplementedError, NumbaError):  # it calls what exists in compiled code only
        call = compile_bound(_call, drift=adopt(given))

        def slope(t: float, y: Array) -> Array:
            dy = np.full(n, np.nan)
            call(t, y.copy(), p, dy)
            return dy

    return slope


def _call(t, y, p, dy):  # type: ignore[no-untyped-def]
    drift(t, y, p, dy)


def _first_difference(a: Array, b: Array, first: int, d: int) -> int | None:
    """The first slope of the half that begins at `first` whose bits differ; values that are not finite say nothing."""
    half = slice(first, first + d)
    changed = (a[half] != b[half]) & np.isfinite(a[half]) & np.isfinite(b[half])
    return first + int(np.argmax(changed)) if changed.any() else None


def _complaint(slope: Any, t: float, y: Array, z: Array, first: int, d: int, i: int) -> str:
    base, alone = slope(t, y), None
    for j in range(first, first + d):
        one = y.copy()
        one[j] = z[j]
        if slope(t, one)[i] != base[i]:
            alone = j
            break
    on = "components of its own half" if alone is None else f"y[{alone}]"
    if first == 0:
        return f"dq/dt depends on positions: dy[{i}] changes with {on}."
    return f"the force depends on velocities: dy[{i}] changes with {on}."


def _same(a: Array, b: Array) -> bool:
    return a.tobytes() == (b + 0.0).tobytes() or bool(np.all(a == b))


def _is_linear(slope: Any, t: float, y: Array, base: Array, random: np.random.Generator) -> bool:
    """Whether dq/dt is homogeneous of degree one in v, exactly, and additive but for rounding."""
    d = len(y) // 2

    def rate(v: Array) -> Array:
        z = y.copy()
        z[d:] = v
        rates: Array = slope(t, z)[:d]
        return rates

    v, w = y[d:] + 1e-3, random.uniform(-1.0, 1.0, d)
    if not all(np.array_equal(rate(factor * v), factor * rate(v)) for factor in (-2.0, 0.5, 1024.0)):
        return False
    size = np.abs(rate(v)) + np.abs(rate(w)) + np.finfo(float).tiny
    return bool(np.all(np.abs(rate(v + w) - rate(v) - rate(w)) <= 1e-12 * d * size.max()))
