"""What implicit methods with an iteration share: their memory, when J and its factors are renewed, convergence.

Memory (one row of `Trajectory.memory`) is a head of HEAD numbers, then vectors and matrices of the method. A run that
is continued has the same J, factors and starting values as one that was never interrupted, and so the same bits.

    scaled norm   |v| = root mean square of v_m / (atol_m + rtol |y_m|)
    rate          theta = |delta_k| / |delta_{k-1}| of Newton's corrections
    converged     theta / (1 - theta) |delta_k| <= kappa, or |delta_k| is rounding

Small systems renew J in every step and the factors in every attempt: that costs less than an iteration. Larger ones
keep J while theta is small, and the factors while the step is kept.

References
----------
Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.8 (simplified Newton iterations, Jacobian).
"""

import math

from .compile import inlined, kernel
from .linear import SMALL

# head of the memory
READY = 0  # 1 where the slope at the start of the step is in memory
HAVE_J = 1
FRESH = 2  # J is that of the present t and y
FACTORED = 3  # the dt of the factors; 0 where there are none
RATE = 4  # largest theta of the last attempt
CONVERGED = 5  # theta / (1 - theta) from the iteration before
LAST_DT = 6  # of the accepted step before; 0 where its stages are of no use
REFUSED_BEFORE = 7  # the attempt before was refused
ITERATIONS = 8  # most of the last attempt
HEAD = 9

MOST_ITERATIONS = 8
SLOW = 0.05  # theta from which a new Jacobian pays, where it is not cheap
KEEP = 1.2  # a step that could grow by less than this is kept, and its factors with it
FIXED_KAPPA = 1e-8  # fixed steps promise an order, not a tolerance: their equations are solved this much better
NOT_CONVERGED = -1.0  # instead of an error


def always_renewed(n: int | None) -> bool:
    """Whether J and its factors cost less than an iteration."""
    return n is not None and n <= SMALL


@inlined
def accuracy(rtol, fixed):  # type: ignore[no-untyped-def]
    """Kappa: how exactly, in units of the tolerance, stages are solved."""
    return FIXED_KAPPA if fixed else min(0.03, math.sqrt(rtol))


@inlined
def rounding(rtol):  # type: ignore[no-untyped-def]
    """Ten rounding errors in units of the tolerance: smaller corrections are noise, whose rate says nothing."""
    return 2.2e-15 / max(rtol, 1e-14)


@kernel(forceinline=False)
def norm_square(v, y, rtol, atol):  # type: ignore[no-untyped-def]
    """Mean of (v_m / (atol_m + rtol |y_m|))^2."""
    n = len(y)
    total = 0.0
    for m in range(n):
        share = v[m] / (atol[m] + rtol * abs(y[m]))
        total += share * share
    return total / n


@inlined
def forget(M):  # type: ignore[no-untyped-def]
    """After a change of state: nothing of the steps before is of use."""
    for i in range(HEAD):
        M[i] = 0.0
