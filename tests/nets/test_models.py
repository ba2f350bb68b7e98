"""The MLP of the paper: structure, initial weights, randomness of its own."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from nets import MLP
from nets.models import Dropout
from nets.models.dropout import dropout_generator


def test_depth_counts_linear_layers():
    model = MLP()
    linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
    assert len(linears) == 8
    assert linears[0].in_features == 100
    assert linears[-1].out_features == 10
    assert len(model.load_layers) == 8
    assert model(torch.zeros(4, 1, 10, 10)).shape == (4, 10)
    assert MLP(depth=1).load_layers == ("input",)


def test_same_seed_same_weights_without_touching_the_global_generator():
    before = torch.get_rng_state()
    a, b, c = MLP(seed=3), MLP(seed=3), MLP(seed=4)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.output.weight, c.output.weight)


def test_default_weights_follow_pytorchs_distribution():
    """Uniform in +-1/sqrt(fan-in): for 7 x 10^4 weights the standard deviation is 0.1/sqrt(3) within 1 % (10 sigma)."""
    weights = torch.cat([layer.linear.weight.flatten() for layer in MLP().hidden])
    assert weights.abs().max() <= 0.1
    assert weights.abs().max() > 0.0999
    assert weights.std().item() == pytest.approx(0.1 / np.sqrt(3), rel=0.01)
    reference = nn.Linear(100, 100)
    assert weights.std().item() == pytest.approx(reference.weight.std().item(), rel=0.03)


@pytest.mark.parametrize("slope", [0.0, 0.4, 1.0])
def test_variance_scaling_keeps_the_second_moment_through_the_depth(slope):
    """He et al., equation (15): E h^2 of pre-activations is the same in every layer (width 1000: within 20 %)."""
    model = MLP(inputs=1000, width=1000, depth=6, norm="variance", slope=slope, input_norm=False)
    h = torch.randn(64, 1000, generator=torch.Generator().manual_seed(1))
    moments = []
    with torch.no_grad():
        for layer in model.hidden:
            moments.append(layer.linear(h).square().mean().item() * (1 + slope**2) / 2)
            h = layer(h)
    assert not any(isinstance(m, nn.BatchNorm1d) for m in model.modules())
    assert np.allclose(moments[1:], moments[0], rtol=0.2)


def test_dropout_keeps_the_mean_and_the_stated_fraction():
    """10^5 draws at p = 0.3: 5 standard errors are 0.0072 (false alarms below 1e-6)."""
    x = torch.ones(100_000)
    layer = Dropout(0.3).train()
    with dropout_generator(layer, torch.Generator().manual_seed(5)):
        out = layer(x)
    assert (out == 0).double().mean().item() == pytest.approx(0.3, abs=0.0073)
    assert torch.equal(out.unique(), torch.tensor([0.0, 1 / 0.7]))
    assert torch.equal(layer.eval()(x), x)


def test_dropout_draws_from_the_lent_generator_only():
    model = MLP(dropout=0.5).train()
    x, before = torch.randn(8, 100, generator=torch.Generator().manual_seed(0)), torch.get_rng_state()
    with dropout_generator(model, torch.Generator().manual_seed(7)):
        first = model(x)
    with dropout_generator(model, torch.Generator().manual_seed(7)):
        assert torch.equal(model(x), first)
    assert torch.equal(before, torch.get_rng_state())
    assert model.hidden[0].dropout.generator is None
    copy.deepcopy(model)


@pytest.mark.parametrize(
    "arguments",
    [{"depth": 0}, {"width": 0}, {"inputs": 2.5}, {"classes": True}, {"norm": "layer"}, {"slope": float("nan")},
     {"dropout": 1.0}, {"dropout": -0.1}],
)  # fmt: skip
def test_bad_arguments_are_refused_with_their_name(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        MLP(**arguments)
