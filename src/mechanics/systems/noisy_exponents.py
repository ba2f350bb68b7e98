"""Noisy systems whose Lyapunov exponents are known in closed form or as quadratures: copies feel the same noise."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import quad

from .system import System, make_system


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
