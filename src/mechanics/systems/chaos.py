"""Dissipative chaos: Lorenz 1963, Rossler 1976, Lorenz 1996."""

import math
from typing import NamedTuple

import numpy as np

from ._finals import stored
from .system import System, make_system


class Lorenz63(NamedTuple):
    """Prandtl number, reduced Rayleigh number, aspect ratio."""

    sigma: float
    rho: float
    beta: float


def lorenz63(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Lorenz 1963, (25)-(27)."""
    dy[0] = p.sigma * (y[1] - y[0])
    dy[1] = y[0] * (p.rho - y[2]) - y[1]
    dy[2] = y[0] * y[1] - p.beta * y[2]


def _lorenz63_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1], J[0, 2] = -p.sigma, p.sigma, 0.0
    J[1, 0], J[1, 1], J[1, 2] = p.rho - y[2], -1.0, -y[0]
    J[2, 0], J[2, 1], J[2, 2] = y[1], y[0], -p.beta


class Rossler(NamedTuple):
    """Parameters a, b, c of the paper."""

    a: float
    b: float
    c: float


def rossler(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Rossler 1976, (2)."""
    dy[0] = -y[1] - y[2]
    dy[1] = y[0] + p.a * y[1]
    dy[2] = p.b + y[2] * (y[0] - p.c)


def _rossler_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1], J[0, 2] = 0.0, -1.0, -1.0
    J[1, 0], J[1, 1], J[1, 2] = 1.0, p.a, 0.0
    J[2, 0], J[2, 1], J[2, 2] = y[2], 0.0, y[0] - p.c


class Lorenz96(NamedTuple):
    """Forcing of every site."""

    forcing: float


def lorenz96(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y_i' = (y_{i+1} - y_{i-2}) y_{i-1} - y_i + forcing, on a ring."""
    n = len(y)
    dy[0] = (y[1] - y[n - 2]) * y[n - 1] - y[0] + p.forcing
    dy[1] = (y[2] - y[n - 1]) * y[0] - y[1] + p.forcing
    for i in range(2, n - 1):
        dy[i] = (y[i + 1] - y[i - 2]) * y[i - 1] - y[i] + p.forcing
    dy[n - 1] = (y[0] - y[n - 3]) * y[n - 2] - y[n - 1] + p.forcing


def _lorenz96_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    n = len(y)
    for i in range(n):
        for j in range(n):
            J[i, j] = 0.0
        J[i, i] = -1.0
        J[i, (i + 1) % n] = y[(i - 1) % n]
        J[i, (i - 2) % n] = -y[(i - 1) % n]
        J[i, (i - 1) % n] = y[(i + 1) % n] - y[(i - 2) % n]


def lorenz96_system(n: int = 40, forcing: float = 8.0, t1: float = 2.0) -> System:
    """Lorenz's 1996 ring of n sites.

    Parameters
    ----------
    n : int
        Number of sites, at least 4.
    forcing : float
        Constant forcing; chaotic for 8.
    t1 : float
        End; one unit is about five days of weather.

    Returns
    -------
    System
        Started from y_i = 2 + 4 cos(0.7 i), rounded to three decimals: within the range of the attractor, unlike the
        usual start next to the fixed point y_i = forcing, where errors first grow like exp(8 t).

    Raises
    ------
    ValueError
        If n < 4.
    """
    if n < 4:
        raise ValueError(f"n must be at least 4, but is {n}: the couplings reach from i-2 to i+1.")
    start = [round(2.0 + 4.0 * math.cos(0.7 * i), 3) for i in range(n)]
    final = stored("Lorenz96") if (n, forcing, t1) == (40, 8.0, 2.0) else {}
    return make_system(
        "Lorenz96",
        lorenz96,
        start,
        t1,
        Lorenz96(float(forcing)),
        kind="non-stiff",
        reference="Lorenz, Proc. Seminar on Predictability, ECMWF (1996) vol. 1, 1-18, (1).",
        jacobian=_lorenz96_jacobian,
        **final,
    )


LORENZ63 = make_system(
    "Lorenz63",
    lorenz63,
    [0.0, 1.0, 0.0],  # the start of the paper's run
    10.0,
    Lorenz63(10.0, 28.0, 8.0 / 3.0),
    kind="non-stiff",
    reference="Lorenz, J. Atmos. Sci. 20 (1963) 130-141, (25)-(27).",
    jacobian=_lorenz63_jacobian,
    **stored("Lorenz63"),
)
ROSSLER = make_system(
    "Rossler",
    rossler,
    np.ones(3),
    20.0,
    Rossler(0.2, 0.2, 5.7),
    kind="non-stiff",
    reference="Rossler, Phys. Lett. A 57 (1976) 397-398, (2).",
    jacobian=_rossler_jacobian,
    **stored("Rossler"),
)
LORENZ96 = lorenz96_system()
