"""Langevin equations of scalar series: the filter of the unseen velocity, recovery, and words about stationarity."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm
from scipy.stats import multivariate_normal

from mechanics.fit import fit_langevin
from mechanics.fit.hidden_velocity import WIDE, make_filter
from mechanics.fit.stationarity import stationarity

mpl.use("Agg")


def double_well(seed, N=6000, dt=0.05, inner=10):
    """dx = (x - x^3) dt + 0.7 dW by small Euler steps."""
    z = 0.7 * np.sqrt(dt / inner) * np.random.default_rng(seed).standard_normal((N, inner))
    x, now = np.empty(N + 1), 1.0
    x[0] = now
    for i in range(N):
        for j in range(inner):
            now += (now - now**3) * dt / inner + z[i, j]
        x[i + 1] = now
    return dt * np.arange(N + 1), x


def exact_step(k, gamma, sigma, dt):
    J, S = np.array([[0.0, 1.0], [-k, -gamma]]), np.diag([0.0, sigma**2])
    block = expm(np.block([[-J, S], [np.zeros((2, 2)), J.T]]) * dt)
    return block[2:, 2:].T, block[2:, 2:].T @ block[:2, 2:]


def oscillator(seed, N=4000, dt=0.1, k=1.0, gamma=0.5, sigma=0.6):
    Phi, Q = exact_step(k, gamma, sigma, dt)
    z = np.random.default_rng(seed).standard_normal((N, 2)) @ np.linalg.cholesky(Q).T
    y, x = np.zeros(2), np.zeros(N + 1)
    for i in range(N):
        y = Phi @ y + z[i]
        x[i + 1] = y[0]
    return dt * np.arange(N + 1), x


def test_the_filter_is_the_density_of_the_positions():
    """Eight positions of a linear oscillator: against their joint normal density, given x_0 and v_0 ~ N(0, P)."""
    k, gamma, sigma, dt, N = 1.3, 0.4, 0.6, 0.3, 8
    x = oscillator(0, N=N, dt=dt)[1] + 0.1
    logs, surprise, predicted = make_filter()(x, np.full(N, dt), -k * x[:-1], np.full(N, -k), gamma, sigma)
    Phi, Q = exact_step(k, gamma, sigma, dt)
    mean, cov = np.array([x[0], 0.0]), np.diag([0.0, WIDE * np.mean((np.diff(x) / dt) ** 2)])
    powers = [np.linalg.matrix_power(Phi, i) for i in range(N + 1)]
    m = np.array([(powers[i] @ mean)[0] for i in range(1, N + 1)])
    C = np.zeros((N, N))
    for i in range(1, N + 1):
        for j in range(1, N + 1):
            total = powers[i] @ cov @ powers[j].T
            for s in range(1, min(i, j) + 1):
                total = total + powers[i - s] @ Q @ powers[j - s].T
            C[i - 1, j - 1] = total[0, 0]
    assert logs.sum() == pytest.approx(multivariate_normal(m, C).logpdf(x[1:]), rel=1e-8)
    assert predicted[0] == pytest.approx(m[0], rel=1e-12)
    assert surprise[0] == pytest.approx((x[1] - m[0]) / np.sqrt(C[0, 0]), rel=1e-10)


def test_an_unseen_velocity_is_recovered():
    """Seed 1: within 4 standard errors; naive differences would give 2/3 of gamma and of sigma^2, 5 of them away."""
    fit = fit_langevin(*oscillator(1), dynamics="underdamped", basis=1)
    assert fit.converged
    assert (np.abs(fit.values - [0.0, -1.0, 0.5, 0.6]) < 4 * fit.stderr).all()
    assert fit.parameters["sigma"].stderr < 0.01
    assert abs(fit.parameters["sigma"].value ** 2 - 0.24) > 5 * 2 * 0.6 * fit.parameters["sigma"].stderr
    assert "correlated" not in fit.verdict


def test_an_overdamped_model_of_an_oscillator_is_called_wrong():
    fit = fit_langevin(*oscillator(1), basis=1)
    assert "a force with memory or a wrong drift" in fit.verdict


def test_a_double_well_is_recovered_with_bootstrap_errors_like_the_curvatures():
    """Seed 2: within 4 standard errors; 400 resamples agree with the likelihood's curvature within 30 %."""
    ts, x = double_well(2, N=4000)
    fit = fit_langevin(ts, x)
    assert (np.abs(fit.values - [0.0, 1.0, 0.0, -1.0, 0.7]) < 4 * fit.stderr).all()
    assert_allclose(fit.stderr, fit_langevin(ts, x, resamples=0).stderr, rtol=0.3)
    own = fit_langevin(ts, x, basis={"pull": lambda x: x, "cube": lambda x: -(x**3)})
    assert (np.abs(own.values - [1.0, 1.0, 0.7]) < 4 * own.stderr).all()
    assert own.bic < fit.bic  # f0 and f2 are not needed
    assert fit_langevin(ts, x, resamples=50, seed=7).stderr == pytest.approx(
        fit_langevin(ts, x, resamples=50, seed=7).stderr, rel=0, abs=0
    )


def test_what_is_not_stationary_is_said():
    """White series: false alarms at 4 standard errors come once in 8000; a drift of one standard deviation is seen."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(3000)
    assert stationarity(x).stationary
    assert not stationarity(x + np.linspace(0, 1, 3000)).stationary
    assert not stationarity(x * np.linspace(1, 2, 3000)).stationary
    short = stationarity(np.cumsum(rng.standard_normal(300)))
    assert not short.stationary
    fit = fit_langevin(0.1 * np.arange(3000), np.cumsum(x) * 0.01 + np.linspace(0, 30, 3000), basis=1)
    assert "tationary" in fit.verdict
    assert "Stationary as far" not in fit.verdict


def test_results_sample_plot_and_explain_themselves(monkeypatch):
    ts, x = double_well(2, N=400)
    fit = fit_langevin(ts, x, basis=1)
    ax = fit.plot()
    assert len(ax.lines) == 2
    with pytest.raises(ValueError, match="must be one of f0, f1, sigma"):
        fit.profile("f2")
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(ImportError, match="pip install"):
        fit.sample(10)


def test_samples_have_the_errors_of_the_likelihood():
    """16 walkers, 1000 steps, seed 0: standard deviations within 25 % of the curvature's."""
    pytest.importorskip("emcee")
    ts, x = double_well(2, N=1000)
    fit = fit_langevin(ts, x, basis=1, resamples=0)
    drawn = fit.sample(2000, steps=1000, seed=0)
    assert_allclose(drawn.samples.std(axis=0), fit.stderr, rtol=0.25)
    assert_allclose(drawn.samples.mean(axis=0), fit.values, atol=0.3 * fit.stderr.max())


def test_wrong_arguments_are_named():
    ts, x = double_well(0, N=50)
    with pytest.raises(ValueError, match="at least 20 values"):
        fit_langevin(ts[:10], x[:10])
    with pytest.raises(ValueError, match="without NaN"):
        fit_langevin(ts, np.where(ts == ts[5], np.nan, x), dynamics="underdamped")
    with pytest.raises(ValueError, match="finite at all values"):
        fit_langevin(ts, x, basis={"bad": lambda x: np.full(len(x), np.inf)})
