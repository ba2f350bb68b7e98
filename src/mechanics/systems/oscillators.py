"""Small nonlinear oscillators, not stiff: Van der Pol, Duffing, Lotka-Volterra, Brusselator, free rigid body."""

import math
from typing import NamedTuple

from ._finals import stored
from .system import Vector, make_system

_HNW = "Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, 2nd ed."


class VanDerPol(NamedTuple):
    """Strength of the nonlinear damping."""

    mu: float


def van_der_pol(t, y, p, dy):  # type: ignore[no-untyped-def]
    """x'' = mu (1 - x^2) x' - x."""
    dy[0] = y[1]
    dy[1] = p.mu * (1.0 - y[0] * y[0]) * y[1] - y[0]


def van_der_pol_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    """Jacobian of `van_der_pol`."""
    J[0, 0], J[0, 1] = 0.0, 1.0
    J[1, 0], J[1, 1] = -2.0 * p.mu * y[0] * y[1] - 1.0, p.mu * (1.0 - y[0] * y[0])


class Duffing(NamedTuple):
    """x'' = -delta x' - alpha x - beta x^3 + gamma cos(omega t)."""

    delta: float
    alpha: float
    beta: float
    gamma: float
    omega: float


def duffing(t, y, p, dy):  # type: ignore[no-untyped-def]
    """x'' = -delta x' - alpha x - beta x^3 + gamma cos(omega t)."""
    dy[0] = y[1]
    dy[1] = p.gamma * math.cos(p.omega * t) - p.delta * y[1] - y[0] * (p.alpha + p.beta * y[0] * y[0])


def _duffing_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 0.0, 1.0
    J[1, 0], J[1, 1] = -p.alpha - 3.0 * p.beta * y[0] * y[0], -p.delta


class LotkaVolterra(NamedTuple):
    """Growth of the prey, its loss per predator, death of the predators, their gain per prey."""

    growth: float
    loss: float
    death: float
    gain: float


def lotka_volterra(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Prey y_0 and predators y_1."""
    dy[0] = y[0] * (p.growth - p.loss * y[1])
    dy[1] = y[1] * (p.gain * y[0] - p.death)


def _lotka_volterra_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = p.growth - p.loss * y[1], -p.loss * y[0]
    J[1, 0], J[1, 1] = p.gain * y[1], p.gain * y[0] - p.death


def volterra(t: float, y: Vector, p: LotkaVolterra) -> float:
    """Volterra's constant: gain y_0 - death log y_0 + loss y_1 - growth log y_1."""
    return float(p.gain * y[0] - p.death * math.log(y[0]) + p.loss * y[1] - p.growth * math.log(y[1]))


class Brusselator(NamedTuple):
    """Concentrations held fixed; oscillates for b > 1 + a^2."""

    a: float
    b: float


def brusselator(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Two reacting species."""
    reaction = y[0] * y[0] * y[1]
    dy[0] = p.a + reaction - (p.b + 1.0) * y[0]
    dy[1] = p.b * y[0] - reaction


def _brusselator_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 2.0 * y[0] * y[1] - p.b - 1.0, y[0] * y[0]
    J[1, 0], J[1, 1] = p.b - 2.0 * y[0] * y[1], -y[0] * y[0]


class RigidBody(NamedTuple):
    """Principal moments of inertia."""

    I1: float
    I2: float
    I3: float


def rigid_body(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Euler's equations for the angular momentum y of a free body."""
    dy[0] = (1.0 / p.I3 - 1.0 / p.I2) * y[1] * y[2]
    dy[1] = (1.0 / p.I1 - 1.0 / p.I3) * y[2] * y[0]
    dy[2] = (1.0 / p.I2 - 1.0 / p.I1) * y[0] * y[1]


def _rigid_body_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    a, b, c = 1.0 / p.I3 - 1.0 / p.I2, 1.0 / p.I1 - 1.0 / p.I3, 1.0 / p.I2 - 1.0 / p.I1
    J[0, 0], J[0, 1], J[0, 2] = 0.0, a * y[2], a * y[1]
    J[1, 0], J[1, 1], J[1, 2] = b * y[2], 0.0, b * y[0]
    J[2, 0], J[2, 1], J[2, 2] = c * y[1], c * y[0], 0.0


def rotational_energy(t: float, y: Vector, p: RigidBody) -> float:
    """Sum of y_i^2 / (2 I_i)."""
    return 0.5 * float(y[0] ** 2 / p.I1 + y[1] ** 2 / p.I2 + y[2] ** 2 / p.I3)


def squared_momentum(t: float, y: Vector, p: RigidBody) -> float:
    """|y|^2."""
    return float(y @ y)


VAN_DER_POL = make_system(
    "Van der Pol",
    van_der_pol,
    [2.0, 0.0],
    20.0,
    VanDerPol(1.0),
    kind="non-stiff",
    reference="Van der Pol, Phil. Mag. 2 (1926) 978-992; DETEST E2.",
    jacobian=van_der_pol_jacobian,
    **stored("Van der Pol"),
)
DUFFING = make_system(
    "Duffing",
    duffing,
    [1.0, 0.0],
    20.0,
    Duffing(0.3, -1.0, 1.0, 0.5, 1.2),
    kind="non-stiff",
    reference="Guckenheimer, Holmes, Nonlinear Oscillations (1983), 2.2.",
    jacobian=_duffing_jacobian,
    **stored("Duffing"),
)
LOTKA_VOLTERRA = make_system(
    "Lotka-Volterra",
    lotka_volterra,
    [10.0, 5.0],
    15.0,
    LotkaVolterra(1.5, 1.0, 3.0, 1.0),
    kind="non-stiff",
    reference="Volterra, Nature 118 (1926) 558-560.",
    jacobian=_lotka_volterra_jacobian,
    invariants=(volterra,),
    **stored("Lotka-Volterra"),
)
BRUSSELATOR = make_system(
    "Brusselator",
    brusselator,
    [1.5, 3.0],
    20.0,
    Brusselator(1.0, 3.0),
    kind="non-stiff",
    reference=f"Lefever, Nicolis, J. Theor. Biol. 30 (1971) 267-284; {_HNW}, I.16.",
    jacobian=_brusselator_jacobian,
    **stored("Brusselator"),
)
RIGID_BODY = make_system(
    "rigid body",
    rigid_body,
    [math.cos(1.1), 0.0, math.sin(1.1)],
    10.0,
    RigidBody(2.0, 1.0, 2.0 / 3.0),
    kind="non-stiff",
    reference="Hairer, Lubich, Wanner, Geometric Numerical Integration, 2nd ed., IV.1.",
    jacobian=_rigid_body_jacobian,
    invariants=(rotational_energy, squared_momentum),
    **stored("rigid body"),
)
