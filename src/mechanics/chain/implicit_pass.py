"""One pass of the implicit step: velocities for given modes of the blocks, and the next guess of the modes.

    v+ = argmin 1/2 v'A v - b'v + dt sum (mu_right max(v, 0) + mu_left max(-v, 0))
    A  = m + theta dt gamma - theta^2 dt^2 Lap_k,   b = (m - (1 - theta) dt gamma) v + dt (force at x_theta)

A is tridiagonal, positive definite, and an M-matrix. With the mode of each block known (1: moves right, -1: left, 0:
at rest) the minimum is one linear system in the blocks that move: elimination from left to right (Thomas) and
substitution back. The modes are right where velocities have their signs, and g = A v - b of every block at rest lies
between -dt mu_right and dt mu_left.

Lanes are solved together, row by row, or one lane by `pass_of`: the same operations on the same numbers.
"""

from ..engine import kernel
from .implicit_rows import BAR_LEFT, BAR_RIGHT, DIAGONAL, HOLD_LEFT, HOLD_RIGHT, MODE, PARTS, RIGHT, UPPER, B, V

TIE = 1e-14  # relative excess of a force over its threshold that is rounding: without it, ties flip for ever


@kernel
def eliminated(mode, b, diagonal, left, right, upper, value, hold_right, hold_left):  # type: ignore[no-untyped-def]
    """Row l after elimination: (entry above the diagonal, right side); `upper` and `value` are those of row l - 1."""
    side = b - (hold_right if mode > 0.0 else -hold_left)
    inverse = 1.0 / (diagonal - left * upper)
    moves = mode != 0.0
    return (right * inverse if moves else 0.0), ((side - left * value) * inverse if moves else 0.0)


@kernel
def next_mode(  # type: ignore[no-untyped-def]
    mode, v, g, size, diagonal, hold_right, hold_left, bar_right, bar_left, look_right, look_left
):
    """The next guess of a mode from v and, at rest, g = A v - b, whose rounding is measured by `size`.

    With both directions looked at, this is semismooth Newton; with one of them, blocks of the other stay as they are.
    """
    beyond, turn = diagonal * v, hold_right + hold_left
    turns_left = look_left & (beyond < -turn) & (bar_left == 0.0)
    turns_right = look_right & (beyond > turn) & (bar_right == 0.0)
    starts_right = look_right & (g < -hold_right - TIE * (size + hold_right)) & (bar_right == 0.0)
    starts_left = look_left & (g > hold_left + TIE * (size + hold_left)) & (bar_left == 0.0)
    from_right = 1.0 if (v > 0.0) | (not look_right) else -1.0 if turns_left else 0.0
    from_left = -1.0 if (v < 0.0) | (not look_left) else 1.0 if turns_right else 0.0
    from_rest = 1.0 if starts_right else -1.0 if starts_left else 0.0
    return from_right if mode > 0.0 else from_left if mode < 0.0 else from_rest


@kernel
def residual(b, left, v_left, right, v_right):  # type: ignore[no-untyped-def]
    """(A v - b, the size that its rounding is measured by) of a block at rest."""
    below, above = left * v_left, right * v_right
    return below + above - b, abs(below) + abs(above) + abs(b)


@kernel(forceinline=False)
def pass_of_all(work):  # type: ignore[no-untyped-def]
    """Velocities of all lanes for the present modes, and the next guess of these; return how many changed."""
    rows, lanes, changed = work.shape[0] // PARTS, work.shape[1], 0
    for l in range(1, rows - 1):
        diagonal, left, right = work[DIAGONAL * rows + l], work[RIGHT * rows + l - 1], work[RIGHT * rows + l]
        mode, b = work[MODE * rows + l], work[B * rows + l]
        hold_right, hold_left = work[HOLD_RIGHT * rows + l], work[HOLD_LEFT * rows + l]
        upper, v = work[UPPER * rows + l], work[V * rows + l]
        upper_before, v_before = work[UPPER * rows + l - 1], work[V * rows + l - 1]
        for i in range(lanes):
            upper[i], v[i] = eliminated(
                mode[i], b[i], diagonal[i], left[i], right[i], upper_before[i], v_before[i], hold_right[i], hold_left[i]
            )
    for l in range(rows - 2, 0, -1):
        upper, v, v_after = work[UPPER * rows + l], work[V * rows + l], work[V * rows + l + 1]
        for i in range(lanes):
            v[i] -= upper[i] * v_after[i]
    for l in range(1, rows - 1):
        diagonal, left, right = work[DIAGONAL * rows + l], work[RIGHT * rows + l - 1], work[RIGHT * rows + l]
        mode, b = work[MODE * rows + l], work[B * rows + l]
        hold_right, hold_left = work[HOLD_RIGHT * rows + l], work[HOLD_LEFT * rows + l]
        bar_right, bar_left = work[BAR_RIGHT * rows + l], work[BAR_LEFT * rows + l]
        v_before, v, v_after = work[V * rows + l - 1], work[V * rows + l], work[V * rows + l + 1]
        for i in range(lanes):
            g, size = residual(b[i], left[i], v_before[i], right[i], v_after[i])
            found = next_mode(
                mode[i], v[i], g, size, diagonal[i], hold_right[i], hold_left[i], bar_right[i], bar_left[i], True, True
            )
            changed += 1 if found != mode[i] else 0
            mode[i] = found
    return changed


@kernel(forceinline=False)
def pass_of(work, i, look_right, look_left):  # type: ignore[no-untyped-def]
    """The same for lane i alone, looking at blocks of one direction or both.

    An index of its own for the part spares every access a test for negative indices: half the time.
    """
    rows, changed = work.shape[0] // PARTS, 0
    parts = work.reshape(PARTS, rows, work.shape[1])
    left = parts[RIGHT, 0, i]
    upper = v = 0.0
    for l in range(1, rows - 1):
        right, mode = parts[RIGHT, l, i], parts[MODE, l, i]
        if mode == 0.0:
            upper = v = 0.0
        else:
            upper, v = eliminated(
                mode, parts[B, l, i], parts[DIAGONAL, l, i], left, right, upper, v,
                parts[HOLD_RIGHT, l, i], parts[HOLD_LEFT, l, i],
            )  # fmt: skip
        parts[UPPER, l, i], parts[V, l, i] = upper, v
        left = right
    v_after = 0.0
    for k in range(rows - 2):
        l = rows - 2 - k
        mode = parts[MODE, l, i]
        v = parts[V, l, i] - parts[UPPER, l, i] * v_after
        parts[V, l, i] = v
        if not ((mode > 0.0 and v > 0.0) or (mode < 0.0 and v < 0.0)):  # the others go on as they are
            # g matters for a block at rest, whose left neighbour needs no substitution: its velocity is there already.
            g, size = residual(parts[B, l, i], parts[RIGHT, l - 1, i], parts[V, l - 1, i], parts[RIGHT, l, i], v_after)
            found = next_mode(
                mode, v, g, size, parts[DIAGONAL, l, i], parts[HOLD_RIGHT, l, i], parts[HOLD_LEFT, l, i],
                parts[BAR_RIGHT, l, i], parts[BAR_LEFT, l, i], look_right, look_left,
            )  # fmt: skip
            if found != mode:
                parts[MODE, l, i] = found
                changed += 1
        v_after = v
    return changed
