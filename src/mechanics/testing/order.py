"""Does the error of a method fall as dt^order?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanics.methods import Method
from mechanics.systems import System
from mechanics.systems.manufactured import MANUFACTURED

from ._runs import Step, check_method, claimed, end, name_of
from ._slope import FEWEST, Slope, fit, judge, refine

MOST_COMPILED, MOST_PLAIN = 100_000, 3_000  # steps at the finest


@dataclass(frozen=True)
class OrderCheck:
    """Outcome of `check_order`: the claim, the measured slope, and the system it was measured on."""

    method: str
    claim: float
    slope: Slope
    system: str


def check_order(
    method: Method | Step,
    order: float | None = None,
    *,
    system: System = MANUFACTURED,
    below: float = 0.3,
    above: float = 0.5,
    most_steps: int | None = None,
) -> OrderCheck:
    """Fit the order of convergence with fixed steps and compare it with the claim.

    Parameters
    ----------
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> y1` with `drift(t, y, p, dy)` in place.
    order : float, optional
        The claim; by default `method.order`.
    system : System
        With a known solution at t1. The default has non-zero derivatives of all orders and depends on time.
    below, above : float
        How far the measured order may lie from the claim.
    most_steps : int, optional
        Budget at the finest step length: by default 100,000, or 3,000 for a plain function.

    Returns
    -------
    OrderCheck

    Raises
    ------
    AssertionError
        If the measured order differs, or the errors do not follow a power of dt.
    ValueError
        If there is no claim, or the solution of the system is not known.

    Notes
    -----
    Step lengths are chosen by the errors they cause: from 3 % down to rounding or the budget, 0.6 decades apart. Each
    component counts; the error is the largest over components, relative to the largest component of the solution.
    """
    check_method(method)
    claim = claimed(method, order, "order")
    exact = system.solution()
    scale = float(np.abs(exact).max())
    most = most_steps or (MOST_COMPILED if isinstance(method, Method) else MOST_PLAIN)

    def error(steps: int) -> float:
        with np.errstate(all="ignore"):  # far too long steps may overflow; that is a large error, not a fault
            try:
                return float(np.abs(end(method, system, steps) - exact).max()) / scale
            except (ArithmeticError, ValueError) as fault:
                return _no_number(fault)

    dts, errors = refine(error, claim, abs(system.t1 - system.t0), most)
    what = name_of(method)
    if len(dts) < FEWEST:
        raise AssertionError(
            f"{what} claims order {claim:g}, but only {len(dts)} of its errors on '{system.name}' with up to {most} steps lie "
            "between rounding and 3 %: it does not converge, or needs more steps (most_steps=)."
        )
    slope = fit(dts, errors)
    judge(slope, claim, what, system.name, below, above)
    return OrderCheck(what, claim, slope, system.name)


def _no_number(fault: Any) -> float:
    """A step so long that the drift left its domain counts as infinitely wrong; a wrong shape is the user's fault."""
    if isinstance(fault, ValueError) and "returned shape" in str(fault):
        raise fault
    return float("inf")
