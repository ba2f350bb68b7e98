"""Networks that are not ours: trained with all noises, measured on the way, reproducible, nothing disturbed."""

import numpy as np
import pytest
import torch
from torch import nn

from nets import Digits, train
from nets.ensembles import SGLD, AdamW
from nets.measure import LayerProbe, LayerStatistics, load_curve
from nets.training import Stop


class Block(nn.Module):
    """Residual block: one ReLU, in place, called twice."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        h = self.relu(self.norms[0](self.first(x)))
        return self.relu(x + self.norms[1](self.second(h)))


def cnn():
    return nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2),
        nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip


def resnet():
    return nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 4, 3, padding=1), Block(4), Block(4), nn.Flatten(), nn.Linear(144, 3)
    )


class Transformer(nn.Module):
    """Six tokens of six numbers through two encoder layers."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(36, 6 * 8)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True) for _ in range(2)
        )
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        h = self.embed(x).unflatten(1, (6, 8))
        for layer in self.layers:
            h = layer(h)
        return self.head(h.mean(1))


CASES = {
    "cnn": (cnn, {}, 3),  # the input and two ReLUs
    "resnet": (resnet, {"layers": Block, "reduce": "spatial_mean"}, 2),
    "transformer": (Transformer, {"layers": nn.TransformerEncoderLayer, "reduce": "token_mean"}, 2),
}
NOISE = {"lr": 1e-2, "batch_size": 20, "label_noise": 0.1, "input_noise": 0.2, "optimiser": AdamW(), "seed": 3}


@pytest.fixture(scope="module")
def images():
    """Images of 6 x 6 with a bright row that tells the class: 90 to train, 60 to test."""
    rng = np.random.default_rng(7)
    y = np.arange(150) % 3
    x = rng.normal(scale=0.5, size=(150, 6, 6))
    x[np.arange(150), 2 * y] += 1
    x = x.reshape(150, 36)
    return Digits(x[:90], y[:90], x[90:], y[90:], 3, "rows")


def made(case):
    torch.manual_seed(1)
    return CASES[case][0]()


@pytest.mark.parametrize("case", CASES)
def test_a_users_network_trains_with_every_noise_and_its_load_curves(images, case):
    _, measured, layers = CASES[case]
    model = made(case).eval()
    before = torch.get_rng_state()
    history = train(model, images, epochs=12, weight_decay=0.01, **NOISE, **measured, measure_every=6)
    assert torch.equal(before, torch.get_rng_state())
    assert not any(module.training for module in model.modules())
    assert history.load_curves.shape == (3, layers)
    assert np.isfinite(history.load_curves).all()
    assert history.load_curves[-1, -1] < history.load_curves[0, -1]  # separated better than at first
    assert history.test_accuracy[-1] > 0.8
    again = train(made(case), images, epochs=12, weight_decay=0.01, **NOISE, **measured, measure_every=12)
    np.testing.assert_array_equal(again.train_loss, history.train_loss)
    np.testing.assert_array_equal(again.load_curves[-1], history.load_curves[-1])


@pytest.mark.parametrize("case", CASES)
def test_the_curve_of_training_is_that_of_a_probe_of_the_same_layers(images, case):
    _, measured, _ = CASES[case]
    model = made(case)
    curve = train(model, images, epochs=1, batch_size=30, measure_mode="eval", **measured).load_curves[-1]
    np.testing.assert_array_equal(load_curve(model, images.x_train, images.y_train, **measured), curve)
    with LayerProbe(model, {"loads": lambda: LayerStatistics(3)}, **measured) as probe:
        for rows in np.array_split(np.arange(90), 3):
            probe.observe(images.x_train[rows], images.y_train[rows])
    np.testing.assert_allclose(probe.curve("loads", "D"), curve, atol=1e-5)


def test_a_shared_relu_is_two_layers_and_foreign_dropout_follows_the_seed_of_a_measurement(images):
    assert train(made("resnet"), images, epochs=1).load_curves.shape == (2, 1 + 4)  # the input, two calls in each block
    curves = [train(made("cnn"), images, epochs=0, measure_mode="train", seed=s).load_curves for s in (1, 1, 2)]
    np.testing.assert_array_equal(curves[0], curves[1])
    assert abs(curves[0] - curves[2]).max() > 1e-6


def test_langevin_noise_and_stopping_work_on_a_users_network(images):
    options = {"lr": 0.1, "batch_size": 20, "optimiser": SGLD(1e-5), "stop": Stop(loss=0.5, change=0)}
    history = train(made("cnn"), images, epochs=60, **options)
    assert history.status.startswith("stopped after epoch")
    assert history.train_loss[-1] < 0.5
    assert history.epochs[-1] == len(history.train_loss)
