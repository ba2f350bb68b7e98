"""Drawn systems have the solutions, invariants and moments they come with."""

import importlib
import re
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from mechanics.testing import strategies


class Spring(NamedTuple):
    k: float
    gamma: float


@given(strategies.linear_systems())
def test_linear_systems_end_at_their_exact_solution(system):
    run = solve_ivp(system.f, (0.0, system.t1), system.y0, method="DOP853", rtol=1e-11, atol=1e-13)
    assert_allclose(run.y[:, -1], system.solution(), atol=1e-9)
    assert 1 <= system.n <= 5


@given(strategies.linear_systems([-1.0, 0.25 + 2.0j]))
def test_linear_systems_have_the_eigenvalues_asked_for(system):
    found = np.sort_complex(np.linalg.eigvals(system.p.A))
    assert_allclose(found, np.sort_complex([-1.0, 0.25 + 2j, 0.25 - 2j]), atol=1e-10)


@settings(max_examples=25)
@given(strategies.hamiltonians())
def test_hamiltonians_conserve_energy_and_are_even(system):
    run = solve_ivp(system.f, (0.0, system.t1), system.y0, method="DOP853", rtol=1e-11, atol=1e-13)
    energy = system.invariants[0]
    start = energy(0.0, system.y0, system.p)
    assert energy(0.0, run.y[:, -1], system.p) == pytest.approx(start, abs=1e-8)
    assert_allclose(system.f(0.0, -system.y0), -system.f(0.0, system.y0), atol=0)
    assert start >= 0.0


@settings(max_examples=25)
@given(strategies.hamiltonians(round=True))
def test_round_hamiltonians_conserve_angular_momentum(system):
    run = solve_ivp(system.f, (0.0, system.t1), system.y0, method="DOP853", rtol=1e-11, atol=1e-13)
    momentum = system.invariants[1]
    assert momentum(0.0, run.y[:, -1], system.p) == pytest.approx(momentum(0.0, system.y0, system.p), abs=1e-8)


@given(strategies.linear_sdes())
def test_moments_of_linear_sdes_solve_their_equations(system):
    """m' = A m and C' = A C + C A^T + B B^T by fourth-order differences."""
    A, B = system.p.A, system.p.B
    h, t = 1e-2, 0.5
    mean, C = system.moments(t, system.y0, system.p)
    parts = [system.moments(t + k * h, system.y0, system.p) for k in (-2, -1, 1, 2)]
    slope = [(parts[0][i] - 8 * parts[1][i] + 8 * parts[2][i] - parts[3][i]) / (12 * h) for i in (0, 1)]
    assert_allclose(slope[0], A @ mean, atol=1e-5)
    assert_allclose(slope[1], A @ C + C @ A.T + B @ B.T, atol=1e-4)
    g = np.empty(B.shape)
    system.diffusion(0.0, system.y0, system.p, g)
    assert_allclose(g, B, atol=0)


@given(st.data())
def test_states_and_parameters_stay_in_range(data):
    y = data.draw(strategies.states(3, 2.0))
    assert y.shape == (3,)
    assert np.abs(y).max() <= 2.0
    p = data.draw(strategies.parameters(Spring, k=(0.5, 2.0), gamma=(0.0, 0.1)))
    assert isinstance(p, Spring)
    assert 0.5 <= p.k <= 2.0


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="n must be at least 1"):
        strategies.states(0)
    with pytest.raises(TypeError, match="one range for each field"):
        strategies.parameters(Spring, k=(0.0, 1.0))


def test_without_hypothesis_the_error_says_what_to_install(monkeypatch):
    real = importlib.import_module

    def missing(name, *rest):
        if name.startswith("hypothesis"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match=re.escape("pip install mechanet[test]")):
        strategies.states(2)
