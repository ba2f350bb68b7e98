"""Hamiltonian systems H = |v|^2 / 2 + V(q), unit masses; y = (q_1 .. q_d, v_1 .. v_d)."""

import math
from typing import Any, NamedTuple

import numpy as np

from ._finals import stored
from .system import System, Vector, make_system

_HLW = "Hairer, Lubich, Wanner, Geometric Numerical Integration, 2nd ed."


class Pendulum(NamedTuple):
    """Squared frequency of small oscillations."""

    omega2: float


def pendulum(t, y, p, dy):  # type: ignore[no-untyped-def]
    """q'' = -omega^2 sin q."""
    dy[0] = y[1]
    dy[1] = -p.omega2 * math.sin(y[0])


def _pendulum_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 0.0, 1.0
    J[1, 0], J[1, 1] = -p.omega2 * math.cos(y[0]), 0.0


def pendulum_energy(t: float, y: Vector, p: Pendulum) -> float:
    """v^2 / 2 - omega^2 cos q."""
    return 0.5 * float(y[1]) ** 2 - p.omega2 * math.cos(y[0])


def double_well(t, y, p, dy):  # type: ignore[no-untyped-def]
    """q'' = q - q^3, from V = (q^2 - 1)^2 / 4."""
    dy[0] = y[1]
    dy[1] = y[0] * (1.0 - y[0] * y[0])


def _double_well_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 0.0, 1.0
    J[1, 0], J[1, 1] = 1.0 - 3.0 * y[0] * y[0], 0.0


def double_well_energy(t: float, y: Vector, p: Any) -> float:
    """v^2 / 2 + (q^2 - 1)^2 / 4."""
    return 0.5 * float(y[1]) ** 2 + 0.25 * float(y[0] ** 2 - 1.0) ** 2


def henon_heiles(t, y, p, dy):  # type: ignore[no-untyped-def]
    """V = (q1^2 + q2^2) / 2 + q1^2 q2 - q2^3 / 3."""
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = -y[0] - 2.0 * y[0] * y[1]
    dy[3] = -y[1] - y[0] * y[0] + y[1] * y[1]


def _henon_heiles_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    for i in range(4):
        for j in range(4):
            J[i, j] = 0.0
    J[0, 2] = J[1, 3] = 1.0
    J[2, 0], J[2, 1] = -1.0 - 2.0 * y[1], -2.0 * y[0]
    J[3, 0], J[3, 1] = -2.0 * y[0], -1.0 + 2.0 * y[1]


def henon_heiles_energy(t: float, y: Vector, p: Any) -> float:
    """Kinetic plus potential energy; orbits stay bounded below 1/6."""
    return float(0.5 * (y @ y) + y[0] ** 2 * y[1] - y[1] ** 3 / 3.0)


class FPUT(NamedTuple):
    """Strengths of the cubic and the quartic term of a spring."""

    alpha: float
    beta: float


def fput(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Chain with fixed ends; spring force r + alpha r^2 + beta r^3."""
    n = len(y) // 2
    r = y[0]
    left = r + p.alpha * r * r + p.beta * r * r * r
    for i in range(n - 1):
        r = y[i + 1] - y[i]
        right = r + p.alpha * r * r + p.beta * r * r * r
        dy[i] = y[n + i]
        dy[n + i] = right - left
        left = right
    r = -y[n - 1]
    dy[n - 1] = y[2 * n - 1]
    dy[2 * n - 1] = r + p.alpha * r * r + p.beta * r * r * r - left


def fput_energy(t: float, y: Vector, p: FPUT) -> float:
    """Kinetic plus spring energy."""
    n = len(y) // 2
    r = np.diff(np.concatenate([[0.0], y[:n], [0.0]]))
    return float(0.5 * (y[n:] @ y[n:]) + np.sum(r**2 / 2 + p.alpha * r**3 / 3 + p.beta * r**4 / 4))


def fput_system(n: int = 32, alpha: float = 0.25, beta: float = 0.0, t1: float = 100.0) -> System:
    """The Fermi-Pasta-Ulam-Tsingou chain of n moving masses, at rest in its lowest mode with amplitude 1.

    Parameters
    ----------
    n : int
        Moving masses, at least 2.
    alpha, beta : float
        Cubic and quartic strength.
    t1 : float
        End; the lowest mode has period pi / sin(pi / (2 (n + 1))).

    Raises
    ------
    ValueError
        If n < 2.
    """
    if n < 2:
        raise ValueError(f"n must be at least 2, but is {n}.")
    start = [math.sin(math.pi * (i + 1) / (n + 1)) for i in range(n)]
    final = stored("FPUT") if (n, alpha, beta, t1) == (32, 0.25, 0.0, 100.0) else {}
    return make_system(
        "FPUT",
        fput,
        [*start, *np.zeros(n)],
        t1,
        FPUT(float(alpha), float(beta)),
        kind="Hamiltonian",
        reference="Fermi, Pasta, Ulam, Tsingou, Los Alamos report LA-1940 (1955).",
        invariants=(fput_energy,),
        **final,
    )


def toda(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Ring with V = sum exp(q_i - q_{i+1})."""
    n = len(y) // 2
    left = math.exp(y[n - 1] - y[0])
    for i in range(n - 1):
        right = math.exp(y[i] - y[i + 1])
        dy[i] = y[n + i]
        dy[n + i] = left - right
        left = right
    dy[n - 1] = y[2 * n - 1]
    dy[2 * n - 1] = left - math.exp(y[n - 1] - y[0])


def toda_energy(t: float, y: Vector, p: Any) -> float:
    """Kinetic plus potential energy."""
    n = len(y) // 2
    return float(0.5 * (y[n:] @ y[n:]) + np.sum(np.exp(y[:n] - np.roll(y[:n], -1))))


def toda_momentum(t: float, y: Vector, p: Any) -> float:
    """Sum of velocities."""
    return float(np.sum(y[len(y) // 2 :]))


def toda_third(t: float, y: Vector, p: Any) -> float:
    """The third integral: sum of v_i^3 / 3 + (v_i + v_{i+1}) exp(q_i - q_{i+1})."""
    n = len(y) // 2
    v, a = y[n:], np.exp(y[:n] - np.roll(y[:n], -1))
    return float(np.sum(v**3 / 3.0 + (v + np.roll(v, -1)) * a))


def toda_system(n: int = 3, t1: float = 10.0) -> System:
    """The integrable ring of n particles with exponential springs.

    Parameters
    ----------
    n : int
        Particles, at least 3.
    t1 : float
        End.

    Raises
    ------
    ValueError
        If n < 3.
    """
    if n < 3:
        raise ValueError(f"n must be at least 3, but is {n}.")
    start = [round(math.sin(1.0 + i), 3) for i in range(n)] + [round(math.cos(2.0 * i), 3) for i in range(n)]
    return make_system(
        "Toda",
        toda,
        start,
        t1,
        kind="Hamiltonian",
        reference=f"Toda, J. Phys. Soc. Japan 22 (1967) 431-436; Henon, Phys. Rev. B 9 (1974) 1921; {_HLW}, X.1.5.",
        invariants=(toda_energy, toda_momentum, toda_third),
        **(stored("Toda") if (n, t1) == (3, 10.0) else {}),
    )


PENDULUM = make_system(
    "pendulum",
    pendulum,
    [1.5, 0.0],
    10.0,
    Pendulum(1.0),
    kind="Hamiltonian",
    reference=f"{_HLW}, I.1.",
    jacobian=_pendulum_jacobian,
    invariants=(pendulum_energy,),
    **stored("pendulum"),
)
DOUBLE_WELL = make_system(
    "double well",
    double_well,
    [0.5, 0.7],  # energy above the barrier: it crosses
    20.0,
    kind="Hamiltonian",
    reference="Guckenheimer, Holmes, Nonlinear Oscillations (1983), 2.2.",
    jacobian=_double_well_jacobian,
    invariants=(double_well_energy,),
    **stored("double well"),
)
HENON_HEILES = make_system(
    "Henon-Heiles",
    henon_heiles,
    [0.0, 0.1, 0.5, 0.0],  # energy 0.1297, in the mixed regular and chaotic range below 1/6
    100.0,
    kind="Hamiltonian",
    reference="Henon, Heiles, Astron. J. 69 (1964) 73-79, (7)-(11).",
    jacobian=_henon_heiles_jacobian,
    invariants=(henon_heiles_energy,),
    **stored("Henon-Heiles"),
)
FPUT_CHAIN = fput_system()
TODA = toda_system()
