import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from mechanics.statistics import rosenstein, zero_one_test
from mechanics.statistics.chaos import _neighbours
from mechanics.systems import LORENZ63
from mechanics.systems.maps import HENON, LOGISTIC


def logistic(r, n=2000):
    x, out = 0.3, np.empty(n)
    for i in range(-1000, n):
        x = r * x * (1 - x)
        if i >= 0:
            out[i] = x
    return out


@pytest.fixture(scope="module")
def lorenz():
    t = np.arange(20, 120, 0.02)
    return solve_ivp(LORENZ63.f, (0, 120), LORENZ63.y0 + 1, t_eval=t, rtol=1e-9, atol=1e-9).y[0]


@pytest.mark.parametrize(("r", "wanted"), [(3.55, 0), (3.83, 0), (3.97, 1), (4.0, 1)])
def test_windows_of_the_logistic_map(r, wanted):
    """Period 8 and 3 against chaos: the examples of the paper."""
    found = zero_one_test(logistic(r))
    assert abs(found.K - wanted) < 0.05
    assert found.values.shape == (100,)


def test_zero_one_displacements_equal_their_definition():
    """The correlation of sums of squares against the loop of the paper, for one frequency."""
    x = logistic(3.8, 300)
    found = zero_one_test(x, 1, seed=3)
    c, n = found.frequencies[0], 300
    p, q = (np.cumsum(x * f(np.arange(1, n + 1) * c)) for f in (np.cos, np.sin))
    k = np.arange(1, 31)
    M = np.array([np.mean((p[s : 270 + s] - p[:270]) ** 2 + (q[s : 270 + s] - q[:270]) ** 2) for s in k])
    D = M - x.mean() ** 2 * (1 - np.cos(k * c)) / (1 - np.cos(c))
    assert_allclose(found.values[0], np.corrcoef(k, D)[0, 1], atol=1e-10)


def test_a_quasi_periodic_series_is_regular_and_noise_is_not():
    n = np.arange(2000)
    assert abs(zero_one_test(np.cos(1.234 * n) + np.cos(1.234 * np.sqrt(2) * n)).K) < 0.1
    assert zero_one_test(np.random.default_rng(0).normal(size=2000)).K > 0.95


def test_a_finely_sampled_flow_hides_its_chaos(lorenz):
    """The trap that the page names: the same orbit, sampled every .02 and every .4."""
    assert abs(zero_one_test(lorenz).K) < 0.2
    assert zero_one_test(lorenz[::20]).K > 0.9


@pytest.mark.parametrize(("system", "dimension"), [(LOGISTIC, 1), (HENON, 2)], ids=["logistic", "Henon"])
def test_exponents_of_maps_from_one_component(system, dimension):
    """4000 points; five jackknife errors and one percent for the slight bend of the curve."""
    x = system.orbit(4500)[500:, 0]
    found = rosenstein(x, dimension=dimension, delay=1, theiler=1, steps=25)
    wanted = system.exponents[0]
    assert abs(found.exponent - wanted) < 5 * found.stderr + 0.01 * wanted
    assert found.stderr < 0.02
    assert found.straightness > 0.999


def test_exponent_of_lorenz_from_one_component(lorenz):
    """T = 100, x alone: the finite-time exponent itself scatters by .05; units are those of dt."""
    found = rosenstein(lorenz, 0.02, dimension=5, steps=400)
    assert abs(found.exponent - 0.9056) < 4 * found.stderr
    assert found.stderr < 0.1
    half = rosenstein(lorenz, 0.01, dimension=5, steps=400)
    assert_allclose(half.exponent, 2 * found.exponent, rtol=1e-10)
    chosen = rosenstein(lorenz, 0.02, dimension=5, steps=400, window=(0.5, 2.5))
    assert_allclose(chosen.window, (0.5, 2.5), atol=0.011)


def test_a_quasi_periodic_series_does_not_diverge():
    n = np.arange(3000)
    x = np.cos(0.31 * n) + 0.5 * np.cos(0.31 * np.sqrt(3) * n)
    assert abs(rosenstein(x, dimension=4, steps=200, window=(20, 200)).exponent) < 0.003
    assert abs(rosenstein(np.tile([0.0, 1.0], 300)).exponent) < 1e-12


def test_neighbours_obey_the_theiler_window():
    X = np.cumsum(np.random.default_rng(1).normal(size=(400, 2)), axis=0)
    near = _neighbours(X, 30)
    gap = np.linalg.norm(X[:, None] - X, axis=2)
    i = np.arange(400)
    gap[abs(i[:, None] - i) <= 30] = np.inf
    assert_allclose(gap[i, near], gap.min(axis=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zero_one_test(np.ones(500)), "constant"),
        (lambda: zero_one_test(np.arange(50.0)), "at least 200"),
        (lambda: zero_one_test(np.ones((2, 500))), "shape"),
        (lambda: zero_one_test(np.append(np.arange(300.0), np.nan)), "finite"),
        (lambda: rosenstein(logistic(4.0, 300), dimension=10, delay=25), "too few"),
        (lambda: rosenstein(logistic(4.0), theiler=1500), "too few"),
        (lambda: rosenstein(logistic(4.0), -1.0), "dt must"),
        (lambda: rosenstein(logistic(4.0), window=(1.0, 2.0), steps=20), "at least 3 times"),
    ],
)
def test_bad_input_says_what_was_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
