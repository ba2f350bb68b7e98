"""Trained Leaky ResNets as geodesics: costates, laws of a critical network, energies, comparison of paths."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import mechanics.hamiltonian
from nets import LeakyResNet, train_leaky
from nets.data import Regression
from nets.geodesic import adapt_steps, compare_paths, geodesic_of, hamiltonian_profile, relative_distances
from nets.geodesic.steps import updated_steps

LAM = 0.05


def task(N=5):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N, 3))
    y = 1 + np.tanh(x @ rng.standard_normal((3, 2)))  # the mean gives biases something to do
    return Regression(x, y, x[:0], y[:0])


@cache
def critical(activation, layers=8, width=3, Lt=2.0, rho="equidistant"):
    """A small network at a critical point, by L-BFGS and Newton's method in double precision."""
    data = task()
    model = LeakyResNet(width, layers, Lt, 3, 2, rho, activation=activation, dtype=torch.float64, seed=1)
    train_leaky(model, data, lam=LAM, epochs=100, lr=1e-2, polish="lbfgs", polish_epochs=1000, measure_every=1000)
    train_leaky(model, data, lam=LAM, epochs=0, polish="newton", polish_epochs=30, measure_every=1000)
    return model, data


@pytest.fixture(scope="module")
def soft():
    return critical(("softplus", 4.0))


@pytest.fixture(scope="module")
def linear():
    return critical("identity", rho=(0.05, 0.2, 0.1, 0.15, 0.1, 0.2, 0.05, 0.15))


@pytest.mark.parametrize("rho", ["equidistant", "irregular"])
def test_costates_are_back_propagated_gradients(rho):
    """B_l = -(1/lam) dC/dA_l by autograd, and B_L = 2/(lam N) P (Y - P^T A_L), Section 1.5 with C = |.|^2 / N."""
    data = task()
    model = LeakyResNet(5, 4, 2.0, 3, 2, rho, dtype=torch.float64, seed=2)
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    h = model._embed(x)
    A = []
    for step, W in zip(model.rho.tolist(), model.W, strict=True):
        h = h.detach().requires_grad_() if not A else h
        h.retain_grad()
        A.append(h)
        h = model._layer(h, step, W)
    h.retain_grad()
    A.append(h)
    ((h @ model.P_out - y).square().sum() / len(x)).backward()
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    for B, a in zip(profile.B, A, strict=True):
        assert_allclose(B, -a.grad.numpy().T / LAM, atol=1e-12)
    P = model.P_out.numpy()
    end = 2 / (LAM * len(x)) * P @ (data.y_train.T - P.T @ profile.A[-1])
    assert_allclose(profile.B[-1], end, atol=1e-12)


def test_a_critical_network_obeys_the_equations_of_motion(soft):
    """W = Lt B S^T to 1e-7, and with it A_l = A + rho dH/dB, B_{l-1} = B_l + rho dH/dA at (A_{l-1}, B_l)."""
    model, data = soft
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    assert profile.cons.max() < 1e-7
    assert profile.critical
    Lt, rho = 2.0, 1 / 8
    A, B = profile.A[:-1], profile.B[1:]
    S = np.concatenate([np.logaddexp(0, 4 * A) / 4, np.ones_like(A[:, :1])], axis=1)
    M = B @ S.swapaxes(1, 2)
    dHdB = Lt * (M @ S - A)
    dHdA = Lt * (M[:, :, :-1].swapaxes(1, 2) @ B / (1 + np.exp(-4 * A)) - B)
    assert_allclose(profile.A[1:], A + rho * dHdB, atol=1e-7)
    assert_allclose(profile.B[:-1], B + rho * dHdA, atol=1e-6)
    assert_allclose(profile.H, Lt / 2 * (M**2).sum((1, 2)) - Lt * (B * A).sum((1, 2)), rtol=1e-12)


def test_a_trained_network_is_the_orbit_of_its_input(soft):
    """Symplectic Euler from the trained network's (A_0, B_0) alone gives its layers, costates and weights."""
    model, data = soft
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    mechanical = mechanics.hamiltonian.LeakyResNet(2.0, ("softplus", 4.0))
    orbit = mechanical.layers(profile.A[0], profile.B[0], 8)
    for name in ("A", "B", "W", "H"):  # 1e-6: cons of 1e-8, amplified by about e^2 and by the norms
        assert_allclose(getattr(orbit, name), getattr(profile, name), atol=1e-6)


def test_hamiltonian_varies_by_the_step():
    """Along a critical network H varies by O(rho Lt): half as much with twice the layers."""
    spread = []
    for layers in (16, 32):
        model, data = critical(("softplus", 4.0), layers=layers)
        profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
        assert profile.cons.max() < 1e-6
        spread.append(np.ptp(profile.H))
    assert 1.6 < spread[0] / spread[1] < 2.4


def test_discrete_law_of_the_bias_is_exact(linear):
    """Tr(A B^T) gains rho |b|^2 / Lt in each layer of a critical network, however coarse."""
    model, data = linear
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    assert profile.cons.max() < 1e-7
    # first order in what is left of the gradient: 1e-9 at cons 3e-8; half of the factor would leave 2e-2
    assert abs(profile.trace_defect).max() < profile.cons.max()


def test_balancedness_has_the_factor_two():
    """|W|^2 gains 2 Lt int |b|^2 as rho -> 0: gained / grown is 1 + O(rho), extrapolated 1; half would give 1/2."""
    ratio = []
    for layers in (16, 32):
        model, data = critical("identity", layers=layers)
        profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
        squares, b = (profile.W**2).sum((1, 2)), (profile.W[:, :, -1] ** 2).sum(1)
        grown = np.trapezoid(2 * profile.Lt * b, dx=1 / layers)
        ratio.append((squares[-1] - squares[0]) / grown)
        assert_allclose(profile.balancedness[-1], (ratio[-1] - 1) * grown / squares.max(), rtol=1e-9)
    assert abs(2 * ratio[1] - ratio[0] - 1) < 0.05


def test_energies_of_a_linear_network_without_bias():
    """K = A^T A: the cost of identity is rank A, and kinetic energy |A^+ dA|^2; Section 1.3."""
    data = task(6)
    model = LeakyResNet(4, 5, 1.5, 3, 2, bias=False, activation="identity", dtype=torch.float64, seed=0)
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    assert_allclose(profile.coi, 3, rtol=1e-9)
    assert profile.coi_finite.all()
    A, dA = profile.A[:-1], np.diff(profile.A, axis=0) * 5
    by_hand = [np.linalg.norm(d @ np.linalg.pinv(a, rcond=1e-9)) ** 2 / 3.0 for a, d in zip(A, dA, strict=True)]
    assert_allclose(profile.kinetic[profile.kinetic_finite], np.array(by_hand)[profile.kinetic_finite], rtol=1e-8)
    assert (profile.stable_coi < 3).all()


def test_stable_energies_are_those_of_the_definition_and_unstable_ones_infinite_for_many_inputs():
    data = task(30)
    model = LeakyResNet(4, 3, 1.5, 3, 2, dtype=torch.float64, seed=0)
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM, gamma0=1e-3)
    assert np.isinf(profile.coi).all()
    assert not profile.coi_finite.any()
    assert not profile.kinetic_finite.any()
    for l in range(3):
        A, dA = profile.A[l], (profile.A[l + 1] - profile.A[l]) * 3
        S = np.vstack([np.maximum(A, 0), np.ones((1, 30))])
        K = S.T @ S
        inverse = np.linalg.inv(K + 1e-3 * np.linalg.norm(K, 2) * np.eye(30))
        coi, kinetic = np.trace(A @ inverse @ A.T), np.trace(dA @ inverse @ dA.T) / 3.0
        assert_allclose(profile.stable_coi[l], coi, rtol=1e-9)
        assert_allclose(profile.stable_kinetic[l], kinetic, rtol=1e-9)
        assert_allclose(profile.stable_H[l], kinetic - 0.75 * coi, rtol=1e-9)


def test_spectra_lengths_and_objective():
    data = task()
    model = LeakyResNet(4, 3, 1.5, 3, 2, "irregular", dtype=torch.float64, seed=0)
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    assert_allclose(profile.spectra_A[1], np.linalg.svd(profile.A[1])[1], rtol=1e-12)
    assert_allclose((profile.spectra_W**2).sum(1), (profile.W**2).sum((1, 2)), rtol=1e-12)
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    J = ((model(x) - y) ** 2).sum() / len(x) + model.penalty(LAM)
    assert_allclose(profile.J, J.item(), rtol=1e-13)
    assert_allclose(profile.path_length, sum(np.linalg.norm(a) for a in np.diff(profile.A, axis=0)), rtol=1e-13)
    assert_allclose(profile.distances, relative_distances(model, x), rtol=1e-12)
    assert set(profile.rank) == {"hamiltonian", "stable_hamiltonian", "coi", "spectrum"}


def test_softplus_has_no_law_of_the_bias(soft):
    model, data = soft
    profile = hamiltonian_profile(model, data.x_train, data.y_train, LAM)
    assert profile.balancedness is None
    assert profile.trace_defect is None


@settings(max_examples=60, deadline=None)
@given(
    rho=st.lists(st.floats(0.02, 1), min_size=4, max_size=10),
    d=st.lists(st.floats(0, 5), min_size=10, max_size=10),
    damping=st.floats(0.01, 1),
    Lt=st.floats(0.1, 3),
)
def test_updated_steps_are_steps(rho, d, damping, Lt):
    rho = np.array(rho) / np.sum(rho)
    new = updated_steps(rho, d[: len(rho)], Lt, damping)
    assert (new > 0).all()
    assert_allclose(new.sum(), 1, rtol=1e-12)
    assert new.max() * Lt <= 0.95 * (1 + 1e-9)


def test_adaptive_steps_make_relative_distances_equal():
    data = task(20)
    model = LeakyResNet(6, 8, 2.0, 3, 2, "adaptive", dtype=torch.float64, seed=0)
    x = torch.from_numpy(data.x_train)
    before = adapt_steps(model, x)
    for _ in range(60):
        adapt_steps(model, x)
    after = relative_distances(model, x)
    assert before.max() / before.min() > 1.3
    assert after.max() / after.min() < 1.05


def test_one_update_by_hand():
    """rho / d = (2, 1, 1/2) / 3.5 for equal steps and d = (1, 2, 4); a fifth of the way."""
    new = updated_steps(np.full(3, 1 / 3), [1, 2, 4], 1.0, 0.2)
    assert_allclose(new, 0.8 / 3 + 0.2 * np.array([4, 2, 1]) / 7, rtol=1e-14)


def test_steps_that_cannot_be():
    with pytest.raises(ValueError, match="take at least 4 layers"):
        updated_steps(np.full(3, 1 / 3), [1, 1, 1], 3.0)
    with pytest.raises(ValueError, match="damping"):
        updated_steps(np.full(3, 1 / 3), [1, 1, 1], 1.0, 0.0)
    assert_allclose(updated_steps(np.full(3, 1 / 3), [0, 0, 0], 1.0), 1 / 3)


def test_paths_are_compared_at_equal_depth():
    """Straight lines in p, sampled differently: A_geo = (1 + p) E, A_net = (1 + 2 p) E: distance p / (1 + p)."""
    E = np.arange(1.0, 7.0).reshape(2, 3)
    p, q = np.array([0, 0.3, 1.0]), np.linspace(0, 1, 5)
    net = SimpleNamespace(p=p, A=(1 + 2 * p)[:, None, None] * E, J=1.5)
    geo = SimpleNamespace(p=q, A=(1 + q)[:, None, None] * E, J=1.2)
    found = compare_paths(net, geo)
    assert_allclose(found.distance, p / (1 + p), atol=1e-14)
    assert_allclose([found.gap, found.relative_gap], [0.3, 0.25])
    assert_allclose(compare_paths(geo, geo).distance, 0, atol=1e-15)


def test_a_trained_network_is_the_geodesic_that_is_solved_without_training(soft):
    model, data = soft
    geodesic = geodesic_of(model, data.x_train, data.y_train, LAM)
    assert geodesic.converged, geodesic.reason
    found = compare_paths(hamiltonian_profile(model, data.x_train, data.y_train, LAM), geodesic)
    assert found.mean_distance < 1e-6
    assert abs(found.gap) < 1e-9


def test_a_finer_network_is_nearer_to_the_geodesic(soft):
    """Critical networks of 8 and 16 layers against one of 32: distance and gap fall."""
    data = soft[1]
    fine = hamiltonian_profile(critical(("softplus", 4.0), layers=32)[0], data.x_train, data.y_train, LAM)
    found = []
    for model in (soft[0], critical(("softplus", 4.0), layers=16)[0]):
        found.append(compare_paths(hamiltonian_profile(model, data.x_train, data.y_train, LAM), fine))
    assert found[1].mean_distance < 0.6 * found[0].mean_distance
    assert abs(found[1].gap) < 0.6 * abs(found[0].gap)


def test_wrong_comparisons_and_profiles_are_refused():
    E = np.ones((3, 2, 2))
    good = SimpleNamespace(p=np.array([0, 0.5, 1]), A=E, J=0.0)
    with pytest.raises(ValueError, match="own projections"):
        compare_paths(SimpleNamespace(p=good.p, A=2 * E, J=0.0), good)
    with pytest.raises(ValueError, match="p = 0 to p = 1"):
        compare_paths(SimpleNamespace(p=np.array([0, 0.5, 0.9]), A=E, J=0.0), good)
    with pytest.raises(ValueError, match="one shape"):
        compare_paths(SimpleNamespace(p=good.p, A=np.ones((3, 2, 4)), J=0.0), good)
    with pytest.raises(ValueError, match=r"no path to compare with .*fold"):
        compare_paths(good, SimpleNamespace(p=good.p, A=np.nan * E, J=np.nan, reason="fold at Lt = 3"))
    model, data = LeakyResNet(4, 3, 1.0, 3, 2), task()
    with pytest.raises(ValueError, match="lam must be positive"):
        hamiltonian_profile(model, data.x_train, data.y_train, 0.0)
    with pytest.raises(ValueError, match="gamma0"):
        hamiltonian_profile(model, data.x_train, data.y_train, 0.1, gamma0=0.0)
    with pytest.raises(ValueError, match=r"y must have shape \(N, 2\)"):
        hamiltonian_profile(model, data.x_train, data.x_train, 0.1)
    with pytest.raises(TypeError, match="LeakyResNet"):
        hamiltonian_profile(torch.nn.Linear(3, 2), data.x_train, data.y_train, 0.1)
