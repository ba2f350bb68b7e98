"""Lambert's problem: the Kepler orbit from r0 to r1 in a given time.

    H = |p|^2 / 2 - mu / |q|

The universal variable z (the square of the change of eccentric anomaly) solves one equation,

    sqrt(mu) T = chi^3 S(z) + A sqrt(y),   y = |r0| + |r1| + A (z S - 1) / sqrt(C),   chi = sqrt(y / C)
    A = sin(theta) sqrt(|r0| |r1| / (1 - cos theta))

and gives the start of the orbit; `two_point` certifies the path from there.

Bate, Mueller, White, Fundamentals of Astrodynamics, Dover 1971, section 5.3.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar

from ..checks import finite_numbers, whole_numbers
from .hamiltonian import Hamiltonian
from .result import TwoPoint
from .solve_path import two_point

Array = NDArray[np.float64]
HALF_TURN = 1e-9  # of sin(theta): the plane of the orbit is not determined there


def kepler(d: int, mu: float = 1.0) -> Hamiltonian:
    """The Kepler problem in d dimensions; parameter mu."""
    return Hamiltonian(_planar if d == 2 else _spatial, d, {"mu": float(mu)})


def lambert(
    r0: ArrayLike,
    r1: ArrayLike,
    T: float,
    *,
    mu: float = 1.0,
    long_way: bool = False,
    revolutions: int = 0,
    fast: bool = True,
    tol: float = 1e-9,
    **options: Any,
) -> TwoPoint:
    """The orbit from r0 to r1 in time T.

    Parameters
    ----------
    r0, r1 : array_like, shape (2,) or (3,)
        Ends, not on one line through the centre.
    T : float
        Time of flight.
    mu : float
        Gravitational parameter.
    long_way : bool
        Through the larger angle.
    revolutions : int
        Complete turns in between.
    fast : bool
        With revolutions there are two orbits: that of the shorter period, or the other.
    tol, **options
        As for `two_point`.

    Returns
    -------
    TwoPoint
        `path.p[0]` and `path.p[-1]` are the velocities.

    Raises
    ------
    ValueError
        If the ends lie on one line, or no orbit makes so many revolutions in the time.
    """
    r0, r1 = finite_numbers("r0", r0), finite_numbers("r1", r1)
    if r0.shape != r1.shape or r0.shape not in ((2,), (3,)):
        raise ValueError(f"r0 and r1 must be vectors of 2 or 3 components, but have shapes {r0.shape} and {r1.shape}.")
    whole_numbers(revolutions=(revolutions, 0))
    if not (T > 0.0 and mu > 0.0):
        raise ValueError(f"T and mu must be positive, but are {T} and {mu}.")
    v0 = start_velocity(r0, r1, T, mu, long_way, revolutions, fast)
    H = kepler(len(r0), mu)
    times = np.linspace(0.0, T, 64 * (revolutions + 1))
    orbit = H.flow(np.concatenate((r0, v0)), 0.0, T, rtol=1e-10, atol=1e-10, saveat=times)
    return two_point(H, (r0, r1), (0.0, T), guess=(orbit.ts, orbit.ys), tol=tol, **options)


def start_velocity(r0: Array, r1: Array, T: float, mu: float, long_way: bool, revolutions: int, fast: bool) -> Array:
    """Velocity at r0 by the universal variable."""
    a, b = float(np.linalg.norm(r0)), float(np.linalg.norm(r1))
    cosine = float(np.clip(r0 @ r1 / (a * b), -1.0, 1.0))
    sine = math.sqrt(1.0 - cosine * cosine)
    if sine < HALF_TURN:
        raise ValueError("r0 and r1 lie on one line through the centre: the plane of the orbit is not determined.")
    A = (-sine if long_way else sine) * math.sqrt(a * b / (1.0 - cosine))

    def y(z: float) -> float:
        C, S = stumpff(z)
        return a + b + A * (z * S - 1.0) / math.sqrt(C)

    def late(z: float) -> float:
        C, S = stumpff(z)
        height = y(z)
        if height <= 0.0:
            return -T
        return ((height / C) ** 1.5 * S + A * math.sqrt(height)) / math.sqrt(mu) - T

    if revolutions == 0:
        low, high = -1.0, (2.0 * math.pi) ** 2 * (1.0 - 1e-12)
        while late(low) > 0.0 and low > -1e6:
            low *= 2.0
    else:
        low, high = ((2.0 * math.pi * (revolutions + i)) ** 2 * (1.0 + s * 1e-9) for i, s in ((0, 1), (1, -1)))
        least = minimize_scalar(late, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
        if least.fun > 0.0:
            raise ValueError(
                f"No orbit makes {revolutions} revolutions in the time {T:g}; the least time is {T + least.fun:g}."
            )
        low, high = (least.x, high) if fast else (low, least.x)
    z = brentq(late, low, high, xtol=1e-13, rtol=1e-14)
    f, g = 1.0 - y(z) / a, A * math.sqrt(y(z) / mu)
    return np.asarray((r1 - f * r0) / g, dtype=np.float64)


def stumpff(z: float) -> tuple[float, float]:
    """C(z) = (1 - cos sqrt z) / z and S(z) = (sqrt z - sin sqrt z) / sqrt z^3, continued to z <= 0."""
    if abs(z) < 1e-2:
        C = 0.5 - z / 24.0 + z * z / 720.0 - z**3 / 40320.0 + z**4 / 3628800.0
        S = 1.0 / 6.0 - z / 120.0 + z * z / 5040.0 - z**3 / 362880.0 + z**4 / 39916800.0
        return C, S
    if z > 0.0:
        r = math.sqrt(z)
        return 2.0 * math.sin(0.5 * r) ** 2 / z, (r - math.sin(r)) / r**3  # 1 - cos r is 0 near whole turns
    r = math.sqrt(-z)
    return (math.cosh(r) - 1.0) / -z, (math.sinh(r) - r) / r**3


def _planar(t, q, p, par):  # type: ignore[no-untyped-def]
    return (p[0] ** 2 + p[1] ** 2) / 2 - par.mu / math.sqrt(q[0] ** 2 + q[1] ** 2)


def _spatial(t, q, p, par):  # type: ignore[no-untyped-def]
    return (p[0] ** 2 + p[1] ** 2 + p[2] ** 2) / 2 - par.mu / math.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2)
