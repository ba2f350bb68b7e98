"""Residual network and transformer: symmetries, seeds, and widths from parameter counts."""

import numpy as np
import pytest
import torch

from nets import MLP
from nets.models import ResNet, Transformer
from nets.perturb import align, spec_error, spec_of
from nets.perturb.permutation_spec import lay_out
from nets.perturb.permutations import permute_state, random_permutations

NETWORKS = {
    "batch": lambda seed: ResNet(width=6, blocks=2, seed=seed),
    "layer": lambda seed: ResNet(width=6, blocks=1, norm="layer", seed=seed),
    "rows": lambda seed: Transformer(width=8, heads=2, layers=2, seed=seed),
    "tokens": lambda seed: Transformer(length=10, width=8, heads=4, layers=1, tokens=11, seed=seed),
}


def inputs(name):
    generator = torch.Generator().manual_seed(0)
    if name == "tokens":
        return torch.randint(11, (9, 10), generator=generator)
    return torch.randn((9, 100), generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", NETWORKS)
def test_specs_leave_the_function_as_it_is_and_planted_permutations_are_found(name):
    model = NETWORKS[name](0).double()
    with torch.no_grad():  # norms and running statistics that differ from unit to unit
        for i, t in enumerate(model.state_dict().values()):
            if t.is_floating_point():
                t.add_(0.3 * torch.rand(t.shape, generator=torch.Generator().manual_seed(i), dtype=torch.float64))
    spec = spec_of(model)
    assert spec_error(model, spec, inputs(name)) < 1e-13
    layout = lay_out(spec, {n: tuple(t.shape) for n, t in model.state_dict().items()})
    other = NETWORKS[name](0).double()
    order = random_permutations(layout, np.random.default_rng(1))
    other.load_state_dict(permute_state(model.state_dict(), layout, order))
    found = align(model, other, restarts=20)
    assert found.raw > 1
    assert found.aligned < 1e-9 * found.raw


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_are_a_function_of_the_seed_alone(name):
    state = torch.get_rng_state()
    first, second, other = NETWORKS[name](1), NETWORKS[name](1), NETWORKS[name](2)
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.output.weight, other.output.weight)
    assert all(torch.isfinite(p).all() for p in first.parameters())


def test_networks_refuse_wrong_sizes():
    with pytest.raises(ValueError, match="multiple of heads"):
        Transformer(width=9, heads=2)
    with pytest.raises(ValueError, match="norm must be"):
        ResNet(norm="group")
    with pytest.raises(ValueError, match="blocks"):
        ResNet(blocks=0)


@pytest.mark.parametrize(("norm", "input_norm"), [("batch", True), (None, False), ("variance", True)])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_parameter_counts_are_those_of_real_networks(depth, norm, input_norm):
    model = MLP(7, 5, depth, 3, norm=norm, input_norm=input_norm)
    assert MLP.parameter_count(7, 5, depth, 3, norm=norm, input_norm=input_norm) == sum(
        p.numel() for p in model.parameters()
    )


def test_widths_of_equal_size_are_those_of_the_closed_form():
    """D = 79510, 784 -> 10 without normalisation: the table of w for n_h = 1, 2, 3, 5, 10, 20, within 1 %."""
    plain = {"norm": None, "input_norm": False}
    found = [MLP.width_for(79510, 784, n + 1, 10, **plain) for n in (1, 2, 3, 5, 10, 20)]
    assert found == [100, 90, 83, 73, 59, 47]
    for n, width in zip((1, 2, 3, 5, 10, 20), found, strict=True):
        assert MLP.parameter_count(784, width, n + 1, 10, **plain) == pytest.approx(79510, rel=0.011)
    for width in (1, 17, 300):
        assert MLP.width_for(MLP.parameter_count(width=width, depth=4), depth=4) == width
    with pytest.raises(ValueError, match="no hidden layer"):
        MLP.width_for(1000, depth=1)
