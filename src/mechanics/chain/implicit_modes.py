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
from .implicit_pass import (
    BAR_LEFT,
    BAR_RIGHT,
    DIAGONAL,
    HOLD_LEFT,
    HOLD_RIGHT,
    MODE,
    PARTS,
    RIGHT,
    TIE,
    B,
    V,
    pass_of,
    pass_of_all,
    residual,
)
from .rows import value_of

NEWTON = 8  # passes before Howard takes over: what has not ended by then mostly cycles
HOWARD = 100  # and 20 more for each block: passes before a step is given up


@kernel
def barred(v, sign, static, sliding):  # type: ignore[no-untyped-def]
    """1.0 where a block must pass a larger static threshold before it moves in the direction of `sign`."""
    return 1.0 if (sign * v <= 0.0) & (static > sliding) else 0.0


@kernel
def static_differs(p):  # type: ignore[no-untyped-def]
    """Whether a block must pass a threshold above its sliding friction."""
    differs = False
    for l in range(p.static_right.shape[0]):
        for i in range(p.static_right.shape[1]):
            differs |= p.static_right[l, i] > value_of(p.mu_right, l, i)
    for l in range(p.static_left.shape[0]):
        for i in range(p.static_left.shape[1]):
            differs |= p.static_left[l, i] > value_of(p.mu_left, l, i)
    return differs


@kernel(forceinline=False)
def fill(p, dt, theta, work):  # type: ignore[no-untyped-def]
    """What stays the same from step to step: A and the sliding friction. Remembers dt in an unused place of `work`."""
    rows, h = work.shape[0] // PARTS, theta * dt
    for l in range(1, rows - 1):
        for i in range(work.shape[1]):
            k_left, k_right = value_of(p.k, l - 1, i), value_of(p.k, l, i)
            springs = h * h * (k_left + k_right)
            work[DIAGONAL * rows + l, i] = value_of(p.mass, l - 1, i) + h * value_of(p.gamma, l - 1, i) + springs
            work[RIGHT * rows + l - 1, i], work[RIGHT * rows + l, i] = -(h * h * k_left), -(h * h * k_right)
            work[HOLD_RIGHT * rows + l, i] = dt * value_of(p.mu_right, l - 1, i)
            work[HOLD_LEFT * rows + l, i] = dt * value_of(p.mu_left, l - 1, i)
    work[0, 0] = dt


@kernel(forceinline=False)
def prepare(here, new, v, z, j, p, fade, common, dt, theta, work):  # type: ignore[no-untyped-def]
    """b, the modes of the step before, and bars; the normals of lane i are in column j + i of z."""
    n, lanes = here.shape[0] - 2, here.shape[1]
    rows, shift = n + 2, theta * (1.0 - theta) * dt
    for l in range(1, n + 1):
        last = theta if l == n else 0.0  # the end of the chain is where it will be, the blocks where they go
        for i in range(lanes):
            speed, x = v[l, i], here[l, i] + shift * v[l, i]
            left, right = here[l - 1, i] + shift * v[l - 1, i], here[l + 1, i] + shift * v[l + 1, i]
            right = (1.0 - last) * right + last * new[l + 1, i] if l == n else right
            noise = value_of(p.eps_bar, l - 1, i) * fade * z[0 if common else l - 1, j + i]
            force = value_of(p.k, l, i) * (right - x) - value_of(p.k, l - 1, i) * (x - left) + noise
            inertia = value_of(p.mass, l - 1, i) - (1.0 - theta) * dt * value_of(p.gamma, l - 1, i)
            work[B * rows + l, i] = inertia * speed + dt * force
            work[MODE * rows + l, i] = 1.0 if speed > 0.0 else -1.0 if speed < 0.0 else 0.0


@kernel(forceinline=False)
def bar(p, v, work):  # type: ignore[no-untyped-def]
    """Mark the directions that a larger static threshold bars; return how many."""
    rows, bars = work.shape[0] // PARTS, 0
    for l in range(1, rows - 1):
        for i in range(work.shape[1]):
            right = barred(v[l, i], 1.0, value_of(p.static_right, l - 1, i), value_of(p.mu_right, l - 1, i))
            left = barred(v[l, i], -1.0, value_of(p.static_left, l - 1, i), value_of(p.mu_left, l - 1, i))
            work[BAR_RIGHT * rows + l, i], work[BAR_LEFT * rows + l, i] = right, left
            bars += int(right + left)
    return bars


@kernel(forceinline=False)
def howard(work, i):  # type: ignore[no-untyped-def]
    """Modes and velocities of a lane by monotone iteration; whether it ended."""
    for _ in range(HOWARD + 20 * (work.shape[0] // PARTS)):
        # Left movers are given until all right movers are found; then they are looked at once.
        if pass_of(work, i, True, False) == 0 and pass_of(work, i, False, True) == 0:
            return True
    return False


@kernel(forceinline=False)
def release(p, dt, work, i):  # type: ignore[no-untyped-def]
    """Unbar the blocks of a lane that rest under a force beyond their static threshold; return how many."""
    rows, freed = work.shape[0] // PARTS, 0
    for l in range(1, rows - 1):
        if work[MODE * rows + l, i] == 0.0:
            g, size = residual(
                work[B * rows + l, i],
                work[RIGHT * rows + l - 1, i], work[V * rows + l - 1, i],
                work[RIGHT * rows + l, i], work[V * rows + l + 1, i],
            )  # fmt: skip
            to_right, to_left = dt * value_of(p.static_right, l - 1, i), dt * value_of(p.static_left, l - 1, i)
            if work[BAR_RIGHT * rows + l, i] != 0.0 and g < -to_right - TIE * (size + to_right):
                work[BAR_RIGHT * rows + l, i], work[MODE * rows + l, i] = 0.0, 1.0
                freed += 1
            elif work[BAR_LEFT * rows + l, i] != 0.0 and g > to_left + TIE * (size + to_left):
                work[BAR_LEFT * rows + l, i], work[MODE * rows + l, i] = 0.0, -1.0
                freed += 1
    return freed


@kernel(forceinline=False)
def find_modes(p, dt, bars, work, trouble):  # type: ignore[no-untyped-def]
    """Solve all lanes that are prepared. A lane that is done gets the same bits from every further pass."""
    lanes = work.shape[1]
    while True:
        passes, changed = 0, 1
        while changed > 0 and passes < NEWTON:
            changed = pass_of(work, 0, True, True) if lanes == 1 else pass_of_all(work)
            passes += 1
        freed = 0
        for i in range(lanes):
            if changed > 0 and pass_of(work, i, True, True) > 0 and not howard(work, i):
                trouble[i] = 1
            if bars > 0 and trouble[i] == 0:
                freed += release(p, dt, work, i)
        if freed == 0:
            return
