"""The search of `fit_chain`: least squares, limits of open parameters, the width of a velocity under friction."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import least_squares as scipy_least_squares
from scipy.optimize import lsq_linear
from scipy.stats import t as student

from mechanics.chain.mean_field import MeanField
from mechanics.fit import fit_chain
from mechanics.fit.data import chain_data
from mechanics.fit.levenberg import least_squares
from mechanics.fit.limits import limit_of
from mechanics.fit.model import ChainModel
from mechanics.fit.models import MODELS
from mechanics.fit.models.second_order import narrowing
from mechanics.fit.search import refine, search
from mechanics.fit.uncertainty import quantify

STRICT = {"offset": 1e-9, "ftol": 1e-15, "xtol": 1e-12, "most": 300}
TS = np.r_[0, np.geomspace(0.3, 40, 20)]


def test_linear_problem_within_bounds_agrees_with_scipy():
    """Two of four bounds are active."""
    rng = np.random.default_rng(2)
    A, b = rng.standard_normal((30, 4)), rng.standard_normal(30)
    free = np.linalg.lstsq(A, b, rcond=None)[0]
    low, high = free - np.array([1.0, 1.0, -0.1, 1.0]), free + np.array([1.0, -0.1, 1.0, 1.0])
    exact = lsq_linear(A, b, (low, high), tol=1e-14)
    done = least_squares(
        lambda p: (A @ p - b, A), lambda p: A @ p - b, 0.5 * (low + high), low, high, **STRICT
    )  # fmt: skip
    assert done.settled
    assert (exact.active_mask != 0).sum() == 2
    assert_allclose(done.theta, exact.x, atol=1e-8)


def test_bent_valley_is_followed_to_scipys_minimum():
    """Two decays whose rates nearly agree: parameters trade against each other."""
    ts = np.linspace(0, 4, 40)
    data = np.exp(-ts) + np.exp(-1.3 * ts) + 1e-3 * np.sin(9 * ts)

    def residuals(p):
        return np.exp(p[0] - ts * np.exp(p[1])) + np.exp(p[2] - ts * np.exp(p[3])) - data

    def both(p):
        first, second = np.exp(p[0] - ts * np.exp(p[1])), np.exp(p[2] - ts * np.exp(p[3]))
        return first + second - data, np.stack(
            [first, -first * ts * np.exp(p[1]), second, -second * ts * np.exp(p[3])], axis=1
        )

    start, bounds = np.array([1.0, -1.0, -1.0, 1.0]), np.full(4, 10.0)
    done = least_squares(both, residuals, start, -bounds, bounds, **STRICT)
    least = scipy_least_squares(residuals, start, lambda p: both(p)[1], ftol=1e-15, xtol=1e-15, gtol=1e-15).cost * 2
    assert done.settled
    assert done.residuals @ done.residuals == pytest.approx(least, rel=1e-9)
    few = least_squares(both, residuals, start, -bounds, bounds, **STRICT | {"most": 3})
    assert not few.settled
    assert few.evaluations == 3
    assert not least_squares(both, residuals, start, -bounds, bounds, **STRICT, enough=lambda: True).settled


def test_residuals_that_nothing_moves_do_not_settle():
    done = least_squares(lambda p: (np.ones(5), np.zeros((5, 2))), lambda p: np.ones(5), np.zeros(2), -np.ones(2), np.ones(2), **STRICT)  # fmt: skip # noqa: E501
    assert not done.settled
    assert done.evaluations == 1


def _half_moment(nu, n):
    return quad(lambda v: v**n * np.exp(-0.5 * v * v - nu * v), 0, 40 / (1 + nu), epsabs=0)[0]


@pytest.mark.parametrize("nu", [1e-3, 0.4, 1.0, 3.0, 5.9, 6.1, 12.0])
def test_width_of_the_velocity_gives_the_mobility_of_the_stationary_density(nu):
    """p(v) ~ exp(-v^2/2 - nu |v|): its variance is 1/(1 + 2 nu phi(0)/s), by quadrature; derivative by differences."""
    moment, mass = (_half_moment(nu, n) for n in (2, 0))
    s = narrowing(np.array([nu]))[0]
    assert 1 / (1 + 2 * nu / np.sqrt(2 * np.pi) / s) == pytest.approx(moment / mass, rel=1e-9)
    step = 1e-5 * nu
    up, down = narrowing(np.array([nu + step]))[0], narrowing(np.array([nu - step]))[0]
    assert np.imag(narrowing(np.array([nu + 1e-30j]))[0]) / 1e-30 == pytest.approx((up - down) / (2 * step), rel=1e-5)


def loads(mu_right, mu_left, s, seeds=6, error=0.003, ts=TS, **pull):
    """D_0 .. D_7 of the mean field with independent errors."""
    x = MeanField(7, 0.8, 0.8 * mu_right, 0.8 * mu_left, 1.0, 0.8 * s).solve(ts, **pull)
    errors = error * np.random.default_rng(5).normal(size=(seeds, *x.shape))
    errors[..., 0] = errors[:, 0] = 0
    return 1 - (x + errors)[..., :-1]


def test_limit_of_a_sharp_rate_is_where_its_linear_interval_ends():
    data = chain_data(loads(0.11, 0.05, 0.1), TS, None, "block")
    model = ChainModel.of(data, "fixed", MODELS["uniform"])
    found = search(data, model)
    i = model.names.index("log k")
    error = np.sqrt(quantify(data, found).covariance[i, i])
    half = student.ppf(0.95, 5) * error
    for side in (-1, 1):
        end = limit_of(data, found, "log k", side, first=half)
        assert side * (end - found.theta[i]) == pytest.approx(half, rel=0.35)
    kept = []
    limit_of(data, found, "log k", -1, first=0.2 * half, kept=kept)
    assert kept
    assert all(theta[i] < found.theta[i] for theta in kept)


def test_no_better_fit_is_within_reach():
    """Sums of squares of 20 searches from scattered starts are not below that of the fit by more than 1e-5."""
    data = chain_data(loads(0.11, 0.05, 0.1), TS, None, "block")
    model = ChainModel.of(data, "fixed", MODELS["uniform"])
    found = search(data, model)
    rng = np.random.default_rng(0)
    others = [refine(data, model, found.theta + rng.normal(size=5) * [0.1, 0.03, 0.5, 0.7, 0.7]) for _ in range(20)]
    best = min(other.sum_of_squares for other in others)
    assert found.sum_of_squares <= best * (1 + 1e-5)


def test_what_strong_noise_hides_is_open():
    """Pulled slowly under noise three times the friction: rate, friction and noise are called open, the bend is not."""
    ts = np.r_[0, np.geomspace(1, 300, 25)]
    path = MeanField(7, 1.0, 0.12, 0.06, 1.0, 0.3).solve(ts, target=lambda t: 1 - np.exp(-t / 40))
    errors = 0.01 * np.random.default_rng(6).normal(size=(8, *path.shape))
    errors[..., 0] = errors[:, 0] = 0
    fit = fit_chain(1 - (path + errors)[..., :-1], ts, pull="ramped")
    for name in ("k", "mean_friction_over_k", "noise_over_k"):
        estimate = getattr(fit, name)
        assert not estimate.identified
        assert estimate.interval[1] == np.inf
    assert fit.k.interval[0] < 1.0
    assert fit.identified["mu_eff_over_k"]
    assert fit.mu_eff_over_k.interval[0] < 0.03 < fit.mu_eff_over_k.interval[1]
