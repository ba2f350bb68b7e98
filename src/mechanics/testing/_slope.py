"""Order of convergence from errors at several step lengths.

    log e = log C + q log dt

over the finest step lengths above rounding. A third term for the next power of dt was tried: where leading error terms
nearly cancel (TSIT5) it bends the fitted order by more than it corrects.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

FLOOR = 2e-13  # relative: below, rounding has a say in the error
CEILING = 3e-2  # above, steps are not yet asymptotic
DECADES = 0.6  # fall of the error between neighbouring step lengths
LARGEST_RATIO = 1.6  # of those lengths
WINDOW = 8  # finest points that are fitted
FEWEST = 5
MOST_POINTS = 16  # step lengths that are tried above rounding


@dataclass(frozen=True)
class Slope:
    """A fitted order.

    Attributes
    ----------
    order, stderr : float
        Measured order and the standard error of the fit.
    dts, errors : tuple of float
        The fitted points, dt falling; errors are relative to the solution.
    """

    order: float
    stderr: float
    dts: tuple[float, ...]
    errors: tuple[float, ...]


def fit(dts: Sequence[float], errors: Sequence[float]) -> Slope:
    """Least squares of the equation above; at least `FEWEST` points."""
    x, e = np.array(dts), np.array(errors)
    M = np.stack([np.ones_like(x), np.log(x)], axis=1)
    c, *_ = np.linalg.lstsq(M, np.log(e), rcond=None)
    residual = np.log(e) - M @ c
    variance = float(residual @ residual) / max(len(x) - 2, 1)
    stderr = math.sqrt(variance * np.linalg.inv(M.T @ M)[1, 1])
    return Slope(float(c[1]), stderr, tuple(dts), tuple(errors))


def refine(
    error: Callable[[int], float], order: float, span: float, most: int, fewest: int = 3
) -> tuple[list[float], list[float]]:
    """Errors for more and more steps, until rounding or the budget ends it.

    Parameters
    ----------
    error : function
        `error(steps)`, relative.
    order : float
        Expected: sets the ratio of neighbouring step lengths.
    span : float
        Length of the interval.
    most, fewest : int
        Largest and smallest number of steps.

    Returns
    -------
    dts, errors : list of float
        Those between floor and ceiling, dt falling.
    """
    dts: list[float] = []
    errors: list[float] = []
    steps, ratio, below = fewest, min(10.0 ** (DECADES / order), LARGEST_RATIO), 0
    while steps <= most and below < 2 and len(dts) < MOST_POINTS:
        e = _guarded(error, steps)
        if math.isfinite(e) and e < CEILING:
            if e <= FLOOR:
                below += 1
            elif below == 0:
                dts.append(span / steps)
                errors.append(e)
        steps = max(steps + 1, math.ceil(steps * ratio))
    return dts[-WINDOW:], errors[-WINDOW:]


def _guarded(error: Callable[[int], float], steps: int) -> float:
    """The error; infinite where steps are so long that numbers overflow or the drift leaves its domain."""
    with np.errstate(all="ignore"):
        try:
            return error(steps)
        except (ArithmeticError, ValueError):
            return math.inf
        except RuntimeError as error_of_solve:
            if hasattr(error_of_solve, "solution"):  # a SolveError: steps too long for this system
                return math.inf
            raise


def judge(slope: Slope, claim: float, what: str, system: str, below: float, above: float) -> None:
    """Raise AssertionError unless the measured order lies in [claim - below, claim + above]."""
    where = f"between dt = {slope.dts[0]:.3g} (error {slope.errors[0]:.1e}) and {slope.dts[-1]:.3g}"
    where += f" ({slope.errors[-1]:.1e}) on the system '{system}'"
    if slope.stderr > below:
        raise AssertionError(
            f"{what} claims order {claim:g}, but the measured {slope.order:.2f} is uncertain by {slope.stderr:.2f} "
            f"{where}: the errors do not follow a power of dt."
        )
    if not claim - below <= slope.order <= claim + above:
        raise AssertionError(
            f"{what} claims order {claim:g}, but its error falls as dt^{slope.order:.2f} (+- {slope.stderr:.2f}) "
            f"{where}."
        )
