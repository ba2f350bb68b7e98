"""Stiff chemistry and Van der Pol's relaxation oscillation, with the Jacobians implicit methods want."""

import math
from typing import Any, NamedTuple

from ._finals import stored
from .oscillators import VanDerPol, van_der_pol, van_der_pol_jacobian
from .system import Vector, make_system

_TEST_SET = "Mazzia, Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (2008)"
_HW = "Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.10"


class Robertson(NamedTuple):
    """Rate constants."""

    k1: float
    k2: float
    k3: float


def robertson(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A -> B, B + B -> C + B, B + C -> A + C."""
    slow, fast, back = p.k1 * y[0], p.k2 * y[1] * y[1], p.k3 * y[1] * y[2]
    dy[0] = back - slow
    dy[1] = slow - back - fast
    dy[2] = fast


def _robertson_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1], J[0, 2] = -p.k1, p.k3 * y[2], p.k3 * y[1]
    J[1, 0], J[1, 1], J[1, 2] = p.k1, -p.k3 * y[2] - 2.0 * p.k2 * y[1], -p.k3 * y[1]
    J[2, 0], J[2, 1], J[2, 2] = 0.0, 2.0 * p.k2 * y[1], 0.0


def total_mass(t: float, y: Vector, p: Any) -> float:
    """Sum of the concentrations."""
    return math.fsum(y)


def hires(t, y, p, dy):  # type: ignore[no-untyped-def]
    """High irradiance response of a plant: eight species."""
    binding = 280.0 * y[5] * y[7]
    dy[0] = -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007
    dy[1] = 1.71 * y[0] - 8.75 * y[1]
    dy[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4]
    dy[3] = 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3]
    dy[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6]
    dy[5] = -binding + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6]
    dy[6] = binding - 1.81 * y[6]
    dy[7] = -binding + 1.81 * y[6]


def _hires_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    for i in range(8):
        for j in range(8):
            J[i, j] = 0.0
    J[0, 0], J[0, 1], J[0, 2] = -1.71, 0.43, 8.32
    J[1, 0], J[1, 1] = 1.71, -8.75
    J[2, 2], J[2, 3], J[2, 4] = -10.03, 0.43, 0.035
    J[3, 1], J[3, 2], J[3, 3] = 8.32, 1.71, -1.12
    J[4, 4], J[4, 5], J[4, 6] = -1.745, 0.43, 0.43
    J[5, 3], J[5, 4], J[5, 5], J[5, 6], J[5, 7] = 0.69, 1.71, -280.0 * y[7] - 0.43, 0.69, -280.0 * y[5]
    J[6, 5], J[6, 6], J[6, 7] = 280.0 * y[7], -1.81, 280.0 * y[5]
    J[7, 5], J[7, 6], J[7, 7] = -280.0 * y[7], 1.81, -280.0 * y[5]


def bound_and_free(t: float, y: Vector, p: Any) -> float:
    """y_6 + y_7: the enzyme, bound and free."""
    return float(y[6] + y[7])


class Oregonator(NamedTuple):
    """s, q, w of Field and Noyes."""

    s: float
    q: float
    w: float


def oregonator(t, y, p, dy):  # type: ignore[no-untyped-def]
    """The Belousov-Zhabotinskii reaction in three species."""
    dy[0] = p.s * (y[1] - y[0] * y[1] + y[0] - p.q * y[0] * y[0])
    dy[1] = (-y[1] - y[0] * y[1] + y[2]) / p.s
    dy[2] = p.w * (y[0] - y[2])


def _oregonator_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1], J[0, 2] = p.s * (1.0 - y[1] - 2.0 * p.q * y[0]), p.s * (1.0 - y[0]), 0.0
    J[1, 0], J[1, 1], J[1, 2] = -y[1] / p.s, (-1.0 - y[0]) / p.s, 1.0 / p.s
    J[2, 0], J[2, 1], J[2, 2] = p.w, 0.0, -p.w


class E5(NamedTuple):
    """Rate constants of a pyrolysis."""

    A: float
    B: float
    C: float
    M: float


def e5(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Four species whose scales differ by 20 decades."""
    split, pair, capture, release = p.A * y[0], p.C * p.M * y[1] * y[2], p.B * y[0] * y[2], p.C * y[3]
    dy[0] = -split - capture
    dy[1] = split - pair
    dy[3] = capture - release
    dy[2] = dy[1] - dy[3]  # the literature's form: the plain sum of four rates cancels badly


def _e5_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    CM = p.C * p.M
    J[0, 0], J[0, 1], J[0, 2], J[0, 3] = -p.A - p.B * y[2], 0.0, -p.B * y[0], 0.0
    J[1, 0], J[1, 1], J[1, 2], J[1, 3] = p.A, -CM * y[2], -CM * y[1], 0.0
    J[3, 0], J[3, 1], J[3, 2], J[3, 3] = p.B * y[2], 0.0, p.B * y[0], -p.C
    for j in range(4):
        J[2, j] = J[1, j] - J[3, j]


def charge(t: float, y: Vector, p: Any) -> float:
    """y_1 - y_2 - y_3, zero from the standard start."""
    return float(y[1] - y[2] - y[3])


_ROBERTSON: dict[str, Any] = {
    "kind": "stiff",
    "reference": f"Robertson, in Numerical Analysis, ed. Walsh (1966) 178-182; {_HW}; {_TEST_SET}.",
    "jacobian": _robertson_jacobian,
    "invariants": (total_mass,),
}
ROBERTSON = make_system(
    "Robertson", robertson, [1.0, 0.0, 0.0], 40.0, Robertson(0.04, 3e7, 1e4), **_ROBERTSON, **stored("Robertson")
)
ROBER = make_system(
    "ROBER", robertson, [1.0, 0.0, 0.0], 1e11, Robertson(0.04, 3e7, 1e4), **_ROBERTSON, **stored("ROBER")
)
VAN_DER_POL_STIFF = make_system(
    "Van der Pol (mu = 1000)",
    van_der_pol,
    [2.0, 0.0],
    2000.0,
    VanDerPol(1000.0),
    kind="stiff",
    reference=f"{_HW}; {_TEST_SET}, there with time in units of mu.",
    jacobian=van_der_pol_jacobian,
    **stored("Van der Pol (mu = 1000)"),
)
HIRES = make_system(
    "HIRES",
    hires,
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
    321.8122,
    kind="stiff",
    reference=f"Schafer, J. Math. Biol. 2 (1975) 41-56; {_HW}; {_TEST_SET}.",
    jacobian=_hires_jacobian,
    invariants=(bound_and_free,),
    **stored("HIRES"),
)
OREGONATOR = make_system(
    "Oregonator",
    oregonator,
    [1.0, 2.0, 3.0],
    360.0,
    Oregonator(77.27, 8.375e-6, 0.161),
    kind="stiff",
    reference=f"Field, Noyes, J. Chem. Phys. 60 (1974) 1877-1884; {_HW}; {_TEST_SET}.",
    jacobian=_oregonator_jacobian,
    **stored("Oregonator"),
)
PYROLYSIS_E5 = make_system(
    "E5",
    e5,
    [1.76e-3, 0.0, 0.0, 0.0],
    1e13,
    E5(7.89e-10, 1.1e7, 1.13e3, 1e6),
    kind="stiff",
    reference=f"Enright, Hull, Lindberg, BIT 15 (1975) 10-48; {_HW}; {_TEST_SET}.",
    jacobian=_e5_jacobian,
    invariants=(charge,),
    **stored("E5"),
)
