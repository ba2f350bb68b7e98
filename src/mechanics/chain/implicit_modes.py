"""Which blocks of an implicit step move right, left, or rest: passes until no mode changes, and what if they cycle.

Semismooth Newton (the primal-dual active set of Hintermueller, Ito, Kunisch, SIAM J. Optim. 13 (2003) 865-888) starts
from the modes of the step before; where none changes, one pass is the step. It may cycle. Then Howard's algorithm for
the double obstacle problem  max(min(v, g + dt mu_right), g - dt mu_left) = 0  takes over: for an M-matrix it is
monotone and ends after finitely many passes (Bokanowski, Maroso, Zidani, SIAM J. Numer. Anal. 47 (2009) 3001-3026).

Static thresholds above the sliding friction make the problem one of many solutions. The rule: a block at rest (or
turning round) is held by its static threshold; once the others are solved for, those beyond it are released, all at
once and until the end of the step, and the others are solved for again.
"""

from ..engine import kernel
from .implicit_pass import TIE, pass_of, pass_of_all, residual
from .implicit_rows import BAR_LEFT, BAR_RIGHT, MODE, PARTS, RIGHT, STATIC_LEFT, STATIC_RIGHT, B, V

NEWTON = 8  # passes before Howard takes over: what has not ended by then mostly cycles
HOWARD = 100  # and 20 more for each block: passes before a step is given up


@kernel(forceinline=False)
def howard(work, i):  # type: ignore[no-untyped-def]
    """Modes and velocities of a lane by monotone iteration; whether it ended."""
    for _ in range(HOWARD + 20 * (work.shape[0] // PARTS)):
        # Left movers are given until all right movers are found; then they are looked at once.
        if pass_of(work, i, True, False) == 0 and pass_of(work, i, False, True) == 0:
            return True
    return False


@kernel(forceinline=False)
def release(work, i):  # type: ignore[no-untyped-def]
    """Unbar the blocks of a lane that rest under a force beyond their static threshold; return how many."""
    rows, freed = work.shape[0] // PARTS, 0
    for l in range(1, rows - 1):
        if work[MODE * rows + l, i] == 0.0:
            g, size = residual(
                work[B * rows + l, i],
                work[RIGHT * rows + l - 1, i], work[V * rows + l - 1, i],
                work[RIGHT * rows + l, i], work[V * rows + l + 1, i],
            )  # fmt: skip
            to_right, to_left = work[STATIC_RIGHT * rows + l, i], work[STATIC_LEFT * rows + l, i]
            if work[BAR_RIGHT * rows + l, i] != 0.0 and g < -to_right - TIE * (size + to_right):
                work[BAR_RIGHT * rows + l, i], work[MODE * rows + l, i] = 0.0, 1.0
                freed += 1
            elif work[BAR_LEFT * rows + l, i] != 0.0 and g > to_left + TIE * (size + to_left):
                work[BAR_LEFT * rows + l, i], work[MODE * rows + l, i] = 0.0, -1.0
                freed += 1
    return freed


@kernel
def find_modes_of_one(bars, work):  # type: ignore[no-untyped-def]
    """Solve the only lane, which is prepared; whether its modes were found."""
    while True:
        passes, changed = 0, 1
        while changed > 0 and passes < NEWTON:
            changed = pass_of(work, 0, True, True)
            passes += 1
        if changed > 0 and not howard(work, 0):
            return False
        if bars == 0 or release(work, 0) == 0:
            return True


@kernel
def find_modes_of_all(bars, work, trouble):  # type: ignore[no-untyped-def]
    """The same for all lanes at once. A lane that is done gets the same bits from every further pass."""
    while True:
        passes, changed = 0, 1
        while changed > 0 and passes < NEWTON:
            changed = pass_of_all(work)
            passes += 1
        freed = 0
        for i in range(work.shape[1]):
            if changed > 0 and pass_of(work, i, True, True) > 0 and not howard(work, i):
                trouble[i] = 1
            if bars > 0 and trouble[i] == 0:
                freed += release(work, i)
        if freed == 0:
            return
