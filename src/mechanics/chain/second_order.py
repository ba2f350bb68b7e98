"""Second-order chain with set-valued friction: explicit steps of second order over vector lanes.

    m x_l'' = k (x_{l+1} - 2 x_l + x_{l-1}) - gamma x_l' - friction + eps xi_l                (10)
    friction = mu_right (x_l' > 0),  -mu_left (x_l' < 0),  anything between at rest           (11)

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353, supplement. A step is a palindrome of flows (Strang, SIAM J. Numer.
Anal. 5 (1968) 506-517): half a drift, half the damping, the kick of a constant force against dry friction, half the
damping, half a drift. The kick is solved exactly, a stop and a start in its middle included, so that the order is two
through every stick, slip and reversal; a block at rest whose force stays below the threshold keeps its bits.
"""

import numpy as np

from ..engine import kernel
from .friction import pulled, slip
from .parameters import ChainParameters
from .rows import first_of, row_of, value_of
from .scheme import Scheme


@kernel
def kicked(v, force, mu_right, mu_left, static_right, static_left, mass, dt):  # type: ignore[no-untyped-def]
    """Velocity after dt of m v' = force - friction(v), exact; selects instead of branches, so that lanes vectorise.

    A block that comes to rest within dt leaves again in the time that is left only against the static threshold.
    """
    to_right, to_left = (force - mu_right) / mass, (force + mu_left) / mass
    rate = to_right if v > 0.0 else to_left
    after = v + dt * rate
    goes_on = (v > 0.0) & (after > 0.0) | (v < 0.0) & (after < 0.0)
    left = dt + v / rate  # the time after the stop; rate = 0 is never chosen
    left = dt if v == 0.0 else max(left, 0.0)
    start = to_right if force > static_right else to_left if force < -static_left else 0.0
    return after if goes_on else left * start


@kernel
def damped(v, gamma, mass, dt):  # type: ignore[no-untyped-def]
    """exp(-gamma dt / (2 m)) v to second order, positive for every gamma."""
    h = 0.5 * dt * gamma / mass
    return v / (1.0 + h + 0.5 * h * h)


@kernel
def pushed(v, force, mu_right, mu_left, static_right, static_left, mass, gamma, dt):  # type: ignore[no-untyped-def]
    """Half the damping, the kick, half the damping."""
    v = damped(v, gamma, mass, dt)
    v = kicked(v, force, mu_right, mu_left, static_right, static_left, mass, dt)
    return damped(v, gamma, mass, dt)


@kernel
def drift_half(here, new, v, rate, work):  # type: ignore[no-untyped-def]
    """Positions after half a step into `work`, those of the ends included."""
    springs, lanes = here.shape[0] - 1, here.shape[1]
    for l in range(1, springs):
        half, x, speed = work[l], here[l], v[l]
        for i in range(lanes):
            half[i] = x[i] + 0.5 * rate[i] * speed[i]
    for i in range(lanes):
        work[0, i] = here[0, i]
        work[springs, i] = 0.5 * (here[springs, i] + new[springs, i])


@kernel(forceinline=False)
def move(here, new, v, z, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """One step for all lanes; `work` holds the positions after half a drift."""
    springs, lanes = here.shape[0] - 1, here.shape[1]
    shared = p.mu_right.shape[1] == 1
    drift_half(here, new, v, rate, work)
    for l in range(1, springs):
        x_left, x, x_right, moved, speed = work[l - 1], work[l], work[l + 1], new[l], v[l]
        xi = z[0] if common else z[l - 1]
        if shared:
            k_left, k_right = first_of(p.k, l - 1), first_of(p.k, l)
            right, left = first_of(p.mu_right, l - 1), first_of(p.mu_left, l - 1)
            static_right, static_left = first_of(p.static_right, l - 1), first_of(p.static_left, l - 1)
            mass, gamma, eps = first_of(p.mass, l - 1), first_of(p.gamma, l - 1), first_of(p.eps_bar, l - 1) * fade
            for i in range(lanes):
                force = pulled(x_left[i], x[i], x_right[i], k_left, k_right) + eps * xi[i]
                after = pushed(speed[i], force, right, left, static_right, static_left, mass, gamma, rate[i])
                speed[i] = after
                moved[i] = x[i] + 0.5 * rate[i] * after
        else:
            rights, lefts = row_of(p.mu_right, l - 1), row_of(p.mu_left, l - 1)
            statics_right, statics_left = row_of(p.static_right, l - 1), row_of(p.static_left, l - 1)
            masses, gammas, amplitudes = row_of(p.mass, l - 1), row_of(p.gamma, l - 1), row_of(p.eps_bar, l - 1)
            for i in range(lanes):
                force = pulled(x_left[i], x[i], x_right[i], value_of(p.k, l - 1, i), value_of(p.k, l, i))
                force += amplitudes[i] * fade * xi[i]
                after = pushed(
                    speed[i], force, rights[i], lefts[i], statics_right[i], statics_left[i], masses[i], gammas[i],
                    rate[i],
                )  # fmt: skip
                speed[i] = after
                moved[i] = x[i] + 0.5 * rate[i] * after


@kernel
def move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """`move` for a single lane."""
    springs, dt = here.shape[0] - 1, rate[0]
    end = 0.5 * (here[springs, 0] + new[springs, 0])
    x_left, x = here[0, 0], here[1, 0] + 0.5 * dt * v[1, 0]
    for l in range(1, springs):
        x_right = here[l + 1, 0] + 0.5 * dt * v[l + 1, 0] if l + 1 < springs else end
        force = pulled(x_left, x, x_right, first_of(p.k, l - 1), first_of(p.k, l))
        force += first_of(p.eps_bar, l - 1) * fade * (z[0, j] if common else z[l - 1, j])
        v[l, 0] = pushed(
            v[l, 0], force, first_of(p.mu_right, l - 1), first_of(p.mu_left, l - 1),
            first_of(p.static_right, l - 1), first_of(p.static_left, l - 1), first_of(p.mass, l - 1),
            first_of(p.gamma, l - 1), dt,
        )  # fmt: skip
        new[l, 0] = x + 0.5 * dt * v[l, 0]
        x_left, x = x, x_right


@kernel
def settle(here, before, v, p, i):  # type: ignore[no-untyped-def]
    """The amplitude that is left: how far the speed of a block, or the force on it beyond friction, could take it.

    0 for a chain that sticks. A chain whose blocks turn round at this moment is not at rest: its forces say so.
    """
    amplitude = 0.0
    for l in range(1, here.shape[0] - 1):
        k_left, k_right = value_of(p.k, l - 1, i), value_of(p.k, l, i)
        k = k_left + k_right
        force = pulled(here[l - 1, i], here[l, i], here[l + 1, i], k_left, k_right)
        excess = slip(force, value_of(p.static_right, l - 1, i), value_of(p.static_left, l - 1, i))
        speed = abs(v[l, i]) * np.sqrt(value_of(p.mass, l - 1, i) / k)
        amplitude = max(amplitude, max(speed, abs(excess) / k))
    return amplitude


def positions(blocks: int) -> int:
    """Scratch rows: one for each position."""
    return blocks + 2


def limit(chain: ChainParameters) -> float:
    """2 over the largest frequency that a chain of these springs and masses can have."""
    return float(np.sqrt(np.min(chain.mass) / np.max(chain.k)))


EXPLICIT = Scheme(move, move_alone, settle, limit, "sqrt(mass/k)", inertial=True, work=positions)
