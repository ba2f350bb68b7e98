"""Numbers of the flows of a Langevin method for one dt, as rows of a table: what a step would compute again and again.

    phi(x) = (1 - e^-x) / x,   psi(x) = (x - 2 (1 - e^-x) + (1 - e^-2x) / 2) / x^3

Integrals of the free Brownian particle over tau, x = gamma tau, a = sigma / m (z1, z2 independent normals):
    v = e^-x v + a sqrt(tau phi(2x)) z1
    q = q + tau phi(x) v + a sqrt(tau^3) (c z1 + d z2),   c = phi(x)^2 / (2 sqrt(phi(2x))),   d^2 = psi(x) - c^2
Chandrasekhar, Rev. Mod. Phys. 15 (1943) 1-89, (171)-(175); written so that gamma = 0 is no exception.
"""

import math
from collections.abc import Callable

from ..methods.langevin import BrooksKarplus, FarJensen, LangevinMethod, Word

Flow = Callable[[float, float, float, float], tuple[float, ...]]  # (tau, gamma, mass, sigma) -> its rows
SMALL = 0.5  # below, the power series of psi
TERMS = 24  # (2 SMALL)^TERMS / TERMS! is below rounding


def phi(x: float) -> float:
    """(1 - e^-x) / x."""
    return -math.expm1(-x) / x if x > 0.0 else 1.0


def psi(x: float) -> float:
    """(x - 2 (1 - e^-x) + (1 - e^-2x) / 2) / x^3."""
    if x > SMALL:
        return (x + 2.0 * math.expm1(-x) - 0.5 * math.expm1(-2.0 * x)) / x**3
    return math.fsum((-1) ** k * (2.0 - 2.0 ** (k - 1)) / math.factorial(k) * x ** (k - 3) for k in range(3, TERMS))


def _kick(tau: float, gamma: float, mass: float, sigma: float) -> tuple[float, ...]:
    return (tau / mass,)


def _damp(tau: float, gamma: float, mass: float, sigma: float) -> tuple[float, ...]:
    x = gamma * tau
    return math.exp(-x), sigma / mass * math.sqrt(tau * phi(2.0 * x))


def _kick_and_damp(tau: float, gamma: float, mass: float, sigma: float) -> tuple[float, ...]:
    return (*_damp(tau, gamma, mass, sigma), tau * phi(gamma * tau) / mass)


def _free(tau: float, gamma: float, mass: float, sigma: float) -> tuple[float, ...]:
    x = gamma * tau
    c = 0.5 * phi(x) ** 2 / math.sqrt(phi(2.0 * x))
    size = sigma / mass * math.sqrt(tau) * tau
    return (*_damp(tau, gamma, mass, sigma), tau * phi(x), size * c, size * math.sqrt(max(psi(x) - c * c, 0.0)))


def _brooks_karplus(tau: float, gamma: float, mass: float, sigma: float) -> tuple[float, ...]:
    g = 0.5 * gamma * tau
    return 1.0 - g, 1.0 / (1.0 + g), 0.5 * tau / mass, 0.5 * sigma * math.sqrt(tau) / mass


def _far_jensen(tau: float, gamma: float, mass: float, sigma: float) -> tuple[float, ...]:
    b = 1.0 / (1.0 + 0.5 * gamma * tau)
    return (1.0 - 0.5 * gamma * tau) * b, b, 0.5 * tau / mass, 0.5 * sigma * math.sqrt(tau) / mass


FLOWS: dict[str, Flow] = {"V": _kick, "D": _kick, "F": _kick, "O": _damp, "W": _kick_and_damp, "U": _free}
WHOLE: dict[type, Flow] = {BrooksKarplus: _brooks_karplus, FarJensen: _far_jensen}
FRICTION_ROWS = 2  # mu_right, mu_left: the first rows, where there is friction


def rows_of(data: Word, friction: bool) -> dict[tuple[str, float], int]:
    """The first row of each flow, a letter with its weight."""
    places: dict[tuple[str, float], int] = {}
    row = FRICTION_ROWS if friction else 0
    for pair in zip(data.letters, data.weights, strict=True):
        if pair not in places and pair[0] in FLOWS:
            places[pair] = row
            row += len(FLOWS[pair[0]](1.0, 1.0, 1.0, 1.0))
    return places


def column(
    data: LangevinMethod, dt: float, gamma: float, mass: float, sigma: float, friction: tuple[float, float] | None
) -> list[float]:
    """The table of one component."""
    values = [] if friction is None else [*friction]
    flows: list[tuple[Flow, float]]
    if isinstance(data, Word):
        flows = [(FLOWS[letter], weight) for letter, weight in rows_of(data, friction is not None)]
    else:
        flows = [(WHOLE[type(data)], 1.0)]
    for flow, weight in flows:
        values += flow(weight * dt, gamma, mass, sigma)
    return values
