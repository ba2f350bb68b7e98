"""Likelihoods of steps against closed forms, recovery with right errors, and noise that is never shrunk away."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm
from scipy.stats import multivariate_normal

from mechanics import Problem, ensemble
from mechanics.fit import fit_sde
from mechanics.fit.linear_flow import flow, room_of
from mechanics.fit.transitions import make_steps
from mechanics.methods import EULER_MARUYAMA


class Relaxing(NamedTuple):
    rate: float
    mean: float
    sigma: float


class Oscillating(NamedTuple):
    k: float
    gamma: float
    sigma: float


def towards_mean(t, y, p, dy):
    dy[0] = p.rate * (p.mean - y[0])


def constant(t, y, p, g):
    g[0] = p.sigma


def damped(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p.k * y[0] - p.gamma * y[1]


def on_velocity(t, y, p, g):
    g[0] = 0.0
    g[1] = p.sigma


DT = 0.1


def relaxing(p=(0.5, 0.0, 1.0), t1=1.0, y0=0.5):
    return Problem(towards_mean, [y0], 0.0, t1, Relaxing(*p), diffusion=constant, noise="additive")


def oscillating(p=(1.0, 0.5, 0.6)):
    return Problem(damped, [0.0, 0.0], 0.0, 1.0, Oscillating(*p), diffusion=on_velocity, noise="additive")


def autoregressive(seed, N=2000, rate=1.0, mean=0.5, sigma=0.7):
    """Exact steps: x' = mean + r (x - mean) + s z, r = e^{-rate dt}, s^2 = sigma^2 (1 - r^2) / (2 rate)."""
    r = np.exp(-rate * DT)
    z = np.sqrt(sigma**2 * (1 - r * r) / (2 * rate)) * np.random.default_rng(seed).standard_normal(N)
    x = np.full(N + 1, mean)
    for i in range(N):
        x[i + 1] = mean + r * (x[i] - mean) + z[i]
    return DT * np.arange(N + 1), x


def closed_form(x):
    """Slope, intercept and residual variance of x' on x: what the exact likelihood is made of."""
    r, c = np.polyfit(x[:-1], x[1:], 1)
    return r, c, np.var(x[1:] - r * x[:-1] - c)


def test_ornstein_uhlenbeck_has_the_closed_form_maximum_likelihood():
    ts, x = autoregressive(3)
    r, c, v = closed_form(x)
    rate = -np.log(r) / DT
    fit = fit_sde(relaxing(), ts, x, starts=2)
    assert fit.converged
    assert_allclose(fit.values, [rate, c / (1 - r), np.sqrt(2 * rate * v / (1 - r * r))], rtol=1e-6)
    N = len(x) - 1
    assert fit.log_likelihood == pytest.approx(-0.5 * N * (np.log(2 * np.pi * v) + 1), rel=1e-9)
    # information of the mean from the exact likelihood: var(mean) = sigma^2 / (rate^2 N dt), to order 1 / N
    assert fit.parameters["mean"].stderr == pytest.approx(fit.values[2] / fit.values[0] / np.sqrt(N * DT), rel=0.03)
    drawn = fit.bootstrap(400, seed=1)
    assert_allclose([drawn.stderr[name] for name in fit.names], fit.stderr, rtol=0.2)  # 400 draws: 4 % themselves
    z = fit.residuals[1:, 0]
    assert abs(z.mean()) < 0.1
    assert z.std() == pytest.approx(1.0, abs=0.01)


def test_eulers_step_has_the_bias_that_is_stated():
    """Least squares of x' - x on x: rate (1 - e^{-rate dt}) / dt, and sigma^2 = residual variance / dt, exactly."""
    ts, x = autoregressive(3)
    r, c, v = closed_form(x)
    fit = fit_sde(relaxing(), ts, x, density="euler", starts=1)
    assert_allclose(fit.values, [(1 - r) / DT, c / (1 - r), np.sqrt(v / DT)], rtol=1e-6)
    assert "biases rates by |J| dt / 2, about 4.7 %" in fit.verdict


def test_noise_is_not_shrunk_and_its_sign_does_not_matter():
    """From a start a hundred times too small, and within 4 standard errors of the truth."""
    ts, x = autoregressive(4)
    for start in (0.01, 10.0):
        fit = fit_sde(relaxing((0.5, 0.0, start)), ts, x, starts=1)
        assert fit.parameters["sigma"].value == pytest.approx(0.7, abs=4 * fit.parameters["sigma"].stderr)
        assert fit.parameters["sigma"].stderr < 0.02


def test_gaps_and_pieces_leave_out_their_steps():
    ts, x = autoregressive(5, N=600)
    gap = x.copy()
    gap[200] = np.nan
    one = fit_sde(relaxing(), ts, gap, starts=1)
    two = fit_sde(relaxing(), [ts[:200], ts[201:]], [x[:200], x[201:]], starts=1)
    assert one.count == 598
    assert_allclose(one.values, two.values, rtol=1e-7)


def test_linear_steps_are_those_of_the_matrix_exponential():
    """Phi, u and Q against Van Loan's block matrices, with |J| dt from 0.05 to 6."""
    rng, n = np.random.default_rng(0), 3
    for dt in (0.01, 0.2, 1.5):
        J, B, f = rng.standard_normal((n, n)), rng.standard_normal((n, 2)), rng.standard_normal(n)
        S = B @ B.T
        Phi, u, Q = np.empty(n * n), np.empty(n), np.empty(n * n)
        flow(J.ravel(), S.ravel(), f, dt, n, Phi, u, Q, np.empty(room_of(n)))
        block = expm(np.block([[-J, S], [np.zeros((n, n)), J.T]]) * dt)
        exact = block[n:, n:].T
        assert_allclose(Phi.reshape(n, n), exact, atol=1e-10)
        assert_allclose(Q.reshape(n, n), exact @ block[:n, n:], atol=1e-10 * max(1.0, np.abs(Q).max()))
        affine = expm(np.block([[J, f[:, None]], [np.zeros((1, n + 1))]]) * dt)
        assert_allclose(u, affine[:n, n], atol=1e-10)


def test_noise_on_the_velocity_alone_has_a_density_by_linearisation_only():
    """Each step against scipy's normal density with the exact mean and covariance; Euler's is singular, and says so."""
    problem, rng = oscillating(), np.random.default_rng(1)
    ys, moved = rng.standard_normal((5, 2)), 0.1 * rng.standard_normal((5, 2))
    steps = make_steps(problem, True)(np.zeros(5), np.full(5, DT), ys, moved, problem.p)
    J, S = np.array([[0.0, 1.0], [-1.0, -0.5]]), np.diag([0.0, 0.36])
    block = expm(np.block([[-J, S], [np.zeros((2, 2)), J.T]]) * DT)
    Phi = block[2:, 2:].T
    for y, m, log in zip(ys, moved, steps.logs, strict=True):
        exact = multivariate_normal(Phi @ y - y, Phi @ block[:2, 2:], allow_singular=False).logpdf(m)
        assert log == pytest.approx(exact, rel=1e-7)
    with pytest.raises(ValueError, match="take density='linearisation'"):
        fit_sde(problem, DT * np.arange(5), ys, density="euler")


@pytest.mark.sweep  # compiles an ensemble
def test_moments_of_an_ensemble_recover_drift_and_noise():
    """300 members, seed 5: within 4 standard errors, errors below 10 %, and no more misfit than chance (p > 0.001)."""
    times = np.arange(0.0, 2.01, 0.25)
    data = ensemble(
        relaxing((1.0, 0.5, 0.7), t1=2.0, y0=2.0), EULER_MARUYAMA, members=300, seed=5, dt=0.01, saveat=times
    )
    fit = fit_sde(
        relaxing((0.7, 0.1, 1.0), t1=2.0, y0=2.0), times, data.ys, method="moments", dt=0.01, starts=1, members=600
    )
    assert fit.converged
    assert (np.abs(fit.values - [1.0, 0.5, 0.7]) < 4 * fit.stderr).all()
    assert (fit.stderr < 0.1).all()
    assert "more than chance" not in fit.verdict
    assert np.isnan(fit.log_likelihood)


def test_two_amplitudes_of_one_noise_are_not_identifiable():
    class Twice(NamedTuple):
        rate: float
        a: float
        b: float

    def drift(t, y, p, dy):
        dy[0] = -p.rate * y[0]

    def product(t, y, p, g):
        g[0] = p.a * p.b

    ts, x = autoregressive(6, N=500, mean=0.0)
    problem = Problem(drift, [0.0], 0.0, 1.0, Twice(1.0, 0.5, 1.5), diffusion=product, noise="additive")
    fit = fit_sde(problem, ts, x, starts=1)
    assert fit.identified == {"rate": True, "a": False, "b": False}
    assert "only the product a * b is determined" in fit.verdict
    assert fit.values[1] * fit.values[2] == pytest.approx(0.7, rel=0.15)


def test_wrong_arguments_are_named():
    ts, x = autoregressive(1, N=50)
    with pytest.raises(ValueError, match="no diffusion; use fit_ode"):
        fit_sde(Problem(towards_mean, [0.5], 0.0, 1.0, Relaxing(1.0, 0.5, 0.7)), ts, x)
    with pytest.raises(ValueError, match="all must be seen"):
        fit_sde(oscillating(), ts, x)
    with pytest.raises(ValueError, match="at least 20 trajectories"):
        fit_sde(relaxing(), ts, x, method="moments", dt=0.01)
