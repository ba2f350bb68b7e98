"""First and second variations of the mean-field law in closed form, for its tangent flow.

With u = (F - mu_right)/s, w = (F + mu_left)/s, and a small change of state, pull and parameters, f = E sigma changes by

    df = Phi(u) (dF - dmu_right) + Phi(-w) (dF + dmu_left) + (phi(u) - phi(w)) ds,      dF_l = dT_{l+1} - dT_l
    dT = T_e de + T_k dk + T_a da

A second change D of state and time alone (parameters stay) changes df by

    Ddf = phi(u)/s DF (dF - dmu_right - u ds) - phi(w)/s DF (dF + dmu_left - w ds) + (Phi(u) + Phi(-w)) DdF
    DdT = De (T_ee de + T_ek dk + T_ea da) + T_e Dde

where Dde is not zero for the last spring only: the pull's own change has a rate. Needs s > 0.
"""

from math import cosh, inf, tanh
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine import kernel
from .mean_field_law import STEEP
from .noisy_friction import density, step_mean

RIGHT, LEFT, AT_RIGHT, AT_LEFT, U, W = 0, 1, 2, 3, 4, 5  # rows of the table: Phi(u), Phi(-w), phi(u), phi(w), u, w
T_E, T_K, T_A, T_EE, T_EK, T_EA = 6, 7, 8, 9, 10, 11
TABLE = 12


class LawChange(NamedTuple):
    """Derivative of a `MeanLaw` by P parameters: (P, L), (P, blocks), (P, blocks), and (P,) for s, reach and mass."""

    k: NDArray[np.float64]
    mu_right: NDArray[np.float64]
    mu_left: NDArray[np.float64]
    s: NDArray[np.float64]
    reach: NDArray[np.float64]
    mass: NDArray[np.float64]


@kernel
def tabulate_spring(e, j, p, C):  # type: ignore[no-untyped-def]
    """Derivatives of the tension of spring j at extension e; returns the tension."""
    k = p.k[j]
    if p.reach == inf:
        C[T_E, j], C[T_K, j], C[T_EK, j] = k, e, 1.0
        C[T_A, j] = C[T_EE, j] = C[T_EA, j] = 0.0
        return k * e
    z = e / p.reach
    c = cosh(min(abs(z), STEEP))
    level, falling = tanh(z), 1.0 / (c * c)
    C[T_E, j], C[T_K, j], C[T_A, j] = k * falling, p.reach * level, k * (level - z * falling)
    C[T_EK, j], C[T_EE, j] = falling, -2.0 * k / p.reach * level * falling
    C[T_EA, j] = 2.0 * k * z / p.reach * level * falling
    return k * p.reach * level


@kernel(forceinline=False)
def tabulate(x, y, s, p, C):  # type: ignore[no-untyped-def]
    """All that variations about the state x need."""
    n = p.mu_right.size
    left = tabulate_spring(x[0], 0, p, C)
    for l in range(n):
        right = tabulate_spring((x[l + 1] if l < n - 1 else y) - x[l], l + 1, p, C)
        to_right, to_left = right - left - p.mu_right[l], right - left + p.mu_left[l]
        C[RIGHT, l], C[LEFT, l] = step_mean(to_right, s), step_mean(-to_left, s)
        C[AT_RIGHT, l], C[AT_LEFT, l] = density(to_right, s), density(to_left, s)
        C[U, l], C[W, l] = to_right / s, to_left / s
        left = right


@kernel
def tension_change(C, j, de, d, q):  # type: ignore[no-untyped-def]
    """dT of spring j in direction q, its extension changing by de."""
    return C[T_E, j] * de + C[T_K, j] * d.k[q, j] + C[T_A, j] * d.reach[q]


@kernel
def tension_second(C, j, de, De, d, q):  # type: ignore[no-untyped-def]
    """DdT of spring j, but for the part of Dde."""
    return De * (C[T_EE, j] * de + C[T_EK, j] * d.k[q, j] + C[T_EA, j] * d.reach[q])


@kernel(forceinline=False)
def vary(C, p, dx, dy, d, q, out):  # type: ignore[no-untyped-def]
    """df for a change dx of the state and dy of the pull, in direction q of the parameters d."""
    n = p.mu_right.size
    left = tension_change(C, 0, dx[0], d, q)
    for l in range(n):
        right = tension_change(C, l + 1, (dx[l + 1] if l < n - 1 else dy) - dx[l], d, q)
        out[l] = (
            C[RIGHT, l] * (right - left - d.mu_right[q, l])
            + C[LEFT, l] * (right - left + d.mu_left[q, l])
            + (C[AT_RIGHT, l] - C[AT_LEFT, l]) * d.s[q]
        )
        left = right


@kernel(forceinline=False)
def vary_twice(C, p, dx, dy, d, q, Dx, Dy, Ddy, out):  # type: ignore[no-untyped-def]
    """Add Ddf to `out`: Dx, Dy a change of state and pull, Ddy how dy changes with it."""
    n = p.mu_right.size
    first, second = tension_change(C, 0, dx[0], d, q), tension_second(C, 0, dx[0], Dx[0], d, q)
    pulled = C[T_E, 0] * Dx[0]
    for l in range(n):
        end = l == n - 1
        de, De = (dy if end else dx[l + 1]) - dx[l], (Dy if end else Dx[l + 1]) - Dx[l]
        next_first = tension_change(C, l + 1, de, d, q)
        next_second = tension_second(C, l + 1, de, De, d, q)
        if end:
            next_second += C[T_E, n] * Ddy
        next_pulled = C[T_E, l + 1] * De
        dF, DF = next_first - first, next_pulled - pulled
        curved = C[AT_RIGHT, l] * (dF - d.mu_right[q, l] - C[U, l] * d.s[q])
        curved -= C[AT_LEFT, l] * (dF + d.mu_left[q, l] - C[W, l] * d.s[q])
        out[l] += DF / p.s * curved + (C[RIGHT, l] + C[LEFT, l]) * (next_second - second)
        first, second, pulled = next_first, next_second, next_pulled
