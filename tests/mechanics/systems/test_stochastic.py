"""Moments, strong solutions and densities of the stochastic systems against simulation and quadrature.

Every simulation has a fixed seed; its false-alarm rate, had the seed been drawn, is stated.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import norm

from mechanics.systems import (
    COX_INGERSOLL_ROSS,
    GEOMETRIC_BROWNIAN,
    NOISY_DOUBLE_WELL,
    ORNSTEIN_UHLENBECK,
    RANDOM_ROTATION,
    all_systems,
)

STOCHASTIC = all_systems("stochastic")
STEPS, MEMBERS = 200, 20_000


def heun(system, steps=STEPS, members=MEMBERS, seed=11):
    """Stochastic Heun (Stratonovich), or Euler-Maruyama (Ito), vectorised by passing rows of members."""
    rng = np.random.default_rng(seed)
    dt = (system.t1 - system.t0) / steps
    y = np.repeat(system.y0[:, None], members, axis=1)
    shape = (system.n, system.noises, members) if system.noise == "general" else (system.n, members)

    def fields(t, y):
        f, g = np.empty_like(y), np.empty(shape)
        system.drift(t, y, system.p, f)
        system.diffusion(t, y, system.p, g)
        return f, g

    def increment(f, g, dW):
        return f * dt + (np.einsum("ijk,jk->ik", g, dW) if g.ndim == 3 else g * dW)

    noises = system.noises if system.noise == "general" else system.n
    for i in range(steps):
        t = system.t0 + i * dt
        dW = rng.standard_normal((noises, members)) * np.sqrt(dt)
        first = increment(*fields(t, y), dW)
        if system.calculus == "stratonovich":
            first = 0.5 * (first + increment(*fields(t + dt, y + first), dW))
        y = y + first
    return y


@pytest.mark.parametrize(
    "system", [s for s in STOCHASTIC if s.moments and s is not COX_INGERSOLL_ROSS], ids=lambda s: s.name
)
def test_moments_agree_with_a_simulation(system):
    """Mean and covariance of 20,000 members within 4.5 standard errors and the weak error of 200 steps.

    At most 12 comparisons of 6.8e-6 each: false alarms below 1e-4 even without the allowance for the weak error.
    """
    y = heun(system)
    mean, covariance = system.moments(system.t1, system.y0, system.p)
    weak = 2.0 / STEPS  # first order in dt, constants of order one
    sd = y.std(axis=1)
    assert (np.abs(y.mean(axis=1) - mean) < 4.5 * sd / np.sqrt(MEMBERS) + weak).all()
    centred = y - y.mean(axis=1, keepdims=True)
    products = centred[:, None] * centred[None, :]
    error = 4.5 * products.std(axis=2) / np.sqrt(MEMBERS)
    assert (np.abs(products.mean(axis=2) - covariance) < error + weak).all()


def test_moments_of_cox_ingersoll_ross_solve_their_own_equations():
    """m' = a (b - m), v' = -2 a v + sigma^2 m: differences of the formulas."""
    p, y0 = COX_INGERSOLL_ROSS.p, COX_INGERSOLL_ROSS.y0
    h = 1e-4
    for t in (0.1, 1.0, 4.0):
        (m0, v0), (m, v), (m1, v1) = (COX_INGERSOLL_ROSS.moments(s, y0, p) for s in (t - h, t, t + h))
        assert_allclose((m1 - m0) / (2 * h), p.a * (p.b - m), atol=1e-7)
        assert_allclose((v1 - v0) / (2 * h), -2 * p.a * v + p.sigma**2 * m, atol=1e-7)


def test_moments_start_at_a_point_and_satisfy_the_flow_property():
    """E over two intervals = E over their sum, where the mean is linear in y0."""
    for system in STOCHASTIC:
        if system.moments is None:
            continue
        mean, covariance = system.moments(0.0, system.y0, system.p)
        assert_allclose(mean, system.y0, atol=1e-14)
        assert_allclose(covariance, 0.0, atol=1e-14)
        half, _ = system.moments(0.5, system.y0, system.p)
        assert_allclose(system.moments(0.5, half, system.p)[0], system.moments(1.0, system.y0, system.p)[0], rtol=1e-12)
        covariance = system.moments(system.t1, system.y0, system.p)[1]
        assert (np.linalg.eigvalsh(covariance) > -1e-12).all()


def test_the_strong_solution_of_geometric_brownian_motion_has_its_moments():
    """Gauss-Hermite quadrature over W: exact for this smooth integrand."""
    s = GEOMETRIC_BROWNIAN
    z, w = np.polynomial.hermite_e.hermegauss(60)
    w = w / w.sum()
    ends = np.array([s.path(s.t1, s.y0, s.p, np.array([x * np.sqrt(s.t1)])) for x in z])[:, 0]
    mean, covariance = s.moments(s.t1, s.y0, s.p)
    assert_allclose(w @ ends, mean[0], rtol=1e-12)
    assert_allclose(w @ ends**2 - (w @ ends) ** 2, covariance[0, 0], rtol=1e-10)


@pytest.mark.parametrize("system", [s for s in STOCHASTIC if s.density], ids=lambda s: s.name)
def test_densities_are_normalised_and_stationary(system):
    """The stationary Fokker-Planck flux f rho - (g^2 rho)' / 2 vanishes everywhere."""
    low = 0.0 if system is COX_INGERSOLL_ROSS else -np.inf
    assert_allclose(quad(lambda y: system.density(y, system.p), low, np.inf)[0], 1.0, rtol=1e-7)

    def diffused(y):
        g = np.empty(1)
        system.diffusion(0.0, np.array([y]), system.p, g)
        return 0.5 * g[0] ** 2 * system.density(y, system.p)

    for y in (0.3, 0.9, 1.4):
        h = 1e-5
        flux = system.f(0.0, [y])[0] * system.density(y, system.p) - (diffused(y + h) - diffused(y - h)) / (2 * h)
        assert abs(flux) < 1e-7


def test_stationary_moments_are_the_limits():
    for system in (ORNSTEIN_UHLENBECK, COX_INGERSOLL_ROSS):
        mean, covariance = system.moments(60.0, system.y0, system.p)
        low = 0.0 if system is COX_INGERSOLL_ROSS else -np.inf
        first = quad(lambda y, s=system: y * s.density(y, s.p), low, np.inf)[0]
        second = quad(lambda y, s=system: y * y * s.density(y, s.p), low, np.inf)[0]
        assert_allclose([first, second - first**2], [mean[0], covariance[0, 0]], rtol=1e-7)


def test_random_rotation_tells_the_two_calculi_apart():
    """Ito steps of the same fields leave the sphere: the mean squared length grows by exp((s1^2 + s2^2) t) at most.

    4.5 standard errors: false alarms below 1e-5.
    """
    strat = (heun(RANDOM_ROTATION) ** 2).sum(axis=0)
    assert_allclose(strat.mean(), 1.0, atol=5e-3)
    ito = (heun(replace(RANDOM_ROTATION, calculus="ito")) ** 2).sum(axis=0)
    assert ito.mean() - 1.0 > 0.2
    assert norm.sf(4.5) < 1e-5


def test_the_noisy_double_well_relaxes_to_its_density():
    """Mean of y^2 at t1 = 10 over 20,000 members against quadrature; 4.5 standard errors plus the weak error."""
    s = NOISY_DOUBLE_WELL
    y = heun(s, steps=500)[0]
    wanted = quad(lambda x: x * x * s.density(x, s.p), -np.inf, np.inf)[0]
    assert abs((y**2).mean() - wanted) < 4.5 * (y**2).std() / np.sqrt(MEMBERS) + 0.01
