"""Input that cannot be used is refused with what was wrong and what to do; networks that break stop alone."""

import numpy as np
import pytest
import torch
from torch import nn

from nets import MLP, Digits, MLPConfig, train, train_ensemble
from nets.data import gaussian_mixture
from nets.ensembles import SGD
from nets.measure import (
    FeatureSpectrum,
    LayerProbe,
    LayerStatistics,
    LinearReadout,
    linear_cka,
    load_curve,
    neural_collapse,
    separation,
)

DATA = gaussian_mixture(3, 12, 25, test_samples=10, seed=4)
X, Y = DATA.x_train, DATA.y_train
LONE = np.where(Y == 2, 1, Y)
LONE[0] = 2
NO_NUMBERS = "'meta' holds shapes and no numbers"
IMAGES = nn.Sequential(nn.Unflatten(1, (1, 3, 4)), nn.Conv2d(1, 3, 2), nn.ReLU())


def mlp(*sizes):
    return MLP(*(sizes or (12, 8, 4, 3)))


def digits(x=X, y=Y, x_test=X, y_test=Y):
    return Digits(x, y, x_test, y_test, 3)


def meta(array):
    return torch.as_tensor(array).to("meta")


def fit(model=None, data=DATA, **options):
    return train(model or mlp(), data, epochs=1, **options)


def observe(x=X, y=Y, model=None, **options):
    with LayerProbe(model or mlp(), {"loads": lambda: LayerStatistics(3)}, **options) as probe:
        probe.observe(x, y)


def ensemble(data=DATA, config=None, **options):
    options = {"epochs": 1, "width": 8, "depth": 4, "backend": "loop", **options}
    return train_ensemble([config or MLPConfig()], data, **options)


REFUSED = {
    "label too large": (lambda: digits(y=Y + 1), "must lie in 0 .. 2, but spans 1 .. 3"),
    "negative label": (lambda: digits(y=Y - 1), "but spans -1 .. 1"),
    "label of a test example": (lambda: digits(y_test=Y + 1), "y_test must lie in 0 .. 2"),
    "label in a probe": (lambda: observe(y=Y + 1), "must lie in 0 .. 2, but spans 1 .. 3"),
    "one class": (lambda: fit(data=digits(y=0 * Y)), "at least 2 classes, but names 1"),
    "one class, ensemble": (lambda: ensemble(digits(y=0 * Y)), r"at least 2 classes.* have \[75, 0, 0\]"),
    "lone example of a class": (lambda: ensemble(digits(y=LONE)), "each with 2 examples or more"),
    "one example": (lambda: fit(data=digits(X[:1], Y[:1])), "no variance of 1 example"),
    "no example": (lambda: fit(data=digits(X[:0], Y[:0])), "batch_size must be"),
    "batch of one": (lambda: fit(batch_size=1), "at least 2 with BatchNorm"),
    "batch of one, ensemble": (lambda: ensemble(config=MLPConfig(batch_size=1)), "BatchNorm has no variance of 1"),
    "batch of one, measured": (lambda: load_curve(mlp(), X, Y, mode="batch", batch_size=1), "2 in mode 'batch'"),
    "batch size as text": (lambda: ensemble(config=MLPConfig(batch_size="all")), "whole number in 2 .. 75"),
    "nan in the data": (lambda: digits(X * np.nan), "x_train must be finite, but 900 numbers are not"),
    "number of labels": (lambda: digits(y=Y[:-1]), r"shapes \(n, d\) and \(n,\)"),
    "features of the test data": (lambda: digits(x_test=X[:, :3]), "12 features but x_test has 3"),
    "inputs of a model": (lambda: fit(mlp(7, 5, 3, 3)), r"cannot take inputs of shape \(2, 12\)"),
    "outputs of a model": (lambda: fit(mlp(12, 5, 3, 2)), r"logits of shape \(n, 3\), but makes \(2, 2\)"),
    "images as outputs": (lambda: fit(IMAGES), r"but makes \(2, 3, 2, 3\)"),
    "inputs, measured": (lambda: load_curve(mlp(), X[:, :5], Y), r"MLP cannot take inputs of shape \(75, 5\)"),
    "inputs in a probe": (lambda: observe(X[:, :5]), r"MLP cannot take inputs of shape \(75, 5\)"),
    "lengths in a probe": (lambda: observe(y=Y[:-1]), "same number of examples"),
    "unknown layer": (lambda: observe(layers=["hidden.9"]), "hidden.9.*, which MLP does not have; its modules are"),
    "no layer of a type": (lambda: observe(layers=nn.Conv2d), "layers selects nothing"),
    "no layer by a function": (lambda: observe(layers=lambda name, module: False), "layers selects nothing"),
    "unknown layer in training": (lambda: fit(layers=["x"]), "which MLP does not have"),
    "unknown reduction": (lambda: fit(reduce="sum"), "reduce must be one of"),
    "no activation": (lambda: fit(nn.Linear(12, 3)), "finds no activation modules in Linear"),
    "unknown device": (lambda: fit(device="xyz"), "'xyz' cannot be used here"),
    "device without numbers": (lambda: fit(device="meta"), NO_NUMBERS),
    "model without numbers": (lambda: fit(mlp().to("meta")), r"to_empty\(device='cpu'\)"),
    "ensemble, unknown device": (lambda: ensemble(backend="torch", device="xyz"), "'xyz' cannot be used here"),
    "ensemble on meta": (lambda: ensemble(backend="torch", device="meta"), NO_NUMBERS),
    "measured model on meta": (lambda: load_curve(mlp().to("meta"), X, Y), NO_NUMBERS),
    "measured inputs on meta": (lambda: load_curve(mlp(), meta(X), Y), "x is on device 'meta'"),
    "measured labels on meta": (lambda: load_curve(mlp(), X, meta(Y)), "y is on device 'meta'"),
    "collapse on meta": (lambda: neural_collapse(mlp().to("meta"), X, Y), NO_NUMBERS),
    "probe of a model on meta": (lambda: observe(model=mlp().to("meta")), NO_NUMBERS),
    "probe of inputs on meta": (lambda: observe(meta(X)), "x is on device 'meta'"),
    "statistics on meta": (lambda: LayerStatistics(3).update(meta(X), Y), "x is on device 'meta'"),
    "statistics of labels on meta": (lambda: LayerStatistics(3).update(X, meta(Y)), "y is on device 'meta'"),
    "separation on meta": (lambda: separation(X, meta(Y)), "y is on device 'meta'"),
    "spectrum on meta": (lambda: FeatureSpectrum().update(meta(X), Y), "x is on device 'meta'"),
    "readout on meta": (lambda: LinearReadout().update(meta(X), Y), "x is on device 'meta'"),
    "similarity on meta": (lambda: linear_cka(X, meta(X)), "is on device 'meta'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused(case):
    call, message = REFUSED[case]
    # an error of torch about sizes stays a RuntimeError, with a note; the type of a model's own error is not changed
    kind = RuntimeError if "cannot take inputs" in message else ValueError
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="'cuda:3' cannot be used here"):
        fit(device="cuda:3")
    with pytest.raises(ValueError, match="'cuda' cannot be used here"):
        ensemble(backend="torch", device="cuda")


def test_a_refused_training_leaves_the_model_and_the_global_generator():
    model = mlp(12, 5, 3, 2).eval()
    before, state = [b.clone() for b in model.state_dict().values()], torch.get_rng_state()
    with pytest.raises(ValueError, match="but makes"):
        fit(model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))
    assert not any(module.training for module in model.modules())
    assert torch.equal(state, torch.get_rng_state())


def test_a_last_example_alone_joins_the_batch_before_it_where_batchnorm_needs_a_variance():
    model = mlp()
    whole = load_curve(model, X, Y, mode="batch", batch_size=75)
    assert np.array_equal(load_curve(model, X, Y, mode="batch", batch_size=74), whole)


def test_the_layer_that_is_not_finite_is_named():
    model = mlp()
    with torch.no_grad():
        model.hidden[1].linear.weight[0, 0] = np.inf
    for measured in (lambda: load_curve(model, X, Y), lambda: observe(model=model)):
        with pytest.raises(ValueError, match=r"layer 'hidden\.1\.activation': x must be finite"):
            measured()
    history = fit(model)
    assert history.status.startswith("activations of layer 'hidden.1.activation' became infinite or nan at epoch 0")


@pytest.mark.parametrize("backend", ["loop", "compiled", "torch"])
def test_a_network_that_breaks_is_frozen_and_flagged_and_the_others_lose_nothing(tmp_path, backend):
    """The second of three has a learning rate of 1e300 in epoch 3; its checkpoint keeps it as it is."""
    lrs = (1e-3, 1e-3, 1e300, 1e-3)
    configs = [MLPConfig(0, batch_size=25), MLPConfig(1, batch_size=25, lr=lrs, optimiser=SGD()), MLPConfig(2)]
    options = {"epochs": 4, "width": 8, "depth": 4, "dtype": np.float64, "backend": backend, "record": ("networks",)}
    found = train_ensemble(configs, DATA, **options, checkpoint=tmp_path / "run", checkpoint_every=1)
    alone = train_ensemble([configs[0], configs[2]], DATA, **options)
    np.testing.assert_array_equal(found.parameters[[0, 2]], alone.parameters)
    assert found.finished.tolist() == [True, False, True]
    assert found.failed_epoch.tolist() == [-1, 3, -1]
    assert found.failed_layer[1] >= 1
    assert "became infinite or nan in epoch 3" in found.status[1]
    assert np.isfinite(found.load_curves[1, :3]).all()
    assert np.isnan(found.load_curves[1, 3:]).all()
    again = train_ensemble(configs, DATA, **options, checkpoint=tmp_path / "run", progress=pytest.fail)
    assert again.status == found.status
    np.testing.assert_array_equal(again.load_curves, found.load_curves)
