"""Whether a spectrum can be trusted, as a sentence.

converged             standard errors below the tolerance, halves of the run agree, groups long enough
not converged         what is missing, and how much longer to run
diverged              the state left all bounds
fixed point           the state does not move: exponents of its linearisation
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .statistics import APART, Statistics, between_halves

if TYPE_CHECKING:
    from .event_driven import Events

Array = NDArray[np.float64]
ZERO_ERRORS, ZERO_TIMES = 5.0, 10.0  # |l| < 5 se + 10 / T is zero: convergence to zero goes as ln T / T
RISING = 1.5  # of a standard error as its groups double: they remember each other


class Verdict(NamedTuple):
    """The sentence, and whether it is good news."""

    text: str
    converged: bool


def is_zero(exponents: Array, stderr: Array, time: float) -> NDArray[np.bool_]:
    """Which exponents cannot be told from zero."""
    result: NDArray[np.bool_] = np.abs(exponents) < ZERO_ERRORS * stderr + ZERO_TIMES / time
    return result


def judge(found: Statistics, blocks: Array, time: float, rtol: float, unit: str) -> Verdict:
    """The verdict on a run that did not diverge; `unit` names the unit of its time."""
    mean, stderr = found.mean, found.stderr
    finite = np.isfinite(mean)
    if not finite.any():
        return Verdict("converged: every exponent is -infinity, since the derivative loses all rank", True)
    if len(blocks) < 8:
        return Verdict(f"not converged: only {len(blocks)} blocks; run at least 8 times longer", False)
    zero = is_zero(mean, stderr, time)
    sizes = np.where(finite & ~zero, np.abs(mean), 0.0)
    largest = sizes[np.argmax(np.where(finite, mean, -np.inf))] or sizes.max()
    wanted = rtol * np.maximum(sizes, largest)
    if largest == 0.0:
        return Verdict(
            f"converged: all exponents are zero within {ZERO_TIMES:g}/T = {ZERO_TIMES / time:.1g} or five standard "
            "errors (regular motion; zeros converge as ln T / T)", True,
        )  # fmt: skip
    with np.errstate(invalid="ignore"):
        excess = np.where(finite, stderr / wanted, 0.0)
    worst = int(np.argmax(excess))
    if excess[worst] > 1.0:
        factor = float(f"{max(2.0, math.ceil(excess[worst] ** 2)):.1g}")
        return Verdict(
            f"not converged: exponent {worst + 1} is {mean[worst]:.4g} with a standard error of {stderr[worst]:.2g}, "
            f"more than {100 * rtol:g} % of {max(sizes[worst], largest):.3g}; run about {factor:.0f} times longer",
            False,
        )  # fmt: skip
    drift = between_halves(blocks)
    # a half has sqrt 2 times the error, their difference twice
    allowed = APART * 2.0 * stderr + ZERO_TIMES * 2.0 / time
    late = np.flatnonzero(finite & (drift > allowed))
    if late.size:
        return Verdict(
            f"not converged: exponent {late[0] + 1} differs by {drift[late[0]]:.2g} between the halves of the run, "
            "more than its error explains: it still drifts; discard a longer transient and run about 4 times longer",
            False,
        )  # fmt: skip
    if len(found.doubling) > 1:
        rising = found.doubling[-1] > RISING * found.doubling[-2]
        rising &= finite & (stderr > wanted / 4.0)
        if rising.any():
            which = int(np.flatnonzero(rising)[0])
            return Verdict(
                f"not converged: the standard error of exponent {which + 1} still rises as blocks double: they are "
                f"shorter than the memory of the system; run about 4 times longer", False,
            )  # fmt: skip
    return Verdict(f"converged: standard errors within {100 * rtol:g} % after {time:.6g} {unit}", True)


def remarked(verdict: Verdict, exponents: Array, resets: int, events: "Events | None", remarks: list[str]) -> Verdict:
    """A verdict with what else has to be known: lost rank, events, and the job's own remarks."""
    remarks = list(remarks)
    lost = int(np.isneginf(exponents).sum())
    if lost and np.isfinite(exponents).any():
        what = "exponent is" if lost == 1 else "exponents are"
        remarks.append(
            f"{lost} {what} -infinity, since the derivative loses rank (vectors were replaced {resets} times)"
        )
    if events is not None and events.together:
        remarks.append(
            f"{events.together} of {events.number} events shared their time with others, whose jumps commute"
        )
    if events is not None and events.slow:
        remarks.append(f"{events.slow} of {events.number} events were passed so slowly that there is no derivative")
    return verdict._replace(text="; ".join([verdict.text, *remarks]))


def fixed_point(n: int) -> Verdict:
    """The state rests."""
    what = "it has" if n == 1 else "they have"
    return Verdict(
        f"the state is a fixed point: the exponents are those of its linearisation, and {what} nothing to do with an "
        "attractor elsewhere", True,
    )  # fmt: skip


def diverged(when: float, unit: str, implicit: bool = False) -> Verdict:
    """The state left all bounds, or the equations of an implicit step were not solved."""
    stages = ", or the equations of the implicit step have no solution that Newton's method finds" if implicit else ""
    return Verdict(
        f"diverged at {unit} {when:.6g}: the state is not finite any more{stages}, and there are no exponents; start "
        "inside the basin of attraction, or shorten dt if the numerical scheme is what diverges",
        False,
    )  # fmt: skip
