"""The convolutional network, laws of initial weights and random features."""

import numpy as np
import pytest
import torch

from nets import CNN, MLP, Digits, train
from nets.measure import load_curve


def test_every_layer_of_the_cnn_has_one_shape_and_a_load():
    model = CNN(channels=3, size=10, width=6, depth=4, classes=5)
    x, y = np.random.default_rng(0).random((40, 300), dtype=np.float32), np.arange(40) % 5
    shapes = []
    for layer in model.hidden:
        layer.register_forward_hook(lambda module, args, out: shapes.append(tuple(out.shape)))
    assert model(torch.as_tensor(x)).shape == (40, 5)
    assert shapes == [(40, 6, 10, 10)] * 3
    D = load_curve(model, x, y)
    assert D.shape == (4,)
    assert np.isfinite(D).all()


def test_the_cnn_trains_and_is_a_function_of_its_seed():
    rng = np.random.default_rng(1)
    y = np.arange(60) % 3
    x = (rng.random((60, 36)) + (np.arange(36) % 3 == y[:, None])).astype(np.float32)
    data = Digits(x, y, x, y, classes=3)
    state = torch.random.get_rng_state()
    runs = [
        train(CNN(1, 6, 4, 3, 3, seed=2, dropout=0.1), data, epochs=30, lr=1e-2, batch_size=20, seed=5)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0].load_curves, runs[1].load_curves)
    assert torch.equal(state, torch.random.get_rng_state())
    assert runs[0].test_accuracy[-1] > 0.9


@pytest.mark.parametrize("bad", [{"size": 7}, {"width": 0}, {"slope": np.inf}, {"dropout": 1.0}])
def test_sizes_that_make_no_cnn_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        CNN(**bad)


def weights(**settings):
    model = MLP(inputs=400, width=400, depth=2, norm=None, input_norm=False, **settings)
    return model, model.hidden[0].linear.weight.detach().double().numpy()


@pytest.mark.parametrize("init", ["variance", "kaiming"])
def test_variance_that_keeps_the_scale(init):
    _, W = weights(init=init, slope=0.5)
    assert W.var() == pytest.approx(2 / (1.25 * 400), rel=0.03)
    if init == "kaiming":
        assert np.abs(W).max() <= np.sqrt(3 * 2 / (1.25 * 400)) * (1 + 1e-6)


def test_orthogonal_and_identity_weights():
    _, W = weights(init="orthogonal", init_scale=2.0)
    np.testing.assert_allclose(W @ W.T, 4 * np.eye(400), atol=1e-5)
    np.testing.assert_array_equal(weights(init="identity")[1], np.eye(400))


def test_ntk_layers_are_default_ones_in_other_units():
    model, W = weights(init="ntk")
    assert W.std() == pytest.approx(1, rel=0.01)
    x = torch.randn(50, 400, generator=torch.Generator().manual_seed(7))
    assert model.hidden[0].linear(x).detach().std().item() == pytest.approx(1, rel=0.05)


def test_random_features_stay_frozen_under_a_trained_output():
    data = np.random.default_rng(3).normal(size=(40, 8)).astype(np.float32)
    digits = Digits(data, np.arange(40) % 2, data, np.arange(40) % 2, classes=2)
    model = MLP(inputs=8, width=16, depth=3, classes=2, frozen=True)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    train(model, digits, epochs=3, batch_size=20)
    for name, p in model.named_parameters():
        assert torch.equal(before[name], p.detach()) == (not name.startswith("output")), name


def test_unknown_laws_are_named():
    with pytest.raises(ValueError, match="init must be"):
        MLP(init="xavier")
    with pytest.raises(ValueError, match="init_scale"):
        MLP(init_scale=0.0)
