"""Profiles, bootstraps and samples of chain fits: against the linearised errors, and where these are open."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain.mean_field import MeanField
from mechanics.fit import fit_chain
from mechanics.fit.chain_objective import ChainObjective
from mechanics.fit.friction_coordinates import FrictionModel

EPOCHS = np.r_[0, np.geomspace(0.3, 40, 20)]
NAMES = ("Y", "mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k")


def curves(seeds, error=0.003, k=0.8, friction=(0.09, 0.04), s=0.08):
    """Mean-field load curves (seeds, 21, 8) of a concave chain with small independent errors."""
    x = MeanField(7, k, *friction, 1.0, s).solve(EPOCHS)
    noise = error * np.random.default_rng(4).normal(size=(seeds, 21, 8))
    noise[..., 0] = noise[:, 0] = 0
    return 1 - x[:, :-1] + noise


@pytest.fixture(scope="module")
def fit():
    return fit_chain(curves(8), EPOCHS, pull="fixed")


@pytest.fixture(scope="module")
def bootstrap(fit):
    return fit.bootstrap(100)


@pytest.fixture(scope="module")
def resting():
    """Seen only after it has come to rest: no rate, friction or noise."""
    return fit_chain(curves(6, k=100.0), EPOCHS, pull="fixed")


@pytest.mark.parametrize("name", NAMES)
def test_least_rise_is_at_the_fit_and_the_interval_is_nearly_the_linearised_one(fit, name):
    """Errors of a few per cent: ends within a fifth of the half width of each other."""
    estimate, profile = getattr(fit, name), fit.profile(name)
    assert_allclose(profile.values[np.argmin(profile.rise)], estimate.value, rtol=1e-6)
    assert profile.rise.min() == pytest.approx(0.0, abs=1e-2)
    half = 0.5 * (estimate.interval[1] - estimate.interval[0])
    assert_allclose(profile.interval, estimate.interval, atol=0.2 * half)
    assert profile.note == ""
    assert profile.name == name


def test_higher_level_is_wider(fit):
    inner, outer = fit.profile("k", 0.68).interval, fit.profile("k", 0.99).interval
    assert outer[0] < inner[0] < fit.k.value < inner[1] < outer[1]


def test_profile_of_mean_friction_holds_the_mean_friction(fit):
    """In the coordinates of the profile a refit keeps sqrt(mu_eff^2 + c^2) and moves all else."""
    objective = ChainObjective(fit.source, friction=True)
    i = objective.names.index("mean_friction_over_k")
    z = objective.best.copy()
    z[i] += 0.1
    found, rise = objective.refit(z, (i,))
    assert found[i] == z[i]
    theta = FrictionModel(fit.source.found.model).back(found)
    a, c = theta[1], np.exp(theta[3])
    assert_allclose(np.hypot(a, c) * fit.source.data.scale, np.exp(0.1) * fit.mean_friction_over_k.value, rtol=1e-10)
    assert rise > 0


def test_derivatives_in_the_coordinates_of_friction_are_those_of_differences(fit):
    model = FrictionModel(fit.source.found.model)
    z = model.into(fit.source.found.theta)
    assert_allclose(model.back(z), fit.source.found.theta, rtol=1e-12)
    x, _ = fit.source.data.mean
    _, J = model.curve_and_jacobian(z, x[0], None)
    for i in model.places:
        step = 1e-4 * np.eye(len(z))[i]
        change = model.curve(z + step, x[0], None, 1e-10) - model.curve(z - step, x[0], None, 1e-10)
        assert_allclose(J[:, i], change.ravel() / 2e-4 / model.scale, atol=2e-3 * np.abs(J[:, i]).max())


def test_flat_directions_are_open_and_named(resting):
    rate = resting.profile("k")
    assert rate.interval[1] == np.inf
    assert 0 < rate.interval[0] < 100.0
    assert "practically unidentifiable" in rate.note
    assert "above" in rate.note


def test_bootstrap_errors_are_near_those_of_the_jackknife(fit, bootstrap):
    """100 draws: 7 % of a standard deviation by chance, and the draws of 8 histories; a fifth is allowed."""
    for name in NAMES:
        assert bootstrap.stderr[name] == pytest.approx(getattr(fit, name).stderr, rel=0.2)
        low, high = bootstrap.intervals[name]
        assert low < getattr(fit, name).value < high
    assert bootstrap.values.shape == (100, 5)
    assert bootstrap.failed == 0
    assert "8" in bootstrap.note


def test_bootstrap_is_a_function_of_its_seed(fit):
    first, again, other = (fit.bootstrap(3, seed=seed).values for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_few_histories_are_remarked_on_and_stretched():
    """Two histories: t of one degree of freedom over z, times sqrt(2)."""
    fit = fit_chain(curves(8)[:2], EPOCHS, pull="fixed")
    found = fit.bootstrap(20)
    assert "few different draws" in found.note
    assert f"{12.7062 / 1.95996 * np.sqrt(2):.2f}" in found.note
    i = found.names.index("Y")
    offsets = np.quantile(found.values[:, i], [0.025, 0.975]) - fit.Y.value
    assert_allclose(np.array(found.intervals["Y"]) - fit.Y.value, 12.7062 / 1.95996 * np.sqrt(2) * offsets, rtol=1e-4)


def test_one_history_is_drawn_from_its_own_fluctuations_and_says_so():
    fit = fit_chain(curves(1)[0], EPOCHS, pull="fixed")
    found = fit.bootstrap(60)
    assert "One history" in found.note
    for name in ("Y", "mu_eff_over_k"):
        assert found.stderr[name] == pytest.approx(getattr(fit, name).stderr, rel=0.3)
    assert_allclose(fit.profile("Y").interval, fit.Y.interval, rtol=2e-3)


def test_what_the_fit_leaves_open_stays_open_in_the_bootstrap(resting):
    found = resting.bootstrap(4)
    assert found.stderr["k"] == np.inf
    assert found.intervals["k"][1] == np.inf
    assert "open" in found.note
    assert np.isfinite(found.stderr["Y"])


def test_interrupted_bootstrap_returns_what_is_finished(fit, monkeypatch):
    whole, done = fit.bootstrap(3).values, []
    replicate = ChainObjective.replicate

    def interrupted(self, theta, rng):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(0)
        return replicate(self, theta, rng)

    monkeypatch.setattr(ChainObjective, "replicate", interrupted)
    found = fit.bootstrap(50)
    np.testing.assert_array_equal(found.values, whole)
    assert "3 of 50" in found.note


def test_interrupted_before_two_fits_is_interrupted(fit, monkeypatch):
    monkeypatch.setattr(ChainObjective, "replicate", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        fit.bootstrap(50)


def test_samples_have_the_width_of_the_errors_on_average(fit):
    pytest.importorskip("emcee")
    found = fit.sample(500, steps=300, seed=1)
    assert found.names == NAMES
    ratio = found.samples.std(axis=0) / [getattr(fit, name).stderr for name in NAMES]
    assert 0.6 < np.sqrt((ratio**2).mean()) < 1.6
    assert_allclose(np.median(found.samples[:, 0]), fit.Y.value, atol=3 * fit.Y.stderr)
    told: list[dict[str, float]] = []
    fit.sample(5, steps=10, seed=1, prior=lambda p: float(told.append(p) or 0.0))
    assert set(told[0]) == set(NAMES)
    assert 0.5 < told[0]["k"] < 1.2  # as users know it, not its logarithm


def test_extensions_and_alternatives_have_profiles():
    fit = fit_chain(curves(4), EPOCHS, pull="fixed", model=["uniform", "layered_friction"])
    for each in (fit, *fit.alternatives.values()):
        low, high = each.profile("mu_eff_over_k").interval
        assert low < each.mu_eff_over_k.value < high
        for name, estimate in each.extension.items():
            half = 0.5 * (estimate.interval[1] - estimate.interval[0])
            assert_allclose(each.profile(name).interval, estimate.interval, atol=0.3 * half)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda fit: fit.profile("friction"), "name must be one of Y, .*noise_over_k, but is 'friction'"),
        (lambda fit: fit.profile("tau"), "ramped pull"),
        (lambda fit: fit.profile("k", level=95), "between 0 and 1"),
        (lambda fit: fit.bootstrap(1), "n must be a whole number of at least 2"),
        (lambda fit: fit.sample(0), "draws"),
        (lambda fit: replace(fit, source=None).profile("k"), "profile needs the data"),
        (lambda fit: replace(fit, source=None).bootstrap(), "bootstrap needs the data"),
        (lambda fit: replace(fit, source=None).sample(), "sample needs the data"),
    ],
)
def test_refusals(fit, call, words):
    with pytest.raises(ValueError, match=words):
        call(fit)


def test_measured_target_has_no_profile():
    loads = curves(3)
    fit = fit_chain(loads, EPOCHS, end=np.linspace(0.9, 0.0, 21), pull="measured")
    with pytest.raises(ValueError, match="Y was measured"):
        fit.profile("Y")


def test_record_holds_no_data_and_the_fit_travels(fit):
    assert "source" not in json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert "source" not in repr(fit)
    copy = pickle.loads(pickle.dumps(fit))
    assert copy.profile("Y").interval == fit.profile("Y").interval


def test_picture_shows_profile_threshold_and_interval(fit):
    pytest.importorskip("matplotlib").use("Agg")
    from mechanics.plots import plot_profile

    profile = fit.profile("k")
    ax = plot_profile(profile, estimate=fit.k)
    curve, parabola, line = ax.lines
    assert_allclose(curve.get_ydata(), profile.rise)
    assert_allclose(np.interp(fit.k.value + fit.k.stderr, *parabola.get_data()), 1.0, atol=0.05)
    assert line.get_ydata()[0] == profile.threshold
    assert ax.get_xlabel() == "k"
