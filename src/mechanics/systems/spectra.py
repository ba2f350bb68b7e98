"""Flows and noisy systems with known Lyapunov exponents: `from mechanics.systems.spectra import KNOWN_SPECTRA`.

Most are chaotic: no state at their end is stored, so they are not among `all_systems()`.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import quad

from .chaos import LORENZ63, ROSSLER, lorenz96_system
from .hamiltonian import HENON_HEILES, fput_system
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


class Isotropic(NamedTuple):
    """Growth and noise."""

    a: float
    sigma: float


def isotropic(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A y."""
    for i in range(len(y)):
        dy[i] = p.a * y[i]


def isotropic_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """Sigma dW y with a matrix of independent Brownian motions, W[i, j] being number i d + j."""
    d = len(y)
    for i in range(d):
        for j in range(d * d):
            g[i, j] = 0.0
        for j in range(d):
            g[i, i * d + j] = p.sigma * y[j]


def isotropic_system(d: int = 3, a: float = 0.0, sigma: float = 1.0, t1: float = 10.0) -> System:
    """dy = a y dt + sigma dW y (Ito), W a d x d matrix of Brownian motions.

    It starts at the fixed point 0, where tangent vectors obey the same equation and no state overflows.
    """
    if d < 1:
        raise ValueError(f"d must be at least 1, but is {d}.")
    return make_system(
        "isotropic linear noise",
        isotropic,
        np.zeros(d),
        t1,
        Isotropic(float(a), float(sigma)),
        kind="stochastic",
        reference="Le Jan, Z. Wahrsch. verw. Geb. 70 (1985) 609-620.",
        diffusion=isotropic_noise,
        noise="general",
        noises=d * d,
    )


def isotropic_exponents(d: int, a: float, sigma: float) -> tuple[float, ...]:
    """A + sigma^2 (d - 2 k)/2, k = 1..d: Ito's formula for ln |y| and for ln det."""
    return tuple(a + 0.5 * sigma**2 * (d - 2 * k) for k in range(1, d + 1))


class RandomOscillator(NamedTuple):
    """Damping, squared frequency, noise of the frequency."""

    b: float
    w2: float
    s: float


def random_oscillator(t, y, p, dy):  # type: ignore[no-untyped-def]
    """X'' = -b x' - w2 x + s x W'."""
    dy[0] = y[1]
    dy[1] = -p.b * y[1] - p.w2 * y[0]


def _random_oscillator_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 0.0, 1.0
    J[1, 0], J[1, 1] = -p.w2, -p.b


def random_oscillator_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """S x on the velocity."""
    g[0, 0] = 0.0
    g[1, 0] = p.s * y[0]


def random_oscillator_system(b: float = 0.0, w2: float = 0.0, s: float = 1.0, t1: float = 10.0) -> System:
    """Oscillator with white-noise frequency; Ito and Stratonovich agree. It starts at the fixed point 0."""
    return make_system(
        "white-noise oscillator",
        random_oscillator,
        [0.0, 0.0],
        t1,
        RandomOscillator(float(b), float(w2), float(s)),
        kind="stochastic",
        reference="Imkeller, Lederer, Dyn. Stab. Syst. 14 (1999) 385-405; cond-mat/0312360.",
        jacobian=_random_oscillator_jacobian,
        diffusion=random_oscillator_noise,
        noise="general",
        noises=1,
    )


def random_oscillator_exponents(b: float, w2: float, s: float) -> tuple[float, float]:
    """-b/2 + I(1/2)/(2 I(-1/2)), I(q) = int u^q exp(-(2/s^2)(u^3/12 + (w2 - b^2/4) u)) du; and their sum is -b."""

    def weight(q: float) -> float:  # u = v^2 takes the root out of the integrand; shifted by its largest exponent
        c = w2 - 0.25 * b * b
        top = max(0.0, -(2.0 / s**2) * (math.sqrt(max(-4.0 * c, 0.0)) ** 3 / 12.0 + c * math.sqrt(max(-4.0 * c, 0.0))))

        def f(v: float) -> float:
            u = v * v
            return 2.0 * v ** (2.0 * q + 1.0) * math.exp(-(2.0 / s**2) * (u**3 / 12.0 + c * u) - top)

        return float(quad(f, 0.0, np.inf, epsabs=0.0, epsrel=1e-11, limit=400)[0])

    first = -0.5 * b + 0.5 * weight(0.5) / weight(-0.5)
    return first, -b - first


class Pitchfork(NamedTuple):
    """Linear growth and noise."""

    al: float
    s: float


def pitchfork(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Al y - y^3."""
    dy[0] = p.al * y[0] - y[0] * y[0] * y[0]


def _pitchfork_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0] = p.al - 3.0 * y[0] * y[0]


def pitchfork_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """S."""
    g[0] = p.s


def _pitchfork_weight(x: Any, p: Pitchfork) -> Any:
    return np.exp((2.0 / p.s**2) * (0.5 * p.al * x * x - 0.25 * x**4) - max(p.al, 0.0) ** 2 / (2.0 * p.s**2))


def _pitchfork_moment(power: int, p: Pitchfork) -> float:
    return float(quad(lambda x: x**power * _pitchfork_weight(x, p), -np.inf, np.inf, epsabs=0.0, epsrel=1e-12)[0])


def _pitchfork_density(y: Any, p: Pitchfork) -> Any:
    return _pitchfork_weight(y, p) / _pitchfork_moment(0, p)


def pitchfork_system(al: float = 1.0, s: float = 0.5, t1: float = 100.0) -> System:
    """Pitchfork with additive noise: two wells for al > 0, and yet one random fixed point."""
    return make_system(
        "noisy pitchfork",
        pitchfork,
        [0.5],
        t1,
        Pitchfork(float(al), float(s)),
        kind="stochastic",
        reference="Crauel, Flandoli, J. Dyn. Diff. Equ. 10 (1998) 259-274.",
        jacobian=_pitchfork_jacobian,
        diffusion=pitchfork_noise,
        noise="additive",
        noises=1,
        density=_pitchfork_density,
    )


def pitchfork_exponent(al: float, s: float) -> float:
    """Al - 3 <y^2> over the stationary density: negative for every al."""
    p = Pitchfork(al, s)
    return al - 3.0 * _pitchfork_moment(2, p) / _pitchfork_moment(0, p)


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
