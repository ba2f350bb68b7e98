"""Spectra that are known exactly or from the literature; linear systems first."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Problem, solve
from mechanics.lyapunov import Map, lyapunov_spectrum
from mechanics.methods import EULER_MARUYAMA, RK4, RODAS5P, VERLET
from mechanics.systems import LORENZ63


def test_linear_map_has_the_logarithms_of_its_eigenvalues(known):
    """Real and distinct: exact once the vectors have found their directions."""
    A = np.array([[1.1, 0.3], [0.0, 0.8]])
    found = lyapunov_spectrum(known.linear(A), total=1000, transient=200)
    assert_allclose(found.exponents, [math.log(1.1), math.log(0.8)], atol=1e-12)
    assert np.all(np.abs(found.exponents - np.log([1.1, 0.8])) <= 2 * found.stderr + 1e-15)


def test_complex_pair_does_not_oscillate_beyond_one_over_time(known):
    """Eigenvalues r e^{+-i w} in skewed coordinates: norms swing, the mean error is O(1/T)."""
    c, s = 0.9 * math.cos(1.0), 0.9 * math.sin(1.0)
    skew = np.array([[1.0, 2.0], [0.0, 0.5]])
    A = skew @ np.array([[c, -s], [s, c]]) @ np.linalg.inv(skew)
    for total in (1000, 10_000):
        found = lyapunov_spectrum(known.linear(A), total=total)
        assert_allclose(found.exponents, math.log(0.9), atol=4.0 / total)


def test_shear_has_zero_exponents(known):
    """[[1, a], [0, 1]]: |M^n e| grows like a n, so the estimate is ln(a n)/n."""
    found = lyapunov_spectrum(known.linear([[1.0, 0.1], [0.0, 1.0]]), total=20_000, transient=0)
    assert np.all(np.abs(found.exponents) < 2 * math.log(2000) / 20_000)
    assert found.zeros == 2


def test_linear_flow_has_the_real_parts(known):
    """x' = A x with eigenvalues 0.2 +- 3i and -0.5; RK4's own rates differ by less than 1e-6 at dt = 0.01."""
    A = [[0.2, -3.0, 0.0], [3.0, 0.2, 0.0], [0.0, 0.0, -0.5]]
    found = lyapunov_spectrum(known.linear_flow(A), total=100.0, dt=0.01)
    assert_allclose(found.exponents, [0.2, 0.2, -0.5], atol=1e-6)
    assert "fixed point" in found.verdict


def test_henon(known):
    """0.41922, -1.62319 (Sprott 2003); the sum is ln b."""
    found = lyapunov_spectrum(known.HENON, total=500_000)
    assert_allclose(found.exponents, [0.41922, -1.62319], atol=0.003)
    assert_allclose(found.exponents.sum(), math.log(0.3), atol=1e-11)
    assert abs(found.kaplan_yorke - 1.25827) < 0.002
    assert found.converged
    assert found.tangent == "duals"


def test_lorenz():
    """0.9056, 0, -14.5723 (Viswanath; Sprott); bounds of five standard errors at T = 2000."""
    found = lyapunov_spectrum(LORENZ63.problem(), total=2000.0, dt=0.005)
    assert np.all(np.abs(found.exponents - [0.9056, 0.0, -14.5723]) < [0.03, 0.004, 0.03])
    assert_allclose(found.exponents.sum(), -(10 + 1 + 8 / 3), atol=2e-5)  # RK4's own dissipation: 6e-6
    assert found.converged
    assert found.zeros == 1


@pytest.mark.sweep
def test_automatic_step_follows_the_flow():
    found = lyapunov_spectrum(LORENZ63.problem(), total=100.0)
    assert found.dt == pytest.approx(0.005)


def test_state_is_that_of_the_solve():
    """The numbers inside the duals have the bits of the method without tangents."""
    found = lyapunov_spectrum(LORENZ63.problem(), total=10.0, transient=0.0, dt=0.005, interval=0.1)
    problem = LORENZ63.problem(t1=found.step * 0.005)
    assert_allclose(found.state, solve(problem, RK4, dt=0.005).ys[-1], rtol=0, atol=0)


@pytest.mark.parametrize("tangent", ["differences", pytest.param("jacobian", marks=pytest.mark.sweep)])
def test_ways_of_finding_derivatives_agree(tangent, known):
    exact = lyapunov_spectrum(known.HENON, total=2000)
    if tangent == "jacobian":
        other = lyapunov_spectrum(
            Map(known.henon_map, [0.1, 0.1], known.Henon(), jacobian=known.henon_jacobian), total=2000
        )
    else:
        other = lyapunov_spectrum(known.HENON, total=2000, tangent="differences")
    assert other.tangent == tangent
    assert_allclose(other.exponents, exact.exponents, atol=1e-6)


def test_damped_chain_pairs_to_minus_gamma(known):
    """l_i + l_{2n+1-i} = -gamma for any potential with uniform friction: Dressler, PRA 38 (1988) 2103."""
    for beta in (0.0, 1.0):
        found = lyapunov_spectrum(known.springs(4, beta, gamma=0.1), total=400.0, dt=0.02)
        pairs = found.exponents + found.exponents[::-1]
        assert_allclose(pairs, -0.1, atol=0.01)
    linear_rates = -0.05 * np.ones(8)  # underdamped: all real parts are -gamma/2
    found = lyapunov_spectrum(known.springs(4, 0.0, gamma=0.1), total=2000.0, dt=0.02)
    assert_allclose(found.exponents, linear_rates, atol=5e-3)


def test_hamiltonian_spectrum_pairs_to_zero(known):
    """The derivative of a symplectic scheme is symplectic: finite products pair up to the frame's own error O(1/T)."""
    found = lyapunov_spectrum(known.springs(4, 1.0, energy=4.0), total=2000.0, dt=0.02, method=VERLET)
    assert_allclose(found.exponents + found.exponents[::-1], 0.0, atol=0.01)
    assert found.exponents[0] > 0.02
    assert abs(found.exponents.sum()) < 1e-10


def test_running_on_gives_the_bits_of_one_run(known):
    start = lyapunov_spectrum(known.HENON, total=1000, transient=100)
    once, twice = start.proceed(5000), start.proceed(2000).proceed(5000)
    assert np.array_equal(once.sums, twice.sums)
    assert np.array_equal(once.state, twice.state)
    assert_allclose(once.history[-1], once.exponents, rtol=1e-12)


@pytest.mark.sweep
def test_fewer_exponents_are_the_first_ones():
    all_of_them = lyapunov_spectrum(LORENZ63.problem(), total=200.0, dt=0.005, interval=0.1)
    two = lyapunov_spectrum(LORENZ63.problem(), 2, total=200.0, dt=0.005, interval=0.1)
    assert_allclose(two.exponents, all_of_them.exponents[:2], atol=1e-2)
    assert np.isnan(two.kaplan_yorke)


def test_divergence_is_a_verdict(known):
    found = lyapunov_spectrum(known.linear([[3.0, 0.0], [0.0, 2.0]], x0=[1.0, 1.0]), total=1000)
    assert found.verdict.startswith("diverged at iteration")
    assert np.isnan(found.exponents).all()
    assert not found.converged
    with pytest.raises(ValueError, match="diverged"):
        found.proceed(2000)


def test_lost_rank_is_minus_infinity(known):
    found = lyapunov_spectrum(known.linear([[0.5, 0.25], [0.0, 0.0]]), total=200)
    assert_allclose(found.exponents[0], math.log(0.5), atol=1e-12)
    assert found.exponents[1] == -math.inf
    assert found.resets[1] > 0


def test_bad_input_is_named(known):
    with pytest.raises(ValueError, match="k must be a whole number of exponents from 1 to the 2"):
        lyapunov_spectrum(known.HENON, 3)
    with pytest.raises(ValueError, match="neither a method nor a dt"):
        lyapunov_spectrum(known.HENON, dt=0.1)
    with pytest.raises(ValueError, match="no tangent dynamics"):
        lyapunov_spectrum(LORENZ63.problem(), method=RODAS5P, dt=0.01)
    with pytest.raises(ValueError, match="no diffusion"):
        lyapunov_spectrum(LORENZ63.problem(), method=EULER_MARUYAMA, dt=0.01)
    with pytest.raises(TypeError, match="must be a Map, a Problem or a SpringChain"):
        lyapunov_spectrum([1.0])
    with pytest.raises(ValueError, match="total must be positive"):
        lyapunov_spectrum(known.HENON, total=0)
    with pytest.raises(ValueError, match="needs method= and dt="):
        lyapunov_spectrum(Problem(_drift, [1.0], 0.0, 1.0, diffusion=_drift))
    with pytest.raises(TypeError, match="f must be f"):
        Map(_drift, [1.0], noises=1)


def _drift(t, y, p, dy):
    dy[0] = -y[0]
