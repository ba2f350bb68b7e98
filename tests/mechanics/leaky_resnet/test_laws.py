"""What the flow conserves, what grows and by how much, and the symmetries of Section 1.2, on random states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mechanics.hamiltonian import LeakyResNet, linear_geodesic
from mechanics.leaky_resnet.laws import (
    balancedness_defect,
    hamiltonian_bounds,
    hamiltonian_from_norms,
    trace_defect,
)

GRID = np.linspace(0, 1, 101)
HOMOGENEOUS = ["relu", "identity", ("leaky", 0.3)]
nets = st.builds(
    LeakyResNet,
    st.floats(0.3, 4.0),
    st.sampled_from([*HOMOGENEOUS, ("softplus", 2.0)]),
    st.booleans(),
)
homogeneous = st.builds(LeakyResNet, st.floats(0.3, 4.0), st.sampled_from(HOMOGENEOUS), st.booleans())


@st.composite
def states(draw):
    """A and B of one shape, B small enough for the run not to blow up."""
    w, N = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    return rng.normal(size=(w, N)), 0.2 * rng.normal(size=(w, N)) / np.sqrt(w * N)


def run(net, state, saveat=GRID, rtol=1e-11):
    return net.integrate(*state, events="kinks", rtol=rtol, saveat=saveat)


@settings(max_examples=12, deadline=None)
@given(net=nets, state=states())
def test_the_hamiltonian_is_constant(net, state):
    orbit = run(net, state)
    scale = np.abs(orbit.W).max() ** 2 / net.Lt + net.Lt * np.abs(orbit.A * orbit.B).sum((1, 2)).max()
    assert np.ptp(orbit.H) <= 1e-8 * scale


@settings(max_examples=12, deadline=None)
@given(net=homogeneous, state=states())
def test_weights_and_trace_grow_by_the_bias(net, state):
    """d||W||^2/dp = 2 Lt ||b||^2 (twice Proposition 9), d Tr(A B^T)/dp = ||b||^2/Lt; constants without bias."""
    orbit = run(net, state)
    W = orbit.W if net.bias else np.concatenate([orbit.W, np.zeros_like(orbit.W[..., :1])], axis=-1)
    assert balancedness_defect(orbit.p, W, net.Lt) < 1e-4  # Simpson's rule over kinks of b
    assert trace_defect(orbit.p, orbit.A, orbit.B, net.Lt, net.act, net.bias) < 1e-4
    if not net.bias:
        assert_allclose((orbit.W**2).sum((1, 2)), (orbit.W[0] ** 2).sum(), rtol=1e-7, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(net=homogeneous, state=states())
def test_the_rates_of_growth_hold_at_every_state(net, state):
    """The same along one short step of the flow, by central differences of products of at most fourth degree."""
    A, B = state
    dA, dB = net.flow(A, B)
    h = 1e-4 * np.abs(A).min() / (1 + np.abs(dA).max())  # no entry crosses its kink
    (up, down), size = ((A + s * dA, B + s * dB) for s in (h, -h)), 1 + net.Lt**2
    norms = [(net.weights(*x) ** 2).sum() for x in (up, down)]
    traces = [(x[0] * x[1]).sum() for x in (up, down)]
    b2 = (net.weights(A, B)[:, -1] ** 2).sum() if net.bias else 0.0
    rounding = 1e-15 * size / h
    assert_allclose((norms[0] - norms[1]) / (2 * h), 2 * net.Lt * b2, rtol=1e-5, atol=1e-6 + rounding * max(norms))
    assert_allclose((traces[0] - traces[1]) / (2 * h), b2 / net.Lt, rtol=1e-5, atol=1e-6 + rounding)


def test_the_printed_rate_of_proposition_9_is_half_of_the_true_one():
    A, B = np.random.default_rng(0).normal(size=(2, 3, 4)) * [[[1.0]], [[0.1]]]
    orbit = run(LeakyResNet(2.0), (A, B))
    assert balancedness_defect(orbit.p, orbit.W, 2.0) < 1e-6
    assert balancedness_defect(orbit.p, orbit.W, 1.0) > 1e-2  # Lt ||b||^2 in place of 2 Lt ||b||^2
    orbit = run(LeakyResNet(2.0, "identity"), (A, B))  # smooth: quadrature has all its digits
    growth = (orbit.W[-1] ** 2).sum() - (orbit.W[0] ** 2).sum()
    fit = np.polynomial.chebyshev.Chebyshev.fit(orbit.p, (orbit.W[..., -1] ** 2).sum(-1), 40, domain=[0, 1]).integ()
    assert_allclose(growth / (2.0 * (fit(1.0) - fit(0.0))), 2.0, rtol=1e-9)


def test_softplus_obeys_neither_law():
    A, B = np.random.default_rng(0).normal(size=(2, 3, 4)) * [[[1.0]], [[0.1]]]
    net = LeakyResNet(2.0, ("softplus", 2.0))
    orbit = run(net, (A, B))
    assert balancedness_defect(orbit.p, orbit.W, 2.0) > 1e-2
    assert trace_defect(orbit.p, orbit.A, orbit.B, 2.0, net.act) > 1e-3


@settings(max_examples=12, deadline=None)
@given(state=states(), Lt=st.floats(0.3, 4.0))
def test_linear_networks_keep_the_antisymmetric_part_and_a_spectrum(state, Lt):
    """M' = Lt [M, M^T]: M - M^T, ||M||, Tr M and the spectrum of M + M^T are constant."""
    orbit = run(LeakyResNet(Lt, "identity", bias=False), state)
    M = orbit.W / Lt
    turn, stretch = M - M.swapaxes(1, 2), M + M.swapaxes(1, 2)
    size = np.linalg.norm(M[0])
    assert_allclose(turn, np.broadcast_to(turn[0], turn.shape), atol=1e-8 * size)
    assert_allclose(np.linalg.norm(M, axis=(1, 2)), size, rtol=1e-8)
    assert_allclose(np.trace(M, axis1=1, axis2=2), np.trace(M[0]), atol=1e-8 * size)
    values = np.linalg.eigvalsh(stretch)
    assert_allclose(values, np.broadcast_to(values[0], values.shape), atol=1e-8 * size)
    exact = linear_geodesic(*state, Lt, GRID)
    assert_allclose(orbit.A, exact[0], atol=1e-8 * np.abs(exact[0]).max())
    assert_allclose(orbit.B, exact[1], atol=1e-8 * np.abs(exact[1]).max())


@pytest.mark.parametrize("gamma", [1e-8, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", ["relu", ("softplus", 4.0), "identity"])
def test_the_identity_of_theorem_4_holds_for_every_gamma(act, bias, gamma):
    A, B = np.random.default_rng(3).normal(size=(2, 4, 9))
    net = LeakyResNet(2.0, act, bias)
    dA, _ = net.flow(A, B)
    H = hamiltonian_from_norms(A, B, dA, 2.0, gamma, act, bias)
    assert_allclose(H, net.hamiltonian(A, B), rtol=1e-6 if gamma < 1e-6 else 1e-10)
    assert abs(hamiltonian_from_norms(A, B, 1.1 * dA, 2.0, gamma, act, bias) / H - 1) > 1e-3


@pytest.mark.parametrize("gamma", [1e-3, 1e-1, 1.0])
def test_the_bounds_of_theorem_4_hold_along_a_run(gamma):
    A, B = np.random.default_rng(3).normal(size=(2, 4, 9)) * [[[1.0]], [[0.05]]]
    net = LeakyResNet(3.0)
    orbit = run(net, (A, B))
    dA, _ = net.flow(orbit.A, orbit.B)
    found = hamiltonian_bounds(orbit.p, orbit.A, orbit.B, dA, 3.0, gamma)
    assert found.lower <= found.value <= found.upper
    assert_allclose(found.value, -2 * orbit.H[0] / 3.0, rtol=1e-8)
    assert found.length > 0


@settings(max_examples=10, deadline=None)
@given(net=nets, state=states(), seed=st.integers(0, 1000))
def test_neurons_and_samples_may_be_permuted(net, state, seed):
    rng = np.random.default_rng(seed)
    A, B = state
    rows, columns = rng.permutation(len(A)), rng.permutation(A.shape[1])
    dA, dB = net.flow(A, B)
    pA, pB = net.flow(A[rows][:, columns], B[rows][:, columns])
    assert_allclose(pA, dA[rows][:, columns], atol=1e-12)
    assert_allclose(pB, dB[rows][:, columns], atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(net=nets, state=states(), c=st.floats(0.2, 5.0))
def test_stretching_the_range_of_depth_is_another_effective_depth(net, state, c):
    """Section 1.2: W_{q/c}/c on q in [0, c] with leakage Lt/c moves alpha_{q/c} (the paper prints alpha_{q/2}).

    So d alpha/dq = -(Lt/c) alpha + (W_{q/c}/c) S is dA/dp over c.
    """
    A, B = state
    W = net.weights(A, B)
    other = LeakyResNet(net.Lt / c, net.activation, net.bias)
    slope = net.flow(A, B)[0] / c
    assert_allclose(other.flow(A, B)[0], slope, atol=1e-12)  # the same costate: W/c = (Lt/c) B S^T
    assert_allclose(other.weights(A, B), W / c, atol=1e-12)
    assert_allclose(other.flow(A, B)[1], net.flow(A, B)[1] / c, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(state=states(), Lt=st.floats(0.3, 3.0), c=st.floats(0.1, 2.0), act=st.sampled_from(HOMOGENEOUS))
def test_more_leakage_is_a_scaling_of_the_outputs_without_bias(state, Lt, c, act):
    """Section 1.2: A' = exp(-c p) A with Lt + c has the same weights, from B' = exp(c p) B Lt/(Lt + c)."""
    orbit = run(LeakyResNet(Lt, act, bias=False), state)
    A, B = state
    deeper = run(LeakyResNet(Lt + c, act, bias=False), (A, Lt / (Lt + c) * B))
    scale = np.exp(-c * GRID)[:, None, None]
    assert_allclose(deeper.A, scale * orbit.A, atol=1e-7 * np.abs(orbit.A).max())
    assert_allclose(deeper.B, Lt / (Lt + c) / scale * orbit.B, atol=1e-7 * np.abs(deeper.B).max())
    assert_allclose(deeper.W, orbit.W, atol=1e-7 * np.abs(orbit.W).max())


def test_with_a_bias_more_leakage_is_no_scaling():
    A, B = np.random.default_rng(0).normal(size=(2, 3, 4)) * [[[1.0]], [[0.1]]]
    orbit, deeper = run(LeakyResNet(2.0), (A, B)), run(LeakyResNet(3.0), (A, 2 / 3 * B))
    assert np.abs(deeper.A[-1] - np.exp(-1.0) * orbit.A[-1]).max() > 1e-2


@settings(max_examples=10, deadline=None)
@given(state=states(), Lt=st.floats(0.3, 3.0), s=st.floats(0.2, 5.0), act=st.sampled_from(HOMOGENEOUS))
def test_without_bias_scaled_activations_need_the_same_weights(state, Lt, s, act):
    """(s A, B / s): the symmetry whose conserved quantity is Tr(A B^T)."""
    net, (A, B) = LeakyResNet(Lt, act, bias=False), state
    dA, dB = net.flow(A, B)
    sA, sB = net.flow(s * A, B / s)
    assert_allclose(sA, s * dA, atol=1e-11)
    assert_allclose(sB, dB / s, atol=1e-11)
    assert_allclose(net.hamiltonian(s * A, B / s), net.hamiltonian(A, B), atol=1e-12)
