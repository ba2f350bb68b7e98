"""Most probable paths against potentials, Lyapunov's equation, and each other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import solve_continuous_lyapunov

from mechanics.hamiltonian import freidlin_wentzell, geometric_action, minimum_action
from mechanics.hamiltonian.descent import Search, equally_spaced
from mechanics.hamiltonian.flow import Flow
from mechanics.hamiltonian.svd import decompose
from mechanics.hamiltonian.zero_energy import tangent_of

S = np.linspace(0.0, 1.0, 101)
SPIRAL = np.array([[-1.0, -8.0], [3.0, -0.6]])


def well(t, x, par, dx):
    """Gradient flow of (x^2 - 1)^2 / 4."""
    dx[0] = x[0] - x[0] ** 3


def maier_stein(t, x, par, dx):
    """Maier and Stein, Phys. Rev. Lett. 71 (1993) 1783, mu = 1; a gradient for beta = 1."""
    dx[0] = x[0] - x[0] ** 3 - par.beta * x[0] * x[1] ** 2
    dx[1] = -(1.0 + x[0] ** 2) * x[1]


def spiral(t, x, par, dx):
    """dx = SPIRAL x."""
    dx[0] = -x[0] - 8.0 * x[1]
    dx[1] = 3.0 * x[0] - 0.6 * x[1]


def bowed(height):
    """From (-1, 0) to (0, 0), not on the axis."""
    return np.stack((S - 1.0, height * np.sin(math.pi * S)), axis=1)


def test_a_gradient_field_costs_twice_its_potential():
    """Maier-Stein with beta = 1 from the well to the saddle: 2 (U(0) - U(-1)) = 1/2, along the axis."""
    path = geometric_action(maier_stein, [-1.0, 0.0], [0.0, 0.0], par={"beta": 1.0}, guess=bowed(0.2))
    assert path.converged, path.reason
    assert_allclose(path.action, 0.5, rtol=1e-9)
    assert abs(path.action - 0.5) <= path.error
    assert np.abs(path.x[:, 1]).max() < 1e-6
    assert max(path.path.residual, path.path.defect, path.path.hamiltonian_drift) <= 1e-9
    assert abs(path.path.H) < 1e-9


def test_maier_stein_leaves_off_the_axis():
    """beta = 10: Newton's orbit, and the discrete geometric action of its points at 100 and 200 intervals."""
    path = geometric_action(maier_stein, [-1.0, 0.0], [0.0, 0.0], par={"beta": 10.0}, guess=bowed(0.3), intervals=400)
    assert path.converged, path.reason
    assert_allclose(path.action, 0.340041403338, rtol=1e-9)
    search = Search(Flow(maier_stein, None, None, 2, path.path.flow.p), np.eye(2), 1e-5)
    coarse, fine = (search.value(equally_spaced(path.x, N))[0] for N in (200, 400))
    assert_allclose(fine + (fine - coarse) / 3.0, path.action, rtol=1e-6)
    on_axis = geometric_action(maier_stein, [-1.0, 0.0], [0.0, 0.0], par={"beta": 10.0})
    assert_allclose(on_axis.action, 0.5, rtol=1e-9)  # stationary too


def test_a_spiral_costs_what_lyapunovs_equation_says():
    """S = x^T Q^-1 x / 2 with B Q + Q B^T + 1 = 0: Freidlin, Wentzell, section 4.3. B is not normal."""
    end = np.array([1.0, 0.5])
    path = geometric_action(spiral, [0.0, 0.0], end)
    assert path.converged, path.reason
    Q = solve_continuous_lyapunov(SPIRAL, -np.eye(2))
    assert_allclose(path.action, 0.5 * end @ np.linalg.solve(Q, end), rtol=2e-9)
    V = tangent_of(freidlin_wentzell(spiral, 2)._flow, np.zeros(2), leaving=True).V
    assert_allclose(V, np.linalg.inv(Q), rtol=1e-12)


def test_ends_may_move():
    """Up the well, neither end at rest: 2 (U(-0.3) - U(-0.9))."""
    path = geometric_action(well, [-0.9], [-0.3])
    assert path.converged, path.reason
    assert_allclose(path.action, 0.5 * ((0.3**2 - 1) ** 2 - (0.9**2 - 1) ** 2), rtol=1e-9)


def test_a_drift_that_is_no_formula_descends():
    """A branch: the answer is that of a descent, and says so."""

    def branching(t, x, par, dx):
        if x[0] > 2.0:
            dx[0] = -x[0]
        else:
            dx[0] = x[0] - x[0] ** 3

    path = geometric_action(branching, [-1.0], [0.0])
    assert path.converged
    assert path.path is None
    assert "descent alone" in path.reason
    assert_allclose(path.action, 0.5, atol=1e-6)


@pytest.mark.parametrize(("T", "action"), [(5.0, 0.501794345889), (10.0, 0.500002425148), (20.0, 0.5)])
def test_long_times_of_leaving_a_well(T, action):
    """By quadrature of the energy integral; for T = 20 it is 1/2 to 1e-10. A straight line is no start there."""
    path = minimum_action(well, [-1.0], [0.0], T, tol=1e-9)
    assert path.converged, path.reason
    assert_allclose(path.action(), action, atol=1e-9)
    assert path.ts[-1] == T
    assert path.conjugate_points == ()


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 7), rank=st.integers(1, 7))
def test_singular_values_are_those_of_lapack(seed, n, rank):
    A = np.random.default_rng(seed).normal(size=(n, min(rank, n))) @ np.random.default_rng(seed + 1).normal(
        size=(min(rank, n), n)
    )
    U, values, V = A.copy(), np.empty(n), np.empty((n, n))
    decompose(U, values, V)
    expected = np.linalg.svd(A, compute_uv=False)
    assert_allclose(np.sort(values)[::-1], expected, atol=1e-13 * expected[0])
    assert_allclose((U * values) @ V.T, A, atol=1e-12 * expected[0])
    assert_allclose(V.T @ V, np.eye(n), atol=1e-13)
