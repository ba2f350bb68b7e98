"""Second-order Langevin chain: dry friction acts first, damping and noise after it.

    m x_l'' = sigma(k (x_{l+1} - 2 x_l + x_{l-1}))                                            (12)
              - gamma x_l' + eps e^{-lambda t} xi_l                                            (13)

sigma leaves of the force what friction does: against the motion of a block that moves, up to the force for one that
rests. Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353, supplement. A step is a palindrome, R D O D R in the letters of
`mechanics.methods.langevin_splitting`: half a drift, half a kick against friction (exact for the force there),
damping and noise, half a kick, half a drift; one force a step. The noise moves every block in every step: none rests
for long.
"""

import math

from ..engine import kernel
from .friction import pulled
from .rows import first_of, value_of
from .scheme import Scheme
from .second_order import drift_half, kicked, limit, positions, settle


@kernel
def shaken(v, xi, eps, gamma, mass, dt):  # type: ignore[no-untyped-def]
    """Damping by c and noise of variance (eps dt/m)^2 (1 - c^2) / (2 gamma dt/m), c = exp(-gamma dt/m) to second order.

    The variance belongs to this c: without friction and springs v has the variance eps^2 dt / (2 gamma m) at every dt.
    """
    h = 0.5 * dt * gamma / mass
    q = 1.0 + h + 0.5 * h * h
    square = q * q
    share = 0.25 * (1.0 + 0.5 * h) * (q + 1.0) * (square + 1.0) / (square * square)  # (1 - c^2) / (4 h), c = 1/q^2
    return v / square + eps * xi * (dt / mass) * math.sqrt(share)


@kernel
def pushed(v, force, xi, mu_right, mu_left, eps, gamma, mass, dt):  # type: ignore[no-untyped-def]
    """Half the kick, damping and noise, half the kick."""
    v = kicked(v, force, mu_right, mu_left, mu_right, mu_left, mass, 0.5 * dt)
    v = shaken(v, xi, eps, gamma, mass, dt)
    return kicked(v, force, mu_right, mu_left, mu_right, mu_left, mass, 0.5 * dt)


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
            mass, gamma, eps = first_of(p.mass, l - 1), first_of(p.gamma, l - 1), first_of(p.eps_bar, l - 1) * fade
            for i in range(lanes):
                force = pulled(x_left[i], x[i], x_right[i], k_left, k_right)
                after = pushed(speed[i], force, xi[i], right, left, eps, gamma, mass, rate[i])
                speed[i] = after
                moved[i] = x[i] + 0.5 * rate[i] * after
        else:
            for i in range(lanes):
                after = of_lane(x_left[i], x[i], x_right[i], speed[i], xi[i], p, l, i, fade, rate[i])
                speed[i] = after
                moved[i] = x[i] + 0.5 * rate[i] * after


@kernel
def of_lane(x_left, x, x_right, v, xi, p, l, i, fade, dt):  # type: ignore[no-untyped-def]
    """Velocity of block l after a step with lane i's parameters."""
    force = pulled(x_left, x, x_right, value_of(p.k, l - 1, i), value_of(p.k, l, i))
    return pushed(
        v, force, xi, value_of(p.mu_right, l - 1, i), value_of(p.mu_left, l - 1, i),
        value_of(p.eps_bar, l - 1, i) * fade, value_of(p.gamma, l - 1, i), value_of(p.mass, l - 1, i), dt,
    )  # fmt: skip


@kernel
def move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """`move` for a single lane."""
    springs, dt = here.shape[0] - 1, rate[0]
    end = 0.5 * (here[springs, 0] + new[springs, 0])
    x_left, x = here[0, 0], here[1, 0] + 0.5 * dt * v[1, 0]
    for l in range(1, springs):
        x_right = here[l + 1, 0] + 0.5 * dt * v[l + 1, 0] if l + 1 < springs else end
        v[l, 0] = of_lane(x_left, x, x_right, v[l, 0], z[0, j] if common else z[l - 1, j], p, l, 0, fade, dt)
        new[l, 0] = x + 0.5 * dt * v[l, 0]
        x_left, x = x, x_right


SPLIT = Scheme(move, move_alone, settle, limit, "sqrt(mass/k)", inertial=True, work=positions)
