"""Flows and noisy systems with known Lyapunov exponents: `from mechanics.systems.spectra import KNOWN_SPECTRA`.

Most are chaotic: no state at their end is stored, so they are not among `all_systems()`.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .chaos import LORENZ63, ROSSLER, lorenz96_system
from .hamiltonian import HENON_HEILES, fput_system
from .noisy_exponents import (
    isotropic_exponents,
    isotropic_system,
    pitchfork_exponent,
    pitchfork_system,
    random_oscillator_exponents,
    random_oscillator_system,
)
from .oscillators import DUFFING, Duffing
from .stochastic import GEOMETRIC_BROWNIAN, Geometric
from .system import System, Vector, make_system

_SPROTT = "Sprott, Chaos and Time-Series Analysis (2003)"


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A system and its exponents.

    Attributes
    ----------
    system : System
        With the start and the parameters to which the exponents belong.
    exponents : tuple of float
        Per unit time, descending; perhaps only the leading ones.
    tolerance : float
        0 where they are exact, else about three standard errors of the source.
    total : float or None
        Sum of all exponents, where it is known exactly.
    source : str
    """

    system: System
    exponents: tuple[float, ...]
    tolerance: float
    total: float | None
    source: str

    def __repr__(self) -> str:
        return f"Spectrum({self.system.name}, {self.exponents})"


class DoublePendulum(NamedTuple):
    """Masses, lengths, gravity."""

    m1: float
    m2: float
    l1: float
    l2: float
    g: float


def double_pendulum(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y = (a, b, a', b'): angles from the vertical, a of the upper rod."""
    a, b, w, u = y[0], y[1], y[2], y[3]
    s, c = math.sin(a - b), math.cos(a - b)
    M = p.m1 + p.m2
    # Lagrange: M l1 a'' + m2 l2 c b'' = F, l1 c a'' + l2 b'' = G
    F = -p.m2 * p.l2 * s * u * u - M * p.g * math.sin(a)
    G = p.l1 * s * w * w - p.g * math.sin(b)
    D = p.m1 + p.m2 * s * s
    dy[0] = w
    dy[1] = u
    dy[2] = (F - p.m2 * c * G) / (p.l1 * D)
    dy[3] = (M * G - c * F) / (p.l2 * D)


def _double_pendulum_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    a, b, w, u = y[0], y[1], y[2], y[3]
    s, c = math.sin(a - b), math.cos(a - b)
    M = p.m1 + p.m2
    F = -p.m2 * p.l2 * s * u * u - M * p.g * math.sin(a)
    G = p.l1 * s * w * w - p.g * math.sin(b)
    D = p.m1 + p.m2 * s * s
    top, low = (F - p.m2 * c * G) / D, (M * G - c * F) / D
    dD = 2.0 * p.m2 * s * c  # dD/da = -dD/db
    for i in range(4):
        for j in range(4):
            J[i, j] = 0.0
    J[0, 2] = J[1, 3] = 1.0
    for j in range(2):
        way = 1.0 if j == 0 else -1.0
        dF = -way * p.m2 * p.l2 * c * u * u - (M * p.g * math.cos(a) if j == 0 else 0.0)
        dG = way * p.l1 * c * w * w - (p.g * math.cos(b) if j == 1 else 0.0)
        J[2, j] = (dF - p.m2 * (c * dG - way * s * G) - way * dD * top) / (p.l1 * D)
        J[3, j] = (M * dG - c * dF + way * s * F - way * dD * low) / (p.l2 * D)
    dG, dF = 2.0 * p.l1 * s * w, -2.0 * p.m2 * p.l2 * s * u
    J[2, 2], J[2, 3] = -p.m2 * c * dG / (p.l1 * D), dF / (p.l1 * D)
    J[3, 2], J[3, 3] = M * dG / (p.l2 * D), -c * dF / (p.l2 * D)


def double_pendulum_energy(t: float, y: Vector, p: DoublePendulum) -> float:
    """Kinetic plus potential energy; 0 with both rods level."""
    a, b, w, u = (float(v) for v in y)
    M = p.m1 + p.m2
    kinetic = 0.5 * M * (p.l1 * w) ** 2 + 0.5 * p.m2 * (p.l2 * u) ** 2 + p.m2 * p.l1 * p.l2 * w * u * math.cos(a - b)
    return kinetic - M * p.g * p.l1 * math.cos(a) - p.m2 * p.g * p.l2 * math.cos(b)


def double_pendulum_system(a: float = math.pi / 2, b: float = math.pi / 2, t1: float = 100.0) -> System:
    """Two equal pendulums released from rest at angles a and b; all masses, lengths and gravity 1."""
    return make_system(
        "double pendulum",
        double_pendulum,
        [a, b, 0.0, 0.0],
        t1,
        DoublePendulum(1.0, 1.0, 1.0, 1.0, 1.0),
        kind="Hamiltonian",
        reference="Landau, Lifshitz, Mechanics, section 5, problem 1.",
        jacobian=_double_pendulum_jacobian,
        invariants=(double_pendulum_energy,),
    )


def fput_beta_system(n: int = 8, beta: float = 1.0, energy: float = 1.0, seed: int = 0, t1: float = 100.0) -> System:
    """FPUT chain with quartic springs at a given energy per mass: at its rest length, Gaussian velocities rescaled."""
    if not energy > 0:
        raise ValueError(f"energy must be positive, but is {energy!r}.")
    chain = fput_system(n, 0.0, beta, t1)
    v = np.random.default_rng(seed).normal(size=n)
    v *= math.sqrt(2.0 * energy * n / float(v @ v))
    return _started(chain, [*np.zeros(n), *v])


def _started(system: System, y0: Any, t1: float | None = None, p: Any = None, name: str | None = None) -> System:
    """The same equations from another start: without the final state that belongs to the old one."""
    return make_system(
        name or system.name,
        system.drift,
        y0,
        system.t1 if t1 is None else t1,
        system.p if p is None else p,
        kind=system.kind,
        reference=system.reference,
        jacobian=system.jacobian,
        diffusion=system.diffusion,
        noise=system.noise,
        noises=system.noises,
        calculus=system.calculus,
        invariants=system.invariants,
    )


DOUBLE_PENDULUM = double_pendulum_system()
TWO_WELL_DUFFING = _started(DUFFING, [0.2, 0.0], 200.0, Duffing(0.25, -1.0, 1.0, 0.4, 1.0), "two-well Duffing")
UEDA = _started(DUFFING, [2.5, 0.0], 200.0, Duffing(0.05, 0.0, 1.0, 7.5, 1.0), "Ueda")
ISOTROPIC_NOISE = isotropic_system()
WHITE_NOISE_OSCILLATOR = random_oscillator_system()
NOISY_PITCHFORK = pitchfork_system()
_DRIVEN = "the drive's phase is not counted: two exponents."

KNOWN_SPECTRA = (
    Spectrum(LORENZ63, (0.9056, 0.0, -14.5723), 1e-3, -(10.0 + 1.0 + 8.0 / 3.0), f"{_SPROTT}; recomputed .9055(3)."),
    Spectrum(ROSSLER, (0.0714, 0.0, -5.3943), 1.5e-3, None, f"{_SPROTT}; recomputed .0719(3), -5.3946(6)."),
    Spectrum(
        _started(HENON_HEILES, [0.0, -0.25, 0.42081271, 0.0]),
        (0.0478, 0.0, 0.0, -0.0478),
        6e-3,
        0.0,
        "computed over 1e5, energy 1/8, chaotic orbit.",
    ),
    Spectrum(
        _started(HENON_HEILES, [0.0, 0.1, 0.4802777, 0.1], name="Henon-Heiles, regular"),
        (0.0, 0.0, 0.0, 0.0),
        0.0,
        0.0,
        "quasi-periodic orbit: exact, approached as ln T/T.",
    ),
    Spectrum(
        lorenz96_system(5),
        (0.4643, 0.0, -0.5185, -1.3033, -3.6424),
        0.02,
        -5.0,
        "computed over 2e4.",
    ),
    Spectrum(
        lorenz96_system(40),
        (1.7056, 1.4758, 1.2925, 1.1511, 1.0004, 0.8615, 0.7501, 0.6276, 0.4872, 0.3761, 0.2483, 0.1375, 0.025),
        0.05,
        -40.0,
        "computed over 2e3; Karimi, Paul, Chaos 20 (2010) 043105: 13 positive, dimension 27.1.",
    ),
    Spectrum(TWO_WELL_DUFFING, (0.1576, -0.4076), 3e-3, -0.25, f"computed over 2e5; {_DRIVEN}"),
    Spectrum(UEDA, (0.1031, -0.1531), 2.5e-3, -0.05, f"computed over 2e5; {_SPROTT} has .1034, -.1534; {_DRIVEN}"),
    Spectrum(DOUBLE_PENDULUM, (0.287, 0.0, 0.0, -0.287), 0.03, 0.0, "computed over 4e3, energy 0."),
    Spectrum(
        double_pendulum_system(math.pi / 2, math.pi),
        (0.385, 0.0, 0.0, -0.385),
        0.03,
        0.0,
        "computed; lower rod released upright.",
    ),
    Spectrum(
        fput_beta_system(8),
        (0.0776, 0.0625, 0.0485, 0.0363, 0.0253, 0.0162, 0.0088, 0.0, 0.0),
        6e-3,
        0.0,
        "computed over 2e4, energy 1 per mass; pairs.",
    ),
    Spectrum(ISOTROPIC_NOISE, isotropic_exponents(3, 0.0, 1.0), 0.0, -1.5, "Ito's formula: exact."),
    Spectrum(
        WHITE_NOISE_OSCILLATOR,
        random_oscillator_exponents(0.0, 0.0, 1.0),
        0.0,
        0.0,
        "(3/4)^(1/3) sqrt(pi)/Gamma(1/6) = 0.2893082598: exact.",
    ),
    Spectrum(NOISY_PITCHFORK, (pitchfork_exponent(1.0, 0.5),), 0.0, None, "quadrature over the density: exact."),
    Spectrum(
        _started(GEOMETRIC_BROWNIAN, [1.0], 10.0, Geometric(0.1, 0.8)),
        (0.1 - 0.5 * 0.8**2,),
        0.0,
        None,
        "mu - sigma^2/2 (Ito): exact.",
    ),
)
