"""Dry friction averaged over Gaussian noise in the force: a smooth force law in closed form.

    E sigma(F + s xi) = s [h((F - mu_right)/s) - h(-(F + mu_left)/s)],    h(u) = u Phi(u) + phi(u)
    d/dF E sigma      = Phi((F - mu_right)/s) + Phi(-(F + mu_left)/s)     the mobility
    d/ds E sigma      = phi((F - mu_right)/s) - phi((F + mu_left)/s)

with sigma of (6) of Shi, Pan, Dokmanic, arXiv:2407.19353, xi standard normal, Phi and phi its distribution and density.
s h(x/s) = E max(x + s xi, 0), so E sigma is the difference of two smoothed ramps. It increases strictly in F and
vanishes at F = (mu_right - mu_left)/2 whatever s > 0: that is why (8) holds for any strength of the noise.
"""

from math import erfc, exp, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine import compile_bound, kernel

SQRT_HALF = sqrt(0.5)
INV_SQRT_2PI = 1.0 / sqrt(2.0 * pi)
FAR = 39.0  # standard deviations: phi(39) underflows to zero in double precision
TAIL = 6.0  # beyond it phi(u) + u Phi(u) loses digits (u^4 / 2 of them in ulp); the continued fraction does not
TERMS = 30  # of the fraction: relative error below 1e-16 at TAIL (checked against 400 terms)


@kernel
def ramp_mean(x: float, s: float) -> float:
    """E max(x + s xi, 0) = s h(x/s), to full relative precision in the far tail; max(x, 0) at s = 0."""
    distance = abs(x)
    if distance >= FAR * s:
        return max(x, 0.0)
    u = distance / s
    if u < TAIL:
        tail = INV_SQRT_2PI * exp(-0.5 * u * u) - 0.5 * u * erfc(u * SQRT_HALF)
    else:
        # h(-u) = phi(u) (1 - u M(u)), Mills ratio M = 1/(u + 1/(u + 2/(u + ...))), without the difference
        fraction = u
        for n in range(TERMS, 1, -1):
            fraction = u + n / fraction
        fraction = 1.0 / fraction
        tail = INV_SQRT_2PI * exp(-0.5 * u * u) * fraction / (u + fraction)
    return s * tail + max(x, 0.0)  # h(u) = u + h(-u)


@kernel
def step_mean(x: float, s: float) -> float:
    """P(x + s xi > 0) = Phi(x/s); at s = 0 the step, 1/2 at its corner."""
    if s > 0.0:
        u = x / s
        if u > FAR:
            return 1.0
        if u < -FAR:
            return 0.0
        return 0.5 * erfc(-u * SQRT_HALF)
    if x == 0.0:
        return 0.5
    return 1.0 if x > 0.0 else 0.0


@kernel
def density(x: float, s: float) -> float:
    """phi(x/s); zero at s = 0."""
    if abs(x) >= FAR * s:
        return 0.0
    u = x / s
    return INV_SQRT_2PI * exp(-0.5 * u * u)


@kernel
def slip_mean(force: float, mu_right: float, mu_left: float, s: float) -> float:
    """E sigma(F + s xi), the mean velocity."""
    return ramp_mean(force - mu_right, s) - ramp_mean(-force - mu_left, s)


@kernel
def mobility_mean(force: float, mu_right: float, mu_left: float, s: float) -> float:
    """d/dF E sigma, between 0 (stuck) and 1 (free)."""
    return step_mean(force - mu_right, s) + step_mean(-force - mu_left, s)


@kernel
def slip_mean_ds(force: float, mu_right: float, mu_left: float, s: float) -> float:
    """d/ds E sigma."""
    return density(force - mu_right, s) - density(force + mu_left, s)


@kernel
def friction_mean(force: float, mu_right: float, mu_left: float, s: float) -> float:
    """F - E sigma(F + s xi), without the difference of two large forces."""
    if force >= 0.0:
        return mu_right - (ramp_mean(mu_right - force, s) - ramp_mean(-force - mu_left, s))
    return -mu_left + (ramp_mean(force + mu_left, s) - ramp_mean(force - mu_right, s))


law = None  # bound below


def _each(force, mu_right, mu_left, s, out):  # type: ignore[no-untyped-def]
    for i in range(out.size):
        out[i] = law(force[i], mu_right[i], mu_left[i], s[i])  # type: ignore[misc]


def mean_slip(force: ArrayLike, mu_right: ArrayLike, mu_left: ArrayLike, s: ArrayLike) -> NDArray[np.float64]:
    """Mean velocity E sigma(F + s xi) of a block under force F with dry friction and Gaussian noise.

    Parameters
    ----------
    force, mu_right, mu_left, s : array_like
        Force, friction thresholds (not negative) and standard deviation of the noise (not negative), all in units
        of force; broadcast together.

    Returns
    -------
    ndarray
        Same unit (unit damping). s = 0 gives sigma(F) of (6) itself.

    Raises
    ------
    ValueError
        If a friction or s is negative or not a number.
    """
    return _vectorised(slip_mean, force, mu_right, mu_left, s)


def friction_under_noise(
    force: ArrayLike, mu_right: ArrayLike, mu_left: ArrayLike, s: ArrayLike
) -> NDArray[np.float64]:
    """Friction that a force meets on average, mu_eff(F, s) = F - E sigma(F + s xi); arguments as for `mean_slip`.

    Between -mu_left and mu_right; equal to F while the block is stuck (s = 0), to (mu_right - mu_left)/2 at the
    force where the mean velocity vanishes.
    """
    return _vectorised(friction_mean, force, mu_right, mu_left, s)


def mobility(force: ArrayLike, mu_right: ArrayLike, mu_left: ArrayLike, s: ArrayLike) -> NDArray[np.float64]:
    """Mean velocity per force, d/dF E sigma(F + s xi), from 0 (stuck) to 1 (free); arguments as for `mean_slip`."""
    return _vectorised(mobility_mean, force, mu_right, mu_left, s)


def _vectorised(kernel_law, *arguments):  # type: ignore[no-untyped-def]
    names = ("force", "mu_right", "mu_left", "s")
    arrays = [np.asarray(a, dtype=float) for a in arguments]
    for name, a in zip(names[1:], arrays[1:], strict=True):
        if not (a >= 0).all():
            raise ValueError(
                f"{name} must not be negative or NaN, but holds {a[~(a >= 0)].ravel()[0]}; give magnitudes."
            )
    flat = [np.ascontiguousarray(a).ravel() for a in np.broadcast_arrays(*arrays)]
    out = np.empty(np.broadcast_shapes(*(a.shape for a in arrays)))
    compile_bound(_each, law=kernel_law)(*flat, out.reshape(-1))
    return out if out.ndim else out[()]
