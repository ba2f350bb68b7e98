"""First and second variations of the mean-field law with mass, for its tangent flow.

    m a = A = F - v - [(mu_right + mu_left) Phi(z) - mu_left],      z = v/s,   dz = (dv - z ds)/s
    dA  = dF - dv - [(dmu_right + dmu_left) Phi(z) - dmu_left] - (mu_right + mu_left) phi(z) dz
    da  = dA/m - A dm/m^2

and a second change D of state and time: Ddz = -Dz ds/s, Dda = DdA/m - DA dm/m^2, with the springs' part as in
`mean_field_variation`.
"""

from ..engine import kernel
from .mean_field_variation import T_E, tabulate_spring, tension_change, tension_second
from .noisy_friction import density, step_mean

MOVING, AT_REST, Z, NET = 0, 1, 2, 3  # rows of the table: Phi(z), phi(z), z, A


@kernel(forceinline=False)
def tabulate(x, y, s, p, C):  # type: ignore[no-untyped-def]
    """All that variations about the state x = (positions, velocities) need."""
    n = p.mu_right.size
    left = tabulate_spring(x[0], 0, p, C)
    for l in range(n):
        v = x[n + l]
        right = tabulate_spring((x[l + 1] if l < n - 1 else y) - x[l], l + 1, p, C)
        C[MOVING, l], C[AT_REST, l], C[Z, l] = step_mean(v, s), density(v, s), v / s
        C[NET, l] = right - left - v - (p.mu_right[l] + p.mu_left[l]) * C[MOVING, l] + p.mu_left[l]
        left = right


@kernel(forceinline=False)
def vary(C, p, dx, dy, d, q, out):  # type: ignore[no-untyped-def]
    """Change of the rates for a change dx of the state and dy of the pull, in direction q of the parameters d."""
    n = p.mu_right.size
    left = tension_change(C, 0, dx[0], d, q)
    for l in range(n):
        dv = dx[n + l]
        right = tension_change(C, l + 1, (dx[l + 1] if l < n - 1 else dy) - dx[l], d, q)
        dz = (dv - C[Z, l] * d.s[q]) / p.s
        dA = right - left - dv - (d.mu_right[q, l] + d.mu_left[q, l]) * C[MOVING, l] + d.mu_left[q, l]
        dA -= (p.mu_right[l] + p.mu_left[l]) * C[AT_REST, l] * dz
        out[l] = dv
        out[n + l] = (dA - C[NET, l] * d.mass[q] / p.mass) / p.mass
        left = right


@kernel(forceinline=False)
def vary_twice(C, p, dx, dy, d, q, Dx, Dy, Ddy, out):  # type: ignore[no-untyped-def]
    """Add to `out` what a change Dx, Dy of state and pull does to the first one; Ddy is how dy changes with it."""
    n = p.mu_right.size
    second, pulled = tension_second(C, 0, dx[0], Dx[0], d, q), C[T_E, 0] * Dx[0]
    for l in range(n):
        end = l == n - 1
        de, De = (dy if end else dx[l + 1]) - dx[l], (Dy if end else Dx[l + 1]) - Dx[l]
        next_second = tension_second(C, l + 1, de, De, d, q)
        if end:
            next_second += C[T_E, n] * Ddy
        next_pulled = C[T_E, l + 1] * De
        dz, Dz = (dx[n + l] - C[Z, l] * d.s[q]) / p.s, Dx[n + l] / p.s
        both, change = p.mu_right[l] + p.mu_left[l], d.mu_right[q, l] + d.mu_left[q, l]
        at = C[AT_REST, l] * Dz
        DA = next_pulled - pulled - Dx[n + l] - both * at
        DdA = next_second - second - change * at + both * at * (C[Z, l] * dz + d.s[q] / p.s)
        out[n + l] += (DdA - DA * d.mass[q] / p.mass) / p.mass
        second, pulled = next_second, next_pulled
