import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.stats import gamma

from mechanics import Problem
from mechanics.statistics import (
    committor,
    evolve_density,
    fokker_planck,
    mean_exit_time,
    slow_modes,
    stationary_density,
)
from mechanics.systems import COX_INGERSOLL_ROSS


def pull(t, y, p, dy):
    dy[0] = -y[0]


def well(t, y, p, dy):
    dy[0] = y[0] - y[0] ** 3


def tilted(t, y, p, dy):
    dy[0] = 0.7


def spiral(t, y, p, dy):
    dy[0] = -y[0] - 2.0 * y[1]
    dy[1] = 2.0 * y[0] - y[1]


def free(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -y[0] - y[1]


def nothing(t, y, p, dy):
    dy[0] = 0.0


def even(t, y, p, g):
    for i in range(len(y)):
        g[i] = p


def kicks(t, y, p, g):
    g[0], g[1] = 0.0, p


def noisy(drift, sigma=1.0, n=1, diffusion=even):
    return Problem(drift, np.zeros(n), 0.0, 1.0, p=sigma, diffusion=diffusion, noise="additive")


def test_ornstein_uhlenbeck_has_whole_eigenvalues():
    """-n + n^2-ish dx^2/3 on dx = 12/601: reference values of the same scheme to their five digits."""
    found = slow_modes(fokker_planck(noisy(pull), -6, 6, 601), 4)
    assert found.reversible
    assert_allclose(found.eigenvalues, [0, -0.999867, -1.9996, -2.9992], atol=2e-5)
    x = np.linspace(-6, 6, 601, endpoint=False) + 6 / 601
    slope = np.polyfit(x[200:400], found.functions[1][200:400], 1)[0]  # the first function is linear, up to dx^2
    assert_allclose(found.functions[1][150:450], slope * x[150:450], atol=2e-3 * abs(slope))


@pytest.mark.parametrize("sigma", [0.3, 0.7])
def test_modes_hold_in_the_tails(sigma):
    """Both equations and their products, where the density falls to 1e-64 (sigma = 0.3) and less."""
    fp = fokker_planck(noisy(well, sigma), -2.5, 2.5, 401)
    found = slow_modes(fp, 4)
    size = abs(fp.rates).max()
    for value, density, function in zip(found.eigenvalues, found.densities, found.functions, strict=True):
        assert abs(fp.rates @ density - value * density).max() < 1e-12 * size * abs(density).max()
        assert abs(fp.rates.T @ function - value * function).max() < 1e-12 * size * abs(function).max()
    assert_allclose(found.functions[0], 1.0, rtol=1e-9)
    assert_allclose(found.densities[0], stationary_density(fp), atol=1e-10)
    assert_allclose(found.functions @ found.densities.T * fp.volume, np.eye(4), atol=1e-8)
    assert (np.diff(found.functions[1]) * np.sign(found.functions[1][-1]) >= -1e-12).all()  # it is monotone


@pytest.mark.parametrize(
    ("sigma", "slow", "rate"), [(0.4, -0.0177747, 0.01740), (0.5, -0.0568191, 0.05427), (0.7, -0.1819905, 0.16935)]
)
def test_double_well_rates(sigma, slow, rate):
    """Reference eigenvalues (tolerance: one unit in their last digit) and 1/(mean time from -1 to the saddle)."""
    fp = fokker_planck(noisy(well, sigma), -2.5, 2.5, 801)
    assert_allclose(slow_modes(fp, 2).eigenvalues, [0.0, slow], atol=1e-7)
    half = fokker_planck(noisy(well, sigma), -2.5, 0.0, 400, [("reflecting", "absorbing")])
    assert_allclose(1 / np.interp(-1.0, half.axes[0], mean_exit_time(half)), rate, atol=5e-6)


def test_mean_exit_time_converges_at_second_order_to_the_double_integral():
    """Gardiner 5.2.7: T(x) = (2/s^2) int_x^0 e^(2V/s^2) int_{-inf}^y e^(-2V/s^2); Brownian motion has x(L - x)/s^2."""
    s = 0.6
    V = lambda x: x**4 / 4 - x**2 / 2  # noqa: E731
    inner = lambda y: quad(lambda z: np.exp(-2 * V(z) / s**2), -3, y, epsabs=1e-13)[0]  # noqa: E731
    exact = 2 / s**2 * quad(lambda y: np.exp(2 * V(y) / s**2) * inner(y), -1, 0, epsabs=1e-11)[0]
    errors = []
    for cells in (75, 135, 225):  # -1 lies on an edge: interpolation adds to the error at order 2
        half = fokker_planck(noisy(well, s), -3.0, 0.0, cells, [("reflecting", "absorbing")])
        errors.append(abs(np.interp(-1.0, half.axes[0], mean_exit_time(half)) - exact))
    assert 1.9 < -np.polyfit(np.log([75, 135, 225]), np.log(errors), 1)[0] < 2.1
    flat = fokker_planck(noisy(nothing, 0.5), 0, 2, 50, "absorbing")
    x = flat.axes[0]
    assert_allclose(mean_exit_time(flat), x * (2 - x) / 0.25, rtol=0, atol=2 * 0.04**2 / 0.25)


def test_gibbs_and_multiplicative_densities_are_exact_on_every_grid():
    """No flux: ratios of cells are e^-2(V_i - V_j)/s^2, and for g(y) = s sqrt(y) those of the gamma law."""
    fp = fokker_planck(noisy(well, 0.3), -2.5, 2.5, 40)
    x = fp.axes[0]
    p = stationary_density(fp)
    gibbs = np.exp(-2 / 0.09 * (x**4 / 4 - x**2 / 2))
    assert_allclose(p, gibbs / gibbs.sum() / fp.volume, rtol=1e-10)
    assert abs(fp.rates @ p).max() < 1e-12 * abs(fp.rates).max()
    cir = COX_INGERSOLL_ROSS.problem()
    fp = fokker_planck(cir, 0.05, 4.0, 300)
    y, q = fp.axes[0], COX_INGERSOLL_ROSS.p
    law = gamma(2 * q.a * q.b / q.sigma**2, scale=q.sigma**2 / (2 * q.a)).pdf(y)
    p = stationary_density(fp)
    assert_allclose(p / p[100], law / law[100], rtol=1e-5)  # 1e-5: four Gauss points of b/D ~ 1/y at the left end


def test_a_tilted_ring_carries_a_current_at_uniform_density():
    fp = fokker_planck(noisy(tilted, 1.0), 0, 2 * np.pi, 200, "periodic")
    found = slow_modes(fp, 3)
    assert not found.reversible
    assert_allclose(stationary_density(fp), 1 / (2 * np.pi), rtol=1e-10)
    pair = found.eigenvalues[1:]
    assert_allclose(np.sort_complex(pair), [-0.5 - 0.7j, -0.5 + 0.7j], atol=4e-4)  # -k^2/2 - i 0.7 k, error dx^2


def test_spiral_in_two_dimensions_has_complex_modes_and_a_gaussian_at_rest():
    fp = fokker_planck(noisy(spiral, 1.0, 2), -3.5, 3.5, 50)
    found = slow_modes(fp, 3)
    assert not found.reversible
    assert_allclose(np.sort_complex(found.eigenvalues[1:]), [-1 - 2j, -1 + 2j], atol=0.02)
    x, y = np.meshgrid(*fp.axes, indexing="ij")
    p = stationary_density(fp)
    assert_allclose(p, np.exp(-(x**2) - y**2) / np.pi, atol=0.01)
    overlap = np.einsum("iab,jab->ij", found.functions, found.densities) * fp.volume
    assert_allclose(overlap, np.eye(3), atol=1e-8)


def test_two_independent_directions_add_their_eigenvalues():
    def both(t, y, p, dy):
        dy[0], dy[1] = -y[0], y[1] - y[1] ** 3

    fp = fokker_planck(noisy(both, 0.7, 2), [-3, -2.5], [3, 2.5], [30, 40])
    one = slow_modes(fokker_planck(noisy(pull, 0.7), -3, 3, 30), 2).eigenvalues[1]
    two = slow_modes(fokker_planck(noisy(well, 0.7), -2.5, 2.5, 40), 2).eigenvalues[1]
    found = slow_modes(fp, 4)
    assert found.reversible
    for value in (0.0, two, one, one + two):
        assert abs(found.eigenvalues - value).min() < 1e-9


def test_a_component_without_noise_is_carried():
    fp = fokker_planck(noisy(free, 1.0, 2, kicks), -5, 5, 60)
    assert_allclose(np.asarray(fp.rates.sum(axis=0)).ravel(), 0, atol=1e-9)
    p = stationary_density(fp)
    x, v = np.meshgrid(*fp.axes, indexing="ij")
    assert_allclose([np.sum(p * x * v) * fp.volume, np.sum(p * v * v) * fp.volume], [0.0, 0.5], atol=0.12)  # upwind


@pytest.mark.parametrize("order", [1, 2])
def test_steps_converge_at_their_order_to_the_exponential(order):
    fp = fokker_planck(noisy(well, 0.7), -2, 2, 30)
    p0 = np.where(abs(fp.axes[0] - 1) < 0.3, 1.0, 0.0)
    exact = expm(fp.rates.toarray()) @ p0
    dts = 2.0 ** -np.arange(4, 8)
    errors = [abs(evolve_density(fp, p0, 1.0, dt, order=order)[0] - exact).sum() for dt in dts]
    assert order - 0.15 < np.polyfit(np.log(dts), np.log(errors), 1)[0] < order + 0.3


@settings(max_examples=25, deadline=None)
@given(
    sigma=st.floats(0.05, 3),
    dt=st.floats(1e-3, 100),
    wall=st.sampled_from(["reflecting", "periodic"]),
    start=st.integers(0, 23),
    twist=st.floats(-5, 5),
)
def test_mass_is_kept_and_nothing_turns_negative(sigma, dt, wall, start, twist):
    def force(t, y, p, dy):
        dy[0] = twist + np.sin(y[0])

    fp = fokker_planck(noisy(force, sigma), -np.pi, np.pi, 24, wall)
    rates = fp.rates.toarray()
    assert (rates - np.diag(np.diag(rates)) >= 0).all()
    assert abs(rates.sum(axis=0)).max() <= 1e-12 * abs(rates).max()
    p0 = np.zeros(24)
    p0[start] = 1 / fp.volume
    p = evolve_density(fp, p0, [3 * dt], dt)[0]
    assert p.min() >= -1e-15 * p.max()
    assert_allclose(p.sum() * fp.volume, 1.0, rtol=1e-9)
    both = evolve_density(fp, p0, [3 * dt], dt, order=2)[0]
    assert_allclose(both.sum() * fp.volume, 1.0, rtol=1e-9)


def test_absorption_takes_mass_at_the_rate_of_the_slowest_mode():
    fp = fokker_planck(noisy(nothing, 1.0), 0, np.pi, 60, "absorbing")
    found = slow_modes(fp, 1)
    assert_allclose(found.eigenvalues[0], -0.5, rtol=1e-3)
    later = evolve_density(fp, found.densities[0], [0.5], 1e-3, order=2)[0]
    assert_allclose(later.sum() * fp.volume, np.exp(0.5 * found.eigenvalues[0]), rtol=1e-7)
    with pytest.raises(ValueError, match="absorb"):
        stationary_density(fp)


def test_committor_of_brownian_motion_is_linear_and_of_the_well_one_half_on_the_saddle():
    fp = fokker_planck(noisy(nothing, 1.0), 0, 1, 41)
    x = fp.axes[0]
    q = committor(fp, lambda c: c[:, 0] < 0.1, lambda c: c[:, 0] > 0.9)
    a, b = x[x < 0.1].max(), x[x > 0.9].min()
    assert_allclose(q, np.clip((x - a) / (b - a), 0, 1), atol=1e-12)
    fp = fokker_planck(noisy(well, 0.5), -2, 2, 101)
    q = committor(fp, fp.centres[:, 0] < -1, fp.centres[:, 0] > 1)
    assert_allclose(q[50], 0.5, atol=1e-10)
    assert (np.diff(q) >= 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fokker_planck(Problem(pull, [0.0], 0, 1), -1, 1, 9), "no diffusion"),
        (lambda: fokker_planck(noisy(pull, 1.0, 3), -1, 1, 9), "one or two components"),
        (lambda: fokker_planck(noisy(pull), 1, -1, 9), "below upper"),
        (lambda: fokker_planck(noisy(pull), -1, 1, 2), "at least 4"),
        (lambda: fokker_planck(noisy(pull), -1, 1, 9, "open"), "a wall is one of"),
        (lambda: fokker_planck(noisy(pull), -1, 1, 9, [("periodic", "absorbing")]), "both ends"),
        (lambda: fokker_planck(noisy(pull, np.inf), -1, 1, 9), "not finite"),
        (lambda: mean_exit_time(fokker_planck(noisy(pull), -1, 1, 9)), "no way out"),
        (lambda: mean_exit_time(fokker_planck(noisy(pull), -1, 1, 9), np.zeros(9, bool)), "empty"),
        (lambda: mean_exit_time(fokker_planck(noisy(pull), -1, 1, 9), np.ones(8, bool)), "truth values"),
        (lambda: committor(fokker_planck(noisy(pull), -1, 1, 9), np.ones(9, bool), np.ones(9, bool)), "in common"),
        (lambda: slow_modes(fokker_planck(noisy(pull), -1, 1, 9), 8), "at most 7"),
        (lambda: evolve_density(fokker_planck(noisy(pull), -1, 1, 9), np.ones(8), 1.0, 0.1), "shape"),
        (lambda: evolve_density(fokker_planck(noisy(pull), -1, 1, 9), -np.ones(9), 1.0, 0.1), "negative"),
        (lambda: evolve_density(fokker_planck(noisy(pull), -1, 1, 9), np.ones(9), [2.0, 1.0], 0.1), "increasing"),
        (lambda: evolve_density(fokker_planck(noisy(pull), -1, 1, 9), np.ones(9), 1.0, -0.1), "dt must"),
    ],
)
def test_bad_input_says_what_was_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
