"""Does the error of a method fall as dt^order?"""

from dataclasses import dataclass, replace

import numpy as np

from mechanics.methods import Method
from mechanics.systems import System
from mechanics.systems.manufactured import MANUFACTURED, SHAKEN_KEPLER

from ._runs import Step, check_method, claimed, end, name_of, walk
from ._slope import FEWEST, Slope, fit, judge, refine

MOST_COMPILED, MOST_PLAIN = 30_000, 2_000  # steps at the finest
MOST_COMPARED = 200  # states of a run that are compared with the closed form


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
    system: System | None = None,
    below: float = 0.3,
    above: float | None = None,
    most_steps: int | None = None,
) -> OrderCheck:
    """Fit the order of convergence with fixed steps and compare it with the claim.

    Parameters
    ----------
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> y1` with `drift(t, y, p, dy)` in place.
    order : float, optional
        The claim; by default `method.order`.
    system : System, optional
        With a known solution at t1. The default has non-zero derivatives of all orders and depends on time (and is
        separable for methods that ask for that); its interval grows with the claim, so that methods of high order make
        many steps too.
    below, above : float
        How far the measured order may lie from the claim; `above` is 0.5 up to order six and 0.9 beyond, where methods
        are tuned to so small a leading error that the next power of dt reaches rounding first.
    most_steps : int, optional
        Budget at the finest step length: by default 30,000, or 2,000 for a plain function.

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
    Step lengths are chosen by the errors they cause: from 3 % down to rounding or the budget, at most 0.6 decades
    apart. The error is the root mean square along the run where a closed form is known (at one time alone, leading
    terms may happen to cancel), else that at the end; relative to the largest component of the solution.
    """
    check_method(method)
    claim = claimed(method, order, "order")
    system = long_enough(claim, method) if system is None else system
    exact = system.solution()
    scale = float(np.abs(exact).max())
    most = most_steps or (MOST_COMPILED if isinstance(method, Method) else MOST_PLAIN)

    def error(steps: int) -> float:
        if system.exact is None:
            return float(np.linalg.norm(end(method, system, steps) - exact)) / scale
        ys = walk(method, system, steps)
        ts = np.linspace(system.t0, system.t1, len(ys))
        every = max(1, len(ys) // MOST_COMPARED)
        pairs = zip(ts[::-every], ys[::-every], strict=True)
        gaps = [y - system.exact(float(t), system.y0, system.p) for t, y in pairs]
        return float(np.sqrt(np.mean(np.square(gaps)) * system.n)) / scale

    dts, errors = refine(error, claim, abs(system.t1 - system.t0), most)
    what = name_of(method)
    if len(dts) < FEWEST:
        raise AssertionError(
            f"{what} claims order {claim:g}, but only {len(dts)} of its errors on '{system.name}' with up to {most} "
            "steps lie between rounding and 3 %: it does not converge, or needs more steps (most_steps=)."
        )
    slope = fit(dts, errors)
    judge(slope, claim, what, system.name, below, (0.5 if claim <= 6 else 0.9) if above is None else above)
    return OrderCheck(what, claim, slope, system.name)


def long_enough(order: float, method: Method | Step) -> System:
    """A system that the method solves, on an interval in which its order makes many steps above rounding."""
    data = getattr(method, "data", None)
    system = SHAKEN_KEPLER if getattr(data, "separable", False) else MANUFACTURED
    return replace(system, t1=1.5 * max(2.0, order))
