"""Slip events of a Burridge-Knopoff chain: a jump to the next slip, then steps of second order until all is at rest.

A step is half a drift, a kick, half a drift; the kick takes friction and damping at the speed in its middle. A block
whose velocity would change sign comes to rest, and leaves again only against the full friction.
"""

import math

from ..engine import kernel

ENDS = {"free": 0, "periodic": 1}


@kernel
def weakened(v, drop, v_weak):  # type: ignore[no-untyped-def]
    """What is left of the friction at speed v > 0, as a fraction of that at rest."""
    return (1.0 - drop) / (1.0 + v / (v_weak * (1.0 - drop)))


@kernel
def close_ends(x, periodic):  # type: ignore[no-untyped-def]
    """Ghost blocks 0 and n + 1: equal to their neighbour, or to the other end."""
    n = x.shape[0] - 2
    x[0], x[n + 1] = (x[n], x[1]) if periodic else (x[1], x[n])


@kernel
def pull(x, l, plate, k, k_leaf):  # type: ignore[no-untyped-def]
    """Force of the springs on block l."""
    return k * ((x[l + 1] - x[l]) - (x[l] - x[l - 1])) + k_leaf * (plate - x[l])


@kernel
def kicked(v, force, hold, dt, drop, v_weak, mass, gamma):  # type: ignore[no-untyped-def]
    """Velocity after dt of a block that moves to the right, v >= 0, against friction `hold`; negative: it turned."""
    half = max(v + 0.5 * dt * (force - hold * weakened(v, drop, v_weak) - gamma * v) / mass, 0.0)
    return v + dt * (force - hold * weakened(half, drop, v_weak) - gamma * half) / mass


@kernel
def next_slip(x, t, k, k_leaf, velocity, mu_right, mu_left):  # type: ignore[no-untyped-def]
    """Time at which the first block at rest reaches its threshold, and which; the time is t where one is beyond it."""
    first, epicentre = math.inf, 1
    for l in range(1, x.shape[0] - 1):
        force = pull(x, l, velocity * t, k, k_leaf)
        wait = (mu_right[l - 1] - force) / (k_leaf * velocity)
        if force < -mu_left[l - 1]:
            wait = 0.0
        if wait < first:
            first, epicentre = wait, l
    return t + max(first, 0.0), epicentre


@kernel
def step(x, v, drift, t, dt, released, k, k_leaf, velocity, mu_right, mu_left, drop, v_weak, mass, gamma, periodic):  # type: ignore[no-untyped-def]
    """One step from time t; block `released` is at its threshold and leaves. Returns the largest speed.

    `drift` (blocks + 2) is scratch.
    """
    n = x.shape[0] - 2
    for l in range(1, n + 1):
        x[l] += 0.5 * dt * v[l]
    close_ends(x, periodic)
    plate = velocity * (t + 0.5 * dt)
    fastest = 0.0
    for l in range(1, n + 1):
        force = pull(x, l, plate, k, k_leaf)
        before, sign = v[l], 0.0
        if before > 0.0 or (before == 0.0 and (force > mu_right[l - 1] or l == released)):
            sign, hold = 1.0, mu_right[l - 1]
        elif before < 0.0 or force < -mu_left[l - 1]:
            sign, hold = -1.0, mu_left[l - 1]
        drift[l] = 0.0
        if sign != 0.0:
            speed = abs(before)
            after = kicked(speed, sign * force, hold, dt, drop, v_weak, mass, gamma)
            if after > 0.0:
                drift[l], v[l] = sign * 0.5 * dt * after, sign * after
            else:  # it stops at the fraction speed / (speed - after) of the step; the first half drifted too far
                drift[l] = sign * 0.5 * dt * speed * after / (speed - after) if speed > 0.0 else 0.0
                v[l] = 0.0
        fastest = max(fastest, abs(v[l]))
    for l in range(1, n + 1):
        x[l] += drift[l]
    close_ends(x, periodic)
    return fastest


@kernel
def write_event(event, x, begun, t):  # type: ignore[no-untyped-def]
    """End, number of blocks and moment of an event that is over."""
    event[1] = t
    event[3] = event[4] = 0.0
    for l in range(1, x.shape[0] - 1):
        if x[l] != begun[l]:
            event[3] += 1.0
            event[4] += x[l] - begun[l]


def advance(  # type: ignore[no-untyped-def]
    x, v, begun, drift, clock, catalogue, found, wanted, max_steps, dt,
    k, k_leaf, velocity, mu_right, mu_left, drop, v_weak, mass, gamma, ends,
):  # fmt: skip
    """Run until catalogue[found:wanted] is filled or max_steps are done; return the events found and the steps.

    A row of the catalogue is start, end, epicentre, blocks, moment, largest speed. x and v (blocks + 2) hold ghosts at
    both ends, `begun` the positions before the event that is under way; `drift` is scratch, clock[0] the time.
    """
    periodic = ends == 1
    close_ends(x, periodic)
    moving = False
    for l in range(1, x.shape[0] - 1):
        moving = moving or v[l] != 0.0
    t = clock[0]
    done = 0
    while found < wanted and done < max_steps:
        released = 0
        event = catalogue[found]
        if not moving:
            t, released = next_slip(x, t, k, k_leaf, velocity, mu_right, mu_left)
            event[0], event[2], event[5] = t, released - 1, 0.0
            for l in range(x.shape[0]):
                begun[l] = x[l]
        fastest = step(
            x, v, drift, t, dt, released, k, k_leaf, velocity, mu_right, mu_left, drop, v_weak, mass, gamma, periodic
        )
        event[5] = max(event[5], fastest)
        moving = fastest > 0.0
        t += dt
        done += 1
        if not moving:
            write_event(event, x, begun, t)
            if event[3] > 0.0:
                found += 1
    clock[0] = t
    return found, done
