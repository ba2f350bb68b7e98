"""Calls of `training_spectrum` as strangers make them: refused in words, or taken."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from nets.ensembles import SGD, Adam
from nets.lyapunov import training_spectrum

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 5)), RNG.integers(0, 3, 20)


def model(norm=False):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 3), *[nn.BatchNorm1d(3)] * norm, nn.Tanh(), nn.Linear(3, 3))


def spectrum(net=None, data=(X, Y), **options):
    run = {"optimiser": SGD(), "lr": 0.1, "steps": 3, "k": 2, "batch_size": 10, "loss": nn.functional.cross_entropy}
    return training_spectrum(net or model(), data, **{**run, **options})


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"loss": "mse"}, TypeError, "loss must be a function"),
        ({"lr": [0.1, 0.1, 0.1]}, ValueError, "lr must be a number, or a function"),
        ({"lr": lambda n: None}, ValueError, "lr must be a number, or a function"),
        ({"data": (X, Y.astype(float))}, ValueError, "targets .* of torch.float64, cannot be computed"),
        ({"data": (X, Y + 3)}, ValueError, "cannot be computed"),
        ({"data": (np.arange(100).reshape(20, 5), Y)}, ValueError, "inputs .* of torch.int64"),
        ({"net": model(norm=True), "batch_size": 1}, ValueError, r"inputs \(1, 5\)"),
    ],
)
def test_a_batch_without_a_loss_is_refused_in_words(options, error, words):
    with pytest.raises(error, match=words):
        spectrum(**options)


def test_views_that_cannot_be_shared_give_the_same_numbers():
    read_only = X.copy()
    read_only.flags.writeable = False
    whole = spectrum(batch_size=None).exponents
    np.testing.assert_array_equal(spectrum(data=(read_only, Y), batch_size=None).exponents, whole)
    np.testing.assert_allclose(spectrum(data=(X[::-1], Y[::-1]), batch_size=None).exponents, whole, rtol=1e-9)


def test_a_loss_module_follows_the_precision_of_the_run_and_stays_as_it_is():
    loss = nn.CrossEntropyLoss(weight=torch.ones(3))
    np.testing.assert_allclose(spectrum(loss=loss).exponents, spectrum().exponents, rtol=1e-12)
    assert loss.weight.dtype == torch.float32


def test_a_spectrum_survives_pickling_and_goes_on():
    found = spectrum()
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.proceed(6).exponents, found.proceed(6).exponents)


def test_the_edge_of_an_adaptive_optimiser_begins_with_its_first_step():
    """At step 0 its denominator is eps alone, and 1e5 times the edge would be said."""
    found = spectrum(optimiser=Adam(), lr=0.01, measure_at=[0, 3])
    assert np.isnan(found.measured.edge[0])
    assert 0 < found.measured.edge[1] < 1
    assert np.isfinite(spectrum(measure_at=[0]).measured.edge[0])


def test_a_run_goes_on_by_whole_steps():
    with pytest.raises(ValueError, match=r"whole number of steps, but is 8.5"):
        spectrum().proceed(8.5)
