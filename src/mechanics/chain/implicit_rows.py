"""What the implicit step works on: rows of a scratch array `work`, blocks + 2 for each part, a column for each lane.

A is symmetric: the entry left of the diagonal in row l is the one right of it in row l - 1.
"""

from ..engine import kernel
from .rows import value_of

# Filled once: A's diagonal and the entry right of it, dt times sliding and static friction, the stiffness of the spring
# to the right, what multiplies v in b, and the noise in a step's force. Then, each step: b, the modes, what elimination
# leaves right of the diagonal, the velocities, and whether a static threshold bars motion to the right and left.
DIAGONAL, RIGHT, HOLD_RIGHT, HOLD_LEFT, STATIC_RIGHT, STATIC_LEFT, SPRING, INERTIA, NOISE = range(9)
B, MODE, UPPER, V, BAR_RIGHT, BAR_LEFT = range(9, 15)
PARTS = 15


@kernel(forceinline=False)
def fill(p, dt, theta, work):  # type: ignore[no-untyped-def]
    """What stays the same from step to step; in places no row needs: dt, and how many blocks have static > sliding."""
    rows, h, differ = work.shape[0] // PARTS, theta * dt, 0.0
    for l in range(rows - 1):
        for i in range(work.shape[1]):
            k = value_of(p.k, l, i)
            work[SPRING * rows + l, i], work[RIGHT * rows + l, i] = k, -(h * h * k)
    for l in range(1, rows - 1):
        for i in range(work.shape[1]):
            mass, gamma = value_of(p.mass, l - 1, i), value_of(p.gamma, l - 1, i)
            springs = work[SPRING * rows + l - 1, i] + work[SPRING * rows + l, i]
            work[DIAGONAL * rows + l, i] = mass + h * gamma + h * h * springs
            work[INERTIA * rows + l, i] = mass - (1.0 - theta) * dt * gamma
            work[NOISE * rows + l, i] = value_of(p.eps_bar, l - 1, i)
            right, left = dt * value_of(p.mu_right, l - 1, i), dt * value_of(p.mu_left, l - 1, i)
            work[HOLD_RIGHT * rows + l, i], work[HOLD_LEFT * rows + l, i] = right, left
            static_right, static_left = dt * value_of(p.static_right, l - 1, i), dt * value_of(p.static_left, l - 1, i)
            work[STATIC_RIGHT * rows + l, i], work[STATIC_LEFT * rows + l, i] = static_right, static_left
            differ += 1.0 if (static_right > right) | (static_left > left) else 0.0
    work[DIAGONAL * rows, 0], work[DIAGONAL * rows + rows - 1, 0] = dt, differ


@kernel(forceinline=False)
def prepare(here, new, v, z, j, p, fade, common, dt, theta, work):  # type: ignore[no-untyped-def]
    """b, the modes of the step before, and bars; the normals of lane i are in column j + i of z. Returns the bars."""
    n, lanes = here.shape[0] - 2, here.shape[1]
    rows, shift, bars = n + 2, theta * (1.0 - theta) * dt, 0
    if work[DIAGONAL * rows, 0] != dt:
        fill(p, dt, theta, work)
    parts = work.reshape(PARTS, rows, lanes)
    for l in range(1, n + 1):
        x_left, x, x_right, v_left, speed, v_right = here[l - 1], here[l], here[l + 1], v[l - 1], v[l], v[l + 1]
        end, last = new[n + 1], theta if l == n else 0.0  # blocks go on as they went, the end is where it will be
        k_left, k_right = parts[SPRING, l - 1], parts[SPRING, l]
        inertia, noise, xi = parts[INERTIA, l], parts[NOISE, l], z[0 if common else l - 1]
        b, mode = parts[B, l], parts[MODE, l]
        for i in range(lanes):
            middle = x[i] + shift * speed[i]
            right = (1.0 - last) * (x_right[i] + shift * v_right[i]) + last * end[i]
            force = k_right[i] * (right - middle) - k_left[i] * (middle - (x_left[i] + shift * v_left[i]))
            b[i] = inertia[i] * speed[i] + dt * (force + noise[i] * fade * xi[j + i])
            mode[i] = 1.0 if speed[i] > 0.0 else -1.0 if speed[i] < 0.0 else 0.0
    if work[DIAGONAL * rows + n + 1, 0] > 0.0:
        for l in range(1, n + 1):
            for i in range(lanes):
                right = v[l, i] <= 0.0 and work[STATIC_RIGHT * rows + l, i] > work[HOLD_RIGHT * rows + l, i]
                left = v[l, i] >= 0.0 and work[STATIC_LEFT * rows + l, i] > work[HOLD_LEFT * rows + l, i]
                work[BAR_RIGHT * rows + l, i] = 1.0 if right else 0.0
                work[BAR_LEFT * rows + l, i] = 1.0 if left else 0.0
                bars += 1 if right or left else 0
    return bars
