"""Rest states against brute-force minimisation; the force law under noise against quadrature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import norm

from mechanics.chain import SpringChain
from mechanics.chain.noisy_friction import friction_under_noise, mean_slip, mobility
from mechanics.chain.rest import effective_friction, moving_springs, parabola, rest_state


def obstacle_by_search(blocks, k, mu, y):
    """min k/2 sum (x_{l+1} - x_l)^2 + mu sum x_l over x >= 0, by trying all contact sets and checking optimality."""
    best = None
    for stuck in range(blocks + 1):  # the contact set of a monotone pull is an interval at the held end
        n = blocks - stuck
        x = np.zeros(blocks)
        if n:
            stiffness = k * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))
            load = np.full(n, -mu)
            load[-1] += k * y
            x[stuck:] = np.linalg.solve(stiffness, load)
        full = np.r_[0, x, y]
        gradient = mu - k * np.diff(full, 2)
        if (x >= -1e-13).all() and (gradient[:stuck] >= -1e-13).all():
            energy = 0.5 * k * (np.diff(full) ** 2).sum() + mu * x.sum()
            if best is None or energy < best[0]:
                best = energy, full
    return best[1]


@pytest.mark.parametrize("mu", [0.0, 1e-9, 0.01, 0.03, 0.0357, 0.036, 0.1, 0.3, 0.49, 2.0, 50.0])
@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_rest_state_minimises_the_obstacle_problem(blocks, mu):
    """Karush-Kuhn-Tucker conditions hold for one contact set; 1e-12: rounding of a tridiagonal solve."""
    chain = SpringChain(blocks=blocks, k=1.3, mu_right=mu, target=0.8, eps_bar=0)
    assert_allclose(rest_state(chain), obstacle_by_search(blocks, 1.3, mu, 0.8), atol=1e-12)


def test_rest_state_agrees_with_a_general_optimiser():
    """A bounded least-squares solver knows nothing of contact sets: complete the square of the energy."""
    from scipy.optimize import lsq_linear

    k, mu, y, n = 1.0, 0.1, 1.0, 7
    A = k * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))
    load = np.full(n, -mu)
    load[-1] += k * y
    R = np.linalg.cholesky(A).T
    found = lsq_linear(R, np.linalg.solve(R.T, load), bounds=(0, np.inf), method="bvls", tol=1e-15)
    assert_allclose(rest_state(SpringChain(eps_bar=0))[1:-1], found.x, atol=1e-12)


def test_paper_defaults_rest_with_four_blocks_stuck():
    """k = 1, mu = 0.1, 7 blocks: L' = 5, by hand from (7) with 5 springs."""
    assert_allclose(rest_state(SpringChain()), [0, 0, 0, 0, 0, 0.1, 0.3, 0.6, 1.0], atol=1e-15)


def test_inside_the_limit_the_chain_rests_on_the_parabola():
    l = np.arange(9)
    chain = SpringChain(k=2.0, mu_right=0.02, target=3.0, eps_bar=0)
    assert_allclose(rest_state(chain), l * 3 / 8 - 0.02 / 4 * l * (8 - l), atol=1e-14)


def test_without_pull_nothing_moves():
    assert (rest_state(SpringChain(target=0.0)) == 0).all()
    assert (rest_state(SpringChain(target=0.0, mu_right=0.0)) == 0).all()


@given(
    y=st.floats(-5, 5),
    k=st.floats(0.1, 10),
    mu_right=st.floats(0, 3),
    mu_left=st.floats(0, 3),
    blocks=st.integers(1, 12),
)
def test_mirrored_chain_rests_in_the_mirror(y, k, mu_right, mu_left, blocks):
    chain = SpringChain(blocks, k, mu_right, mu_left, y, eps_bar=0)
    mirrored = SpringChain(blocks, k, mu_left, mu_right, -y, eps_bar=0)
    assert_allclose(rest_state(mirrored), -rest_state(chain), atol=0)
    for noise in ({"eps_bar": 0}, {"eps_bar": 0.3}, {"eps_bar": 0.3, "truncation": 2.0}):
        a = SpringChain(blocks, k, mu_right, mu_left, abs(y) + 1, **noise)
        b = SpringChain(blocks, k, mu_left, mu_right, -abs(y) - 1, **noise)
        assert effective_friction(b) == -effective_friction(a)


@given(y=st.floats(0, 5), k=st.floats(0.1, 10), mu=st.floats(0, 3), blocks=st.integers(1, 12))
def test_rest_state_is_at_rest_and_monotone(y, k, mu, blocks):
    x = rest_state(SpringChain(blocks, k, mu, 0.0, y, eps_bar=0))
    assert (np.diff(x) >= -1e-12).all()
    force = k * np.diff(x, 2)
    assert (force >= -1e-9).all()
    assert (force <= mu + 1e-9).all()


def test_the_number_of_moving_springs_is_the_largest_within_the_limit():
    for bend in np.geomspace(1e-3, 10, 50):
        expected = max(n for n in range(1, 13) if n == 1 or n * (n - 1) * bend <= 2)
        assert moving_springs(12, 1.0, bend) == expected


def test_effective_friction_of_each_noise():
    """mu_right; (8); max(mu_right - a, (mu_right - mu_left)/2)."""
    p = {"mu_right": 0.3, "mu_left": 0.1}
    assert effective_friction(SpringChain(**p, eps_bar=0)) == 0.3
    assert effective_friction(SpringChain(**p, eps_bar=1e-6)) == pytest.approx(0.1)
    assert effective_friction(SpringChain(**p, eps_bar=0.05, truncation=2.0)) == pytest.approx(0.2)
    assert effective_friction(SpringChain(**p, eps_bar=0.5, truncation=2.0)) == pytest.approx(0.1)
    assert effective_friction(SpringChain(**p, target=-1, eps_bar=0)) == -0.1
    assert effective_friction(SpringChain(**p, eps=0.1), dt=0.01) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="dt is needed"):
        effective_friction(SpringChain(**p, eps=0.1))


def expected_slip(force, mu_right, mu_left, s):
    """E sigma by adaptive quadrature of each sliding branch."""
    accuracy = {"epsabs": 1e-15, "limit": 200}
    right = quad(
        lambda z: (force + s * z - mu_right) * norm.pdf(z), (mu_right - force) / s, 40, epsabs=1e-15, limit=200
    )
    left = quad(lambda z: (force + s * z + mu_left) * norm.pdf(z), -40, (-mu_left - force) / s, **accuracy)
    return right[0] + left[0]


@pytest.mark.parametrize("s", [0.03, 0.2, 1.0])
@pytest.mark.parametrize("force", [-0.5, -0.1, 0.0, 0.1, 0.37, 0.9])
def test_mean_force_law_equals_quadrature(force, s):
    exact = expected_slip(force, 0.3, 0.1, s)
    assert mean_slip(force, 0.3, 0.1, s) == pytest.approx(exact, abs=1e-12)
    assert friction_under_noise(force, 0.3, 0.1, s) == pytest.approx(force - exact, abs=1e-12)
    step = 1e-5
    slope = (mean_slip(force + step, 0.3, 0.1, s) - mean_slip(force - step, 0.3, 0.1, s)) / (2 * step)
    assert mobility(force, 0.3, 0.1, s) == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("u", [3.0, 5.9, 6.1, 8.0, 20.0, 35.0])
def test_mean_force_law_keeps_its_digits_in_the_tail(u):
    """The difference phi(u) - u Phi(-u) loses u^2 in relative precision; the law must not. 1e-11: u^4 ulp."""
    assert mean_slip(0.0, u, 1e3, 1.0) == pytest.approx(h_by_quadrature(u), rel=1e-11, abs=0)


def h_by_quadrature(u):
    """h(-u)/phi(u) = int_0^inf z exp(-u z - z^2/2) dz."""
    scaled = quad(lambda z: z * np.exp(-u * z - z * z / 2), 0, 40 / u, epsabs=0, epsrel=1e-13, limit=500)[0]
    return scaled * norm.pdf(u)


def test_without_noise_the_law_is_dry_friction():
    force = np.linspace(-1, 1, 41)
    assert_allclose(mean_slip(force, 0.3, 0.1, 0.0), force - np.clip(force, -0.1, 0.3), atol=1e-16)


@given(force=st.floats(-1e3, 1e3), mu_right=st.floats(0, 10), mu_left=st.floats(0, 10), s=st.floats(0, 1e3))
def test_mean_force_law_is_mirrored_by_swapping_its_sides(force, mu_right, mu_left, s):
    assert mean_slip(-force, mu_right, mu_left, s) == -mean_slip(force, mu_left, mu_right, s)
    friction = friction_under_noise(force, mu_right, mu_left, s)
    assert -mu_left - 1e-9 * (1 + s) <= friction <= mu_right + 1e-9 * (1 + s)


def test_velocity_vanishes_where_both_frictions_balance():
    for s in (1e-3, 0.1, 10.0):
        assert abs(mean_slip(0.1, 0.3, 0.1, s)) < 1e-15


def test_negative_friction_is_refused():
    with pytest.raises(ValueError, match=r"mu_left must not be negative.*-0\.1"):
        mean_slip(0.0, 0.1, -0.1, 1.0)
    with pytest.raises(ValueError, match="s must not be negative"):
        friction_under_noise(0.0, 0.1, 0.1, np.nan)


def test_parabola_bends_by_mu_over_k():
    assert_allclose(np.diff(parabola(8, 2.0, 0.03), 2), 0.03, atol=1e-15)
