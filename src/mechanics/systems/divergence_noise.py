"""Toy models of how two trainings part that see different batches: noisy quadratics, and two wells.

    w' = w - eta (h w + s z),   E d^2 = 2 eta^2 s^2 (1 - r^{2t})/(1 - r^2),   r = 1 - eta h        (independent z)

A step of Euler-Maruyama for dw = -h w dt + sqrt(eta) s dW with dt = eta is this iteration, to rounding: time is eta
times the number of steps, and the members of an ensemble are the copies. Hoogland, "Scaling laws of path dependence"
(2022); Mandt, Hoffman, Blei, J. Mach. Learn. Res. 18 (2017) 1-35 for the equation.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from .noisy_exponents import pitchfork_system
from .system import System, Vector, make_system

REACH = 3.0  # half-width of the box, in units of the wells' distance; the density there is below 1e-30 for s <= 1
CELLS = 600


class NoisyQuadratic(NamedTuple):
    """Curvatures, and noises of the gradient times sqrt(eta), both of shape (n,)."""

    h: Any
    s: Any


def noisy_quadratic(t, y, p, dy):  # type: ignore[no-untyped-def]
    """-h y."""
    for i in range(len(y)):
        dy[i] = -p.h[i] * y[i]


def noisy_quadratic_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """Sqrt(eta) s, additive."""
    for i in range(len(y)):
        g[i] = p.s[i]


def noisy_quadratic_system(h: ArrayLike, s: ArrayLike, eta: float, steps: int = 100) -> System:
    """SGD on sum h_i w_i^2/2 with gradient noise s_i z_i, from its minimum; solve by EULER_MARUYAMA with dt = eta.

    Parameters
    ----------
    h, s : float or array_like, shape (n,)
        Curvatures, and standard deviations of the gradients.
    eta : float
        Learning rate.
    steps : int
        The record ends at t1 = eta steps.
    """
    curvature, noise = np.broadcast_arrays(np.atleast_1d(np.asarray(h, float)), np.asarray(s, float))
    if not (eta > 0.0 and math.isfinite(eta)):
        raise ValueError(f"eta must be positive and finite, but is {eta!r}.")
    n = len(curvature)
    return make_system(
        "noisy quadratic",
        noisy_quadratic,
        np.zeros(n),
        eta * steps,
        NoisyQuadratic(curvature.copy(), math.sqrt(eta) * noise),
        kind="stochastic",
        reference="Mandt, Hoffman, Blei, J. Mach. Learn. Res. 18 (2017) 1-35; arXiv:1704.04289.",
        diffusion=noisy_quadratic_noise,
        noise="additive",
        noises=n,
    )


def noisy_quadratic_distance(steps: ArrayLike, h: ArrayLike, s: ArrayLike, eta: float) -> Vector:
    """E d^2 of two copies with independent batches, from one start.

    Parameters
    ----------
    steps : array_like, shape (m,)
        Numbers of steps.
    h, s : float or array_like, shape (n,)
        Curvatures and noises; the sum over them is taken.
    eta : float
        Learning rate.

    Returns
    -------
    ndarray, shape (m,)
        sum_i 2 eta^2 s_i^2 (1 - r_i^{2t})/(1 - r_i^2), r_i = 1 - eta h_i: a geometric series of independent kicks. Flat
        directions, h = 0, give its limit 2 eta^2 s^2 t, the square-root law of d.
    """
    t = np.atleast_1d(np.asarray(steps, float))[:, None]
    curvature, noise = np.broadcast_arrays(np.atleast_1d(np.asarray(h, float)), np.asarray(s, float))
    r2 = (1.0 - eta * curvature) ** 2
    flat = r2 == 1.0
    safe = np.where(flat, 0.5, r2)
    series = np.where(flat, t, (1.0 - safe**t) / (1.0 - safe))
    total: Vector = np.sum(2.0 * (eta * noise) ** 2 * series, axis=1)
    return total


def power_spectrum(a: float, n: int) -> tuple[Vector, Vector]:
    """Curvatures h_i = i^-a, i = 1..n, and noises s_i = sqrt(h_i): the covariance of gradients is the Hessian."""
    h = np.arange(1.0, n + 1.0) ** -a
    return h, np.sqrt(h)


def power_spectrum_distance(steps: ArrayLike, a: float, eta: float) -> Any:
    """E d^2 for `power_spectrum(a, infinity)`: eta (Gamma(1 - 1/a) (2 eta t)^{1/a} - 1/2), so d^2 ~ (eta t)^{1/a}.

    Notes
    -----
    Small eta: 1 - r^2 is 2 eta h, and mode i has eta (1 - exp(-2 eta h_i t)). The integral over i from 0 is the first
    term, Euler and Maclaurin's correction for i = 0 the second. Needs a > 1, 2 eta t >> 1, and in a simulation with n
    modes 2 eta t n^-a << 1: what is missing of the sum is 2 eta^2 t n^{1-a}/(a - 1).
    """
    if not a > 1.0:
        raise ValueError(f"a must be above 1, or the sum over modes diverges; it is {a!r}.")
    return eta * (gamma(1.0 - 1.0 / a) * (2.0 * eta * np.asarray(steps, float)) ** (1.0 / a) - 0.5)


class Wells(NamedTuple):
    """What independent noise does to two copies in one well of dx = (al x - x^3) dt + s dW.

    Attributes
    ----------
    plateau : float
        2 var(x) within a well: E d^2 after the fast relaxation.
    rate : float
        lambda_1 < 0: how fast the mean of x forgets its well.
    final : float
        2 E x^2: E d^2 at the end.
    """

    plateau: float
    rate: float
    final: float


def independent_wells(al: float = 1.0, s: float = 0.5) -> Wells:
    """Plateau, slow rate and final value of E d^2 from the Fokker-Planck operator (Risken 1989, chapter 6).

    Notes
    -----
    The mean of x decays as exp(lambda_1 t), and E d^2 = 2 (E x^2 - (E x)^2): the approach to the end goes as
    exp(2 lambda_1 t), for either copy may cross. A copy beside one that stays would approach as exp(lambda_1 t).
    """
    from mechanics.statistics import slow_modes, stationary_density

    grid = _grid(al, s)
    x, density = grid.axes[0], stationary_density(grid)
    weight = np.where(x > 0.0, density, 0.0)
    weight /= weight.sum()
    mean = float((weight * x).sum())
    square = float((weight * x * x).sum())
    return Wells(2.0 * (square - mean**2), float(slow_modes(grid, 2).eigenvalues[1]), 2.0 * square)


def independent_wells_distance(ts: ArrayLike, al: float = 1.0, s: float = 0.5, dt: float = 0.02) -> Vector:
    """E d^2 at times ts, shape (m,), of two copies that start at the minimum sqrt(al): 2 var(x), by Fokker-Planck."""
    from mechanics.statistics import evolve_density

    grid = _grid(al, s)
    x = grid.axes[0]
    start = np.maximum(1.0 - abs(x - math.sqrt(al)) / grid.volume, 0.0) / grid.volume  # shared by two cells
    densities = evolve_density(grid, start, ts, dt, order=2) * grid.volume
    mean, square = densities @ x, densities @ (x * x)
    result: Vector = 2.0 * (square - mean**2)
    return result


def _grid(al: float, s: float) -> Any:
    from mechanics.statistics import fokker_planck

    if not al > 0.0:
        raise ValueError(f"al must be positive, or there is one well only; it is {al!r}.")
    reach = REACH * math.sqrt(al)
    return fokker_planck(pitchfork_system(al, s).problem(), -reach, reach, CELLS)
