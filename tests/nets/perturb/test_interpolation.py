"""Loss on the line between networks: closed forms, statistics of BatchNorm, and alignment."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from nets import CNN, MLP
from nets.perturb import align, barrier, spec_of
from nets.perturb.permutation_spec import lay_out
from nets.perturb.permutations import permute_state, random_permutations


def permuted(model, seed):
    layout = lay_out(spec_of(model), {name: tuple(t.shape) for name, t in model.state_dict().items()})
    copy = deepcopy(model)
    copy.load_state_dict(
        permute_state(model.state_dict(), layout, random_permutations(layout, np.random.default_rng(seed)))
    )
    return copy


def data(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64), torch.arange(shape[0]) % 3


def test_linear_regression_has_the_excess_of_its_curvature():
    """L is quadratic: excess = -a (1 - a) |X (w - w')|^2 / n, with mean -|X (w - w')|^2 / (6 n)."""
    model, other = nn.Linear(4, 1, bias=False).double(), nn.Linear(4, 1, bias=False).double()
    x, _ = data((30, 4))
    with torch.no_grad():
        model.weight.copy_(x[:1])
        other.weight.copy_(x[1:2])
    line = barrier(model, other, x, x[:, :1], nn.functional.mse_loss, points=201).before
    c = (x @ (model.weight - other.weight).T).square().mean().item()
    np.testing.assert_allclose(line.excess, -line.a * (1 - line.a) * c, atol=1e-12 * c)
    assert line.barrier == pytest.approx(0, abs=1e-13 * c)
    assert line.mean_excess == pytest.approx(-c / 6, rel=1e-4)
    distance = (model.weight - other.weight).norm().item()
    mean = (line.loss[0] + line.loss[-1]) / 2 - c / 6
    assert line.line_integral == pytest.approx(distance * mean, rel=1e-4)


@pytest.mark.parametrize("recompute", [True, False])
@pytest.mark.parametrize(
    "make", [lambda: MLP(6, 16, 4, 3, dropout=0.3), lambda: CNN(2, 4, 8, 3, 3)], ids=["mlp", "cnn"]
)
def test_permuted_copies_have_no_barrier_after_alignment(make, recompute):
    model = make().double()
    x, y = data((40, 6) if isinstance(model, MLP) else (40, 2, 4, 4))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(20):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    other = permuted(model, 1)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    found = barrier(model, other, x, y, nn.functional.cross_entropy, points=7, recompute_batchnorm=recompute)
    assert found.before.barrier > 0.1
    assert found.before.mean_excess > 0.05
    assert abs(found.after.excess).max() < 1e-12
    assert found.after.barrier < 1e-12
    assert found.after.distance == found.after.line_integral == 0
    assert model.training
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_statistics_are_those_of_the_interpolated_weights():
    """With the whole set in one batch, evaluation after the pass is training mode but for n / (n - 1)."""
    model, other = MLP(6, 16, 3, 3).double(), MLP(6, 16, 3, 3, seed=1).double()
    x, y = data((4000, 6))
    found = barrier(model, other, x, y, nn.functional.cross_entropy, points=3)
    middle = deepcopy(model).train()
    with torch.no_grad():
        for p, q in zip(middle.parameters(), other.parameters(), strict=True):
            p.copy_((p + q) / 2)
        expected = nn.functional.cross_entropy(middle(x), y).item()
    assert found.before.loss[1] == pytest.approx(expected, rel=1e-4)
    stale = barrier(model, other, x, y, nn.functional.cross_entropy, points=3, recompute_batchnorm=False)
    assert abs(stale.before.loss[1] / expected - 1) > 1e-2
    shifted = barrier(model, other, x, y, nn.functional.cross_entropy, points=3, statistics_x=3 * x + 1)
    assert abs(shifted.before.loss[1] / expected - 1) > 3e-3


def test_bad_lines_are_refused():
    model = MLP(6, 8, 2, 3).double()
    x, y = data((5, 6))
    with pytest.raises(ValueError, match="points must be a whole number of at least 3"):
        barrier(model, model, x, y, nn.functional.cross_entropy, points=2)
    with pytest.raises(ValueError, match="the loss at a = 0 is nan"):
        barrier(model, model, x * torch.nan, y, nn.functional.cross_entropy, alignment=align(model, model))
