"""Permutation alignment: planted permutations, exact small optima, invariance, and what is refused."""

import itertools
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from nets import CNN, MLP, LeakyResNet
from nets.perturb import Blocks, PermutationSpec, align, aligned_distance, attention_spec, spec_error, spec_of
from nets.perturb.permutation_spec import lay_out
from nets.perturb.permutations import permute_state, random_permutations


class Residual(nn.Module):
    """Two blocks on one stream."""

    def __init__(self, width=12, inner=10):
        super().__init__()
        self.enter = nn.Linear(6, width)
        self.up = nn.ModuleList(nn.Linear(width, inner) for _ in range(2))
        self.down = nn.ModuleList(nn.Linear(inner, width) for _ in range(2))
        self.leave = nn.Linear(width, 3)

    def forward(self, x):
        h = self.enter(x)
        for up, down in zip(self.up, self.down, strict=True):
            h = h + down(torch.relu(up(h)))
        return self.leave(h)

    spec = PermutationSpec(
        {
            "enter.weight": ("stream", None), "enter.bias": ("stream",), "leave.weight": (None, "stream"),
            "leave.bias": (None,),
            **{f"up.{l}.weight": (f"inner{l}", "stream") for l in range(2)},
            **{f"up.{l}.bias": (f"inner{l}",) for l in range(2)},
            **{f"down.{l}.weight": ("stream", f"inner{l}") for l in range(2)},
            **{f"down.{l}.bias": ("stream",) for l in range(2)},
        }
    )  # fmt: skip


class Attention(nn.Module):
    """One layer of a transformer between two linear layers; sequences (N, T, 5)."""

    def __init__(self, heads=4):
        super().__init__()
        self.enter = nn.Linear(5, 16)
        self.layer = nn.TransformerEncoderLayer(16, heads, 20, dropout=0.0, batch_first=True)
        self.leave = nn.Linear(16, 3)

    def forward(self, x):
        return self.leave(self.layer(self.enter(x)))

    attention = attention_spec("layer.self_attn", "stream", 4)
    spec = PermutationSpec(
        {
            "enter.weight": ("stream", None), "enter.bias": ("stream",), "leave.weight": (None, "stream"),
            "leave.bias": (None,), **attention.axes,
            "layer.linear1.weight": ("inner", "stream"), "layer.linear1.bias": ("inner",),
            "layer.linear2.weight": ("stream", "inner"), "layer.linear2.bias": ("stream",),
            **{f"layer.norm{k}.{part}": ("stream",) for k in (1, 2) for part in ("weight", "bias")},
        },
        attention.heads,
    )  # fmt: skip


CASES = {
    "mlp": (lambda: MLP(10, 24, 4, 3), None, (7, 10)),
    "plain mlp": (lambda: MLP(10, 24, 6, 3, norm=None, input_norm=False), None, (7, 10)),
    "cnn": (lambda: CNN(2, 4, 8, 4, 3), None, (5, 2, 4, 4)),
    "residual": (Residual, Residual.spec, (7, 6)),
    "attention": (Attention, Attention.spec, (3, 4, 5)),
    "leaky": (lambda: LeakyResNet(8, 20, 2.0, 3, 2, projections="learned"), None, (7, 3)),
}


@torch.no_grad()
def drawn(make, seed):
    """Network in double precision with every tensor drawn, so that no unit is like another."""
    model = make().double().eval()
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if tensor.ndim and name != "rho":
            values = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(
                values.abs() + 0.1 if name.endswith("running_var") else values / max(tensor[0].numel(), 1) ** 0.5
            )
    return model


def planted(model, spec, seed):
    """Copy with permuted units, and its layout."""
    layout = lay_out(spec or spec_of(model), {name: tuple(t.shape) for name, t in model.state_dict().items()})
    copy = deepcopy(model)
    copy.load_state_dict(
        permute_state(model.state_dict(), layout, random_permutations(layout, np.random.default_rng(seed)))
    )
    return copy


@pytest.mark.parametrize("case", CASES)
def test_planted_permutations_are_found_exactly(case):
    make, spec, _ = CASES[case]
    found = 0
    for seed in range(20):
        model = drawn(make, seed)
        copy = planted(model, spec, seed)
        alignment = align(model, copy, spec=spec, seed=seed)
        assert alignment.raw > 0.1
        back = alignment.apply(copy)
        found += alignment.aligned == 0 and all(torch.equal(back[name], t) for name, t in model.state_dict().items())
    assert found == 20


@pytest.mark.parametrize("case", CASES)
def test_permuted_networks_are_the_same_function(case):
    make, spec, shape = CASES[case]
    model = drawn(make, 1)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert spec_error(model, spec or spec_of(model), x, seed=3) < 1e-12


@pytest.mark.parametrize("case", CASES)
def test_alignment_of_unrelated_networks(case):
    """The objective ascends, is the distance's, and stays once it is reached."""
    make, spec, shape = CASES[case]
    model, other = drawn(make, 1), drawn(make, 2)
    alignment = align(model, other, spec=spec)
    assert len(alignment.objective) > 1
    assert (np.diff(alignment.objective) > 0).all()
    norms = sum(p.square().sum().item() for net in (model, other) for p in net.parameters())
    assert alignment.raw**2 == pytest.approx(norms - 2 * alignment.objective[0], rel=1e-12)
    assert alignment.aligned**2 == pytest.approx(norms - 2 * alignment.objective[-1], rel=1e-12)
    assert alignment.aligned < alignment.raw
    copy = deepcopy(other)
    copy.load_state_dict(alignment.apply(other))
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    torch.testing.assert_close(copy(x), other(x), rtol=1e-12, atol=1e-12)
    again = align(model, copy, spec=spec, seed=5)
    assert again.raw == again.aligned == pytest.approx(alignment.aligned, rel=1e-14)
    assert again.sweeps == 1
    assert all((p == np.arange(len(p))).all() for p in again.permutations.values())
    assert aligned_distance(model, other, spec=spec, restarts=4) <= alignment.aligned


def test_one_hidden_layer_is_matched_best_of_all_orders():
    model, other = (drawn(lambda: MLP(3, 5, 2, 2, norm=None, input_norm=False), seed) for seed in (1, 2))
    layout = align(model, other).layout
    (group,) = layout.sizes
    distances = []
    for order in itertools.permutations(range(5)):
        state = permute_state(other.state_dict(), layout, {group: np.array(order)})
        distances.append(sum((p - state[name]).square().sum() for name, p in model.named_parameters()).sqrt().item())
    assert aligned_distance(model, other) == pytest.approx(min(distances), rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_heads_are_matched_best_of_all_orders(seed):
    """Two heads of two: 2 orders of heads, and (2! 2!)^2 inside them."""
    model, other = (drawn(lambda: nn.MultiheadAttention(4, 2), s) for s in (seed, 100 + seed))
    spec = attention_spec("attn", None, 2)
    spec = PermutationSpec({name.removeprefix("attn."): axes for name, axes in spec.axes.items()}, spec.heads)
    alignment = align(model, other, spec=spec)
    distances = []
    inner = [np.array(p) for p in ((0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2), (1, 0, 3, 2))]
    for heads in (np.array([0, 1, 2, 3]), np.array([2, 3, 0, 1])):
        for qk, v in itertools.product(inner, inner):
            permutations = {"attn.qk": heads[qk], "attn.v": heads[v]}
            state = permute_state(other.state_dict(), alignment.layout, permutations)
            distances.append(sum((p - state[n]).square().sum() for n, p in model.named_parameters()).sqrt().item())
    assert len(distances) == 32
    assert alignment.aligned == pytest.approx(min(distances), rel=1e-14)


@pytest.mark.parametrize("sizes", [(64, 32, 2), (64, 128, 3)])
def test_planted_permutations_are_found_under_noise_as_large_as_the_weights(sizes):
    inputs, width, depth = sizes
    model = MLP(inputs, width, depth, 10, norm=None, input_norm=False).double()
    copy = planted(model, None, 2)
    expected = align(model, copy).permutations
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in copy.parameters():
            p.add_(torch.randn(p.shape, generator=generator, dtype=p.dtype) * p.square().mean().sqrt())
    found = align(model, copy).permutations
    assert all((found[group] == order).all() for group, order in expected.items())


CHAINS = {
    "flatten, norms": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.PReLU(6), nn.MaxPool2d(2), nn.Conv2d(6, 5, 1),
            nn.LayerNorm((5, 2, 2)), nn.Sequential(nn.GELU(), nn.Flatten()), nn.BatchNorm1d(20), nn.Linear(20, 7),
            nn.LayerNorm(7), nn.Tanh(), nn.Linear(7, 3), nn.Softmax(-1),
        ),
        (4, 2, 4, 4),
    ),
    "depthwise": (
        lambda: nn.Sequential(
            nn.MaxPool1d(1), nn.Conv1d(2, 6, 3), nn.Conv1d(6, 6, 3, groups=6), nn.ReLU(), nn.LayerNorm(4),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3),
        ),
        (4, 2, 8),
    ),
    "fully convolutional": (lambda: nn.Sequential(nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Conv2d(6, 3, 2)), (4, 2, 4, 4)),
    "one layer": (lambda: nn.Linear(4, 2), (4, 4)),
}  # fmt: skip


@pytest.mark.parametrize("chain", CHAINS)
def test_specs_of_chains_are_symmetries(chain):
    make, shape = CHAINS[chain]
    model = drawn(make, 1)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert spec_error(model, spec_of(model), x) < 1e-12
    copy = planted(model, None, 3)
    assert aligned_distance(model, copy) == 0


def test_specs_of_chains_name_the_axes():
    axes = spec_of(CNN(2, 4, 8, 3, 3)).axes
    assert axes["input.weight"] == (None,)
    assert axes["hidden.1.conv.weight"] == ("hidden.1.conv", "hidden.0.conv", None, None)
    assert axes["hidden.0.norm.running_var"] == ("hidden.0.conv",)
    assert axes["output.weight"] == (None, Blocks("hidden.1.conv", 16))
    assert axes["output.bias"] == (None,)


def test_wrong_specs_show():
    model = drawn(Residual, 1)
    wrong = PermutationSpec(dict(Residual.spec.axes) | {"up.0.bias": (None,)})
    assert spec_error(model, wrong, torch.ones(2, 6, dtype=torch.float64)) > 1e-3


def test_running_statistics_are_permuted_but_do_not_count():
    model = drawn(lambda: MLP(6, 8, 3, 2), 1)
    other = deepcopy(model)
    for name, buffer in other.named_buffers():
        if name.endswith("running_mean"):
            buffer += 1e3
    alignment = align(model, other)
    assert alignment.raw == alignment.aligned == 0
    assert torch.equal(alignment.apply(other)["hidden.0.norm.running_mean"], other.hidden[0].norm.running_mean)


def test_fixed_projections_name_the_units_of_a_leaky_resnet():
    fixed = align(LeakyResNet(8, 20, 2.0, 3, 2), LeakyResNet(8, 20, 2.0, 3, 2, seed=1))
    assert fixed.permutations == {}
    assert fixed.aligned == fixed.raw


def test_same_seed_same_alignment():
    model, other = drawn(Residual, 1), drawn(Residual, 2)
    first, second = (align(model, other, spec=Residual.spec, restarts=3, seed=7) for _ in range(2))
    assert first.objective == second.objective
    assert all((p == second.permutations[group]).all() for group, p in first.permutations.items())


def test_unknown_structure_is_refused():
    with pytest.raises(ValueError, match=r"1 is a Residual, whose symmetries are not known; give a spec"):
        spec_of(nn.Sequential(nn.Linear(4, 6), Residual()))
    with pytest.raises(ValueError, match="1 is a GRU"):
        spec_of(nn.Sequential(nn.Linear(4, 6), nn.GRU(6, 6)))
    layer = nn.Linear(4, 4)
    with pytest.raises(ValueError, match="0, 2 share their weights"):
        spec_of(nn.Sequential(layer, nn.ReLU(), layer))
    with pytest.raises(ValueError, match=r"1 \(Linear\) reads the last axis of maps; flatten first"):
        spec_of(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(4, 2)))
    with pytest.raises(ValueError, match=r"1 \(MaxPool1d\) would mix units"):
        spec_of(nn.Sequential(nn.Linear(4, 6), nn.MaxPool1d(2), nn.Linear(3, 2)))
    with pytest.raises(ValueError, match=r"1 \(Conv2d\) has 2 groups of channels"):
        spec_of(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 2, 1)))


def test_specs_that_do_not_fit_are_refused():
    model, other = MLP(4, 6, 2, 2, norm=None, input_norm=False), MLP(4, 6, 2, 2, norm=None, input_norm=False, seed=1)
    axes = dict(spec_of(model).axes)
    first = "hidden.0.linear.weight"
    with pytest.raises(ValueError, match=r"leaves out \['output.bias'\]"):
        align(model, other, spec={name: a for name, a in axes.items() if name != "output.bias"})
    with pytest.raises(ValueError, match=r"has \['nothing'\] that the model lacks"):
        align(model, other, spec=axes | {"nothing": (None,)})
    with pytest.raises(ValueError, match=r"has shape \(6, 4\), but the spec gives it 1 axes"):
        align(model, other, spec=axes | {first: ("hidden.0.linear",)})
    with pytest.raises(ValueError, match=r"axis 1 of hidden.0.linear.weight has 4 entries, which do not fit"):
        align(model, other, spec=axes | {first: ("hidden.0.linear", "hidden.0.linear")})
    with pytest.raises(ValueError, match="no multiple of the block 3"):
        align(model, other, spec=axes | {first: ("hidden.0.linear", Blocks("inputs", 3))})
    with pytest.raises(ValueError, match="cannot be cut into 4 heads"):
        align(model, other, spec=PermutationSpec(axes, {("hidden.0.linear",): 4}))
    with pytest.raises(ValueError, match="which no axis carries"):
        align(model, other, spec=PermutationSpec(axes, {("q",): 2}))


def test_networks_that_differ_or_are_broken_are_refused():
    model = MLP(4, 6, 2, 2)
    with pytest.raises(ValueError, match=r"differ in hidden.0.linear.weight"):
        align(model, MLP(4, 7, 2, 2))
    broken = deepcopy(model)
    with torch.no_grad():
        broken.output.bias[0] = torch.nan
    with pytest.raises(ValueError, match=r"must be finite to be aligned, but output.bias"):
        align(model, broken)
    with pytest.raises(ValueError, match="restarts must be a whole number of at least 1"):
        align(model, model, restarts=0)
    with pytest.raises(ValueError, match=r"hidden.0.linear.weight must have shape \(6, 4\)"):
        align(model, model).apply(MLP(4, 7, 2, 2))


def test_rows_that_are_unflattened_into_images_are_aligned_as_the_images_are():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Unflatten(1, (1, 10, 10)), nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64, 10),
    )  # fmt: skip
    other, order = deepcopy(net), torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        for p in (other[1].weight, other[1].bias, other[2].weight, other[2].bias):
            p.copy_(p[order])
        other[6].weight.copy_(net[6].weight.reshape(10, 4, 16)[:, order].reshape(10, 64))
    assert align(net, other).raw > 0.1
    assert aligned_distance(net, other) == 0
    assert aligned_distance(net, other, normal_form=True) < 1e-5
    with pytest.raises(ValueError, match="takes units apart"):
        spec_of(nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (1, 2, 3)), nn.Flatten(), nn.Linear(6, 2)))
