"""Does a method keep what the equations keep?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanics.methods import Method

from ._runs import Step, check_method, name_of, walk

ROUNDING = 1e-13  # relative deviations below it are nobody's fault
GROWTH = 1.5  # a linear drift doubles its largest deviation in the second half


@dataclass(frozen=True)
class InvariantCheck:
    """Outcome of `check_invariant`: largest deviation, relative to max(1, |I(t0)|), in each half of the run."""

    method: str
    invariant: str
    first_half: float
    second_half: float
    dt: float


def check_invariant(
    problem: Any,
    method: Method | Step,
    invariant: Callable[[float, Any, Any], float],
    *,
    dt: float,
    t1: float | None = None,
    tol: float | None = None,
) -> InvariantCheck:
    """Check that an invariant is kept to a tolerance, or that its error is bounded without drift.

    Parameters
    ----------
    problem : Problem or System
        What to integrate.
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> y1`.
    invariant : function
        `invariant(t, y, p) -> float`.
    dt : float
        Fixed step (shortened a little to divide the interval).
    t1 : float, optional
        End, by default the problem's.
    tol : float, optional
        Given: the claim is a deviation of at most tol max(1, |I(t0)|). Not given: the claim is that deviations do not
        grow, so that the second half of the run has at most 1.5 times the largest deviation of the first.

    Returns
    -------
    InvariantCheck

    Raises
    ------
    AssertionError
        If the claim fails.

    Notes
    -----
    The run must be long: each half should hold several periods of the motion, and for the second claim the drift to be
    found has to show over the oscillation of the error.
    """
    check_method(method)
    end = problem.t1 if t1 is None else float(t1)
    steps = max(2, round(abs(end - problem.t0) / dt))
    ys = walk(method, _until(problem, end), steps)
    ts = np.linspace(problem.t0, end, len(ys))
    values = np.array([invariant(float(t), y, problem.p) for t, y in zip(ts, ys, strict=True)])
    deviation = np.abs(values - values[0]) / max(1.0, abs(values[0]))
    half = len(ys) // 2
    check = InvariantCheck(
        name_of(method),
        getattr(invariant, "__name__", "invariant"),
        float(deviation[:half].max()),
        float(deviation[half:].max()),
        abs(end - problem.t0) / steps,
    )
    worst = max(check.first_half, check.second_half)
    with_what = f"{check.method} with dt = {check.dt:.3g}"
    if tol is not None and not worst <= tol:
        at = float(ts[int(np.argmax(np.where(np.isfinite(deviation), deviation, np.inf)))])
        raise AssertionError(
            f"{with_what} should keep {check.invariant} to {tol:.1e}, but misses it by {worst:.1e} at t = {at:.4g}."
        )
    if tol is None and not check.second_half <= max(GROWTH * check.first_half, ROUNDING):
        raise AssertionError(
            f"{with_what} should not let {check.invariant} drift, but its deviation grows from {check.first_half:.1e} "
            f"in the first half of [{problem.t0:g}, {end:g}] to {check.second_half:.1e} in the second."
        )
    return check


def _until(problem: Any, t1: float) -> Any:
    from ._runs import changed

    return problem if t1 == problem.t1 else changed(problem, t1=t1)
