"""Two-time correlations, plateaus and correlation times against processes with known laws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from nets.densities import correlation_time, principal_components, slow_motion, stationarity, two_time

PHI = 0.8  # x' = PHI x + noise: C(s, t) = PHI^|t - s|, tau = (1 + PHI) / (1 - PHI) = 9


def autoregression(copies, times, D, seed, phi=PHI):
    z = np.random.default_rng(seed).normal(size=(copies, times, D))
    x = z.copy()
    for t in range(1, times):
        x[:, t] = phi * x[:, t - 1] + np.sqrt(1 - phi**2) * z[:, t]
    return x


def walk(copies, times, D, seed):
    return np.cumsum(np.random.default_rng(seed).normal(size=(copies, times, D)), axis=1)


def test_covariance_of_an_autoregression_is_phi_to_the_lag():
    """Every C(s, t) within 5 standard errors: false alarm 465 x 6e-7 = 3e-4. var <x(s), x(t)> = D (1 + C^2) exactly."""
    m, D = 40, 50
    found = two_time(autoregression(m, 30, D, seed=1))
    exact = PHI ** abs(np.subtract.outer(range(30), range(30)))
    error = np.sqrt((1 + exact**2) * D / (m - 1))
    assert (abs(found.covariance - D * exact) < 5 * error).all()


def test_a_walk_ages_as_the_root_of_the_ratio_of_times():
    """C(s, t) = D min(s, t), R = sqrt(s / t); 6 values within 4.5 jackknife errors, false alarm about 1e-4."""
    found = two_time(walk(30, 100, 40, seed=2), times=np.arange(1, 101))
    for wait in (5, 20):
        lags, R = found.aging(wait)
        for tau in (5, 20, 70):
            at = list(lags).index(tau)
            error = found.correlation_stderr[wait - 1, wait - 1 + tau]
            assert 0 < error < 0.05
            assert abs(R[at] - np.sqrt(wait / (wait + tau))) < 4.5 * error
    assert_allclose(found.displacement[9, 49] / 40, 40, rtol=0.2)  # D (t - s); std 40 sqrt(2 / (29 x 40)) = 1.7


@pytest.mark.parametrize("centre", ["ensemble", "time", "none"])
def test_blocks_give_what_the_definition_gives(centre):
    x = walk(4, 7, 12, seed=3) + 100
    c = {"ensemble": x.mean(0), "time": x[:, 2:6].mean(1, keepdims=True)[:, :, :], "none": np.zeros(1)}[centre]
    centred = (x - c)[:, 2:6]
    divisor = 3 if centre == "ensemble" else 4
    exact = np.einsum("isd,itd->st", centred, centred) / divisor
    found = two_time([x[:, :, :5], x[:, :, 5:]], centre=centre, start=2, stop=5)
    assert_allclose(found.covariance, exact, rtol=1e-12, atol=1e-9)
    assert found.dimension == 12


def test_jackknife_leaves_out_whole_copies():
    x = walk(5, 6, 3, seed=4)
    left = np.array([two_time(np.delete(x, i, axis=0)).correlation for i in range(5)])
    exact = np.sqrt(4 * np.mean((left - left.mean(0)) ** 2, axis=0))
    assert_allclose(two_time(x).correlation_stderr, exact, atol=1e-12)


def test_a_common_start_has_no_correlation():
    x = walk(5, 6, 3, seed=5)
    x[:, 0] = 0.1  # one state of all copies, whose mean rounds
    found = two_time(x)
    assert found.spread.tolist() == [False, *[True] * 5]
    with pytest.raises(ValueError, match="coincide at time 0"):
        _ = found.from_start
    assert_allclose(two_time(x, centre="none").from_start[0], 1.0)


@pytest.mark.parametrize(("centre", "allowed"), [("time", 4.5), ("ensemble", 4.5)])
def test_correlation_time_of_an_autoregression(centre, allowed):
    """tau = 9 within 4.5 jackknife errors (15 degrees: false alarm 4e-4), which must be below 10 %."""
    found = correlation_time(autoregression(16, 1500, 2, seed=6), 0.5 * np.arange(1500), centre=centre)
    assert found.stderr < 0.45
    assert abs(found.tau - 4.5) < allowed * found.stderr
    assert found.trusted
    assert found.verdict.startswith("tau = ")


def test_jackknife_error_of_tau_is_its_scatter():
    """Mean squared error estimate over variance of tau, 60 ensembles: within 0.5 .. 2 (false alarm below 1e-3)."""
    found = [correlation_time(autoregression(8, 300, 3, seed=100 + s)) for s in range(60)]
    ratio = np.mean([f.stderr**2 for f in found]) / np.var([f.tau for f in found], ddof=1)
    assert 0.5 < ratio < 2


@pytest.mark.parametrize("copies", [9, 16])
def test_a_stationary_ensemble_is_rarely_called_drifting(copies):
    """At alpha = 0.1, 200 ensembles: at most 32 alarms (probability 0.002 if alpha holds), and some.

    With 9 copies all signs are tried, with 16 some are drawn.
    """
    alarms = sum(not stationarity(autoregression(copies, 60, 3, seed=s), alpha=0.1).stationary for s in range(200))
    assert binom.sf(32, 200, 0.1) < 0.003
    assert 4 <= alarms <= 32


def test_each_kind_of_drift_is_found_by_its_test():
    x = autoregression(12, 200, 3, seed=7)
    ramp = np.linspace(0, 1, 200)[None, :, None]
    assert stationarity(x + 3 * ramp).p_mean < 0.01
    assert stationarity(walk(12, 200, 3, seed=8)).p_spread < 0.01
    still = np.random.default_rng(9).normal(size=(12, 1, 3)) * 30 + x * (1 - 0.8 * ramp)
    assert stationarity(still).p_motion < 0.01
    assert "size of motions" in stationarity(still).verdict


def test_a_walk_has_no_trusted_correlation_time():
    found = correlation_time(walk(10, 200, 20, seed=10))
    assert not found.trusted
    assert "not stationary" in found.verdict


def test_principal_components_are_those_of_the_svd():
    x = walk(3, 8, 30, seed=11)
    rows = x.reshape(24, 30) - x.reshape(24, 30).mean(0)
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    found = principal_components([x[:, :, :7], x[:, :, 7:]], 3)
    assert_allclose(abs(found.scores.reshape(24, 3)), abs(u[:, :3] * s[:3]), atol=1e-9)
    assert_allclose(found.shares, (s**2 / np.sum(s**2))[:3])


def test_slow_motion_finds_the_time_scales_of_an_autoregression():
    """-1/ln PHI = 4.48 at a lag where the partition no longer matters; 5 errors or 5 %, for 16 x 1000 states.

    The stationarity test before it has a false alarm of 1e-3.
    """
    found = slow_motion(autoregression(16, 1000, 1, seed=12), cells=20, lags=(1, 4), test_lag=4, k=1, alpha=1e-3)
    exact = -1 / np.log(PHI)
    assert found.markovian
    assert found.resolved
    assert found.verdict == "Markovian at lag 4"
    assert abs(found.implied_times[1, 0] - exact) < 0.05 * exact + 5 * found.stderr[1, 0]
    assert (
        found.implied_times[0, 0] < found.implied_times[1, 0]
    )  # cells blur: the time scale is too small at short lags


def test_a_hidden_variable_is_not_markovian():
    """An observed sum of a fast and a slow part: powers of P(1) forget too early."""
    x = autoregression(16, 1000, 1, seed=13, phi=0.97) + 1.5 * autoregression(16, 1000, 1, seed=14, phi=0.0)
    found = slow_motion(x, cells=8, lags=(1,), k=1)
    assert not found.markovian
    assert "not Markovian" in found.verdict


def test_a_drifting_stretch_is_refused_or_marked():
    x = walk(10, 150, 1, seed=15)
    with pytest.raises(ValueError, match="not stationary"):
        slow_motion(x, cells=6, lags=(1,))
    assert "not stationary" in slow_motion(x, cells=6, lags=(1,), k=1, accept_drift=True).verdict


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: two_time(x[0, 0]), "shape"),
        (lambda x: two_time(x[:1]), "at least 2 copies"),
        (lambda x: two_time(np.where(x == x[1, 2, 1], np.nan, x)), "copy 1 at time 2 is not .component 1"),
        (lambda x: two_time(x, times=[3.0, 2.0, 1.0]), "increasing"),
        (lambda x: two_time(x, start=50), "holds 0 times"),
        (lambda x: stationarity(x), "at least 8 copies"),
        (lambda x: correlation_time(x, np.arange(20.0) ** 2), "equally spaced"),
        (lambda x: correlation_time(iter([x])), "read twice"),
        (lambda x: correlation_time(np.ones((3, 20, 2))), "nothing fluctuates"),
        (lambda x: principal_components(x, 61), "at most the number of states"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call(walk(3, 20, 2, seed=16))
