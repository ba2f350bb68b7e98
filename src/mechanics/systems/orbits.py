"""Bodies under gravity: two, three, seven, and a satellite between Earth and Moon."""

import math
from typing import Any, NamedTuple

import numpy as np

from ._finals import stored
from .system import System, Vector, make_system

_HNW = "Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, 2nd ed."


class Kepler(NamedTuple):
    """Gravitational parameter G M."""

    mu: float


def kepler(t, y, p, dy):  # type: ignore[no-untyped-def]
    """x'' = -mu x / |x|^3 in the plane; y = (x1, x2, v1, v2)."""
    r2 = y[0] * y[0] + y[1] * y[1]
    w = -p.mu / (r2 * math.sqrt(r2))
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = w * y[0]
    dy[3] = w * y[1]


def _kepler_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    r2 = y[0] * y[0] + y[1] * y[1]
    w = p.mu / (r2 * r2 * math.sqrt(r2))
    for i in range(4):
        for j in range(4):
            J[i, j] = 0.0
    J[0, 2] = J[1, 3] = 1.0
    J[2, 0] = w * (3.0 * y[0] * y[0] - r2)
    J[2, 1] = J[3, 0] = w * 3.0 * y[0] * y[1]
    J[3, 1] = w * (3.0 * y[1] * y[1] - r2)


def kepler_exact(t: float, y0: Vector, p: Kepler) -> Vector:
    """Lagrange's f and g functions; ellipses only (negative energy)."""
    x, v = y0[:2], y0[2:]
    r0, sigma = math.hypot(*x), float(x @ v) / math.sqrt(p.mu)
    a = 1.0 / (2.0 / r0 - float(v @ v) / p.mu)
    e_cos, e_sin, rate = 1.0 - r0 / a, sigma / math.sqrt(a), math.sqrt(p.mu / a**3)
    mean = rate * t
    E = mean  # eccentric anomaly since the start; Newton from the mean one
    for _ in range(50):
        step = (E - e_cos * math.sin(E) + e_sin * (1.0 - math.cos(E)) - mean) / (
            1.0 - e_cos * math.cos(E) + e_sin * math.sin(E)
        )
        E -= step
        if abs(step) <= 1e-15 * max(1.0, abs(E)):
            break
    c, s = math.cos(E), math.sin(E)
    r = a * (1.0 - e_cos * c + e_sin * s)
    f, g = 1.0 - a / r0 * (1.0 - c), t - (E - s) / rate
    df, dg = -math.sqrt(p.mu * a) / (r * r0) * s, 1.0 - a / r * (1.0 - c)
    return np.concatenate([f * x + g * v, df * x + dg * v])


def kepler_energy(t: float, y: Vector, p: Kepler) -> float:
    """|v|^2 / 2 - mu / |x|."""
    return 0.5 * float(y[2] ** 2 + y[3] ** 2) - p.mu / math.hypot(y[0], y[1])


def kepler_angular_momentum(t: float, y: Vector, p: Kepler) -> float:
    """x1 v2 - x2 v1."""
    return float(y[0] * y[3] - y[1] * y[2])


def kepler_perihelion(t: float, y: Vector, p: Kepler) -> float:
    """Direction of the perihelion: angle of the Laplace-Runge-Lenz vector, in radians."""
    L, r = y[0] * y[3] - y[1] * y[2], math.hypot(y[0], y[1])
    return math.atan2(-L * y[2] - p.mu * y[1] / r, L * y[3] - p.mu * y[0] / r)


def kepler_system(e: float = 0.5, t1: float = 20.0) -> System:
    """Two bodies on an ellipse of eccentricity e, started at the perihelion; period 2 pi.

    Parameters
    ----------
    e : float
        Eccentricity, 0 <= e < 1.
    t1 : float
        End.

    Raises
    ------
    ValueError
        If e is not in [0, 1).
    """
    if not 0.0 <= e < 1.0:
        raise ValueError(f"e must be in [0, 1) for an ellipse, but is {e!r}.")
    return make_system(
        f"Kepler (e = {e:g})",
        kepler,
        [1.0 - e, 0.0, 0.0, math.sqrt((1.0 + e) / (1.0 - e))],
        t1,
        Kepler(1.0),
        kind="Hamiltonian",
        reference="Hairer, Lubich, Wanner, Geometric Numerical Integration, 2nd ed., I.2; exact: Battin (1999) ch. 3.",
        jacobian=_kepler_jacobian,
        exact=kepler_exact,
        # at e = 0 there is no perihelion
        invariants=(kepler_energy, kepler_angular_momentum, *((kepler_perihelion,) if e > 0.0 else ())),
    )


class Arenstorf(NamedTuple):
    """Mass of the Moon; that of the Earth is 1 - mu."""

    mu: float


def arenstorf(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Restricted three-body problem in the rotating frame; y = (x1, x2, v1, v2)."""
    earth = 1.0 - p.mu
    a = y[0] + p.mu
    b = y[0] - earth
    d1 = a * a + y[1] * y[1]
    d2 = b * b + y[1] * y[1]
    w1 = earth / (d1 * math.sqrt(d1))
    w2 = p.mu / (d2 * math.sqrt(d2))
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = y[0] + 2.0 * y[3] - w1 * a - w2 * b
    dy[3] = y[1] - 2.0 * y[2] - w1 * y[1] - w2 * y[1]


def jacobi_integral(t: float, y: Vector, p: Arenstorf) -> float:
    """(v^2 - x^2) / 2 - (1 - mu) / r1 - mu / r2."""
    r1, r2 = math.hypot(y[0] + p.mu, y[1]), math.hypot(y[0] - 1.0 + p.mu, y[1])
    return 0.5 * float(y[2] ** 2 + y[3] ** 2 - y[0] ** 2 - y[1] ** 2) - (1.0 - p.mu) / r1 - p.mu / r2


ARENSTORF_PERIOD = 17.0652165601579625588917206249


def pleiades(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Seven stars of masses 1..7 in the plane; y = (x, y, x', y'), seven of each."""
    for i in range(7):
        dy[i] = y[14 + i]
        dy[7 + i] = y[21 + i]
        dy[14 + i] = 0.0
        dy[21 + i] = 0.0
    for i in range(7):
        for j in range(i):
            a = y[j] - y[i]
            b = y[7 + j] - y[7 + i]
            r2 = a * a + b * b
            w = 1.0 / (r2 * math.sqrt(r2))
            dy[14 + i] += (j + 1.0) * w * a
            dy[21 + i] += (j + 1.0) * w * b
            dy[14 + j] -= (i + 1.0) * w * a
            dy[21 + j] -= (i + 1.0) * w * b


def pleiades_energy(t: float, y: Vector, p: Any) -> float:
    """Kinetic plus potential energy, G = 1."""
    m = np.arange(1.0, 8.0)
    potential = sum(m[i] * m[j] / math.hypot(y[i] - y[j], y[7 + i] - y[7 + j]) for i in range(7) for j in range(i))
    return 0.5 * float(m @ (y[14:21] ** 2 + y[21:] ** 2)) - potential


def pleiades_momentum(t: float, y: Vector, p: Any) -> float:
    """Total momentum in x."""
    return float(np.arange(1.0, 8.0) @ y[14:21])


def pleiades_angular_momentum(t: float, y: Vector, p: Any) -> float:
    """Total angular momentum."""
    return float(np.arange(1.0, 8.0) @ (y[:7] * y[21:] - y[7:14] * y[14:21]))


def three_body(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Three equal masses in the plane, G = m = 1; y = (x1, y1, x2, y2, x3, y3, velocities)."""
    for i in range(6):
        dy[i] = y[6 + i]
        dy[6 + i] = 0.0
    for i in range(3):
        for j in range(i):
            a = y[2 * j] - y[2 * i]
            b = y[2 * j + 1] - y[2 * i + 1]
            r2 = a * a + b * b
            w = 1.0 / (r2 * math.sqrt(r2))
            dy[6 + 2 * i] += w * a
            dy[7 + 2 * i] += w * b
            dy[6 + 2 * j] -= w * a
            dy[7 + 2 * j] -= w * b


def three_body_energy(t: float, y: Vector, p: Any) -> float:
    """Kinetic plus potential energy."""
    x = y[:6].reshape(3, 2)
    pairs = ((0, 1), (0, 2), (1, 2))
    return 0.5 * float(y[6:] @ y[6:]) - sum(1.0 / float(np.linalg.norm(x[i] - x[j])) for i, j in pairs)


def three_body_angular_momentum(t: float, y: Vector, p: Any) -> float:
    """Total angular momentum."""
    return float(y[0:6:2] @ y[7:12:2] - y[1:6:2] @ y[6:12:2])


KEPLER = kepler_system()
ARENSTORF = make_system(
    "Arenstorf orbit",
    arenstorf,
    [0.994, 0.0, 0.0, -2.00158510637908252240537862224],
    ARENSTORF_PERIOD,  # periodic, but unstable: rounding the data to float64 moves the end by 1.4e-11
    Arenstorf(0.012277471),
    kind="non-stiff",
    reference=f"Arenstorf, Amer. J. Math. 85 (1963) 27-35; {_HNW}, (II.0.1)-(II.0.2).",
    invariants=(jacobi_integral,),
    **stored("Arenstorf orbit"),
)
PLEIADES = make_system(
    "Pleiades",
    pleiades,
    [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0],
    3.0,
    kind="non-stiff",
    reference=f"{_HNW}, II.10; Mazzia, Magherini, Test Set for IVP Solvers (2008).",
    invariants=(pleiades_energy, pleiades_momentum, pleiades_angular_momentum),
    **stored("Pleiades"),
)
_V = (0.93240737 / 2, 0.86473146 / 2)
FIGURE_EIGHT = make_system(
    "figure eight",
    three_body,
    [0.97000436, -0.24308753, -0.97000436, 0.24308753, 0.0, 0.0, *_V, *_V, -2 * _V[0], -2 * _V[1]],
    6.32591398,
    kind="non-stiff",
    reference="Chenciner, Montgomery, Ann. Math. 152 (2000) 881-901; start and period: Simo, there.",
    invariants=(three_body_energy, three_body_angular_momentum),
    **stored("figure eight"),
)
