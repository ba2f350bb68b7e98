"""The flow of a Leaky ResNet is that of its Hamiltonian; the compiled kernels and the arrays agree."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.hamiltonian import LeakyResNet
from mechanics.leaky_resnet.activation import activation_of

ACTS = ["relu", "identity", ("softplus", 4.0), ("leaky", 0.2)]
# log(1 + exp(beta z)) for complex z too: the library's own form takes |z|
ANALYTIC = activation_of(("softplus", 3.0))._replace(value=lambda z: np.log(1 + np.exp(3.0 * z)) / 3.0)


def state(w=4, N=6, seed=2):
    return np.random.default_rng(seed).normal(size=(2, w, N))


def gradient(H, X, step, imaginary):
    """dH/dX entry by entry: by a complex step, or by central differences."""
    found = np.empty(X.shape)
    for i in np.ndindex(*X.shape):
        E = np.zeros(X.shape)
        E[i] = 1.0
        if imaginary:
            found[i] = np.imag(H(X + 1j * step * E)) / step
        else:
            found[i] = (H(X + step * E) - H(X - step * E)) / (2 * step)
    return found


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", ["identity", ANALYTIC], ids=["identity", "softplus"])
def test_the_flow_is_the_gradient_of_the_hamiltonian_by_complex_steps(act, bias):
    net = LeakyResNet(2.5, act, bias)
    A, B = state()
    dA, dB = net.flow(A, B)
    assert_allclose(dA, gradient(lambda X: net.hamiltonian(A, X), B, 1e-30, True), rtol=1e-12, atol=1e-12)
    assert_allclose(dB, -gradient(lambda X: net.hamiltonian(X, B), A, 1e-30, True), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", ACTS)
def test_the_flow_is_the_gradient_of_the_hamiltonian_by_differences(act, bias):
    net = LeakyResNet(2.5, act, bias)
    A, B = state()  # no entry is within 1e-4 of its kink
    assert np.abs(A).min() > 1e-3
    dA, dB = net.flow(A, B)
    scale = max(np.abs(dA).max(), np.abs(dB).max())
    assert_allclose(dA, gradient(lambda X: net.hamiltonian(A, X), B, 1e-5, False), atol=1e-7 * scale)
    assert_allclose(dB, -gradient(lambda X: net.hamiltonian(X, B), A, 1e-5, False), atol=1e-7 * scale)


def test_the_flow_moves_as_the_network_with_the_weights_of_the_costate():
    """dA = -Lt A + W S, Section 1.1; the smallest W that does it where B is what the Lagrangian makes of dA."""
    net = LeakyResNet(3.0)
    A, B = state(6, 4)
    dA, _ = net.flow(A, B)
    W = net.weights(A, B)
    assert_allclose(dA, -3.0 * A + W[:, :-1] @ np.maximum(A, 0) + W[:, -1:], rtol=1e-12, atol=1e-12)
    assert_allclose(net.lagrangian(A, dA), (W**2).sum() / 6, rtol=1e-10)
    assert_allclose(net.kinetic(A, dA) - 1.5 * net.cost_of_identity(A), net.hamiltonian(A, B), rtol=1e-9)
    assert_allclose(net.stable_hamiltonian(A, dA, 1e-12), net.hamiltonian(A, B), rtol=1e-6)
    assert_allclose(net.kinetic(A, dA, 1e-12), net.kinetic(A, dA), rtol=1e-6)


def test_stacks_flow_as_their_members():
    net = LeakyResNet(2.0)
    A, B = (np.stack([x, 2 * x]) for x in state())
    both = net.flow(A, B)
    for i in range(2):
        one = net.flow(A[i], B[i])
        assert_allclose(both[0][i], one[0])
        assert_allclose(both[1][i], one[1])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", ACTS)
def test_kernels_agree_with_arrays(act, bias, monkeypatch):
    """Run as plain Python: drift, energy, and the Jacobian against differences of the flow."""
    from mechanics.leaky_resnet import kernels

    net = LeakyResNet(2.5, act, bias)
    A, B = state(3, 4)
    y, par = np.concatenate([A.ravel(), B.ravel()]), net.system(3, 4).par
    dy, J = np.empty(24), np.zeros((24, 24))
    kernels.drift(0.0, y, par, dy)
    assert_allclose(dy, np.concatenate([x.ravel() for x in net.flow(A, B)]), rtol=1e-12, atol=1e-12)
    assert_allclose(kernels.energy(0.0, y, par), net.hamiltonian(A, B), rtol=1e-12)
    kernels.jacobian(0.0, y, par, J)

    def field(y):
        dA, dB = net.flow(*y.reshape(2, 3, 4))
        return np.concatenate([dA.ravel(), dB.ravel()])

    columns = [(field(y + 1e-5 * e) - field(y - 1e-5 * e)) / 2e-5 for e in np.eye(24)]
    assert_allclose(J, np.stack(columns, axis=1), atol=1e-7 * np.abs(J).max())


def test_every_public_name_is_found():
    import mechanics.hamiltonian as package

    assert set(package.__all__) == set(package._HOMES)
    assert all(callable(getattr(package, name)) for name in package.__all__)


def test_wrong_networks_are_refused():
    with pytest.raises(ValueError, match="Lt must be positive, but is 0"):
        LeakyResNet(0.0)
    with pytest.raises(ValueError, match="activation must be"):
        LeakyResNet(1.0, "tanh")
    with pytest.raises(ValueError, match="Only named activations"):
        LeakyResNet(1.0, ANALYTIC).system(2, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        LeakyResNet(1.0).Lt = 2.0
