"""Leaky ResNets: the recursion of arXiv:2405.17573, Section 1.1, its steps and its penalty; teachers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from nets import LeakyResNet
from nets.data import teacher
from nets.models.layer_steps import layer_steps, refined_steps

DOUBLE = torch.float64


def recursion(model, x):
    """A_l = (1 - rho Lt) A + rho W (relu(A); 1), written out in numpy."""
    A = [model.P_in.detach().numpy() @ x.T]
    for rho, W in zip(model.rho.numpy(), model.W.detach().numpy(), strict=True):
        S = np.vstack([np.maximum(A[-1], 0), np.ones((1, len(x)))]) if model.bias else np.maximum(A[-1], 0)
        A.append((1 - rho * model.Lt) * A[-1] + rho * W @ S)
    return np.array(A)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rho", ["equidistant", "irregular", "adaptive", [0.1, 0.3, 0.2, 0.25, 0.15]])
def test_network_is_the_recursion_of_the_paper(rng, rho, bias):
    x = rng.standard_normal((7, 3))
    model = LeakyResNet(6, 5, 2.0, 3, 4, rho, bias, dtype=DOUBLE, seed=3)
    A = recursion(model, x)
    p, path = model.path(torch.from_numpy(x))
    assert_allclose(path.detach().numpy(), A, atol=1e-13)
    assert_allclose(model(torch.from_numpy(x)).detach().numpy(), (model.P_out.numpy().T @ A[-1]).T, atol=1e-13)
    assert_allclose(np.diff(p.numpy()), model.rho.numpy(), atol=1e-15)


def test_finer_steps_approach_the_flow_with_constant_weights():
    """With the identity each layer is linear, A(p + rho) = exp(rho (W - Lt)) A(p); Euler's error falls as 1/layers."""
    from scipy.linalg import expm

    model = LeakyResNet(4, 3, 1.5, 4, 4, [0.2, 0.5, 0.3], False, activation="identity", dtype=DOUBLE, seed=1)
    x = torch.eye(4, dtype=DOUBLE)
    A = model.P_in.numpy()
    for rho, W in zip(model.rho.numpy(), model.W.detach().numpy(), strict=True):
        A = expm(rho * (W - 1.5 * np.eye(4))) @ A
    exact = A.T @ model.P_out.numpy()
    layers = np.array([40, 80, 160, 320])
    errors = [float(abs(model.evaluate(x, n).detach().numpy() - exact).max()) for n in layers]
    slope = np.polyfit(np.log(layers), np.log(errors), 1)[0]
    assert -1.15 < slope < -0.9
    assert_allclose(model.evaluate(x).detach(), model(x).detach(), atol=1e-14)


def test_projections_are_orthonormal_and_everything_is_a_function_of_the_seed():
    state = torch.random.get_rng_state()
    a, b, c = (LeakyResNet(20, 4, 3.0, 7, 5, dtype=DOUBLE, seed=s) for s in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    for P in (a.P_in, a.P_out):
        assert_allclose(P.T @ P, torch.eye(P.shape[1], dtype=DOUBLE), atol=1e-14)
    assert torch.equal(a.W, b.W)
    assert torch.equal(a.P_in, b.P_in)
    assert not torch.equal(a.W, c.W)
    learned = LeakyResNet(20, 4, 3.0, 7, 5, projections="learned", dtype=DOUBLE)
    assert {name for name, _ in learned.named_parameters()} == {"W", "P_in", "P_out"}
    assert {name for name, _ in a.named_parameters()} == {"W"}


def test_penalty_weighs_layers_by_their_steps():
    model = LeakyResNet(3, 2, 1.2, 2, 2, [0.3, 0.7], dtype=DOUBLE)
    W = model.W.detach().numpy()
    by_hand = 0.4 / (2 * 1.2) * (0.3 * (W[0] ** 2).sum() + 0.7 * (W[1] ** 2).sum())
    assert_allclose(model.penalty(0.4).item(), by_hand, rtol=1e-14)


def test_irregular_steps_by_hand_and_mirrored():
    """L = 4: middles 1/8, 3/8, ...; 1 + 0.9 (1/4 - |m - 1/2|) = 0.8875, 1.1125, already of mean one."""
    assert_allclose(layer_steps("irregular", 4), np.array([0.8875, 1.1125, 1.1125, 0.8875]) / 4, atol=1e-15)
    odd = layer_steps("irregular", 7)
    assert_allclose(odd, odd[::-1], atol=1e-15)
    assert_allclose(odd.sum(), 1, atol=1e-15)


@settings(max_examples=50, deadline=None)
@given(rho=st.lists(st.floats(0.01, 1), min_size=1, max_size=8), extra=st.integers(0, 60))
def test_refined_steps_keep_the_layers(rho, extra):
    rho = np.array(rho) / np.sum(rho)
    fine, owner = refined_steps(rho, len(rho) + extra)
    assert len(fine) == len(rho) + extra
    assert_allclose(np.bincount(owner, fine), rho, rtol=1e-12)
    # sum_l ceil(rho_l / t) < 1/t + L, so that steps of t = 1/(extra + 1) fit
    assert fine.max() <= (1 + 1e-12) / (extra + 1)


def test_state_of_an_adapted_network_can_be_loaded():
    a, b = (LeakyResNet(4, 3, 1.0, 2, 2, seed=s) for s in (0, 1))
    a.set_steps([0.5, 0.3, 0.2])
    b.load_state_dict(a.state_dict())
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(a(x), b(x))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 2}, "orthonormal"),
        ({"Lt": 0.0}, "Lt must be positive"),
        ({"Lt": 5.0}, "rho_l Lt must stay below 1"),
        ({"rho": "even"}, "rho must be one of"),
        ({"rho": [0.5, 0.5]}, "must have 4 steps"),
        ({"rho": [0.5, 0.2, 0.2, 0.2]}, "must sum to 1"),
        ({"rho": [0.5, -0.1, 0.3, 0.3]}, "must be positive"),
        ({"projections": "none"}, "projections"),
        ({"dtype": torch.float16}, "dtype"),
        ({"layers": 0}, "layers"),
    ],
)
def test_wrong_networks_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        LeakyResNet(**{"width": 5, "layers": 4, "Lt": 2.0, "d_in": 3, "d_out": 3, **change})


def test_wrong_inputs_are_refused():
    model = LeakyResNet(5, 4, 2.0, 3, 3)
    with pytest.raises(ValueError, match=r"\(N, 3\)"):
        model(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="at least 4"):
        model.path(torch.zeros(2, 3), 3)


def test_teacher_is_a_function_of_its_seed_with_a_bottleneck():
    f, same, other = teacher((8, 2, 5), 30, 4), teacher((8, 2, 5), 30, 4), teacher((8, 2, 5), 30, 5)
    data = f.sample(3000, 10, seed=1)
    assert_allclose(same(data.x_train), data.y_train)
    assert abs(other(data.x_train) - data.y_train).max() > 0.1
    assert f.rank == 2
    # outputs depend on x through two numbers: the Jacobian at any point has rank two
    x, h = data.x_train[:1], 1e-5
    J = (f(x + h * np.eye(8)) - f(x - h * np.eye(8))) / (2 * h)
    s = np.linalg.svd(J, compute_uv=False)
    assert s[1] > 1e-3 * s[0]
    assert s[2] < 1e-7 * s[0]
    # unit variance on 4096 other inputs: 4 standard errors, which are sqrt(kurtosis + 2) (1/3000 + 1/4096) < 0.06 here
    assert_allclose(data.y_train.mean(0), 0, atol=0.12)
    assert_allclose(data.y_train.var(0), 1, atol=0.24)


def test_training_and_test_rows_differ_and_more_rows_begin_alike():
    f = teacher((4, 2, 3), 10, 0)
    few, many = f.sample(5, 5, seed=2), f.sample(9, 5, seed=2)
    assert abs(few.x_train - few.x_test).min() > 1e-9
    assert_allclose(many.x_train[:5], few.x_train)


def test_wrong_teachers_are_refused():
    with pytest.raises(ValueError, match="at least an input"):
        teacher((3,))
    with pytest.raises(ValueError, match="hidden"):
        teacher((3, 2), 0)
    with pytest.raises(ValueError, match=r"\(N, 3\)"):
        teacher((3, 2))(np.zeros((4, 2)))
