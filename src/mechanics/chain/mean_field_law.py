"""The mean-field chain's law: springs that may differ or saturate, friction that may differ, noise averaged.

    dx_l/dt = E sigma(F_l + s xi),      F_l = T_{l+1} - T_l,      T_j = k_j a tanh((x_j - x_{j-1})/a)

a = inf gives linear springs, T_j = k_j (x_j - x_{j-1}). Equations (5)-(6) of Shi, Pan, Dokmanic, arXiv:2407.19353, with
the noise averaged in closed form (`noisy_friction`). The kernels are those that a Rosenbrock method needs: velocity,
its Jacobian diag(mobility) times the tridiagonal stiffness, and the solution of linear systems with it in O(L).
"""

from math import cosh, inf, tanh
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine import kernel
from .noisy_friction import mobility_mean, slip_mean, slip_mean_ds

STEEP = 300.0  # extensions over the reach: cosh of more overflows, and the spring has saturated long before
MOBILITY, LOWER, UPPER, PIVOT, SLOPE = 0, 1, 2, 3, 4  # rows of the scratch memory
ROWS = 5


class MeanLaw(NamedTuple):
    """Stiffness (L,), thresholds (blocks,), noise at t = 0, its decay rate, reach of the springs, mass per damping."""

    k: NDArray[np.float64]
    mu_right: NDArray[np.float64]
    mu_left: NDArray[np.float64]
    s: float
    noise_decay: float = 0.0
    reach: float = inf
    mass: float = 0.0

    @classmethod
    def uniform(
        cls, blocks: int, k: float, mu_right: float, mu_left: float, s: float, noise_decay: float = 0.0
    ) -> "MeanLaw":
        """Equal blocks on equal linear springs."""
        right, left = np.full(blocks, float(mu_right)), np.full(blocks, float(mu_left))
        return cls(np.full(blocks + 1, float(k)), right, left, float(s), float(noise_decay))


@kernel
def tension(e, k, reach):  # type: ignore[no-untyped-def]
    """Force of a spring at extension e."""
    return k * e if reach == inf else k * reach * tanh(e / reach)


@kernel
def tension_slope(e, k, reach):  # type: ignore[no-untyped-def]
    """Stiffness of a spring at extension e."""
    if reach == inf:
        return k
    c = cosh(min(abs(e / reach), STEEP))
    return k / (c * c)


@kernel(forceinline=False)
def slipped(force, mu_right, mu_left, s):  # type: ignore[no-untyped-def]
    """`slip_mean`, compiled once for all that call it."""
    return slip_mean(force, mu_right, mu_left, s)


@kernel(forceinline=False)
def velocity(x, y, s, p, dx):  # type: ignore[no-untyped-def]
    """Mean velocity of each block; x (n,) the blocks alone, y the pulled end."""
    n = x.size
    left = tension(x[0], p.k[0], p.reach)
    for l in range(n):
        right = tension((x[l + 1] if l < n - 1 else y) - x[l], p.k[l + 1], p.reach)
        dx[l] = slipped(right - left, p.mu_right[l], p.mu_left[l], s)
        left = right


@kernel(forceinline=False)
def velocity_and_slopes(x, y, s, dy, ds, p, dx, dt_dx, work):  # type: ignore[no-untyped-def]
    """Velocity, its explicit rate of change with time, and in `work` the mobilities and stiffnesses of its Jacobian."""
    n = x.size
    left = tension(x[0], p.k[0], p.reach)
    work[SLOPE, 0] = tension_slope(x[0], p.k[0], p.reach)
    for l in range(n):
        e = (x[l + 1] if l < n - 1 else y) - x[l]
        right = tension(e, p.k[l + 1], p.reach)
        work[SLOPE, l + 1] = tension_slope(e, p.k[l + 1], p.reach)
        dx[l] = slipped(right - left, p.mu_right[l], p.mu_left[l], s)
        work[MOBILITY, l] = mobility_mean(right - left, p.mu_right[l], p.mu_left[l], s)
        dt_dx[l] = ds * slip_mean_ds(right - left, p.mu_right[l], p.mu_left[l], s) if ds != 0.0 else 0.0
        left = right
    dt_dx[n - 1] += work[MOBILITY, n - 1] * work[SLOPE, n] * dy


@kernel(forceinline=False)
def factorise(work, p, shift):  # type: ignore[no-untyped-def]
    """LU of shift I - Jacobian, strictly diagonally dominant: no exchanges; row PIVOT holds 1/diagonal."""
    n = p.mu_right.size
    m, lower, upper, pivot, slope = work[MOBILITY], work[LOWER], work[UPPER], work[PIVOT], work[SLOPE]
    for l in range(n):
        lower[l] = -m[l] * slope[l] if l > 0 else 0.0
        diagonal = shift + m[l] * (slope[l] + slope[l + 1])
        pivot[l] = 1.0 / (diagonal - (lower[l] * upper[l - 1] if l > 0 else 0.0))
        upper[l] = -m[l] * slope[l + 1] * pivot[l]


@kernel(forceinline=False)
def substitute(work, p, shift, b):  # type: ignore[no-untyped-def]
    """Solve in place with the factors of `factorise`."""
    tridiagonal(work, b, p.mu_right.size)


@kernel(forceinline=False)
def tridiagonal(work, b, n):  # type: ignore[no-untyped-def]
    """Forward and backward substitution with the rows LOWER, UPPER, PIVOT."""
    lower, upper, pivot = work[LOWER], work[UPPER], work[PIVOT]
    b[0] *= pivot[0]
    for l in range(1, n):
        b[l] = (b[l] - lower[l] * b[l - 1]) * pivot[l]
    for l in range(n - 2, -1, -1):
        b[l] -= upper[l] * b[l + 1]
