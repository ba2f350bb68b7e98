"""`Hamiltonian`: fields against differences, flows that conserve, monodromy that is symplectic, refusals."""

import math

import numpy as np
import pytest
import sympy as sp
from cases import made
from numpy.testing import assert_allclose

from mechanics.hamiltonian import Hamiltonian
from mechanics.methods import GAUSS6

Y = np.array([0.4, -0.7, 0.3, 1.1])


def test_field_is_the_gradient_of_the_energy():
    H = made("sphere")
    step = 1e-6
    gradient = [(H.energy(0.0, Y + step * e) - H.energy(0.0, Y - step * e)) / (2 * step) for e in np.eye(4)]
    assert_allclose(H.field(0.0, Y), np.r_[gradient[2:], np.negative(gradient[:2])], atol=1e-8)


def test_derivatives_of_the_field():
    H, v = made("sphere"), np.array([0.3, -0.2, 0.5, 0.1])
    step = 1e-6
    along = (H.field(0.0, Y + step * v) - H.field(0.0, Y - step * v)) / (2 * step)
    assert_allclose(H.jvp(0.0, Y, v), along, atol=1e-7)
    assert_allclose(H.vjp(0.0, Y, v) @ Y, v @ H.jvp(0.0, Y, Y), rtol=1e-12)


def test_monodromy_is_the_derivative_of_the_flow_and_symplectic():
    H, y0 = made("kink"), np.array([0.2, 0.5])
    M = H.monodromy(y0, 0.0, 1.5)
    step = 1e-6

    def end(y):
        return H.flow(y, 0.0, 1.5, rtol=1e-12, atol=1e-12).y

    columns = [(end(y0 + step * e) - end(y0 - step * e)) / (2 * step) for e in np.eye(2)]
    assert_allclose(M, np.transpose(columns), atol=1e-7)
    J = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert_allclose(M.T @ J @ M, J, atol=1e-9)
    coarse = H.monodromy(y0, 0.0, 1.5, GAUSS6, dt=0.3)  # far from the limit, and symplectic all the same
    assert np.abs(coarse - M).max() > 1e-9
    assert_allclose(coarse.T @ J @ coarse, J, atol=1e-13)


def test_four_ways_to_write_an_oscillator_are_one():
    y = np.array([0.3, -0.8])
    q, p, w = sp.symbols("q p w")
    by_sympy = Hamiltonian.from_sympy(p**2 / 2 + w**2 * q**2 / 2, [q], [p], parameters=[w], par={w: 1.3})

    def gradient(t, q, p, par, dq, dp):
        dq[0] = par.omega**2 * q[0]
        dp[0] = p[0]

    by_gradient = Hamiltonian(gradient=gradient, par={"omega": 1.3})
    by_matrix = Hamiltonian.quadratic(np.diag([1.3**2, 1.0]))
    for H in (by_sympy, by_gradient, by_matrix):
        assert_allclose(H.field(0.0, y), made("harmonic").field(0.0, y), rtol=1e-14)
        assert_allclose(H.jacobian(0.0, y), made("harmonic").jacobian(0.0, y), atol=1e-9)
    assert_allclose(by_matrix.energy(0.0, y), made("harmonic").energy(0.0, y), rtol=1e-14)
    with pytest.raises(ValueError, match="gradient only"):
        by_gradient.energy(0.0, y)


def test_functions_vectors_and_powers_of_a_formula():
    """Every kind of node, against plain Python."""

    def H(t, q, p, par):
        return (
            math.tanh(q[0]) * par.k[0]
            + math.hypot(q[0], p[0]) ** 1.5
            + par.k[1] * math.cosh(t * p[0]) / (2 + q[0]) ** 2
        )

    made_of = Hamiltonian(H, par={"k": np.array([0.7, 1.9])})
    y = np.array([0.4, 0.9])
    assert_allclose(made_of.energy(0.3, y), H(0.3, y[:1], y[1:], made_of.par), rtol=1e-14)


def test_branches_are_refused_with_advice():
    with pytest.raises(ValueError, match="gradient="):
        Hamiltonian(lambda t, q, p, par: p[0] ** 2 if q[0] > 0 else 0.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Hamiltonian(), "needs"),
        (lambda: Hamiltonian(lambda q, p: 0.0), "t, q, p, par"),
        (lambda: Hamiltonian.quadratic([[1.0, 2.0], [0.0, 1.0]]), "symmetric"),
        (lambda: made("harmonic").with_par(k=1.0), "no k"),
        (lambda: made("harmonic").field(0.0, [1.0, 2.0, 3.0]), "2 components"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make()
