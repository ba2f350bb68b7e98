"""Coloured and decaying noise: the exact law of process and integral, and what the options make of a problem.

Statistical tests have fixed seeds and a false-alarm rate of 1e-6 each.
"""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from mpmath import exp, mp, mpf, sqrt
from numpy.testing import assert_allclose
from scipy import stats

from mechanics import Problem, ensemble, solve
from mechanics.noise import (
    ColouredParameters,
    DecayingParameters,
    OrnsteinUhlenbeck,
    normals,
    with_coloured_noise,
    with_decaying_noise,
)
from mechanics.noise.coloured import exact_coefficients
from mechanics.systems import GEOMETRIC_BROWNIAN, LORENZ63, RANDOM_ROTATION
from mechanics.systems.stochastic import linear_moments

ALARM = 1e-6
SCORE = stats.norm.isf(ALARM / 2)
MANY = 40_000
TAU, SD = 0.7, 1.3
FORCE = OrnsteinUhlenbeck(TAU, sd=SD)


@pytest.mark.parametrize("r", [1e-8, 1e-4, 0.01, 0.3, 1.9, 2.1, 30.0])
def test_coefficients_have_all_their_digits_at_any_step(r):
    """Against the moments by Ito's isometry in 60 digits; (2) of the module."""
    with mp.workdps(60):
        R, tau, sd = mpf(r * TAU) / mpf(TAU), mpf(TAU), mpf(SD)
        a = exp(-R)
        variance, mixed = sd**2 * (1 - a**2), sd**2 * tau * (1 - a) ** 2
        b = sqrt(variance)
        rest = sd**2 * tau**2 * (2 * R - 3 + 4 * a - a**2) - mixed**2 / variance
        wanted = [float(x) for x in (a, b, tau * (1 - a), mixed / b, sqrt(rest))]
    assert_allclose(exact_coefficients([r * TAU], TAU, SD)[:, 0], wanted, rtol=2e-15)


@pytest.mark.parametrize("dt", [0.01, 1.0, 4.0])  # the exponential itself loses digits beyond
def test_coefficients_have_the_covariance_of_the_linear_system(dt):
    """Van Loan's matrix exponential of d(x, I) = (-x/tau, x) dt + (sigma, 0) dW."""
    mean, covariance = linear_moments(
        np.array([[-1 / TAU, 0.0], [1.0, 0.0]]), np.array([[FORCE.sigma], [0.0]]), dt, np.array([1.0, 0.0])
    )
    a, b, c, d, e = exact_coefficients([dt], TAU, SD)[:, 0]
    assert_allclose([a, c], mean, rtol=1e-10)
    assert_allclose([[b * b, b * d], [b * d, d * d + e * e]], covariance, rtol=1e-8)


def test_process_and_integrals_have_their_joint_law_on_an_uneven_grid():
    ts = np.array([0.0, 0.05, 1.0, 1.2, 4.0])
    x, integrals = FORCE.sample(ts, seed=1, components=MANY)
    lag = np.abs(np.subtract.outer(ts, ts))
    check_covariance(x, SD**2 * np.exp(-lag / TAU))
    r = np.diff(ts) / TAU
    before = 1 - np.exp(-r)  # integrals against x at the start of their step, sd^2 tau (1 - a)
    for i in range(4):
        own = SD**2 * TAU**2 * 2 * (r[i] - before[i])  # stationary start: that of x included
        both = np.array([[SD**2, SD**2 * TAU * before[i]], [SD**2 * TAU * before[i], own]])
        check_covariance(np.stack([x[i], integrals[i]]), both)
        check_covariance(np.stack([x[i + 1], integrals[i]]), both)  # the same by reversal of time
    for row in (*x, *integrals):
        assert stats.kstest(row / row.std(), "norm").pvalue > ALARM


def check_covariance(samples, expected):
    spread = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / samples.shape[1])
    scores = np.abs(samples @ samples.T / samples.shape[1] - expected) / spread
    assert scores.max() < stats.norm.isf(ALARM / 2 / expected.size)


def test_one_long_sample_forgets_as_exp_of_time_over_tau():
    n, dt = 400_000, 0.1
    x = FORCE.sample(dt * np.arange(n), seed=2).x[:, 0]
    slow = np.sqrt((1 + np.exp(-2 * dt / TAU)) / (1 - np.exp(-2 * dt / TAU)))  # of products, in units of 1/sqrt(n)
    for lag in (0, 1, 5, 20, 100):
        found, wanted = np.mean(x[: n - lag] * x[lag:]), SD**2 * np.exp(-lag * dt / TAU)
        assert abs(found - wanted) < SCORE * SD**2 * np.sqrt(2) * slow / np.sqrt(n - lag)


def test_integrals_of_fast_noise_of_unit_intensity_are_a_brownian_motion():
    tau, ts = 1e-6, np.array([0.0, 0.3, 1.0])
    integrals = OrnsteinUhlenbeck(tau, sigma=1 / tau).sample(ts, seed=3, components=MANY).integrals
    check_covariance(integrals, np.diag(np.diff(ts)))


def test_parts_of_a_step_add_to_the_law_of_the_step():
    """The coefficients of two steps in a row compose to those of one: covariance by hand."""
    a1, b1, c1, d1, e1 = exact_coefficients([0.2], TAU, SD)[:, 0]
    a2, b2, c2, d2, e2 = exact_coefficients([0.5], TAU, SD)[:, 0]
    a, b, c, d, e = exact_coefficients([0.7], TAU, SD)[:, 0]
    x = np.array([a2 * b1, 0.0, b2, 0.0])  # on z1, z2 of the first step and of the second
    integral = np.array([d1 + c2 * b1, e1, d2, e2])
    assert_allclose([a2 * a1, c1 + c2 * a1], [a, c], rtol=1e-14)
    assert_allclose([x @ x, x @ integral, integral @ integral], [b * b, b * d, d * d + e * e], rtol=1e-13)


def test_samples_depend_on_their_indices_alone_and_start_where_they_are_told():
    ts = np.linspace(0.0, 1.0, 6)
    x, integrals = FORCE.sample(ts, seed=4, components=3)
    assert np.array_equal(FORCE.sample(ts[:3], seed=4, components=5).x[:, :3], x[:3])
    assert np.array_equal(FORCE.sample(ts, seed=4, components=1).integrals, integrals[:, :1])
    assert not (FORCE.sample(ts, seed=4, components=3, member=1).x == x).any()
    assert np.array_equal(FORCE.sample(ts, seed=4, x0=[2.0]).x[0], [2.0])
    assert not np.isin(x[0] / SD, normals(4, np.arange(4)[:, None, None], np.arange(8)[:, None], np.arange(64))).any()


def plain(problem):
    """Its drift alone: a problem that every method solves."""
    return replace(problem, diffusion=None)


def geometric(**changes):
    return Problem(
        GEOMETRIC_BROWNIAN.drift,
        [1.5],
        0.0,
        1.0,
        GEOMETRIC_BROWNIAN.p,
        diffusion=GEOMETRIC_BROWNIAN.diffusion,
        **changes,
    )


@pytest.mark.parametrize("noise", ["diagonal", "additive"])
def test_the_augmented_drift_drives_the_problem_by_its_own_noise(noise):
    """Without white noise x decays from x0, and y is y0 exp(mu t + sigma integral x)."""
    problem = with_coloured_noise(geometric(noise=noise), 0.3, x0=2.0)
    assert (problem.noise, len(problem.y0)) == ("additive", 2)
    mu, sigma = GEOMETRIC_BROWNIAN.p
    for tau in (0.3, 0.5):
        solution = solve(replace(plain(problem), p=problem.p._replace(tau=tau)), rtol=1e-11, atol=1e-12)
        fade = np.exp(-1.0 / tau)
        exact = [1.5 * np.exp(mu + sigma * 2.0 * tau * (1 - fade)), 2.0 * fade]
        assert_allclose(solution.y, exact, rtol=1e-9)


def test_the_augmented_diffusion_is_one_over_tau_on_the_noise_alone():
    problem = with_coloured_noise(geometric(), 0.25)
    g = np.full(2, np.nan)
    problem.diffusion(0.0, problem.y0, problem.p, g)
    assert g.tolist() == [0.0, 4.0]


def test_correlation_times_and_rates_vary_between_members_of_one_compiled_ensemble():
    problem = plain(with_coloured_noise(geometric(), 0.3, x0=2.0))
    taus = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    result = ensemble(problem, y0=np.tile(problem.y0, (5, 1)), p=ColouredParameters(problem.p.p, taus))
    for i, tau in enumerate(taus):
        single = solve(replace(problem, p=ColouredParameters(problem.p.p, tau)), saveat=[1.0])
        assert np.array_equal(single.y, result.y[i])


def noise_amplitudes(problem, t):
    shape = (len(problem.y0), 2) if problem.noise == "general" else len(problem.y0)
    g = np.full(shape, np.nan)
    problem.diffusion(t, problem.y0, problem.p, g)
    return g


@pytest.mark.parametrize("system", [GEOMETRIC_BROWNIAN, RANDOM_ROTATION], ids=lambda s: s.name)
def test_decaying_noise_is_the_diffusion_times_its_decay(system):
    problem = system.problem(t0=1.0, t1=2.0)
    decaying = with_decaying_noise(problem, 0.8)
    assert (decaying.noise, decaying.p) == (system.noise, DecayingParameters(system.p, 0.8, 1.0))
    for t in (1.0, 1.6):
        assert_allclose(noise_amplitudes(decaying, t), noise_amplitudes(problem, t) * np.exp(-0.8 * (t - 1)))


def test_decaying_noise_leaves_drift_and_jacobian_as_they_are():
    problem = LORENZ63.problem(t1=1.0)
    noisy = replace(problem, diffusion=unit, jacobian=LORENZ63.jacobian)
    decaying = with_decaying_noise(noisy, 2.0)
    assert np.array_equal(solve(plain(decaying)).y, solve(problem).y)
    found, wanted = np.empty((3, 3)), np.empty((3, 3))
    decaying.jacobian(0.0, problem.y0, decaying.p, found)
    LORENZ63.jacobian(0.0, problem.y0, problem.p, wanted)
    assert np.array_equal(found, wanted)


def unit(t, y, p, g):
    g[:] = 1.0


SECOND = """
from dataclasses import replace
from mechanics import Problem, solve
from mechanics.engine import compile_counts
from mechanics.methods import EULER
from mechanics.noise import with_coloured_noise, with_decaying_noise
from mechanics.systems import GEOMETRIC_BROWNIAN as G
p = Problem(G.drift, [1.0], 0.0, 1.0, G.p, diffusion=G.diffusion)
for tau in (0.3, 0.4):
    solve(replace(with_coloured_noise(with_decaying_noise(p, tau), tau), diffusion=None), EULER, dt=0.1)
print(compile_counts().compiled, compile_counts().loaded)
"""


def test_a_second_process_compiles_nothing(tmp_path):
    env = {**os.environ, "MECHANET_CACHE_DIR": str(tmp_path)}
    counts = [
        subprocess.run(
            [sys.executable, "-c", SECOND], env=env, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert counts == [["1", "0"], ["0", "1"]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: OrnsteinUhlenbeck(0.0, sd=1.0), "tau must be positive"),
        (lambda: OrnsteinUhlenbeck(1.0), "either sd"),
        (lambda: OrnsteinUhlenbeck(1.0, sd=1.0, sigma=1.0), "either sd"),
        (lambda: OrnsteinUhlenbeck(1.0, sigma=-1.0), "not negative"),
        (lambda: FORCE.sample([0.0, 0.0], 1), "increasing"),
        (lambda: FORCE.sample([0.0], 1, components=0), "components must be"),
        (lambda: FORCE.sample([0.0], 1, x0=[np.nan]), "x0 must be finite"),
        (lambda: with_coloured_noise(LORENZ63.problem(), 0.1), "no diffusion"),
        (lambda: with_coloured_noise(geometric(noise="scalar"), 0.1), "takes diagonal or additive noise"),
        (lambda: with_coloured_noise(geometric(), -0.1), "tau must be positive"),
        (lambda: with_decaying_noise(geometric(), np.nan), "rate must be finite"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
