"""Noise: copies that see the same increments; exact exponents of linear equations, and the friction chain."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Problem, solve
from mechanics.chain import SpringChain
from mechanics.lyapunov import Map, lyapunov_spectrum
from mechanics.methods import EULER_HEUN, EULER_MARUYAMA, MILSTEIN


def growth(t, y, p, dy):
    dy[0] = p[0] * y[0]


def proportional(t, y, p, g):
    g[0] = p[1] * y[0]


def _gbm(y0):
    return Problem(growth, [y0], 0.0, 1.0, [0.1, 0.8], diffusion=proportional)


@pytest.mark.parametrize(
    ("method", "exact"), [(MILSTEIN, 0.1 - 0.32), pytest.param(EULER_HEUN, 0.1, marks=pytest.mark.sweep)], ids=str
)
def test_geometric_brownian_motion(method, exact):
    """a - b^2/2 in the sense of Ito, a in that of Stratonovich; five standard errors b/sqrt(T), 6e-7 false alarms."""
    found = lyapunov_spectrum(_gbm(0.0), total=2000.0, dt=0.01, method=method, seed=3)
    assert abs(found.exponents[0] - exact) < 5 * 0.8 / math.sqrt(2000)
    assert 0.7 < found.stderr[0] / (0.8 / math.sqrt(2000)) < 1.4


@pytest.mark.sweep
def test_noisy_state_is_that_of_the_solve():
    """Same seed, same increments, same bits."""
    found = lyapunov_spectrum(_gbm(1.0), total=2.0, transient=0.0, dt=0.01, interval=0.1, method=MILSTEIN, seed=5)
    problem = Problem(growth, [1.0], 0.0, found.step * 0.01, [0.1, 0.8], diffusion=proportional)
    assert_allclose(found.state, solve(problem, MILSTEIN, dt=0.01, seed=5).ys[-1], rtol=0, atol=0)


def pair(t, y, p, dy):
    dy[0] = -1.0 * y[0] + 0.4 * y[1]
    dy[1] = -2.0 * y[1]


def constant(t, y, p, g):
    g[0] = 0.3
    g[1] = 0.7


@pytest.mark.sweep
def test_additive_noise_does_not_enter_the_tangent():
    """Ornstein-Uhlenbeck: real parts of the eigenvalues, whatever the noise; the scheme's rates are ln(1 - a dt)/dt."""
    problem = Problem(pair, [1.0, 0.0], 0.0, 1.0, diffusion=constant, noise="additive")
    found = lyapunov_spectrum(problem, total=100.0, dt=0.01, method=EULER_MARUYAMA)
    assert_allclose(found.exponents, np.log([1 - 0.01, 1 - 0.02]) / 0.01, atol=1e-9)


def gaussian(n, x, z, p, out):
    for i in range(5):
        out[i] = 0.0
        for j in range(5):
            out[i] += z[5 * i + j] * x[j]


@pytest.mark.sweep
def test_products_of_gaussian_matrices():
    """(ln 2 + psi((d - i + 1)/2))/2: Newman, Commun. Math. Phys. 103 (1986) 121. Five standard errors of 40 000."""
    exact = [0.6981519106, 0.5579657578, 0.3648185773, 0.0579657578, -0.6351814227]
    found = lyapunov_spectrum(Map(gaussian, np.zeros(5), noises=25), total=40_000, seed=2)
    assert np.all(np.abs(found.exponents - exact) < [0.008, 0.01, 0.012, 0.016, 0.028])
    assert np.all(np.abs(found.exponents - exact) < 5 * found.stderr)


CHAIN = SpringChain(blocks=7, k=1.0, mu_right=0.1, mu_left=0.1, target=1.0, eps_bar=0.1)


def test_chain_state_is_that_of_the_simulation():
    found = lyapunov_spectrum(CHAIN, total=5.0, transient=0.0, dt=0.01, interval=0.1, seed=4)
    run = CHAIN.simulate(found.step, dt=0.01, seed=4)
    assert_allclose(found.state, run.x[0, -1, 1:-1], rtol=0, atol=0)


def test_chain_contracts_as_its_blocks_slip():
    """Seven blocks: within 15 % of p_slip eig(K), and -0.0557 for the first over T = 100 (computed independently)."""
    found = lyapunov_spectrum(CHAIN, total=400.0, dt=0.01)
    slips = 2 * (1 - 0.5 * (1 + math.erf(1 / math.sqrt(2))))  # |noise| beyond the threshold of one standard deviation
    field = -slips * 2 * (1 - np.cos(math.pi * np.arange(1, 8) / 8))
    assert_allclose(found.exponents, field, rtol=0.2)
    assert abs(found.exponents[0] + 0.0557) < 0.02


def test_chain_without_noise_or_friction_is_linear():
    """mu = 0, no noise: ln(1 + dt eig(K))/dt exactly; below the threshold nothing moves: zeros."""
    free = SpringChain(blocks=7, mu_right=0.0, mu_left=0.0, eps_bar=0.0)
    exact = np.log(1 - 0.01 * 2 * (1 - np.cos(math.pi * np.arange(1, 8) / 8))) / 0.01
    assert_allclose(lyapunov_spectrum(free, total=200.0, dt=0.01).exponents, exact, atol=2e-3)
    stuck = lyapunov_spectrum(SpringChain(blocks=7, target=0.05, eps_bar=0.0), total=10.0, dt=0.01)
    assert_allclose(stuck.exponents, 0.0, atol=1e-12)
    assert stuck.zeros == 7


def test_bad_chains_are_named():
    with pytest.raises(ValueError, match="needs dt="):
        lyapunov_spectrum(CHAIN)
    with pytest.raises(ValueError, match="stability limit"):
        lyapunov_spectrum(CHAIN, dt=0.6)
