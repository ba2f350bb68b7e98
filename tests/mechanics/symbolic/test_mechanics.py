"""Lagrange's and Hamilton's equations where they are not trivial: mass matrices, forces, friction, explicit time."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from sympy.physics.mechanics import LagrangesMethod, dynamicsymbols

from mechanics import solve
from mechanics.methods import VERN9
from mechanics.symbolic import from_hamiltonian, from_lagrangian

t = dynamicsymbols._t
g, m, l, k, c, omega = sp.symbols("g m l k c omega")


def filled(function, time, y, p, *shape):
    out = np.full(shape, np.nan)
    function(time, y, p, out)
    return out


def by_differences(system, time, y, p):
    """Jacobian of the drift by central differences of fourth order: errs by about 1e-11."""
    h = 1e-3
    columns = []
    for e in np.eye(system.n):
        f = {s: filled(system.drift, time, y + s * h * e, p, system.n) for s in (-2, -1, 1, 2)}
        columns.append((f[-2] - 8 * f[-1] + 8 * f[1] - f[2]) / (12 * h))
    return np.array(columns).T


def assert_jacobian(system, time, y, p):
    exact = filled(system.jacobian, time, y, p, system.n, system.n)
    np.testing.assert_allclose(exact, by_differences(system, time, y, p), rtol=1e-8, atol=1e-8 * np.abs(exact).max())


def pendulum_chain(n):
    """n pendulums of unit mass and length, each hanging from the one before, and their coordinates."""
    q = [sp.Function(f"q{i}")(t) for i in range(n)]
    x, y, L = sp.Integer(0), sp.Integer(0), sp.Integer(0)
    for angle in q:
        x, y = x + sp.sin(angle), y - sp.cos(angle)
        L += (x.diff(t) ** 2 + y.diff(t) ** 2) / 2 - g * y
    return L, q


def chain_by_hand(y, gravity):
    """M a = F of unit pendulums; M_ij = (n - max(i, j)) cos(q_i - q_j)."""
    n = len(y) // 2
    q, v = y[:n], y[n:]
    below = n - np.maximum.outer(np.arange(n), np.arange(n))
    apart = np.subtract.outer(q, q)
    force = -(below * np.sin(apart)) @ v**2 - gravity * (n - np.arange(n)) * np.sin(q)
    return np.concatenate([v, np.linalg.solve(below * np.cos(apart), force)])


def test_the_double_pendulum_obeys_the_textbook():
    """Levien, Tan, Am. J. Phys. 61 (1993) 1038, (1)-(2), masses and lengths apart."""
    a, b = dynamicsymbols("a b")
    m1, m2, l1, l2 = sp.symbols("m1 m2 l1 l2")
    x1, y1 = l1 * sp.sin(a), -l1 * sp.cos(a)
    x2, y2 = x1 + l2 * sp.sin(b), y1 - l2 * sp.cos(b)
    L = sum(M * (x.diff(t) ** 2 + y.diff(t) ** 2) / 2 - M * g * y for M, x, y in ((m1, x1, y1), (m2, x2, y2)))
    system = from_lagrangian(L, [a, b], parameters=[m1, m2, l1, l2, g])
    p = system.values([1.3, 0.7, 0.9, 1.2, 9.81])
    for y in np.random.default_rng(3).uniform(-2, 2, (5, 4)):
        A, B, u, v = y
        d = A - B
        matrix = [[(p.m1 + p.m2) * p.l1, p.m2 * p.l2 * np.cos(d)], [p.l1 * np.cos(d), p.l2]]
        right = [
            -p.m2 * p.l2 * v**2 * np.sin(d) - (p.m1 + p.m2) * p.g * np.sin(A),
            p.l1 * u**2 * np.sin(d) - p.g * np.sin(B),
        ]
        expected = [u, v, *np.linalg.solve(matrix, right)]
        np.testing.assert_allclose(filled(system.drift, 0.0, y, p, 4), expected, rtol=1e-12)
        assert_jacobian(system, 0.0, y, p)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 9, 20])
def test_chains_of_pendulums_written_out_and_in_loops(n):
    """Up to 20 coordinates with a full mass matrix that depends on them."""
    L, q = pendulum_chain(n)
    system = from_lagrangian(L, q, parameters=[g])
    p = system.values([1.7])
    y = np.random.default_rng(n).uniform(-1, 1, 2 * n)
    np.testing.assert_allclose(filled(system.drift, 0.0, y, p, 2 * n), chain_by_hand(y, 1.7), rtol=1e-9, atol=1e-9)
    if n in (3, 6, 20):
        assert_jacobian(system, 0.0, y, p)


def test_energy_momenta_and_mass_matrix_belong_together():
    """H = v . dL/dv - L = v M v / 2 + V for unit pendulums, and p = M v."""
    L, q = pendulum_chain(4)
    system = from_lagrangian(L, q, parameters=[g])
    p = system.values([1.7])
    y = np.random.default_rng(4).uniform(-1, 1, 8)
    M, v = filled(system.mass_matrix, 0.0, y, p, 4, 4), y[4:]
    np.testing.assert_allclose(M, M.T, rtol=1e-14)
    np.testing.assert_allclose(filled(system.momenta, 0.0, y, p, 4), M @ v, rtol=1e-13)
    kinetic, height = v @ M @ v / 2, np.sum(-np.cos(y[:4]) * np.arange(4, 0, -1))
    np.testing.assert_allclose(system.energy(0.0, y, p), kinetic + 1.7 * height, rtol=1e-13)
    np.testing.assert_allclose(system.lagrangian(0.0, y, p), kinetic - 1.7 * height, rtol=1e-13)


def test_solutions_conserve_the_derived_energy():
    L, q = pendulum_chain(2)
    system = from_lagrangian(L, q, parameters=[g])
    solution = solve(system.problem([1.5, 2.0, 0.0, 0.3], 0.0, 10.0, [9.81]), VERN9, rtol=1e-12, atol=1e-12)
    p = system.values([9.81])
    energies = np.array([system.energy(0.0, y, p) for y in solution.ys])
    assert np.ptp(energies) < 1e-9 * abs(energies[0])
    assert np.ptp([system.lagrangian(0.0, y, p) for y in solution.ys]) > 1.0  # the sum of it is no constant


def test_driven_and_damped_pendulum_with_a_moving_support():
    """x = k cos(omega t) + l sin q: l q'' = k omega^2 cos(omega t) cos q - g sin q + (torque - c q') / (m l)."""
    q = sp.Function("q")(t)
    x, y = k * sp.cos(omega * t) + l * sp.sin(q), -l * sp.cos(q)
    L = m * (x.diff(t) ** 2 + y.diff(t) ** 2) / 2 - m * g * y
    torque = sp.Symbol("torque")
    system = from_lagrangian(
        L, [q], parameters=[m, l, g, k, omega, c, torque], dissipation=c * q.diff(t) ** 2 / 2, forces={q: torque}
    )
    p = system.values({m: 1.3, l: 0.8, g: 9.81, k: 0.2, omega: 3.0, c: 0.4, torque: 0.7})
    time, Q, V = 0.6, 1.1, -0.4
    push = p.k * p.omega**2 * np.cos(p.omega * time) * np.cos(Q)
    expected = (push - p.g * np.sin(Q)) / p.l + (p.torque - p.c * V) / (p.m * p.l**2)
    np.testing.assert_allclose(filled(system.drift, time, np.array([Q, V]), p, 2), [V, expected], rtol=1e-12)
    assert_jacobian(system, time, np.array([Q, V]), p)


def test_agreement_with_lagranges_method_of_sympy():
    """A cart with a pendulum on a spring: three coordinates, state-dependent mass matrix, gyroscopic term."""
    x, r, a = dynamicsymbols("x r a")
    px, py = x + r * sp.sin(a), -r * sp.cos(a)
    L = 2 * x.diff(t) ** 2 + (px.diff(t) ** 2 + py.diff(t) ** 2) / 2 - g * py - k * (r - 1) ** 2 / 2 + c * x * a.diff(t)
    q = [x, r, a]
    system = from_lagrangian(L, q, parameters=[g, k, c])
    theirs = LagrangesMethod(L, q)
    theirs.form_lagranges_equations()
    values = dict(zip(system.state, (0.3, 1.2, 0.7, -0.4, 0.6, 0.9), strict=True)) | {g: 9.81, k: 20.0, c: 0.3}
    right = theirs.rhs().xreplace({s: sp.Float(v) for s, v in values.items()})
    y = np.array([values[s] for s in system.state])
    p = system.values([9.81, 20.0, 0.3])
    np.testing.assert_allclose(filled(system.drift, 0.0, y, p, 6), np.array(right, float).ravel(), rtol=1e-11)
    assert_jacobian(system, 0.0, y, p)


def test_an_indefinite_mass_matrix_without_a_diagonal_is_solved():
    """L = x' y' - x y: both coordinates are harmonic oscillators, and M has zeros on its diagonal."""
    x, y = dynamicsymbols("x y")
    system = from_lagrangian(x.diff(t) * y.diff(t) - x * y, [x, y])
    np.testing.assert_array_equal(filled(system.drift, 0.0, np.array([1.0, 2.0, 3.0, 4.0]), None, 4), [3, 4, -1, -2])
    np.testing.assert_array_equal(
        filled(system.jacobian, 0.0, np.ones(4), None, 4, 4), np.kron([[0, 1], [-1, 0]], np.eye(2))
    )


def test_masses_in_a_band_are_factorised_in_the_kernel():
    """A chain whose neighbours share a mass: M is tridiagonal, 60 coordinates, and depends on the state."""
    n = 60
    q = [sp.Function(f"q{i}")(t) for i in range(n)]
    v = [x.diff(t) for x in q]
    kinetic = [(2 + sp.sin(x)) * s**2 / 2 for x, s in zip(q, v, strict=True)]
    shared = [sp.cos(a) * u * w / 3 for a, u, w in zip(q, v, v[1:], strict=False)]
    L = sp.Add(*kinetic, *shared, *(-m * x**4 / 4 for x in q))
    system = from_lagrangian(L, q, parameters=[m])
    p = system.values([1.5])
    y = np.random.default_rng(5).uniform(-1, 1, 2 * n)
    Q, V = y[:n], y[n:]
    M = np.diag(2 + np.sin(Q)) + np.diag(np.cos(Q[:-1]) / 3, 1) + np.diag(np.cos(Q[:-1]) / 3, -1)
    F = -1.5 * Q**3 - np.cos(Q) * V**2 / 2  # -d/dt m(q) v + m'(q) v^2 / 2
    F[1:] += np.sin(Q[:-1]) * V[:-1] ** 2 / 3  # in row i, dL/dq_i and dM/dt cancel
    np.testing.assert_allclose(
        filled(system.drift, 0.0, y, p, 2 * n)[n:], np.linalg.solve(M, F), rtol=1e-11, atol=1e-12
    )
    assert_jacobian(system, 0.0, y, p)


def test_state_dependent_masses_of_a_large_diagonal_system():
    n = 80
    q = [sp.Function(f"q{i}")(t) for i in range(n)]
    L = sp.Add(*((1 + x**2) * x.diff(t) ** 2 / 2 - x**2 / 2 for x in q))
    system = from_lagrangian(L, q)
    y = np.random.default_rng(6).uniform(-1, 1, 2 * n)
    Q, V = y[:n], y[n:]
    np.testing.assert_allclose(filled(system.drift, 0.0, y, None, 2 * n)[n:], (-Q - Q * V**2) / (1 + Q**2), rtol=1e-13)
    assert_jacobian(system, 0.0, y, None)


def test_forces_enter_hamiltons_equations():
    q, p = sp.symbols("q p")
    system = from_hamiltonian(p**2 / 2 + q**2 / 2, [q], [p], t=t, parameters=[c], forces={q: -c * p + sp.cos(t)})
    np.testing.assert_allclose(
        filled(system.drift, 0.5, np.array([1.0, 2.0]), system.values([0.1]), 2), [2.0, -1.2 + np.cos(0.5)]
    )


def test_plain_symbols_with_velocities():
    x, v = sp.symbols("x v")
    system = from_lagrangian(m * v**2 / 2 - k * x**2 / 2, [x], velocities=[v], parameters=[m, k])
    np.testing.assert_array_equal(filled(system.drift, 0.0, np.array([1.0, 3.0]), (2.0, 8.0), 2), [3.0, -4.0])


coefficients = st.floats(-2, 2, allow_subnormal=False).map(lambda x: round(x, 3)).filter(bool)


@st.composite
def polynomials(draw):
    """A polynomial Hamiltonian of degree 4 in d coordinates and momenta, as {exponents: coefficient}."""
    d = draw(st.integers(1, 4))
    monomial = st.lists(st.integers(0, 2), min_size=2 * d, max_size=2 * d).filter(lambda e: 0 < sum(e) <= 4)
    return d, {tuple(draw(monomial)): draw(coefficients) for _ in range(draw(st.integers(1, 8)))}


@given(polynomials(), st.integers(0, 10**6))
def test_the_drift_of_a_random_polynomial_is_its_symplectic_gradient(polynomial, seed):
    """Gradient and Hessian from the exponents, in numpy."""
    d, table = polynomial
    z = sp.symbols(f"z:{2 * d}")
    H = sp.Add(*(a * sp.Mul(*(x**e for x, e in zip(z, powers, strict=True))) for powers, a in table.items()))
    H += sp.Add(*(x**2 / 2 for x in z))
    table = [*table.items(), *((tuple(2 * row), 0.5) for row in np.eye(2 * d, dtype=int))]
    system = from_hamiltonian(H, z[:d], z[d:])
    y = np.random.default_rng(seed).uniform(-1.5, 1.5, 2 * d)
    value, gradient, hessian = 0.0, np.zeros(2 * d), np.zeros((2 * d, 2 * d))

    def monomial(powers):
        return np.prod([x**e for x, e in zip(y, powers, strict=True)])

    eye = np.eye(2 * d, dtype=int)
    for powers, a in table:
        powers = np.array(powers)
        value += a * monomial(powers)
        for i in range(2 * d):
            if powers[i]:
                gradient[i] += a * powers[i] * monomial(powers - eye[i])
            for j in range(2 * d):
                lower = powers - eye[i] - eye[j]
                if (lower >= 0).all():
                    hessian[i, j] += a * powers[i] * (powers - eye[i])[j] * monomial(lower)
    J = np.block([[np.zeros((d, d)), np.eye(d)], [-np.eye(d), np.zeros((d, d))]])
    np.testing.assert_allclose(system.energy(0.0, y, None), value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(filled(system.drift, 0.0, y, None, 2 * d), J @ gradient, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(filled(system.jacobian, 0.0, y, None, 2 * d, 2 * d), J @ hessian, rtol=1e-11, atol=1e-11)
