"""Stochastic systems with exact moments, strong solutions or stationary densities."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.stats import gamma as gamma_law

from .system import Vector, make_system

_KP = "Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992)"


class Geometric(NamedTuple):
    """Growth rate and volatility."""

    mu: float
    sigma: float


def geometric(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Mu y."""
    dy[0] = p.mu * y[0]


def geometric_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """Sigma y."""
    g[0] = p.sigma * y[0]


def _geometric_moments(t: float, y0: Vector, p: Geometric) -> tuple[Vector, Vector]:
    mean = y0 * math.exp(p.mu * t)
    return mean, np.atleast_2d(mean**2 * math.expm1(p.sigma**2 * t))


def _geometric_path(t: float, y0: Vector, p: Geometric, W: Vector) -> Vector:
    return y0 * math.exp((p.mu - 0.5 * p.sigma**2) * t + p.sigma * W[0])


class OrnsteinUhlenbeck(NamedTuple):
    """Rate of return, mean, noise amplitude."""

    theta: float
    mu: float
    sigma: float


def ornstein_uhlenbeck(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Theta (mu - y)."""
    dy[0] = p.theta * (p.mu - y[0])


def constant_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """Sigma."""
    g[0] = p.sigma


def _ornstein_uhlenbeck_moments(t: float, y0: Vector, p: OrnsteinUhlenbeck) -> tuple[Vector, Vector]:
    fade = math.exp(-p.theta * t)
    variance = -(p.sigma**2) * math.expm1(-2.0 * p.theta * t) / (2.0 * p.theta)
    return p.mu + (y0 - p.mu) * fade, np.array([[variance]])


def _ornstein_uhlenbeck_density(y: Any, p: OrnsteinUhlenbeck) -> Any:
    variance = p.sigma**2 / (2.0 * p.theta)
    return np.exp(-((y - p.mu) ** 2) / (2.0 * variance)) / math.sqrt(2.0 * math.pi * variance)


class NoisyOscillator(NamedTuple):
    """Frequency, damping, noise amplitude of the force."""

    omega: float
    gamma: float
    sigma: float


def noisy_oscillator(t, y, p, dy):  # type: ignore[no-untyped-def]
    """x' = v, v' = -omega^2 x - 2 gamma v."""
    dy[0] = y[1]
    dy[1] = -p.omega * p.omega * y[0] - 2.0 * p.gamma * y[1]


def force_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """Noise in the velocity only."""
    g[0] = 0.0
    g[1] = p.sigma


def linear_moments(A: Vector, B: Vector, t: float, y0: Vector) -> tuple[Vector, Vector]:
    """Mean and covariance of dy = A y dt + B dW.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    B : ndarray, shape (n, m)
    t : float
    y0 : ndarray, shape (n,)

    References
    ----------
    Van Loan, IEEE Trans. Autom. Control 23 (1978) 395-404, (1.2): the covariance from one matrix exponential.
    """
    n = len(A)
    block = np.block([[-A, B @ B.T], [np.zeros((n, n)), A.T]]) * t
    E = expm(block)
    grow = E[n:, n:].T
    return grow @ y0, grow @ E[:n, n:]


def _noisy_oscillator_moments(t: float, y0: Vector, p: NoisyOscillator) -> tuple[Vector, Vector]:
    A = np.array([[0.0, 1.0], [-(p.omega**2), -2.0 * p.gamma]])
    return linear_moments(A, np.array([[0.0], [p.sigma]]), t, y0)


class NoisyDoubleWell(NamedTuple):
    """Temperature and the noise amplitude sqrt(2 temperature)."""

    temperature: float
    sigma: float


def noisy_double_well(t, y, p, dy):  # type: ignore[no-untyped-def]
    """-V'(y) with V = (y^2 - 1)^2 / 4."""
    dy[0] = y[0] * (1.0 - y[0] * y[0])


def _double_well_density(y: Any, p: NoisyDoubleWell) -> Any:
    def weight(x: Any) -> Any:
        return np.exp(-((x * x - 1.0) ** 2) / (4.0 * p.temperature))

    return weight(y) / quad(weight, -np.inf, np.inf, epsabs=0.0, epsrel=1e-12)[0]


class CoxIngersollRoss(NamedTuple):
    """Rate of return, mean, noise amplitude; positive for 2 a b > sigma^2."""

    a: float
    b: float
    sigma: float


def cox_ingersoll_ross(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A (b - y)."""
    dy[0] = p.a * (p.b - y[0])


def root_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """Sigma sqrt(y), and zero where a step has left y negative."""
    g[0] = p.sigma * math.sqrt(max(y[0], 0.0))


def _cox_ingersoll_ross_moments(t: float, y0: Vector, p: CoxIngersollRoss) -> tuple[Vector, Vector]:
    fade = math.exp(-p.a * t)
    variance = p.sigma**2 / p.a * (y0 * (fade - fade**2) + 0.5 * p.b * (1.0 - fade) ** 2)
    return p.b + (y0 - p.b) * fade, np.atleast_2d(variance)


def _cox_ingersoll_ross_density(y: Any, p: CoxIngersollRoss) -> Any:
    return gamma_law.pdf(y, 2.0 * p.a * p.b / p.sigma**2, scale=p.sigma**2 / (2.0 * p.a))


class RandomRotation(NamedTuple):
    """Rate of turning about the third axis; noise amplitudes about the first and the second."""

    rate: float
    sigma1: float
    sigma2: float


def random_rotation(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Rate e3 x y."""
    dy[0] = -p.rate * y[1]
    dy[1] = p.rate * y[0]
    dy[2] = 0.0


def rotation_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """g[:, 0] = sigma1 e1 x y and g[:, 1] = sigma2 e2 x y: rotations about two axes do not commute."""
    g[0, 0] = 0.0
    g[1, 0] = -p.sigma1 * y[2]
    g[2, 0] = p.sigma1 * y[1]
    g[0, 1] = p.sigma2 * y[2]
    g[1, 1] = 0.0
    g[2, 1] = -p.sigma2 * y[0]


def squared_length(t: float, y: Vector, p: Any) -> float:
    """|y|^2: conserved in the Stratonovich sense; in the Ito sense it grows."""
    return float(y @ y)


def _random_rotation_moments(t: float, y0: Vector, p: RandomRotation) -> tuple[Vector, Vector]:
    """The generator acts linearly on y and on y y^T: mean and second moments are matrix exponentials."""
    R = p.rate * np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    G1 = p.sigma1 * np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    G2 = p.sigma2 * np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    one = np.eye(3)

    def twice(M: Vector) -> Vector:
        return np.kron(M, one) + np.kron(one, M)

    mean = expm(t * (R + 0.5 * (G1 @ G1 + G2 @ G2))) @ y0
    T, T1, T2 = twice(R), twice(G1), twice(G2)
    second = (expm(t * (T + 0.5 * (T1 @ T1 + T2 @ T2))) @ np.kron(y0, y0)).reshape(3, 3)
    return mean, second - np.outer(mean, mean)


GEOMETRIC_BROWNIAN = make_system(
    "geometric Brownian motion",
    geometric,
    [1.0],
    1.0,
    Geometric(0.5, 0.4),
    kind="stochastic",
    reference=f"{_KP}, 4.4, (4.4.6).",
    diffusion=geometric_noise,
    noises=1,
    moments=_geometric_moments,
    path=_geometric_path,
)
ORNSTEIN_UHLENBECK = make_system(
    "Ornstein-Uhlenbeck",
    ornstein_uhlenbeck,
    [2.0],
    1.0,
    OrnsteinUhlenbeck(1.0, 0.5, 0.6),
    kind="stochastic",
    reference="Uhlenbeck, Ornstein, Phys. Rev. 36 (1930) 823-841.",
    diffusion=constant_noise,
    noise="additive",
    noises=1,
    moments=_ornstein_uhlenbeck_moments,
    density=_ornstein_uhlenbeck_density,
)
NOISY_OSCILLATOR = make_system(
    "noisy oscillator",
    noisy_oscillator,
    [1.0, 0.0],
    2.0,
    NoisyOscillator(1.5, 0.25, 0.5),
    kind="stochastic",
    reference="Chandrasekhar, Rev. Mod. Phys. 15 (1943) 1-89, II.3.",
    diffusion=force_noise,
    noise="additive",
    noises=2,
    moments=_noisy_oscillator_moments,
)
NOISY_DOUBLE_WELL = make_system(
    "noisy double well",
    noisy_double_well,
    [1.0],
    10.0,
    NoisyDoubleWell(0.25, math.sqrt(0.5)),
    kind="stochastic",
    reference="Kramers, Physica 7 (1940) 284-304; Gibbs density exp(-V / temperature).",
    diffusion=constant_noise,
    noise="additive",
    noises=1,
    density=_double_well_density,
)
COX_INGERSOLL_ROSS = make_system(
    "Cox-Ingersoll-Ross",
    cox_ingersoll_ross,
    [1.0],
    1.0,
    CoxIngersollRoss(1.0, 0.8, 0.5),
    kind="stochastic",
    reference="Cox, Ingersoll, Ross, Econometrica 53 (1985) 385-407, (17)-(20).",
    diffusion=root_noise,
    noises=1,
    moments=_cox_ingersoll_ross_moments,
    density=_cox_ingersoll_ross_density,
)
RANDOM_ROTATION = make_system(
    "random rotation",
    random_rotation,
    [0.6, 0.0, 0.8],
    1.0,
    RandomRotation(1.0, 0.7, 0.4),
    kind="stochastic",
    reference=f"Brownian motion on the sphere; {_KP}, 4.9 for the conversion.",
    diffusion=rotation_noise,
    noise="general",
    noises=2,
    calculus="stratonovich",
    invariants=(squared_length,),
    moments=_random_rotation_moments,
)
