"""DETEST, the 25 non-stiff problems of Hull, Enright, Fellen and Sedgwick, each on [0, 20].

A: one equation; B: small systems; C: moderate systems; D: two bodies of eccentricity 0.1 to 0.9; E: higher order.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ellipj

from ._finals import stored
from .linear import linear_system
from .orbits import kepler_system
from .oscillators import VAN_DER_POL
from .system import System, Vector, make_system

_REFERENCE = "Hull, Enright, Fellen, Sedgwick, SIAM J. Numer. Anal. 9 (1972) 603-637, problem "


def _make(letter: str, drift: Any, y0: Any, p: Any = None, **known: Any) -> System:
    name = f"DETEST {letter}"
    return make_system(
        name, drift, y0, 20.0, p, kind="non-stiff", reference=_REFERENCE + letter + ".", **known, **stored(name)
    )


def a2(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = -y^3 / 2."""
    dy[0] = -0.5 * y[0] * y[0] * y[0]


def a3(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = y cos t."""
    dy[0] = y[0] * math.cos(t)


def a4(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = y (1 - y / 20) / 4."""
    dy[0] = 0.25 * y[0] * (1.0 - 0.05 * y[0])


def a5(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = (y - t) / (y + t), a spiral."""
    dy[0] = (y[0] - t) / (y[0] + t)


def b1(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Two conflicting populations."""
    dy[0] = 2.0 * (y[0] - y[0] * y[1])
    dy[1] = -(y[1] - y[0] * y[1])


def _populations(t: float, y: Vector, p: Any) -> float:
    """y_0 - log y_0 + 2 (y_1 - log y_1)."""
    return float(y[0] - math.log(y[0]) + 2.0 * (y[1] - math.log(y[1])))


def b3(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A nonlinear chemical reaction."""
    dy[0] = -y[0]
    dy[1] = y[0] - y[1] * y[1]
    dy[2] = y[1] * y[1]


def _mass(t: float, y: Vector, p: Any) -> float:
    """Sum of the components."""
    return math.fsum(y)


def b4(t, y, p, dy):  # type: ignore[no-untyped-def]
    """The integral surface of a torus."""
    r = math.sqrt(y[0] * y[0] + y[1] * y[1])
    dy[0] = -y[1] - y[0] * y[2] / r
    dy[1] = y[0] - y[1] * y[2] / r
    dy[2] = y[0] / r


def b5(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Euler's equations of a rigid body."""
    dy[0] = y[1] * y[2]
    dy[1] = -y[0] * y[2]
    dy[2] = -0.51 * y[0] * y[1]


def _b5_exact(t: float, y0: Vector, p: Any) -> Vector:
    """Jacobi's sn, cn, dn of parameter 0.51; for the standard start only."""
    if tuple(y0) != (0.0, 1.0, 1.0):
        raise ValueError(f"DETEST B5 has a closed form from (0, 1, 1) only, but y0 is {y0!r}.")
    return np.array(ellipj(t, 0.51)[:3])


def _b5_circle(t: float, y: Vector, p: Any) -> float:
    """y_0^2 + y_1^2."""
    return float(y[0] ** 2 + y[1] ** 2)


class Planets(NamedTuple):
    """Gravitational constant, mass of the Sun with the inner planets, masses of the five outer planets."""

    k2: float
    m0: float
    m: Any


def five_planets(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Sun-centred motion of five planets; y = (x, y, z of each, velocities alike)."""
    for i in range(15):
        dy[i] = y[15 + i]
    for j in range(5):
        a, b, c = y[3 * j], y[3 * j + 1], y[3 * j + 2]
        r2 = a * a + b * b + c * c
        w = -p.k2 * (p.m0 + p.m[j]) / (r2 * math.sqrt(r2))
        dy[15 + 3 * j] = w * a
        dy[16 + 3 * j] = w * b
        dy[17 + 3 * j] = w * c
    for k in range(5):
        x, z, u = y[3 * k], y[3 * k + 1], y[3 * k + 2]
        r2 = x * x + z * z + u * u
        sun = p.k2 * p.m[k] / (r2 * math.sqrt(r2))  # k pulls the Sun, the origin
        for j in range(5):
            if j != k:
                a, b, c = x - y[3 * j], z - y[3 * j + 1], u - y[3 * j + 2]
                d2 = a * a + b * b + c * c
                w = p.k2 * p.m[k] / (d2 * math.sqrt(d2))
                dy[15 + 3 * j] += w * a - sun * x
                dy[16 + 3 * j] += w * b - sun * z
                dy[17 + 3 * j] += w * c - sun * u


def _planets_energy(t: float, y: Vector, p: Planets) -> float:
    """Energy in the frame of the centre of mass; the Sun's velocity follows from momentum zero."""
    x, v, m = y[:15].reshape(5, 3), y[15:].reshape(5, 3), np.asarray(p.m)
    total, momentum = p.m0 + m.sum(), m @ v
    potential = -p.m0 * np.sum(m / np.linalg.norm(x, axis=1))
    potential -= sum(m[i] * m[j] / np.linalg.norm(x[i] - x[j]) for i in range(5) for j in range(i))
    return float(0.5 * (m @ (v**2).sum(axis=1) - momentum @ momentum / total) + p.k2 * potential)


def e1(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Bessel's equation of order 1/2, from x = 1."""
    x = t + 1.0
    dy[0] = y[1]
    dy[1] = -(y[1] / x + (1.0 - 0.25 / (x * x)) * y[0])


def _e1_exact(t: float, y0: Vector, p: Any) -> Vector:
    """(a sin t + b cos t) / sqrt(t + 1)."""
    x = t + 1.0
    b, a = y0[0], y0[1] + 0.5 * y0[0]
    wave, slope = a * math.sin(t) + b * math.cos(t), a * math.cos(t) - b * math.sin(t)
    return np.array([wave, slope - 0.5 * wave / x]) / math.sqrt(x)


def e3(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Duffing's equation."""
    dy[0] = y[1]
    dy[1] = y[0] * y[0] * y[0] / 6.0 - y[0] + 2.0 * math.sin(2.78535 * t)


def e4(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A falling body with quadratic drag."""
    dy[0] = y[1]
    dy[1] = 0.032 - 0.4 * y[1] * y[1]


def _e4_exact(t: float, y0: Vector, p: Any) -> Vector:
    """v = c (v0 + c T) / (c + v0 T) with T = tanh(0.4 c t) and c^2 = 0.08."""
    c, v0 = math.sqrt(0.08), y0[1]
    C, S = math.cosh(0.4 * c * t), math.sinh(0.4 * c * t)
    return np.array([y0[0] + math.log(C + v0 / c * S) / 0.4, c * (v0 * C + c * S) / (c * C + v0 * S)])


def e5(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Linear pursuit."""
    dy[0] = y[1]
    dy[1] = math.sqrt(1.0 + y[1] * y[1]) / (25.0 - t)


def _e5_exact(t: float, y0: Vector, p: Any) -> Vector:
    """y_1 = (k^-1 - k) / 2 with k = (1 - t/25) / k0, k0 = sqrt(1 + y1(0)^2) + y1(0)."""
    k0 = math.hypot(1.0, y0[1]) + y0[1]
    u = 1.0 - t / 25.0
    area = -k0 * math.log(u) - (1.0 - u * u) / (2.0 * k0)
    return np.array([y0[0] + 12.5 * area, 0.5 * (k0 / u - u / k0)])


def _chain(kind: str, n: int) -> System:
    """C1 to C4: decay chains and the heat equation."""
    if kind in ("C1", "C2"):
        rate = np.ones(n - 1) if kind == "C1" else np.arange(1.0, n)
        A = np.diag(rate, -1) - np.diag([*rate, 0.0])
    else:
        A = -2.0 * np.eye(n) + np.eye(n, k=1) + np.eye(n, k=-1)
    return linear_system(A, [1.0, *np.zeros(n - 1)], 20.0, name=f"DETEST {kind}")


A1 = linear_system([[-1.0]], [1.0], 20.0, name="DETEST A1")
A2 = _make("A2", a2, [1.0], exact=lambda t, y0, p: y0 / np.sqrt(1.0 + y0**2 * t))
A3 = _make("A3", a3, [1.0], exact=lambda t, y0, p: y0 * math.exp(math.sin(t)))
A4 = _make("A4", a4, [1.0], exact=lambda t, y0, p: 20.0 * y0 / (y0 + (20.0 - y0) * math.exp(-0.25 * t)))
A5 = _make("A5", a5, [4.0])
B1 = _make("B1", b1, [1.0, 3.0], invariants=(_populations,))
B2 = linear_system([[-1, 1, 0], [1, -2, 1], [0, 1, -1]], [2.0, 0.0, 1.0], 20.0, name="DETEST B2")
B3 = _make("B3", b3, [1.0, 0.0, 0.0], invariants=(_mass,))
B4 = _make("B4", b4, [3.0, 0.0, 0.0])
B5 = _make("B5", b5, [0.0, 1.0, 1.0], exact=_b5_exact, invariants=(_b5_circle,))
C1, C2, C3, C4 = _chain("C1", 10), _chain("C2", 10), _chain("C3", 10), _chain("C4", 51)
C5 = _make(
    "C5",
    five_planets,
    [
        *(3.42947415189, 3.35386959711, 1.35494901715, 6.64145542550, 5.97156957878, 2.18231499728),
        *(11.2630437207, 14.6952576794, 6.27960525067, -30.1552268759, 1.65699966404, 1.43785752721),
        *(-21.1238353380, 28.4465098142, 15.3882659679),
        *(-0.557160570446, 0.505696783289, 0.230578543901, -0.415570776342, 0.365682722812, 0.169143213293),
        *(-0.325325669158, 0.189706021964, 0.0877265322780, -0.0240476254170, -0.287659532608, -0.117219543175),
        *(-0.176860753121, -0.216393453025, -0.0148647893090),
    ],
    Planets(
        2.95912208286,
        1.00000597682,
        np.array([0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 0.00000277777777778]),
    ),
    invariants=(_planets_energy,),
)
D1, D2, D3, D4, D5 = (kepler_system(e) for e in (0.1, 0.3, 0.5, 0.7, 0.9))
E1 = _make("E1", e1, [0.6713967071418030, 0.09540051444747446], exact=_e1_exact)
E2 = VAN_DER_POL
E3 = _make("E3", e3, [0.0, 0.0])
E4 = _make("E4", e4, [30.0, 0.0], exact=_e4_exact)
E5 = _make("E5", e5, [0.0, 0.0], exact=_e5_exact)

DETEST = (A1, A2, A3, A4, A5, B1, B2, B3, B4, B5, C1, C2, C3, C4, C5, D1, D2, D3, D4, D5, E1, E2, E3, E4, E5)
