import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.signal import lfilter

from mechanics.statistics import autocorrelation, autocorrelation_error, effective_sample_size, integrated_time


def ar1(phi, chains, n, seed):
    """Stationary x_{j+1} = phi x_j + z: rho(k) = phi^k, tau = (1 + phi)/(1 - phi)."""
    z = np.random.default_rng(seed).normal(size=(chains, n))
    z[:, 0] /= np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], z, axis=1)


def test_fft_equals_the_sum_of_products():
    x = np.random.default_rng(0).normal(size=37)
    d = x - x.mean()
    direct = [np.sum(d[: 37 - k] * d[k:]) / (37 - k) for k in range(37)]
    assert_allclose(autocorrelation(x, 36), np.array(direct) / direct[0], atol=1e-13)


@pytest.mark.parametrize("phi", [0.9, 0.5, -0.4])
def test_autoregression_has_the_known_time_and_the_error_is_right(phi):
    """200 series; mean within 4 standard errors (false alarm 6e-5), spread within 20 % of the stated error (4 s.e.)."""
    runs = [integrated_time(x) for x in ar1(phi, 200, 4000, 1)]
    tau, stated = np.array([r.tau for r in runs]), np.mean([r.stderr for r in runs])
    exact = (1 + phi) / (1 - phi)
    if phi > 0:  # the cut tail of an anticorrelated series is not below the noise: window 1..4
        assert abs(tau.mean() - exact) < 4 * tau.std() / np.sqrt(200) + exact * np.exp(-5 * exact * -np.log(phi))
        assert 0.8 < tau.std() / stated < 1.2
    else:
        assert abs(tau.mean() - exact) < 0.2


def test_means_scatter_as_stated():
    """Means of 300 series over their stated errors have unit variance within 4 s.e. of a chi-squared, 0.33."""
    runs = [integrated_time(x) for x in ar1(0.8, 300, 3000, 2)]
    scaled = np.array([r.mean / r.mean_stderr for r in runs])
    assert abs(scaled.var() - 1.0) < 4 * np.sqrt(2 / 300)


def test_error_of_the_function_is_the_spread_over_series():
    runs = ar1(0.7, 300, 2000, 3)
    spread = np.std([autocorrelation(x, 12) for x in runs], axis=0)
    assert_allclose(autocorrelation_error(runs[0], 12)[1:], spread[1:], rtol=0.3)


def test_chains_and_components_are_told_apart():
    x = np.stack([ar1(0.9, 4, 5000, 4), ar1(0.2, 4, 5000, 5)], axis=2)
    both = integrated_time(x, 0.5)
    assert both.tau.shape == (2,)
    assert_allclose(both.tau, 0.5 * np.array([19.0, 1.5]), rtol=0.15)
    alone = integrated_time(x[:, :, 1], 0.5)
    assert alone.tau == both.tau[1]
    assert isinstance(alone.tau, float)
    assert_allclose(effective_sample_size(x), 20000 / (both.tau / 0.5))
    assert autocorrelation(x, 7).shape == (8, 2)


def test_a_short_series_warns():
    with pytest.warns(RuntimeWarning, match="Run longer"):
        integrated_time(ar1(0.99, 1, 500, 6))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: autocorrelation(np.ones(50)), "constant"),
        (lambda: autocorrelation([1.0, np.nan, 2.0, 3.0]), "finite"),
        (lambda: autocorrelation(np.arange(10.0), 10), "below the number of times"),
        (lambda: autocorrelation([1.0, 2.0]), "at least 4"),
        (lambda: autocorrelation(np.zeros((2, 2, 2, 2))), "shape"),
        (lambda: integrated_time(np.arange(10.0), 0.0), "positive"),
    ],
)
def test_bad_input_says_what_was_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
