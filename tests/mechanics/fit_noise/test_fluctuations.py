"""Fluctuations alone: rate and noise of a sliding chain by theory, friction where k or every step is known."""

import json
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.linalg import expm, solve_continuous_lyapunov, solve_discrete_lyapunov
from scipy.stats import multivariate_normal, norm

from mechanics.fit import Estimate, fit_fluctuations
from mechanics.fit.fluctuation_sources import _thresholds
from mechanics.fit.friction_model import Steps
from mechanics.fit.linear_noise import LinearNoise, modes

from .conftest import DT, simulated


def laplacian(n):
    return 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)


def linear_chain(rng, copies, m, n, rate, size, gap):
    """Stationary deviations of the continuous chain, by matrix exponentials."""
    T = laplacian(n)
    C = solve_continuous_lyapunov(rate * T, 2 * rate * size * np.eye(n))
    E = expm(-rate * gap * T)
    root, step = np.linalg.cholesky(C), np.linalg.cholesky(C - E @ C @ E.T)
    x = [rng.standard_normal((copies, n)) @ root.T]
    for _ in range(m - 1):
        x.append(x[-1] @ E.T + rng.standard_normal((copies, n)) @ step.T)
    return np.stack(x, axis=1)


def test_variance_of_the_discrete_chain_solves_its_lyapunov_equation():
    """C = A C A' + dt^2 q, A = 1 - dt r T, against `shape` times the size dt q/2r."""
    n, rate, dt, q = 4, 0.7, 0.2, 0.3
    eigenvalues, V = modes(n)
    assert_allclose(V @ np.diag(eigenvalues) @ V.T, laplacian(n), atol=1e-12)
    A = np.eye(n) - dt * rate * laplacian(n)
    C = solve_discrete_lyapunov(A, dt**2 * q * np.eye(n))
    noise = LinearNoise(np.array([0.0, dt]), np.zeros((1, 2, n)), eigenvalues, dt, False)
    assert_allclose(V.T @ C @ V, np.diag(dt * q / (2 * rate) * noise.shape(rate)), atol=1e-12)
    assert_allclose(noise.decay(rate)[0], 1 - dt * rate * eigenvalues)


def test_likelihood_is_that_of_the_whole_gaussian():
    """Differences of the profile between rates against the joint normal density of all times and blocks."""
    rng = np.random.default_rng(0)
    x = linear_chain(rng, 1, 6, 3, 0.5, 1.0, 0.8)
    ts = 0.8 * np.arange(6)
    eigenvalues, V = modes(3)
    noise = LinearNoise(ts, x @ V, eigenvalues, None, False)
    T = laplacian(3)

    def joint(rate, size):
        C = size * np.linalg.inv(T)
        blocks = [[expm(-rate * abs(s - t) * T) @ C for t in ts] for s in ts]
        return multivariate_normal(np.zeros(18), np.block(blocks)).logpdf(x.ravel())

    found = [noise.profile(np.log(r)) for r in (0.3, 0.9)]
    exact = [joint(r, f[1]) for r, f in zip((0.3, 0.9), found, strict=True)]
    assert found[1][0] - found[0][0] == pytest.approx(exact[1] - exact[0], abs=1e-8)
    # and that size is the likeliest
    assert joint(0.3, found[0][1]) > max(joint(0.3, 0.97 * found[0][1]), joint(0.3, 1.03 * found[0][1]))


def test_intervals_of_size_and_rate_hold_the_truth():
    """50 sets of 5 seeds at 12 times, means that wander: 95 % intervals; fewer than 42 come once in 1000."""
    rng = np.random.default_rng(4)
    inside, quiet = np.zeros(2), 0
    ts = 1.5 * np.arange(12)
    for _ in range(50):
        x = linear_chain(rng, 5, 12, 4, 0.4, 2e-4, 1.5) + np.cumsum(rng.standard_normal((12, 1)), axis=0)
        fit = fit_fluctuations(x, ts)
        inside += [low <= true <= high for true, (low, high) in ((2e-4, fit.size.interval), (0.4, fit.rate.interval))]
        quiet += fit.p_value > 0.05
    assert (inside >= 42).all()
    assert 42 <= quiet <= 50


def test_friction_from_deviations_needs_k_dt_and_the_end():
    """(5)-(6) at rest, 8 seeds: b = .075 and s = .1 within 4 errors with k and dt; open by name without."""
    rest = np.arange(1, 6) / 6 - 0.025 / 2 * np.arange(1, 6) * np.arange(5, 0, -1)
    x = simulated(8, 3, 0.10, 0.05, 0.1, epochs=np.arange(0, 61, 1.0), x0=rest)[:, 11:, 1:-1]
    ts = np.arange(11, 61, 1.0)
    k = Estimate(1.0, 0.01, (0.98, 1.02), True)
    fit = fit_fluctuations(x, ts, dt=DT, k=k, end=1.0)
    for name, true in {"mu_right": 0.10, "mu_left": 0.05, "eps_bar": 0.1, "mobility": 2 * norm.cdf(-0.75)}.items():
        estimate = getattr(fit, name)
        assert estimate.identified, name
        assert abs(estimate.value - true) < 4 * estimate.stderr, name
    assert fit.mu_eff_over_k.value == pytest.approx(0.025, abs=4 * fit.mu_eff_over_k.stderr)
    assert fit.p_value > 0.001
    assert "needs k" in fit_fluctuations(x, ts, dt=DT, end=1.0).mu_right.note
    assert "needs dt" in fit_fluctuations(x, ts, k=1.0, end=1.0).eps_bar.note
    assert "need end" in fit_fluctuations(x, ts, dt=DT, k=1.0).mu_left.note
    open_k = Estimate(1.0, np.inf, (0.0, np.inf), False, "open")
    assert fit_fluctuations(x, ts, dt=DT, k=open_k).source == "deviations"
    json.dumps(fit.to_dict(), allow_nan=False)


def test_thresholds_invert_the_moments_of_dry_friction():
    """Mobility and variance of sigma(F + s xi) by quadrature lead back to friction and noise."""
    mu_right, mu_left, s, k, dt = 0.12, 0.03, 0.08, 1.7, 0.02
    F = (mu_right - mu_left) / 2

    def slid(xi):
        z = F + s * xi
        return z - np.clip(z, -mu_left, mu_right)

    # from corner to corner of the law, where quadrature is exact
    edges = [-9, (-mu_left - F) / s, (mu_right - F) / s, 9]
    moment = [
        sum(quad(lambda xi, p=p: slid(xi) ** p * norm.pdf(xi), a, b, epsabs=1e-12)[0] for a, b in pairwise(edges))
        for p in (1, 2)
    ]
    assert moment[0] == pytest.approx(0, abs=1e-10)
    q, m = moment[1], norm.cdf(edges[1]) + norm.sf(edges[2])
    at = np.log([dt * q / (2 * m * k), m * k, k])
    found = _thresholds(np.r_[at, F / k], dt)
    assert_allclose(found, [(mu_right + mu_left) / 2, mu_right, mu_left, s], rtol=1e-6)


def test_every_step_gives_all_four_numbers():
    """2000 steps of a chain under way, 3 seeds: k, both thresholds and s within 4 errors, from sticking and sliding."""
    ts = DT * np.arange(2001)
    x = simulated(3, 12, 0.10, 0.04, 0.08, epochs=ts, k=1.3)
    fit = fit_fluctuations(x[..., 1:-1], ts, dt=DT, end=1.0)
    assert fit.source == "every step"
    for name, true in {"k": 1.3, "mu_right": 0.10, "mu_left": 0.04, "eps_bar": 0.08}.items():
        estimate = getattr(fit, name)
        assert estimate.identified, name
        assert abs(estimate.value - true) < 4 * estimate.stderr, name
        assert estimate.stderr < 0.03 * true, name
    assert fit.p_value > 0.001


def test_stated_errors_of_steps_are_their_scatter():
    """40 chains of 400 steps: scatter over errors of each number; a standard deviation of 40 is known to 11 %."""
    ts = DT * np.arange(401)
    x = simulated(40, 21, 0.10, 0.05, 0.1, epochs=ts)
    fits = [Steps.of(one[None], DT).fit() for one in x]
    values = np.array([v for v, _ in fits])
    errors = np.array([np.sqrt(c.diagonal()) for _, c in fits])
    ratio = values.std(axis=0, ddof=1) / errors.mean(axis=0)
    assert ((ratio > 0.6) & (ratio < 1.45)).all()
    assert (np.abs(values.mean(axis=0) - [1, 0.1, 0.05, 0.1]) < 4 * errors.mean(axis=0) / np.sqrt(40)).all()


def test_gradient_of_the_step_likelihood():
    x = simulated(2, 1, 0.10, 0.05, 0.1, epochs=DT * np.arange(60))
    steps, theta, scale = Steps.of(x, DT), np.array([0.8, 0.3, 0.9, 0.4]), (0.1, 0.2)
    h = 1e-6
    numeric = [
        (steps.likelihood(theta + h * e, scale)[0] - steps.likelihood(theta - h * e, scale)[0]) / (2 * h)
        for e in np.eye(4)
    ]
    assert_allclose(steps.likelihood(theta, scale)[1], numeric, rtol=1e-5)


def test_blocks_that_never_slide_left_leave_that_side_open():
    ts = DT * np.arange(801)
    x = simulated(2, 2, 0.10, 0.30, 0.03, epochs=ts)
    fit = fit_fluctuations(x[..., 1:-1], ts, dt=DT, end=1.0)
    assert not fit.mu_left.identified
    assert "left" in fit.mu_left.note
    assert abs(fit.mu_right.value - 0.10) < 4 * fit.mu_right.stderr


def test_epochs_far_apart_leave_the_rate_open_and_the_size_known():
    rng = np.random.default_rng(3)
    x = linear_chain(rng, 30, 6, 4, 1.0, 3e-4, 200.0)
    fit = fit_fluctuations(x, 200.0 * np.arange(6), k=1.0)
    assert not fit.rate.identified
    assert fit.rate.interval[1] == np.inf
    assert fit.size.interval[0] < 3e-4 < fit.size.interval[1]
    assert "lower bound" in fit.rate.note


def test_chain_on_its_way_fails_the_test():
    """From rest at 0 only blocks near the pulled end move and fluctuate: no chain at rest has such modes."""
    x = simulated(30, 3, 0.10, 0.10, 0.04, epochs=np.arange(0.5, 4, 0.25))[..., 1:-1]
    fit = fit_fluctuations(x, np.arange(0.5, 4, 0.25), dt=DT)
    assert fit.p_value < 0.01
    assert "do not agree" in fit.verdict


def test_bad_arguments_are_named():
    x, ts = np.random.default_rng(0).standard_normal((3, 6, 4)), np.arange(6.0)
    with pytest.raises(ValueError, match="must increase"):
        fit_fluctuations(x, ts[::-1])
    with pytest.raises(ValueError, match="at least 2 blocks"):
        fit_fluctuations(x[..., :1], ts)
    with pytest.raises(ValueError, match="dt must be positive"):
        fit_fluctuations(x, ts, dt=-1.0)
    with pytest.raises(ValueError, match="k must be positive"):
        fit_fluctuations(x, ts, k=0.0)
    with pytest.raises(ValueError, match="end must be a number"):
        fit_fluctuations(x, ts, end=np.ones(3))
    with pytest.raises(ValueError, match="Nothing fluctuates"):
        fit_fluctuations(np.ones((3, 6, 4)), ts)
