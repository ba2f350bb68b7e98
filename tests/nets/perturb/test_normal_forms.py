"""Normal forms: the function stays, scales are balanced, planted scales, signs and orders are found, and refusals."""

import itertools
from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nets import CNN, MLP, LeakyResNet
from nets.models import ResNet, Transformer
from nets.perturb import (
    Flip,
    PermutationSpec,
    UnitScaling,
    UnitSymmetries,
    align,
    aligned_distance,
    barrier,
    normal_form,
    symmetries_of,
)
from nets.perturb.normal_forms import layout_of
from nets.perturb.permutations import permute_state, random_permutations


def tanh():
    return nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 9), nn.Tanh(), nn.Linear(9, 3))


def conv_relu():
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 5, 3, padding=1), nn.PReLU(5),
        nn.Flatten(), nn.Linear(20, 3),
    )  # fmt: skip


def tanh_normed():
    return nn.Sequential(
        nn.Linear(6, 9), nn.BatchNorm1d(9), nn.Tanh(), nn.Linear(9, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 7),
        nn.BatchNorm1d(7, affine=False), nn.Tanh(), nn.Linear(7, 3),
    )  # fmt: skip


def depthwise_tanh():
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.Tanh(), nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.AvgPool2d(2), nn.Tanh(),
        nn.Conv2d(6, 5, 1), nn.ReLU(), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 3),
    )  # fmt: skip


CASES = {
    "relu": (lambda: MLP(6, 12, 3, 3, norm=None, input_norm=False), (7, 6)),
    "linear": (lambda: MLP(6, 12, 3, 3, norm=None, slope=1.0, input_norm=False, init="ntk"), (7, 6)),
    "mlp, BatchNorm": (lambda: MLP(6, 12, 4, 3), (7, 6)),
    "tanh": (tanh, (7, 6)),
    "tanh, norms": (tanh_normed, (7, 6)),
    "conv": (conv_relu, (4, 2, 4, 4)),
    "cnn, BatchNorm": (lambda: CNN(2, 4, 6, 3, 3), (4, 2, 4, 4)),
    "depthwise": (depthwise_tanh, (4, 2, 4, 4)),
    "resnet, BatchNorm": (lambda: ResNet(2, 4, 5, 2, 3), (4, 2, 4, 4)),
    "resnet, LayerNorm": (lambda: ResNet(2, 4, 5, 2, 3, norm="layer"), (4, 2, 4, 4)),
    "leaky": (lambda: LeakyResNet(5, 8, 2.0, 3, 2, projections="learned"), (7, 3)),
    "leaky, linear": (lambda: LeakyResNet(5, 8, 2.0, 3, 2, projections="learned", activation="identity"), (7, 3)),
}


@torch.no_grad()
def drawn(make, seed, spread=0.0):
    """Network in double precision with all tensors drawn, units of scales e^(spread z)."""
    model = make().double().eval()
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if tensor.ndim and name != "rho":
            values = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            rows = torch.exp(spread * torch.randn(len(tensor), generator=generator, dtype=torch.float64))
            values = values * rows.view(-1, *[1] * (tensor.ndim - 1))
            tensor.copy_(
                values.abs() + 0.1 if name.endswith("running_var") else values / max(tensor[0].numel(), 1) ** 0.5
            )
    return model


def times(tensor, axis, factors):
    """Multiply equally long blocks along an axis; of a longer axis with fixed places at its end, the first ones."""
    shape = [1] * tensor.ndim
    shape[axis] = tensor.shape[axis]
    along = torch.ones(tensor.shape[axis], dtype=tensor.dtype)
    block = tensor.shape[axis] // len(factors)
    along[: block * len(factors)] = torch.from_numpy(np.repeat(factors, block))
    tensor.mul_(along.view(shape))


@torch.no_grad()
def planted(model, seed):
    """The same function: units scaled, signs turned, permuted."""
    copy, found, rng = deepcopy(model), symmetries_of(model), np.random.default_rng(seed)
    state = copy.state_dict()
    for s in found.scalings.values():
        c = np.exp(rng.normal(size=s.units))
        for carriers, factors in ((s.incoming, c), (s.outgoing, 1 / c)):
            for name, axis in carriers:
                times(state[name], axis, factors)
    for flip in found.flips.values():
        signs = rng.choice([-1.0, 1.0], flip.units)
        for name, axis in flip.carriers:
            times(state[name], axis, signs)
    layout = layout_of(model, state, None)
    copy.load_state_dict(permute_state(state, layout, random_permutations(layout, rng)))
    return copy


@torch.no_grad()
def far(model, other, x):
    reference = model(x)
    return float((other(x) - reference).abs().max() / reference.abs().max())


def inputs(shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=3)
@given(seed=st.integers(0, 2**31), spread=st.floats(0, 1.5))
def test_the_function_stays_and_scales_are_balanced(case, seed, spread):
    make, shape = CASES[case]
    model = drawn(make, seed, spread)
    form = normal_form(model)
    copy = deepcopy(model)
    copy.load_state_dict(form.state)
    x = inputs(shape)
    assert far(model, copy, x) < 1e-12
    assert far(deepcopy(model).train(), copy.train(), x) < 1e-12  # statistics of the batch
    assert form.imbalance < 1e-12
    for name, s in symmetries_of(model).scalings.items():
        if name == "W":  # one bias column: not all of the axis
            continue
        norms = []
        for carriers in (s.incoming, s.outgoing):
            rows = [form.state[n].movedim(axis, 0).reshape(s.units, -1) for n, axis in carriers]
            norms.append(torch.cat(rows, 1).square().sum(1))
        torch.testing.assert_close(norms[0], norms[1], rtol=1e-11, atol=0)
    squares = [sum(p.square().sum() for p in net.parameters()) for net in (copy, model)]
    assert squares[0] <= squares[1] * (1 + 1e-12)  # the least |w| of all scales
    again = normal_form(copy)
    assert all(np.abs(np.log(c)).max() < 1e-11 for c in again.scales.values())
    assert all((s == 1).all() for s in again.signs.values())


@pytest.mark.parametrize("case", CASES)
def test_planted_scales_signs_and_orders_are_found(case):
    make, shape = CASES[case]
    found, seeds = 0, 4 if case.startswith("leaky") else 20  # unit by unit, slower
    for seed in range(seeds):
        model = drawn(make, seed)
        copy = planted(model, seed)
        alignment = align(model, copy, normal_form=True, seed=seed)
        found += alignment.aligned < 1e-11 * alignment.normal
    assert found == seeds
    assert far(model, copy, inputs(shape)) < 1e-12
    assert alignment.raw > 0.1
    assert aligned_distance(model, copy) > 0.1  # permutations alone are not enough
    back = deepcopy(model)
    back.load_state_dict(alignment.apply(copy))
    assert far(model, back, inputs(shape)) < 1e-12
    for name, tensor in alignment.reference(model).items():
        torch.testing.assert_close(back.state_dict()[name], tensor, rtol=0, atol=1e-11)


@pytest.mark.parametrize("case", ["relu", "tanh", "tanh, norms", "depthwise"])
def test_unrelated_networks_never_come_further_apart_than_their_normal_forms(case):
    make, shape = CASES[case]
    model, other = drawn(make, 1), drawn(make, 2)
    alignment = align(model, other, normal_form=True)
    assert (np.diff(alignment.objective) > 0).all()
    assert alignment.aligned < alignment.normal
    state, reference = alignment.apply(other), alignment.reference(model)
    distance = sum((state[n] - reference[n]).square().sum() for n, _ in model.named_parameters()).sqrt()
    assert alignment.aligned == pytest.approx(float(distance), rel=1e-12)
    copy = deepcopy(other)
    copy.load_state_dict(state)
    assert far(other, copy, inputs(shape)) < 1e-12
    again = align(model, copy, normal_form=True, seed=5)
    assert again.normal == pytest.approx(alignment.aligned, rel=1e-12)
    assert again.aligned <= again.normal
    assert aligned_distance(model, other, normal_form=True, restarts=4) <= alignment.aligned * (1 + 1e-12)


def test_signed_orders_of_one_layer_are_the_best_of_all():
    """3! orders and 2^3 signs of three tanh units, by hand."""
    model, other = (drawn(lambda: nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)), s) for s in (1, 2))
    a, b = model.state_dict(), other.state_dict()
    distances = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product([1.0, -1.0], repeat=3):
            s, o = torch.tensor(signs, dtype=torch.float64), list(order)
            parts = [a["0.weight"] - s[:, None] * b["0.weight"][o], a["0.bias"] - s * b["0.bias"][o]]
            parts += [a["2.weight"] - s * b["2.weight"][:, o], a["2.bias"] - b["2.bias"]]
            distances.append(sum(p.square().sum() for p in parts).sqrt().item())
    assert aligned_distance(model, other, normal_form=True) == pytest.approx(min(distances), rel=1e-13)


def test_units_without_weights_on_one_side_stay():
    model = drawn(lambda: MLP(4, 5, 2, 3, norm=None, input_norm=False), 1)
    with torch.no_grad():
        model.hidden[0].linear.weight[1] = 0
        model.hidden[0].linear.bias[1] = 0
        model.output.weight[:, 3] = 0
    form = normal_form(model)
    (scales,) = form.scales.values()
    assert (scales[[1, 3]] == 1).all()
    assert (scales[[0, 2, 4]] != 1).all()
    assert torch.equal(form.state["hidden.0.linear.weight"][3], model.hidden[0].linear.weight[3])
    assert torch.equal(form.state["output.weight"][:, 1], model.output.weight[:, 1])
    assert all(torch.isfinite(t).all() for t in form.state.values())


def test_a_barrier_made_of_scales_and_signs_vanishes():
    x, y = inputs((50, 6)), torch.arange(50) % 3
    for case in ("relu", "tanh"):
        model = drawn(CASES[case][0], 3)
        copy = planted(model, 4)
        alignment = align(model, copy, normal_form=True)
        found = barrier(model, copy, x, y, nn.functional.cross_entropy, points=5, alignment=alignment)
        assert np.abs(found.before.excess).max() > 1e-2
        assert np.abs(found.after.excess).max() < 1e-10
        np.testing.assert_allclose(found.after.loss[[0, -1]], found.before.loss[[0, -1]], rtol=1e-10)


def test_what_has_no_normal_form_is_named():
    gelu = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 2))
    form = normal_form(gelu)
    assert form.untouched == {"0": "1 (GELU) is neither homogeneous nor odd"}
    assert list(form.scales) == ["2"]
    assert "gamma carries it" in normal_form(MLP(4, 5, 3, 2)).untouched["hidden.0.linear"]
    with pytest.raises(ValueError, match=r"layers \(Transformer\): GELU is neither"):
        align(Transformer(4, 3, 8, 2, 1, 2), Transformer(4, 3, 8, 2, 1, 2, seed=1), normal_form=True)
    with pytest.raises(ValueError, match="1 is a GRU, whose symmetries are not known"):
        normal_form(nn.Sequential(nn.Linear(4, 6), nn.GRU(6, 6)))
    with pytest.raises(ValueError, match="normal_form must be True, False or a UnitSymmetries"):
        align(gelu, gelu, normal_form="balanced")
    broken = deepcopy(gelu)
    with torch.no_grad():
        broken[2].weight[0, 0] = torch.inf
    with pytest.raises(ValueError, match=r"must be finite for a normal form, but 2\.weight"):
        normal_form(broken)
    wrong = UnitSymmetries({"2": UnitScaling(6, "2", (("2.weights", 0),), (("4.weight", 1),))})
    with pytest.raises(ValueError, match=r"the symmetry of 2 names axis 0 of 2\.weights"):
        normal_form(gelu, symmetries=wrong)
    with pytest.raises(ValueError, match=r"symmetry of 2 has 7 units, but axis 0 of 2\.weight has 6"):
        normal_form(gelu, symmetries=UnitSymmetries({"2": UnitScaling(7, "2", (("2.weight", 0),), (("4.weight", 1),))}))


class Skip(nn.Module):
    """A network whose structure does not say how it computes: f(x) = B tanh(A x) + x."""

    def __init__(self):
        super().__init__()
        self.A, self.B = nn.Linear(4, 6), nn.Linear(6, 4)

    def forward(self, x):
        return self.B(torch.tanh(self.A(x))) + x


def test_symmetries_of_other_networks_may_be_given():
    spec = PermutationSpec({"A.weight": ("u", None), "A.bias": ("u",), "B.weight": (None, "u"), "B.bias": (None,)})
    carriers = (("A.weight", 0), ("A.bias", 0))
    own = UnitSymmetries(flips={"A": Flip(6, "u", (*carriers, ("B.weight", 1)), carriers, matched=True)})
    model = drawn(Skip, 1)
    copy = deepcopy(model)
    with torch.no_grad():
        for p in (copy.A.weight, copy.A.bias):
            p[2] *= -1
        copy.B.weight[:, 2] *= -1
    assert aligned_distance(model, copy, spec=spec) > 0.1
    assert aligned_distance(model, copy, spec=spec, normal_form=own) == 0
    assert (normal_form(copy, spec=spec, symmetries=own).signs["A"] != 1).any()
