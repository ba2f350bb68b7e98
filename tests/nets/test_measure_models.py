"""Hooks on networks of several kinds: right layers, right numbers, nothing left behind."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from nets import MLP
from nets.measure import hooked, load_curve, measure_layers, separation


class SharedReLU(nn.Module):
    """Residual block whose in-place ReLU is called twice."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.relu = nn.Linear(6, 6), nn.Linear(6, 6), nn.ReLU(inplace=True)

    def forward(self, x):
        h = self.relu(self.first(x))
        return self.relu(self.second(h) + x)


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.relu = nn.Linear(6, 4), nn.ReLU()

    def forward(self, x):
        self.relu(self.linear(x))
        raise RuntimeError("out of order")


@pytest.fixture
def xy(rng):
    y = np.arange(90) % 3
    return (rng.normal(size=(3, 6))[y] + rng.normal(size=(90, 6))).astype(np.float32), y


def n_hooks(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def state(model):
    flags = [(m.training, getattr(m, "track_running_stats", None)) for m in model.modules()]
    return flags, {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_same_state(before, after):
    assert before[0] == after[0]
    assert all(torch.equal(before[1][name], after[1][name]) for name in before[1])


def test_mlp_layers_are_input_norm_and_activations_before_dropout(xy):
    x, y = xy
    model = MLP(inputs=6, width=5, depth=4, classes=3, dropout=0.5)
    with torch.no_grad():
        h = model.eval().input(torch.from_numpy(x))
        by_hand = [separation(h, y)]
        for layer in model.hidden:
            h = layer.activation(layer.norm(layer.linear(h)))
            by_hand.append(separation(h, y))
        logits = separation(model.output(h), y)
    assert_allclose(load_curve(model, x, y), by_hand, atol=1e-12)
    assert_allclose(load_curve(model, x, y, include_output=True), [*by_hand, logits], atol=1e-12)


@pytest.mark.parametrize("mode", ["eval", "batch", "train"])
@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_model_and_global_generator_as_they_were(xy, mode, training):
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    model.train(training)
    model[3].train(not training)
    before, rng_before = state(model), torch.get_rng_state()
    load_curve(model, *xy, mode=mode)
    assert_same_state(before, state(model))
    assert torch.equal(rng_before, torch.get_rng_state())
    assert n_hooks(model) == 0
    assert all(p.grad is None for p in model.parameters())


def test_batch_mode_normalises_by_the_data_passed(xy):
    """After the input's BatchNorm by its own statistics, the load is that of the standardised data."""
    x, y = xy
    standard = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
    model = MLP(inputs=6, width=5, depth=2, classes=3)
    assert_allclose(load_curve(model, x, y, mode="batch")[0], separation(standard, y), atol=1e-5)
    assert_allclose(
        load_curve(model, x, y, mode="eval")[0], separation(x, y), atol=1e-5
    )  # fresh buffers: mean 0, var 1


def test_train_mode_drops_out_by_its_seed(xy):
    model = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3))
    first = load_curve(model, *xy, mode="train", seed=1)
    assert np.array_equal(first, load_curve(model, *xy, mode="train", seed=1))
    assert not np.array_equal(first, load_curve(model, *xy, mode="train", seed=2))
    assert not np.array_equal(first, load_curve(model, *xy, mode="batch"))


def test_batch_size_does_not_change_eval_loads(xy):
    model = MLP(inputs=6, width=5, depth=4, classes=3)
    for metric in ("trace", "pinv"):
        whole = load_curve(model, *xy, metric=metric)
        assert_allclose(load_curve(model, *xy, metric=metric, batch_size=7), whole, atol=1e-5)  # float32 products


def test_a_module_called_twice_is_two_layers_even_in_place(xy):
    x, y = xy
    model = SharedReLU()
    loads = measure_layers(model, x, y)
    assert loads.names == ("input", "relu", "relu#2")
    with torch.no_grad():
        first = torch.relu(model.first(torch.from_numpy(x)))
        second = torch.relu(model.second(first) + torch.from_numpy(x))
    assert_allclose(loads.D, [separation(h, y) for h in (x, first, second)], atol=1e-12)
    assert loads.output_load == pytest.approx(loads.D[2], abs=1e-12)


def test_cnn_channels_can_be_averaged_over_space(rng):
    images, y = rng.normal(size=(40, 1, 8, 8)).astype(np.float32), np.arange(40) % 4
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(80, 4)
    )
    with torch.no_grad():
        first = torch.relu(model[0](torch.from_numpy(images)))
        second = torch.relu(model[2](first))
    assert_allclose(load_curve(model, images, y), [separation(h, y) for h in (images, first, second)], atol=1e-12)
    means = [separation(h.mean((2, 3)), y) for h in (torch.from_numpy(images), first, second)]
    assert_allclose(load_curve(model, images, y, reduce="spatial_mean"), means, atol=1e-5)


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_transformer_layers_are_measured_by_type_and_inside(rng, mode):
    tokens, y = rng.normal(size=(30, 4, 8)).astype(np.float32), np.arange(30) % 3
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Flatten(), nn.Linear(32, 3))
    loads = measure_layers(model, tokens, y, layers=nn.TransformerEncoderLayer, mode=mode)
    assert loads.names == ("0.layers.0", "0.layers.1")
    with torch.no_grad():
        first = model[0].layers[0](torch.from_numpy(tokens))
        second = model[0].layers[1](first)
    assert_allclose(loads.D, [separation(first, y), separation(second, y)], atol=1e-5)
    mean = load_curve(model, tokens, y, layers=nn.TransformerEncoderLayer, reduce="token_mean", mode=mode)
    assert_allclose(mean, [separation(first.mean(1), y), separation(second.mean(1), y)], atol=1e-5)
    cls = load_curve(model, tokens, y, layers=["0.layers.1"], reduce="cls", mode=mode)
    assert_allclose(cls, [separation(second[:, 0], y)], atol=1e-5)
    # PyTorch's fused path for inference would pass inner modules by
    assert len(load_curve(model, tokens, y, layers=lambda name, module: name.endswith("linear1"), mode=mode)) == 2


def test_functional_activations_are_reported_as_invisible(xy):
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 3)

        def forward(self, x):
            return torch.relu(self.linear(x))

    with pytest.raises(ValueError, match="functional activations"):
        load_curve(Functional(), *xy)
    assert load_curve(Functional(), *xy, layers="linear").shape == (1,)


def test_hooks_and_flags_are_restored_after_an_error(xy):
    model = Failing().train()
    before = state(model)
    with pytest.raises(RuntimeError, match="out of order"):
        load_curve(model, *xy)
    assert n_hooks(model) == 0
    assert_same_state(before, state(model))


def test_hooked_hands_on_outputs_in_order_and_keeps_other_hooks(xy):
    model, seen = SharedReLU(), []
    foreign = model.relu.register_forward_hook(lambda *_: None)
    with hooked(model, nn.Linear, lambda name, h: seen.append((name, tuple(h.shape)))):
        model(torch.from_numpy(xy[0]))
    assert seen == [("first", (90, 6)), ("second", (90, 6))]
    assert n_hooks(model) == 1
    foreign.remove()


def test_measuring_a_copy_gives_the_same_numbers(xy):
    model = MLP(inputs=6, width=5, depth=4, classes=3, dropout=0.2)
    assert np.array_equal(load_curve(model, *xy), load_curve(copy.deepcopy(model), *xy))


def test_accuracy_counts_the_largest_logits(xy):
    x, y = xy
    model = MLP(inputs=6, width=5, depth=3, classes=3)
    with torch.no_grad():
        by_hand = (model.eval()(torch.from_numpy(x)).argmax(1).numpy() == y).mean()
    assert measure_layers(model, x, y, batch_size=11).accuracy == pytest.approx(by_hand, abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"mode": "test"}, "mode"),
        ({"metric": "ratio"}, "metric"),
        ({"reduce": "max"}, "reduce"),
        ({"batch_size": 0}, "batch_size"),
        ({"layers": ["hidden.9"]}, "hidden.9"),
        ({"layers": nn.Conv2d}, "selects nothing"),
        ({"layers": "first", "reduce": lambda h: h.T}, "batch_first"),
    ],
)
def test_bad_arguments_are_refused_with_their_name(xy, arguments, says):
    with pytest.raises(ValueError, match=says):
        load_curve(SharedReLU(), *xy, **arguments)


def test_load_curve_needs_a_model_with_data_or_a_history(xy):
    with pytest.raises(TypeError, match="History"):
        load_curve([1, 2, 3])
    with pytest.raises(TypeError, match="x and y"):
        load_curve(SharedReLU())
    with pytest.raises(ValueError, match="2 classes"):
        load_curve(SharedReLU(), xy[0], np.zeros(90, dtype=int))


def test_a_named_layer_that_is_never_called_is_an_error(xy):
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    model[0].register_module("spare", nn.ReLU())
    with pytest.raises(
        ValueError, match=r"layers names \['0.spare'\], which the forward pass of Sequential never calls"
    ):
        load_curve(model, *xy, layers=["1", "0.spare"])
    assert not model[1]._forward_hooks
    assert load_curve(model, *xy).shape == (2,)  # all activation modules that are called: the input and one
