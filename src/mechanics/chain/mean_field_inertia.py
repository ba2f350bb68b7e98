"""The mean-field chain with mass: friction averaged over a velocity that fluctuates.

    m x_l'' = F_l - x_l' - [mu_right Phi(x_l'/s) - mu_left Phi(-x_l'/s)],      F_l = T_{l+1} - T_l

Equation (10) of Shi, Pan, Dokmanic, arXiv:2407.19353, supplement, with damping 1 (m is mass over damping, a time;
forces are per damping). White noise gives the velocity of a block a scatter s about its mean V, taken as Gaussian;
friction (11) is mu_right while it moves right, which it does with probability Phi(V/s), and -mu_left while it moves
left. At rest F = (mu_right - mu_left)/2: again (8). Without friction s^2 = eps^2/(2 m); friction takes energy out and
makes it smaller (by a quarter at mu = s). The state is (x, v), 2 n numbers.
"""

from math import erfc, exp

from ..engine import kernel
from .mean_field_law import LOWER, MOBILITY, PIVOT, SLOPE, UPPER, tension, tension_slope, tridiagonal
from .noisy_friction import INV_SQRT_2PI, SQRT_HALF

RESISTANCE = MOBILITY  # the row holds d(damping and friction)/dv here


@kernel
def friction_at(v, mu_right, mu_left, s):  # type: ignore[no-untyped-def]
    """Mean friction on a block of mean velocity v."""
    return (mu_right + mu_left) * 0.5 * erfc(-v / s * SQRT_HALF) - mu_left


@kernel
def friction_slope(v, mu_right, mu_left, s):  # type: ignore[no-untyped-def]
    """Derivative of `friction_at` by the velocity."""
    z = v / s
    return (mu_right + mu_left) * INV_SQRT_2PI * exp(-0.5 * z * z) / s


@kernel(forceinline=False)
def velocity(x, y, s, p, dx):  # type: ignore[no-untyped-def]
    """Rate of change of the state x = (positions, velocities)."""
    n = p.mu_right.size
    left = tension(x[0], p.k[0], p.reach)
    for l in range(n):
        v = x[n + l]
        right = tension((x[l + 1] if l < n - 1 else y) - x[l], p.k[l + 1], p.reach)
        dx[l] = v
        dx[n + l] = (right - left - v - friction_at(v, p.mu_right[l], p.mu_left[l], s)) / p.mass
        left = right


@kernel(forceinline=False)
def velocity_and_slopes(x, y, s, dy, ds, p, dx, dt_dx, work):  # type: ignore[no-untyped-def]
    """The same, its explicit rate of change with time (for noise that does not decay), and the rows of its Jacobian."""
    n = p.mu_right.size
    velocity(x, y, s, p, dx)
    work[SLOPE, 0] = tension_slope(x[0], p.k[0], p.reach)
    for l in range(n):
        work[SLOPE, l + 1] = tension_slope((x[l + 1] if l < n - 1 else y) - x[l], p.k[l + 1], p.reach)
        work[RESISTANCE, l] = 1.0 + friction_slope(x[n + l], p.mu_right[l], p.mu_left[l], s)
        dt_dx[l] = dt_dx[n + l] = 0.0
    dt_dx[2 * n - 1] = work[SLOPE, n] * dy / p.mass


@kernel(forceinline=False)
def factorise(work, p, shift):  # type: ignore[no-untyped-def]
    """LU of what is left of shift I - Jacobian when the velocities are eliminated: tridiagonal in the positions."""
    n = p.mu_right.size
    r, lower, upper, pivot, slope = work[RESISTANCE], work[LOWER], work[UPPER], work[PIVOT], work[SLOPE]
    for l in range(n):
        lower[l] = -slope[l] / p.mass if l > 0 else 0.0
        diagonal = shift * (shift + r[l] / p.mass) + (slope[l] + slope[l + 1]) / p.mass
        pivot[l] = 1.0 / (diagonal - (lower[l] * upper[l - 1] if l > 0 else 0.0))
        upper[l] = -slope[l + 1] / p.mass * pivot[l]


@kernel(forceinline=False)
def substitute(work, p, shift, b):  # type: ignore[no-untyped-def]
    """Solve in place: shift x - v = b_x, and the velocities' rows with v = shift x - b_x put in."""
    n = p.mu_right.size
    for l in range(n):
        b_x = b[l]
        b[l] = b[n + l] + (shift + work[RESISTANCE, l] / p.mass) * b_x
        b[n + l] = b_x
    tridiagonal(work, b, n)
    for l in range(n):
        b[n + l] = shift * b[l] - b[n + l]
