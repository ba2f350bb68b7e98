"""Calls of the fits as strangers make them: histories given twice, priors and seeds that are none."""

import pickle

import numpy as np
import pytest

from mechanics import Problem
from mechanics.chain.mean_field import MeanField
from mechanics.fit import compare_models, fit_chain, fit_equilibrium, fit_langevin, fit_ode, fit_sde, predict_score

EPOCHS = np.r_[0, np.geomspace(0.3, 40, 12)]


def curves(seeds):
    """Load curves (seeds, 13, 6) of a concave chain with small independent errors."""
    x = MeanField(5, 0.8, 0.09, 0.04, 1.0, 0.08).solve(EPOCHS)
    noise = 0.003 * np.random.default_rng(4).normal(size=(seeds, *x[:, :-1].shape))
    noise[..., 0] = noise[:, 0] = 0
    return 1 - x[:, :-1] + noise


@pytest.fixture(scope="module")
def fit():
    return fit_chain(curves(4), EPOCHS, pull="fixed")


def test_a_history_given_three_times_counts_as_one():
    """Their scatter is zero; taken as three seeds they once gave errors of 1e-19."""
    one = curves(1)
    once, thrice = (fit_chain(np.repeat(one, n, 0), EPOCHS, pull="fixed") for n in (1, 3))
    assert thrice.k == once.k
    assert thrice.verdict.startswith("2 of 3 histories repeat others")
    rests = [fit_equilibrium(np.repeat(one[:, -1], n, 0)) for n in (1, 3)]
    assert rests[0].Y == rests[1].Y
    assert "2 of 3 histories repeat others" in rests[1].verdict
    some = fit_chain(np.concatenate([curves(4), curves(4)[:2]]), EPOCHS, pull="fixed")
    assert some.k == fit_chain(curves(4), EPOCHS, pull="fixed").k
    compared = compare_models(np.repeat(one, 3, 0), EPOCHS, models="line", held_out="epochs")
    assert "2 of 3 histories repeat others" in compared.verdict


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prior": lambda p: np.nan}, "None of 16 starts near the fit has a density"),
        ({"prior": lambda p: None}, "prior must return the logarithm of a density, a number, but returned None"),
        ({"walkers": 3}, "walkers must be a whole number of at least"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_samples_without_a_posterior_are_refused(fit, options, words):
    pytest.importorskip("emcee")
    with pytest.raises(ValueError, match=words):
        fit.sample(20, steps=20, **options)


def test_a_seed_beyond_32_bits_samples(fit):
    pytest.importorskip("emcee")
    first, second = (fit.sample(20, steps=20, seed=seed).samples for seed in (2**40, 2**40 + 1))
    assert not np.array_equal(first, second)


def test_negative_seeds_are_refused_in_words(fit):
    words = "seed must be a whole number of at least 0, but is -1"
    ts, x = np.arange(40.0), np.random.default_rng(0).normal(size=40)
    problem = Problem(decay, [1.0], 0.0, 1.0, [1.0])
    for call in (
        lambda: fit.bootstrap(2, seed=-1),
        lambda: fit_langevin(ts, x, seed=-1),
        lambda: fit_ode(problem, np.linspace(0, 1, 5), np.linspace(1, 0.5, 5), seed=-1),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def decay(t, y, p, dy):
    dy[0] = -p[0] * y[0]


def test_scores_need_a_fit_of_a_chain(fit):
    with pytest.raises(TypeError, match=r"fit must be a ChainFit.* but is a str"):
        predict_score("uniform", curves(2), EPOCHS)


def relaxation(t, y, p, dy):
    dy[0] = -p[0] * y[0]


def noise(t, y, p, g):
    g[0] = p[1]


@pytest.mark.parametrize("kind", ["sde", "overdamped", "underdamped"])
def test_fits_of_noisy_series_survive_pickling(kind):
    ts, x = np.arange(60.0), np.random.default_rng(0).normal(size=60)
    if kind == "sde":
        problem = Problem(relaxation, [0.0], 0.0, 60.0, [0.5, 1.0], diffusion=noise)
        found = fit_sde(problem, ts, x, parameters={"rate": 0, "noise": 1}, bounds={"rate": (0.05, 3.0)}, starts=1)
    else:
        found = fit_langevin(ts, x, dynamics=kind, basis=1, resamples=0)
    again = pickle.loads(pickle.dumps(found))
    assert again.verdict == found.verdict
    theta = np.array([one.value for one in found.parameters.values()])
    np.testing.assert_array_equal(again.objective.terms(theta), found.objective.terms(theta))
