"""Energies of a layer against their definitions with the N x N matrix K, written out here."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.leaky_resnet.energies import (
    action,
    appended,
    cost_of_identity,
    hamiltonian,
    kinetic,
    lagrangian,
    norm_in_K,
    stable_cost_of_identity,
    stable_hamiltonian,
    stable_kinetic,
    weights,
)

ACTS = ["relu", "identity", ("softplus", 4.0), ("leaky", 0.2)]


def arrays(w, N, seed=0, count=3):
    return np.random.default_rng(seed).normal(size=(count, w, N))


def by_definition(X, S, gamma0):
    K = S.T @ S
    K = K + gamma0 * np.linalg.norm(K, 2) * np.eye(len(K))
    return np.trace(X @ np.linalg.solve(K, X.T))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("bias", [True, False])
def test_hamiltonian_is_kinetic_less_potential_and_the_energy_of_its_weights(act, bias):
    """H = <B, dA> - Lagrangian at dA = Lt (B K - A), where Lagrangian = ||W||^2 / (2 Lt); N <= w: K is regular."""
    A, B, _ = arrays(6, 4)
    Lt = 2.5
    S = appended(A, act, bias)
    W = weights(A, B, Lt, act, bias)
    dA = W @ S - Lt * A
    H = hamiltonian(A, B, Lt, act, bias)
    assert_allclose(H, np.vdot(B, dA) - lagrangian(A, dA, Lt, act, bias), rtol=1e-9)
    assert_allclose(H, kinetic(A, dA, Lt, act, bias) - Lt / 2 * cost_of_identity(A, act, bias), rtol=1e-9)
    assert_allclose(lagrangian(A, dA, Lt, act, bias), action(W[None], Lt), rtol=1e-9)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("w", "N"), [(3, 20), (20, 3), (5, 6), (1, 1)])
@pytest.mark.parametrize("gamma0", [1e-1, 1e-4])
def test_stable_energies_are_those_with_the_regularised_inverse(act, w, N, gamma0):
    A, dA, _ = arrays(w, N)
    S = appended(A, act, True)
    Lt = 3.0
    coi = by_definition(A, S, gamma0)
    speed = by_definition(dA, S, gamma0)
    assert_allclose(stable_cost_of_identity(A, act, True, gamma0), coi, rtol=1e-10)
    assert_allclose(stable_kinetic(A, dA, Lt, act, True, gamma0), speed / (2 * Lt), rtol=1e-10)
    assert_allclose(stable_hamiltonian(A, dA, Lt, act, True, gamma0), speed / (2 * Lt) - Lt / 2 * coi, rtol=1e-9)


@pytest.mark.parametrize("gamma0", [1e-2, 1e-7, 2e-10, 0.5e-10, 1e-13, 1e-16])
@pytest.mark.parametrize("least", [1e-4, 0.0])
def test_the_regularised_norm_keeps_its_digits_for_any_gamma(gamma0, least):
    """Exact: S = U diag(s) V^T with known factors, X = C V^T + D V_perp^T, and both parts count alike."""
    rng = np.random.default_rng(1)
    w, N = 5, 12
    U = np.linalg.qr(rng.normal(size=(w, w)))[0]
    V = np.linalg.qr(rng.normal(size=(N, N)))[0]
    s = np.array([1.0, 0.5, 1e-2, 10 * least, least])
    C, D = rng.normal(size=(w, w)) * s, np.sqrt(gamma0) * rng.normal(size=(w, N - w))
    X, S = C @ V[:, :w].T + D @ V[:, w:].T, (U * s) @ V[:, :w].T
    exact = ((C * C) / (s * s + gamma0)).sum() + (D * D).sum() / gamma0
    assert_allclose(norm_in_K(X, S, gamma0=gamma0), exact, rtol=1e-8)  # S and X themselves are rounded


def test_the_cost_of_identity_is_infinite_where_the_activations_are_not_spanned():
    """N > w + 1 with relu: Im A^T is not in Im S^T, and the number of the pseudo-inverse means nothing."""
    A, dA, _ = arrays(3, 20)
    assert cost_of_identity(A, "relu") == np.inf
    assert kinetic(A, dA, 1.0, "relu") == np.inf
    assert np.isfinite(stable_cost_of_identity(A, "relu"))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("N", [3, 20])
def test_the_cost_of_identity_of_a_linear_network_is_its_rank(rank, N):
    """K = A^T A: ||A||_K^2 = Tr(A (A^T A)^+ A^T) = rank A, also where A is of low rank."""
    rng = np.random.default_rng(rank)
    A = rng.normal(size=(4, rank)) @ rng.normal(size=(rank, N))
    assert_allclose(cost_of_identity(A, "identity", False), rank, rtol=1e-10)
    assert_allclose(stable_cost_of_identity(A, "identity", False, 1e-12), rank, rtol=1e-6)


def test_nonnegative_activations_cost_their_rank():
    """sigma(A) = A for A >= 0 without bias: Section 1.3; a bias can only help."""
    A = np.abs(arrays(4, 3)[0])
    assert_allclose(cost_of_identity(A, "relu", False), 3, rtol=1e-10)
    assert cost_of_identity(A, "relu", True) < 3


def test_stacks_of_layers_give_one_energy_each():
    A, B, _ = (np.stack(x) for x in zip(arrays(4, 9), arrays(4, 9, 1), strict=True))
    for energy in (cost_of_identity, stable_cost_of_identity):
        assert_allclose(energy(A), [energy(a) for a in A])
    assert_allclose(hamiltonian(A, B, 2.0), [hamiltonian(a, b, 2.0) for a, b in zip(A, B, strict=True)])
    assert_allclose(weights(A, B, 2.0)[1], weights(A[1], B[1], 2.0))


def test_the_action_weighs_layers_by_their_steps():
    W = np.stack([np.eye(2), 2 * np.eye(2)])
    assert_allclose(action(W, 0.5), 2 / 2 + 8 / 2)
    assert_allclose(action(W, 0.5, [0.25, 0.75]), 2 / 4 + 8 * 3 / 4)


def test_bad_arguments_are_named():
    A = np.ones((2, 3))
    with pytest.raises(ValueError, match="A and B must have one shape"):
        hamiltonian(A, A[:1], 1.0)
    with pytest.raises(ValueError, match="B must be finite"):
        hamiltonian(A, np.full((2, 3), np.nan), 1.0)
    with pytest.raises(ValueError, match="gamma0 must be positive"):
        stable_cost_of_identity(A, gamma0=0.0)
    with pytest.raises(ValueError, match="must not be negative"):
        cost_of_identity(A, gamma0=-1.0)
    with pytest.raises(ValueError, match="one step for each"):
        action(np.ones((2, 2, 3)), 1.0, [1.0])
