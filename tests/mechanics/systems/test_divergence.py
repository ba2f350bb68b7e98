"""Toy models of diverging trainings: simulations by the engines against their predictions.

Every simulation has a fixed seed. Z = 4.9 standard errors, and TAIL for exact distributions, are false-alarm rates of
1e-6 for each number; with 50 of them 5e-5 for this file, had the seeds been drawn.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import dblquad, quad
from scipy.stats import chi2

from mechanics import ensemble
from mechanics.lyapunov import lyapunov_spectrum
from mechanics.methods import EULER, EULER_MARUYAMA
from mechanics.systems.divergence import (
    Layers,
    layers_growth,
    layers_spread,
    layers_system,
    linear_sgd_exponent,
    linear_sgd_limits,
    linear_sgd_map,
    linear_sgd_mean_square,
    quartic_descent_exponent,
    quartic_descent_map,
    shear_distance,
    shear_map,
)
from mechanics.systems.divergence_noise import (
    independent_wells,
    independent_wells_distance,
    noisy_quadratic_distance,
    noisy_quadratic_system,
    power_spectrum,
    power_spectrum_distance,
)
from mechanics.systems.noisy_exponents import pitchfork_exponent, pitchfork_system

Z, TAIL = 4.9, 5e-7


def squared_distances(run):
    """d^2 of members 2 i and 2 i + 1, shape (pairs, m)."""
    return np.sum((run.ys[::2] - run.ys[1::2]) ** 2, axis=2)


@pytest.mark.parametrize("eta", [0.05, 0.173, 0.25])
def test_exponents_of_linear_sgd_are_the_quadrature(eta):
    """At 0.173, between the limits, copies converge although the mean square grows."""
    found = lyapunov_spectrum(linear_sgd_map(10, eta).map(), 1, total=100_000)
    assert abs(found.exponents[0] - linear_sgd_exponent(10, eta)) < Z * found.stderr[0]
    assert found.stderr[0] < 1e-3


def test_linear_sgd_with_one_weight_in_closed_form():
    """d = 1: E ln|1 - a z^2|; a -> infinity: ln a + E ln z^2, and E ln z^2 = -gamma - ln 2 (digamma(1/2) + ln 2)."""
    a = 1e6
    assert_allclose(linear_sgd_exponent(1, a), math.log(a) - np.euler_gamma - math.log(2.0), rtol=1e-4)


@pytest.mark.parametrize(("d", "eta"), [(2, 0.3), (3, 1.0), (10, 0.1)])
def test_linear_sgd_by_another_quadrature(d, eta):
    """Directly over |x| = r (chi with d degrees of freedom) and the angle between x and the distance."""
    chi = 2.0 ** (0.5 * d - 1.0) * math.gamma(0.5 * d)
    sphere = math.sqrt(math.pi) * math.gamma(0.5 * (d - 1)) / math.gamma(0.5 * d)

    def f(angle, r):
        along = (r * math.cos(angle)) ** 2
        weight = r ** (d - 1) * math.exp(-0.5 * r * r) / chi * math.sin(angle) ** (d - 2) / sphere
        return 0.5 * weight * math.log(1.0 - 2.0 * eta * along + eta**2 * along * r * r)

    half = dblquad(f, 0.0, 10.0, 0.0, 0.5 * math.pi, epsabs=1e-6, epsrel=1e-6)[0]
    assert_allclose(2.0 * half, linear_sgd_exponent(d, eta), atol=5e-6)


def test_limits_of_linear_sgd():
    """2/((D + 2) s^2) and 0.17989 at D = 10; both scale as 1/s^2."""
    first, last = linear_sgd_limits(10)
    assert (first, round(last, 5)) == (2.0 / 12.0, 0.17989)
    assert_allclose(linear_sgd_mean_square(10, first), 1.0, rtol=1e-14)
    assert_allclose(linear_sgd_limits(10, 0.5), (4.0 * first, 4.0 * last), rtol=1e-10)
    assert_allclose(linear_sgd_exponent(10, 4.0 * last, 0.5), 0.0, atol=1e-8)


def test_mean_square_of_linear_sgd_by_moments():
    """100,000 single steps of the record's own map applied to rows of samples; Z standard errors."""
    z = np.random.default_rng(5).normal(size=(10, 100_000))
    record, out = linear_sgd_map(10, 0.13, 1.1), np.empty((10, 100_000))
    start = np.zeros((10, 100_000))
    start[0] = 1.0
    record.f(0, start, z, record.p, out)
    squares = np.sum(out**2, axis=0)
    error = squares.std() / math.sqrt(100_000)
    assert abs(squares.mean() - linear_sgd_mean_square(10, 0.13, 1.1)) < Z * error


@given(
    h=st.floats(0.0, 15.0), s=st.floats(0.1, 10.0), eta=st.floats(0.01, 0.2), steps=st.integers(0, 60)
)  # r from -2 to 1
def test_distance_of_noisy_quadratics_obeys_its_recursion(h, s, eta, steps):
    """V <- r^2 v + 2 eta^2 s^2."""
    v = 0.0
    for _ in range(steps):
        v = (1.0 - eta * h) ** 2 * v + 2.0 * (eta * s) ** 2
    assert_allclose(noisy_quadratic_distance(steps, h, s, eta), [v], rtol=1e-7)


def test_copies_with_other_batches_part_as_predicted():
    """16 pairs of 500 flat directions (square-root law), 500 curved ones, and 1,000 with a power spectrum.

    d^2/E d^2 of one direction is chi-square; the sum over a power spectrum is within Z standard errors.
    """
    a, eta, steps = 2.0, 0.2, np.array([1, 10, 100, 400])
    h, s = power_spectrum(a, 1000)
    curvatures, noises = np.repeat([0.0, 0.3], 500), np.full(1000, 2.0)
    system = noisy_quadratic_system(np.append(curvatures, h), np.append(noises, s), eta, 400)
    run = ensemble(system.problem(), EULER_MARUYAMA, members=32, dt=eta, saveat=eta * steps, seed=1, engine="scalar")
    squares = (run.ys[::2] - run.ys[1::2]) ** 2
    for part, curvature in ((slice(0, 500), 0.0), (slice(500, 1000), 0.3)):
        summed = squares[:, :, part].sum(axis=(0, 2)) / noisy_quadratic_distance(steps, curvature, 2.0, eta)
        tails = np.minimum(chi2.cdf(summed, 8000), chi2.sf(summed, 8000))
        assert (tails > TAIL).all(), (curvature, summed / 8000)
    flat = noisy_quadratic_distance(steps, 0.0, 2.0, eta)
    assert_allclose(flat, 2.0 * (eta * 2.0) ** 2 * steps, rtol=1e-14)

    modes = np.array([noisy_quadratic_distance(steps, x, y, eta) for x, y in zip(h, s, strict=True)])
    error = np.sqrt(2.0 * np.sum(modes**2, axis=0) / 16)  # the variance of a chi-square is 2 mean^2
    measured = squares[:, :, 1000:].sum(axis=2).mean(axis=0)
    assert (abs(measured - modes.sum(axis=0)) < Z * error).all()
    assert_allclose(modes.sum(axis=0)[2:], power_spectrum_distance(steps[2:], a, eta), rtol=0.03)


@pytest.mark.parametrize("a", [1.5, 2.0, 3.0])
def test_power_law_is_the_limit_of_the_sum(a):
    """Small eta, a million modes and the rest by its integral: 1 % at eta = 0.01, and the slope is 1/a within 0.02."""
    eta, steps, n = 0.01, np.array([1e5, 2e5]), 1_000_000
    h, s = power_spectrum(a, n)
    rest = 2.0 * eta**2 * steps * (n + 0.5) ** (1.0 - a) / (a - 1.0)
    exact = noisy_quadratic_distance(steps, h, s, eta) + rest
    assert_allclose(exact, power_spectrum_distance(steps, a, eta), rtol=1e-2)
    assert abs(math.log2(exact[1] / exact[0]) - 1.0 / a) < 0.02


def test_shear_is_linear_growth():
    apart = shear_map(0.1).orbit(500, [0.3, 1.5]) - shear_map(0.1).orbit(500, [0.3, 1.0])
    assert_allclose(np.linalg.norm(apart, axis=1), shear_distance(np.arange(501), 0.1, 0.5), rtol=1e-12)


@pytest.mark.sweep
def test_shear_has_the_exponent_zero():
    """Squared lengths of a tangent vector are 1 + 2 a v1 v2 t + (a v2 t)^2, |v| = 1."""
    found = lyapunov_spectrum(shear_map(0.1).map(), total=2000, transient=0.0)
    assert found.zeros == 2
    assert abs(found.exponents.sum()) < 1e-12
    squares = np.exp(2.0 * found.history[:, 0] * found.times)
    c2, c1, c0 = np.polyfit(found.times, squares, 2)
    assert_allclose([c0, 0.25 * c1**2], [1.0, c2 * (1.0 - c2 / 0.1**2)], rtol=1e-4)


def test_common_noise_lets_copies_in_two_wells_meet():
    """Al - 3 E x^2 = -1.556; 2,000 pairs from the stationary density, each under one noise, for 5 units of time.

    The allowance beside Z standard errors is Euler's bias, dt E (al - 3 x^2)^2/2 = 2.4 dt.
    """
    predicted, dt = pitchfork_exponent(1.0, 0.5), 0.005
    assert round(predicted, 3) == -1.556
    system, x = pitchfork_system(1.0, 0.5, t1=5.0), np.linspace(-3.0, 3.0, 2001)
    cdf = np.cumsum(system.density(x, system.p))
    start = np.interp(np.random.default_rng(4).random((2000, 1)), cdf / cdf[-1], x)
    near, far = (
        ensemble(system.problem(), EULER_MARUYAMA, y0=start + shift, dt=dt, saveat=[5.0], seed=6, engine="scalar").y[
            :, 0
        ]
        for shift in (0.0, 1e-6)
    )
    rates = np.log((far - near) / 1e-6) / 5.0
    assert abs(rates.mean() - predicted) < Z * rates.std() / math.sqrt(2000) + 2.4 * dt


@pytest.mark.sweep
def test_common_noise_by_the_tangent_dynamics():
    system = pitchfork_system(1.0, 0.5)
    found = lyapunov_spectrum(system.problem(), dt=0.005, method=EULER_MARUYAMA, total=50_000.0)
    assert abs(found.exponents[0] - pitchfork_exponent(1.0, 0.5)) < Z * found.stderr[0] + 0.012
    assert found.stderr[0] < 0.02


def test_independent_noise_waits_on_a_plateau_and_crosses_slowly():
    """2,000 pairs against Fokker-Planck; the slow rate is -0.0568, and d^2 comes to its end at twice that rate."""
    wells, ts = independent_wells(1.0, 0.5), np.array([1.0, 3.0, 10.0, 20.0, 30.0])
    assert_allclose(wells.rate, -0.05682, atol=2e-5)
    density, p = pitchfork_system(1.0, 0.5).density, pitchfork_system(1.0, 0.5).p
    mass, mean, second = (quad(lambda x, k=k: x**k * density(x, p), 0.0, 4.0)[0] for k in range(3))
    assert_allclose(wells.plateau, 2.0 * (second / mass - (mean / mass) ** 2), rtol=1e-3)
    predicted = independent_wells_distance(ts)
    problem = pitchfork_system(1.0, 0.5).problem(y0=[1.0], t1=30.0)
    run = ensemble(problem, EULER_MARUYAMA, members=4000, dt=0.02, saveat=ts, seed=3, engine="scalar")
    squares = squared_distances(run)
    error = squares.std(axis=0) / math.sqrt(len(squares))
    assert (
        abs(squares.mean(axis=0) - predicted) < Z * error + 0.01 * predicted
    ).all()  # 1 %: Euler's bias of dt = 0.02
    left = wells.final - predicted
    assert_allclose(math.log(left[4] / left[3]) / 10.0, 2.0 * wells.rate, rtol=1e-2)  # of 20 and 30
    square = -(pitchfork_exponent(1.0, 0.5) - 1.0) / 3.0  # E x^2, by quadrature
    assert_allclose(wells.final, 2.0 * square, rtol=1e-4)


def random_signs(count, L):
    """Signs (count, L), the first row all positive."""
    signs = np.where(np.random.default_rng(2).random((count, L)) < 0.5, -1.0, 1.0)
    signs[0] = 1.0
    return signs


def test_products_of_layers_grow_from_linear_to_exponential():
    """The record's exact solution; with random signs the spread of ln f, 2,000 draws, Z standard errors."""
    L, b, ts = 8, 1.0, np.array([0.5, 1.0])
    system = layers_system(L, b)
    assert_allclose([np.prod(system.solution(t)) - 1.0 for t in ts], layers_growth(ts, b, L), rtol=1e-13)
    drifts = b / L * random_signs(2001, L)[1:]
    for t in ts:
        f = np.array([np.prod(system.exact(t, system.y0, Layers(rates))) for rates in drifts])
        spread = np.log(f).std(ddof=1)
        assert abs(spread / layers_spread(t, b, L) - 1.0) < Z / math.sqrt(2 * 2000)  # kurtosis is below the normal one
    assert_allclose(layers_growth(ts, b, 1), b * ts, rtol=1e-14)
    assert_allclose(layers_growth(ts, b, 10**7), np.expm1(b * ts), rtol=1e-6)


@pytest.mark.sweep
def test_the_engine_solves_products_of_layers():
    L, ts = 8, np.array([0.5, 1.0])
    drifts = Layers(random_signs(100, L) / L)
    run = ensemble(layers_system(L).problem(), EULER, p=drifts, dt=0.25, saveat=ts, engine="scalar")
    assert_allclose(run.ys, 1.0 + ts[:, None] * drifts.rates[:, None, :], rtol=1e-13)


@pytest.mark.parametrize("eta", [0.3, 0.9])
def test_small_steps_settle_in_a_minimum(eta):
    found = lyapunov_spectrum(quartic_descent_map(eta).map(), total=1000, transient=1000)
    assert_allclose(found.exponents, [math.log(abs(1.0 - 2.0 * eta))], rtol=1e-12)


def test_large_steps_are_chaos_of_ln_3():
    """Triple angle: the exponent is ln 3, and the arcsine density on +-sqrt 2 has E w^2 = 1."""
    record = quartic_descent_map(2.0)
    found = lyapunov_spectrum(record.map(), total=200_000)
    assert record.exponents == (math.log(3.0),)
    assert abs(found.exponents[0] - math.log(3.0)) < Z * found.stderr[0]
    assert found.stderr[0] < 1e-3
    angle = np.linspace(-1.5, 1.5, 7)
    images = [record.image([math.sqrt(2.0) * math.sin(x)])[0] for x in angle]
    assert_allclose(images, math.sqrt(2.0) * np.sin(3.0 * angle), atol=1e-14)


def test_what_has_no_closed_form_says_so():
    assert math.isnan(quartic_descent_exponent(1.5))
    assert quartic_descent_exponent(0.5) == -math.inf
    assert quartic_descent_map(1.5).exponents == ()
    with pytest.raises(ValueError, match="above 1"):
        power_spectrum_distance(10.0, 1.0, 0.1)
    with pytest.raises(ValueError, match="al must be positive"):
        independent_wells(-1.0)
    with pytest.raises(ValueError, match="whole number"):
        linear_sgd_map(0)
    with pytest.raises(ValueError, match="positive and finite"):
        linear_sgd_exponent(3, -0.1)
