"""The Brusselator with diffusion: a stiff system of any size with a narrow band.

    u_t = 1 + u^2 v - 4 u + alpha u_xx,   v_t = 3 u - u^2 v + alpha v_xx,   u(0) = u(1) = 1,  v(0) = v(1) = 3

on a uniform grid of m inner points, interleaved: y = (u_1, v_1, u_2, v_2, ...), half-bandwidth 2.
"""

import math
from typing import NamedTuple

from ._finals import stored
from .system import System, make_system


class BrusselatorPDE(NamedTuple):
    """alpha times the squared number of grid cells."""

    diffusion: float


def brusselator_pde(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Second differences in space; the ends are fixed."""
    n = len(y)
    for i in range(0, n, 2):
        u = y[i]
        v = y[i + 1]
        u_left = y[i - 2] if i > 0 else 1.0
        v_left = y[i - 1] if i > 0 else 3.0
        u_right = y[i + 2] if i + 2 < n else 1.0
        v_right = y[i + 3] if i + 2 < n else 3.0
        reaction = u * u * v
        dy[i] = 1.0 + reaction - 4.0 * u + p.diffusion * (u_left - 2.0 * u + u_right)
        dy[i + 1] = 3.0 * u - reaction + p.diffusion * (v_left - 2.0 * v + v_right)


def _brusselator_pde_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    n = len(y)
    for i in range(n):
        for j in range(max(0, i - 2), min(n, i + 3)):  # nothing outside of the band, which may not be stored
            J[i, j] = 0.0
        if i >= 2:
            J[i, i - 2] = p.diffusion
        if i + 2 < n:
            J[i, i + 2] = p.diffusion
    for i in range(0, n, 2):
        u, v = y[i], y[i + 1]
        J[i, i], J[i, i + 1] = 2.0 * u * v - 4.0 - 2.0 * p.diffusion, u * u
        J[i + 1, i], J[i + 1, i + 1] = 3.0 - 2.0 * u * v, -u * u - 2.0 * p.diffusion


def brusselator_pde_system(points: int = 100, alpha: float = 0.02, t1: float = 10.0) -> System:
    """The discretised Brusselator, 2 `points` components.

    Parameters
    ----------
    points : int
        Inner grid points, at least 1.
    alpha : float
        Diffusion constant.
    t1 : float
        End.

    Raises
    ------
    ValueError
        If points < 1.
    """
    if points < 1:
        raise ValueError(f"points must be at least 1, but is {points}.")
    start: list[float] = []
    for i in range(points):
        start += [1.0 + math.sin(2.0 * math.pi * (i + 1) / (points + 1)), 3.0]
    standard = (points, alpha, t1) == (100, 0.02, 10.0)
    return make_system(
        "Brusselator PDE",
        brusselator_pde,
        start,
        t1,
        BrusselatorPDE(alpha * (points + 1) ** 2),
        kind="stiff",
        reference="Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.1, (1.6') and IV.10.",
        jacobian=_brusselator_pde_jacobian,
        **(stored("Brusselator PDE") if standard else {}),
    )


BRUSSELATOR_PDE = brusselator_pde_system()
