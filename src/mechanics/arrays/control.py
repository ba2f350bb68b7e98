"""Step control on the host, by the law of the compiled engine: of one step for all, or of one for each member.

`real` (members, REALS) and `whole` (members, WHOLES) hold what a member's run needs from step to step. `judge` decides
about the steps that were tried and plans the next ones, in one compiled call for all members; `adaptive_run` of the
compiled engine is the same sequence, line by line.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.compile import compile_bound
from ..engine.control import EXP2, LOG2, LOWEST, log2_of, step_factor
from ..engine.scalar import LAST as STRETCH
from ..engine.scalar import ROUNDING

Vector = NDArray[np.float64]

# real
T = 0  # current time
DT = 1  # next step as the control wants it
LOG_ERROR = 2  # log2 of the mean square error of the last accepted step
GROW = 3  # largest dt_new / dt after this step
START = 4  # start of the step that is tried
LENGTH = 5  # its length; 0 for members that are not running
REALS = 6

# whole
CODE = 0  # of the member's run, below
LAST = 1  # whether the step that is tried ends at t1
ACCEPT = 2  # whether the last step tried was accepted
ACCEPTED = 3  # steps
REFUSED = 4
NAN_SEEN = 5  # attempts refused since the last accepted step because a value was not finite
WHOLES = 6

RUNNING, DONE, UNDERFLOW, NON_FINITE = 0, 1, 2, 3


def judge(sizes, first, t1, control, real, whole):  # type: ignore[no-untyped-def]
    """Accept or refuse the steps tried, with scaled errors `sizes`, and plan the next; returns (running, accepted).

    With `first` there is nothing to judge.
    """
    running, accepted = 0, 0
    for r in range(real.shape[0]):
        whole[r, ACCEPT] = 0
        if whole[r, CODE] == RUNNING and not first:
            t, length, log_before = real[r, START], real[r, LENGTH], real[r, LOG_ERROR]
            square = sizes[r] * sizes[r]
            if not square <= 1.0:
                whole[r, REFUSED] += 1
                if math.isfinite(square):
                    dt = length * min(step_factor(log2_of(square), log_before, control), 1.0)
                else:
                    whole[r, NAN_SEEN] += 1
                    dt = length * control[3]
                real[r, DT], real[r, GROW] = dt, 1.0
                if abs(dt) <= ROUNDING * abs(t) or t + dt == t:
                    whole[r, CODE] = UNDERFLOW
            elif t + length == t and whole[r, LAST] == 0:
                whole[r, CODE] = UNDERFLOW
            else:
                log_square = log2_of(square)
                dt = length * min(step_factor(log_square, log_before, control), real[r, GROW])
                real[r, DT] = math.copysign(min(abs(dt), control[5]), dt)
                real[r, T] = t1 if whole[r, LAST] == 1 else t + length
                real[r, LOG_ERROR], real[r, GROW] = log_square, control[4]
                whole[r, ACCEPT] = 1
                whole[r, ACCEPTED] += 1
                whole[r, NAN_SEEN] = 0
                accepted += 1
                if whole[r, LAST] == 1 or real[r, T] == t1:
                    whole[r, CODE] = DONE
        real[r, START] = real[r, T]
        real[r, LENGTH] = 0.0
        if whole[r, CODE] == RUNNING:
            running += 1
            t, dt = real[r, T], real[r, DT]
            last = (t + STRETCH * dt - t1) * dt >= 0.0 and abs(t1 - t) <= control[5]
            whole[r, LAST] = 1 if last else 0
            real[r, LENGTH] = t1 - t if last else dt
    return running, accepted


def judge_kernel() -> Any:
    """`judge`, compiled."""
    return compile_bound(judge)


def first_reach(size: Vector, slope: Vector, span: float) -> Vector:
    """Length of the trial step of Hairer, Norsett, Wanner I, II.4, algorithm 4.14, not longer than the span.

    `size` and `slope` are the norms of y and f. As `engine.control.first_step`.
    """
    with np.errstate(all="ignore"):
        reach = np.where((size < 1e-5) | (slope < 1e-5), 1e-6, 0.01 * size / slope)
    return np.where(reach < abs(span), reach, abs(span))


def first_length(reach: Vector, slope: Vector, bend: Vector, order: int, span: float) -> Vector:
    """Length of the first step; `bend` is the norm of the change of f over the trial step."""
    with np.errstate(all="ignore"):
        steepest = np.where(bend / reach > slope, bend / reach, slope)
        accurate = _exp2(_log2(0.01 / steepest) / (order + 1.0))
        guess = np.where(steepest > 1e-15, accurate, np.maximum(reach * 1e-3, 1e-6))
        guess = np.where(guess < 100.0 * reach, guess, 100.0 * reach)
    return np.where(guess > 0.0, guess, abs(span))


def _log2(x: Vector) -> Vector:
    """The polynomial of `engine.control.log2_of`, so that both engines choose the same step."""
    mantissa, exponent = np.frexp(x)
    found = exponent - 1.0 + np.polyval(LOG2, 2.0 * mantissa)
    return np.where(found > LOWEST, np.where(x > 0.0, found, LOWEST), LOWEST)


def _exp2(z: Vector) -> Vector:
    """The polynomial of `engine.control.exp2_of`."""
    whole = np.rint(z)
    return np.ldexp(np.polyval(EXP2, z - whole), whole.astype(np.int64))
