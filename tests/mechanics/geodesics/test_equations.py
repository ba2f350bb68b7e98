"""Equations of a geodesic: derivatives, the chain of linear equations, orders, and certificates that can fail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_geodesics import SOFTPLUS, X34, Y34
from numpy.testing import assert_allclose

from mechanics.geodesics import network
from mechanics.geodesics.certificate import of_curve, of_network
from mechanics.geodesics.chain import Chain
from mechanics.geodesics.collocation import Collocation
from mechanics.geodesics.ends import end_of
from mechanics.geodesics.field import field, hamiltonian, jacobian, joined, states
from mechanics.geodesics.layers import Task
from mechanics.geodesics.shots import gaps, shot
from mechanics.hamiltonian import solve_geodesic
from mechanics.hamiltonian.newton import newton
from mechanics.leaky_resnet.activation import activation_of


def task_of(act, bias=True, seed=1, L=5, w=3, N=4, d=2):
    rng = np.random.default_rng(seed)
    P = np.linalg.qr(rng.normal(size=(w, d)))[0]
    rho = rng.uniform(0.5, 1.5, L)
    return Task(
        rng.normal(size=(w, N)), rng.normal(size=(d, N)), P, 0.05, 2.0, rho / rho.sum(), activation_of(act), bias
    ), rng


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", [("softplus", 3.0), "identity", "relu"])
def test_field_is_the_symplectic_gradient_and_its_jacobian_the_derivative(act, bias):
    task, rng = task_of(act, bias)
    A, B, dA, dB = rng.normal(size=(4, 1, 3, 4))
    h = 1e-6
    f_A, f_B = field(task, A, B)
    slope = (hamiltonian(task, A + h * dA, B + h * dB) - hamiltonian(task, A - h * dA, B - h * dB)) / (2 * h)
    assert slope[0] == pytest.approx((f_A * dB).sum() - (f_B * dA).sum(), rel=1e-7)
    up, down = (joined(*field(task, A + s * dA, B + s * dB)) for s in (h, -h))
    J = jacobian(task, A, B)
    assert_allclose(J[0] @ joined(dA, dB)[0], (up - down)[0] / (2 * h), rtol=1e-6, atol=1e-6)
    n = A.size
    turned = np.concatenate([-J[0, n:], J[0, :n]])
    assert_allclose(turned, turned.T, atol=1e-13)  # H has one second derivative


@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_chain_solves_its_equations(n, L, seed):
    rng = np.random.default_rng(seed)
    E, G, C = rng.normal(size=(L, 2 * n, 2 * n)), rng.normal(size=(L, 2 * n, 2 * n)), rng.normal(size=(n, 2 * n))
    start, r, end = rng.normal(size=n), rng.normal(size=(L, 2 * n)), rng.normal(size=n)
    chain = Chain(E, G, C)
    if chain.smallest < 1e-6:
        return
    y = chain.solve(start, r, end)
    scale = 1 + np.abs(y).max()
    assert_allclose(y[0, :n], start, atol=1e-12 * scale)
    assert_allclose(C @ y[-1], end, atol=1e-8 * scale)
    left = np.einsum("lij,lj->li", E, y[:-1]) + np.einsum("lij,lj->li", G, y[1:])
    assert_allclose(left, r, atol=1e-8 * scale)


def test_chain_keeps_its_digits_where_propagators_lose_them():
    """y'' = k^2 y from 1 to 0 with k = 60 in 600 steps: growth by e^60, beyond double precision."""
    k, L = 60.0, 600
    h = 1 / L
    J = np.array([[0.0, 1.0], [k * k, 0.0]])
    E = np.repeat(-(np.eye(2) + h / 2 * J)[None], L, axis=0)
    G = np.repeat((np.eye(2) - h / 2 * J)[None], L, axis=0)
    y = Chain(E, G, np.array([[1.0, 0.0]])).solve(np.ones(1), np.zeros((L, 2)), np.zeros(1))
    factor = (1 - h * k / 2) / (1 + h * k / 2)  # the midpoint rule's own decay
    assert_allclose(y[:, 0], factor ** np.arange(L + 1), rtol=1e-9, atol=1e-14)


def test_conjugate_ends_are_seen():
    """q'' = -q over a time pi: the midpoint rule at its own conjugate time has a singular matrix."""
    L = 50
    h = 2 * np.tan(np.pi / (2 * L))
    J = np.array([[0.0, 1.0], [-1.0, 0.0]])
    E, G = (np.repeat(m[None], L, axis=0) for m in (-(np.eye(2) + h / 2 * J), np.eye(2) - h / 2 * J))
    assert Chain(E, G, np.array([[1.0, 0.0]])).smallest < 1e-12


@pytest.mark.parametrize("softness", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("act", [("softplus", 3.0), "identity"])
def test_newton_matrices_are_derivatives(act, softness):
    task, rng = task_of(act)
    end = end_of(task, softness)
    n2, L = 24, 5
    h = 1e-6
    x, v = rng.normal(size=(2, (L + 1) * n2))
    up, down = (network.residual(task, end, x + s * v) for s in (h, -h))
    assert_allclose(network.linearise(task, end, x).solve((up - down) / (2 * h)), v, atol=2e-5)
    for stages in (1, 2):
        scheme = Collocation(task, end, np.asarray(task.rho), stages)
        x, v = rng.normal(size=(2, (L + 1) * n2 + L * stages * n2))
        up, down = (scheme.residual(x + s * v) for s in (h, -h))
        assert_allclose(scheme.linearise(x).solve((up - down) / (2 * h)), v, atol=2e-4)


def test_newton_matrix_with_slopes_as_unknowns_is_the_derivative():
    task, rng = task_of("relu")
    end = end_of(task)
    held = np.zeros((6, 3, 4), bool)
    held[2:4, 1, 2] = held[3, 0, 0] = True
    x, v = rng.normal(size=(2, 6 * 24))
    h = 1e-7
    up, down = (network.residual(task, end, x + s * v, held) for s in (h, -h))
    assert_allclose(network.linearise(task, end, x, held).solve((up - down) / (2 * h)), v, atol=1e-4)


@pytest.fixture(scope="module")
def fine():
    return solve_geodesic(X34, Y34, 0.05, 3.0, activation=("softplus", 4.0), scheme="continuous", layers=64)


def energy(fine, L, stages):
    """H at p = 0 of the collocation on L steps."""
    rho = np.full(L, 1 / L)
    task = Task(X34, Y34, np.eye(3), 0.05, 3.0, rho, activation_of(("softplus", 4.0)), True)
    scheme = Collocation(task, end_of(task), rho, stages)
    x = newton(
        scheme.residual, scheme.linearise, lambda dx, x: float(np.abs(dx).max()), scheme.start(fine.state[:: 64 // L]),
        tol=1e-11, max_iterations=20,
    ).x  # fmt: skip
    return float(hamiltonian(task, *states(task, scheme.split(x)[0][:1]))[0])


@pytest.mark.parametrize("stages", [1, 2])
def test_order_of_collocation(fine, stages):
    """Error of H at p = 0 falls like h^(2 s)."""
    errors = [abs(energy(fine, L, stages) - SOFTPLUS[3.0].H) for L in (16, 32, 64)]
    slopes = -np.diff(np.log2(errors))
    assert ((slopes > 2 * stages - 0.3) & (slopes < 2 * stages + 0.6)).all()


def test_order_of_shots():
    task, rng = task_of(("softplus", 4.0))
    y = 0.5 * rng.normal(size=(1, 24))
    exact = shot(task, y, np.ones(1), 512)[0]
    errors = [np.abs(shot(task, y, np.ones(1), steps)[0] - exact).max() for steps in (8, 16, 32)]
    assert (-np.diff(np.log2(errors)) > 6.5).all()


def test_certificates_see_small_changes():
    """A change of 1e-6 in one entry of a certified geodesic fails a tolerance of 1e-8."""
    soft = ("softplus", 4.0)
    curve = solve_geodesic(X34, Y34, 0.05, 2.0, activation=soft, scheme="continuous")
    net = solve_geodesic(X34, Y34, 0.05, 2.0, activation=soft)
    task = Task(X34, Y34, np.eye(3), 0.05, 2.0, curve.rho, activation_of(soft), True)
    end, y = end_of(task), joined(curve.A, curve.B)
    assert of_curve(task, task, end, y, 0.0).meets(1e-8)
    assert of_network(task, end, net.A, net.B, None).meets(1e-8)
    for l, k in ((0, 3), (7, 14), (20, 2), (20, 20)):
        changed = y.copy()
        changed[l, k] += 1e-6
        assert not of_curve(task, task, end, changed, 0.0).meets(1e-8)
        changed = joined(net.A, net.B)
        changed[l, k] += 1e-6
        assert not of_network(task, end, *states(task, changed), None).meets(1e-8)


def test_gaps_are_those_of_an_independent_integrator():
    from scipy.integrate import solve_ivp

    task, rng = task_of(("softplus", 4.0))
    y = 0.5 * rng.normal(size=(6, 24))
    h = np.asarray(task.rho)
    found = gaps(task, y, h, 1e-12)
    for l in range(5):
        run = solve_ivp(
            lambda t, z: joined(*field(task, *states(task, z))), (0, h[l]), y[l], method="Radau", rtol=1e-9, atol=1e-11
        )
        assert_allclose(found.gap[l], run.y[:, -1] - y[l + 1], atol=1e-6)
