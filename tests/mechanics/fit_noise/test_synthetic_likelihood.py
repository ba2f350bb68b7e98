"""Normal statistics by formulas; noise that is measured and not shrunk; profiles, samples and refusals."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.fit import refine_chain
from mechanics.fit.moments import deal
from mechanics.fit.profile import profile_of
from mechanics.fit.synthetic_likelihood import SyntheticLikelihood, minus2_normal

from .conftest import DT

TRUTH = {"Y": 1.0, "k": 1.0, "mu_right": 0.10, "mu_left": 0.05, "eps_bar": 0.10, "mu_eff_over_k": 0.025}


@pytest.fixture(scope="module")
def likeliest(case):
    epochs, loads, fit = case
    return refine_chain(fit, loads, epochs, dt=DT, members=300, seed=3, method="synthetic_likelihood")


def scale_only(measured, S=4000):
    """Statistics whose mean is (theta_0, 0, ..) and whose standard deviation is e^theta_1."""
    noise = np.random.default_rng(1).standard_normal((S, 1, len(measured)))

    def simulate(theta, n, first=0):
        return np.r_[theta[0], np.zeros(len(measured) - 1)] + np.exp(theta[1]) * noise[first : first + n]

    return SyntheticLikelihood(
        ("a", "b"), np.full(2, -9.0), np.full(2, 9.0), measured, simulate, lambda x: x[:, 0], S, np.diag([1.0, 0.2]),
        lambda theta, number: simulate(theta, S)[number % S, 0],
    )  # fmt: skip


def test_density_estimate_is_unbiased():
    """Mean of the estimated densities at two points of a known normal: their ratio, which no constant enters."""
    rng, n = np.random.default_rng(0), 12
    mix = np.array([[1.0, 0.0], [0.6, 0.8]])
    points = np.array([[0.2, -0.1], [1.0, 0.9]])
    found = np.zeros((2, 2500))
    for i in range(found.shape[1]):
        draws = rng.standard_normal((n, 2)) @ mix.T
        found[:, i] = [np.exp(-0.5 * minus2_normal(p, draws, n, n)) for p in points]
    z = np.linalg.solve(mix, points.T)
    true = np.exp(-0.5 * (z[:, 1] @ z[:, 1] - z[:, 0] @ z[:, 0]))
    ratio = found[1].mean() / found[0].mean()
    # 2500 draws: standard error about 2 %
    assert ratio == pytest.approx(true, rel=0.08)


def test_scale_is_the_root_mean_square_and_not_zero():
    """Noise that enters the covariance alone: the likeliest is the rms, where squared error would send it to 0."""
    measured = np.random.default_rng(5).standard_normal(12) * 0.7
    objective = scale_only(measured)
    theta, _, settled = objective.search(np.array([0.0, 0.5]), objective.root)
    rms = np.sqrt((measured[1:] ** 2).sum() / 12)  # the first is fitted by its mean
    assert settled
    assert theta[1] == pytest.approx(np.log(rms), abs=0.06)  # 1/sqrt(24) = .2 is the standard error
    assert objective.minus2(np.array([theta[0], -3.0])) > objective.minus2(theta) + 20
    error = np.sqrt(objective.curvature(theta).diagonal())
    assert error[0] == pytest.approx(rms, rel=0.2)
    assert error[1] == pytest.approx(1 / np.sqrt(24), rel=0.2)


def test_profile_of_a_mean_is_its_interval():
    measured = np.random.default_rng(6).standard_normal(30)
    objective = scale_only(measured)
    theta, _, _ = objective.search(np.zeros(2), objective.root)
    interval = profile_of(objective, theta, 0, 1.0, 0.95).interval
    # the normal of 30 numbers with free scale: n log(1 + z^2/n) = 3.84
    half = np.sqrt(30 * np.expm1(3.84 / 30)) * np.exp(theta[1])
    assert_allclose(interval, theta[0] + half * np.array([-1, 1]), atol=0.12 * half)


def test_histories_dealt_anew_make_covariances_surer():
    """Variance of a group's mean from 20 groups of 5: unbiased, and less than .65 as uncertain (theory .45)."""
    rng = np.random.default_rng(2)
    read = lambda x: x.mean(axis=1)  # noqa: E731
    plain, dealt = [], []
    for _ in range(300):
        draws = rng.standard_normal((20, 5, 1))
        plain.append(read(draws).var(ddof=1))
        dealt.append(deal(draws, read)[0].var(ddof=1))
    assert np.mean(dealt) == pytest.approx(0.2, rel=0.05)  # standard error 1.5 %
    assert np.std(dealt) < 0.65 * np.std(plain)
    assert deal(draws, read)[1] == 100
    alone = rng.standard_normal((20, 1, 3))
    assert_allclose(deal(alone, lambda x: x[:, 0])[0], alone[:, 0], rtol=1e-12)  # nothing to deal


def test_likeliest_chain_is_the_true_one(likeliest, refined):
    """Within 4 standard errors, these like those of the other method, which has less to go on and no likelihood."""
    assert likeliest.converged
    assert likeliest.method == "synthetic_likelihood"
    for name, true in TRUTH.items():
        estimate, other = getattr(likeliest, name), getattr(refined, name)
        assert abs(estimate.value - true) < 4 * estimate.stderr, name
        assert 0.5 < estimate.stderr / other.stderr < 1.3, name
    assert likeliest.p_value > 0.001
    assert likeliest.simulations > refined.simulations
    with pytest.raises(ValueError, match="synthetic_likelihood"):
        refined.profile("log k")
    with pytest.raises(ValueError, match="no likelihood"):
        refined.sample()


def test_profiles_ask_for_what_there_is(likeliest):
    with pytest.raises(ValueError, match="name must be one of"):
        likeliest.profile("mobility")
    with pytest.raises(ValueError, match="level"):
        likeliest.profile("log k", level=2)
    i = likeliest.parameters.index("log k")
    far = likeliest.theta.copy()
    far[i] += 3 * np.sqrt(likeliest.covariance[i, i])
    best, rise = likeliest.objective.refit(far, (i,))
    assert best[i] == far[i]
    # 9 where -2 log L is a parabola
    assert 4 < rise - likeliest.objective.minus2(likeliest.theta) < 16


def test_samples_of_the_likelihood(likeliest):
    """emcee on a scale and a mean: their spread is that of the curvature."""
    pytest.importorskip("emcee")
    objective = scale_only(np.random.default_rng(7).standard_normal(8), S=300)
    theta, _, _ = objective.search(np.zeros(2), objective.root)
    fit = replace(likeliest, parameters=("a", "b"), theta=theta, covariance=np.diag([1.0, 0.06]), objective=objective)
    drawn = fit.sample(200, steps=150, walkers=8)
    assert drawn.names == ("a", "b")
    # about 30 independent draws: the spread is known to 13 %
    assert drawn.samples[:, 1].std() == pytest.approx(1 / np.sqrt(16), rel=0.5)


@pytest.mark.parametrize("method", ["indirect_inference", "synthetic_likelihood"])
def test_larger_deviations_around_the_same_path_are_more_noise(case, method):
    """The mean path, and so every squared error of a path, is that of `case`; deviations are half as large again."""
    epochs, loads, fit = case
    mean = loads.mean(axis=0)
    louder = mean + 1.5 * (loads - mean)
    found = refine_chain(replace(fit), louder, epochs, dt=DT, members=300, seed=3, method=method)
    assert found.eps_bar.value > 0.12


def test_unknown_method_is_named(case):
    epochs, loads, fit = case
    with pytest.raises(ValueError, match="method must be"):
        refine_chain(fit, loads, epochs, dt=DT, method="least_squares")
