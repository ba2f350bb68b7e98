"""Is the interpolant of a method as accurate as claimed, continuous, and exact at the ends of steps?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanics.methods import Method
from mechanics.systems import System

from ._runs import Step, as_problem, check_method, claimed, name_of
from ._slope import CEILING, FEWEST, Slope, fit, judge, refine
from .order import long_enough

Array = NDArray[np.float64]
THETAS = np.linspace(0.05, 0.95, 10)  # relative times inside a step
JUMP = 1e-11  # relative: roundings of a polynomial whose coefficients may be large (VERN9: thousands)
MOST_DENSE = 1000  # steps at the finest


@dataclass(frozen=True)
class DenseCheck:
    """Outcome of `check_dense_output`: the fitted order inside steps and the largest jump at their ends (relative)."""

    method: str
    claim: float
    slope: Slope
    jump: float
    system: str


def check_dense_output(
    method: Method | Step,
    order: float | None = None,
    *,
    system: System | None = None,
    below: float = 0.3,
    above: float = 0.4,
    most_steps: int | None = None,
) -> DenseCheck:
    """Check order, continuity and ends of the interpolated solution with fixed steps.

    Parameters
    ----------
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> (y1, interpolant)` with `interpolant(theta)` the state
        at t + theta dt, 0 <= theta <= 1.
    order : float, optional
        Order of the interpolant; by default `method.dense_order`.
    system : System, optional
        With a closed-form solution; the default is that of `check_order`.
    below, above : float
        How far the measured order may lie outside of [order, order + 1].
    most_steps : int, optional
        Budget at the finest step length.

    Returns
    -------
    DenseCheck

    Raises
    ------
    AssertionError
        If the order differs, or the interpolant misses the ends of a step by more than 1e-11 of the solution.
    ValueError
        If there is no claim, or the system has no closed form.

    Notes
    -----
    An interpolant of order q errs by dt^(q + 1) in a step. That is what shows under a method of higher order than q;
    under one of order q the error of the steps, dt^q, does.
    """
    check_method(method)
    claim = claimed(method, order, "dense_order")
    system = long_enough(claim, method) if system is None else system
    if system.exact is None:
        raise ValueError(f"check_dense_output needs a closed-form solution, but {system.name} has none.")
    exact_at = system.exact
    scale = float(np.abs(system.solution()).max())
    most = most_steps or MOST_DENSE
    jumps = []

    def error(steps: int) -> float:
        ts, ys, inside = _dense(method, system, steps)
        gaps = []
        for theta in THETAS:
            exact = [exact_at(float(t), system.y0, system.p) for t in ts[:-1] + theta * np.diff(ts)]
            gaps.append(_gap(inside(theta), np.array(exact)) / scale)
        worst = float(np.max(gaps))
        if not np.isfinite(worst):
            return np.inf  # the further stages of an interpolant may leave the domain where those of the step did not
        jump = max(_gap(inside(0.0), ys[:-1]), _gap(inside(1.0), ys[1:])) / scale
        if worst < CEILING:
            jumps.append(jump)
        return worst if worst > 100.0 * jump or worst >= CEILING else 0.0

    dts, errors = refine(error, claim, abs(system.t1 - system.t0), most)
    what = f"the interpolant of {name_of(method)}"
    jump = max(jumps, default=0.0)
    if not jump <= JUMP:
        raise AssertionError(
            f"{what} misses the ends of its steps by {jump:.1e} of the solution on '{system.name}'; "
            f"rounding explains {JUMP:.0e}."
        )
    if len(dts) < FEWEST:
        raise AssertionError(
            f"{what} claims order {claim:g}, but only {len(dts)} of its errors on '{system.name}' lie between rounding "
            "and 3 %: it does not converge."
        )
    slope = fit(dts, errors)
    judge(slope, claim, what, system.name, below, 1.0 + above)
    return DenseCheck(name_of(method), claim, slope, jump, system.name)


def _gap(a: Array, b: Array) -> float:
    gap = float(np.abs(a - b).max())
    return gap if gap == gap else 1e30  # a step so long that its interpolant is not a number


def _dense(method: Method | Step, system: System, steps: int) -> tuple[Array, Array, Callable[[float], Array]]:
    """Ends of steps (m,), states there (m, n), and `inside(theta)`, the states at theta in every step (m - 1, n)."""
    if isinstance(method, Method):
        from mechanics.solving import solve

        solution = solve(as_problem(system), method, dt=abs(system.t1 - system.t0) / steps, dense=True)
        ts = solution.ts

        def inside(theta: float) -> Array:
            # both limits at an end: one rounding towards the inside of the step
            times = ts[:-1] + theta * np.diff(ts)
            times = np.clip(times, np.nextafter(ts[:-1], np.inf), np.nextafter(ts[1:], -np.inf))
            return solution(times)

        return ts, solution.ys, inside
    ts = np.linspace(system.t0, system.t1, steps + 1)
    dt, y = (system.t1 - system.t0) / steps, np.array(system.y0, float)
    states, parts = [y], []
    for t in ts[:-1]:
        y, part = method(float(t), dt, y.copy(), system.drift, system.p)
        states.append(np.asarray(y, float))
        parts.append(part)
    return ts, np.array(states), lambda theta: np.array([part(theta) for part in parts], float)
