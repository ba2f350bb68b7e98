"""Conditional moments against those that an Ornstein-Uhlenbeck process has exactly at a finite step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.fit import kramers_moyal

RATE, SIGMA, DT = 1.0, 1.0, 0.1
EDGES = np.linspace(-1.5, 1.5, 13)


def ornstein_uhlenbeck(N=60_000, seed=0):
    r = np.exp(-RATE * DT)
    z = np.sqrt(SIGMA**2 * (1 - r * r) / (2 * RATE)) * np.random.default_rng(seed).standard_normal(N)
    x = np.zeros(N + 1)
    for i in range(N):
        x[i + 1] = r * x[i] + z[i]
    return DT * np.arange(N + 1), x


TS, X = ornstein_uhlenbeck()


def test_finite_step_coefficients_are_the_exact_ones():
    """-x (1 - e^{-r tau}) / tau and s^2 (1 - e^{-2 r tau}) / (4 r tau): mean squared z of 36 below 2 (chance 1e-3)."""
    found = kramers_moyal(TS, X, bins=EDGES, lags=(1, 2, 3))
    tau = found.tau[:, None]
    z1 = (found.drift + found.points * (1 - np.exp(-RATE * tau)) / tau) / found.drift_stderr
    z2 = (found.diffusion - SIGMA**2 * (1 - np.exp(-2 * RATE * tau)) / (4 * RATE * tau)) / found.diffusion_stderr
    for z in (z1, z2):
        assert 0.3 < np.mean(z**2) < 2.0  # not too large, nor errors that are too large
    assert found.counts.sum() < len(X)


def test_the_line_through_lags_takes_the_first_order_away():
    """D2 at one lag is off by rate tau = 9 %; at tau = 0 by second order, (2/3) tau1 tau2 rate^2 = 1.3 %."""
    found = kramers_moyal(TS, X, bins=EDGES)
    true = SIGMA**2 / 2
    off, corrected = (np.mean(d) / true - 1.0 for d in (found.diffusion[0], found.diffusion_at_zero))
    assert off == pytest.approx((1 - np.exp(-0.2)) / 0.2 - 1.0, abs=0.01)
    assert corrected == pytest.approx(-0.0133, abs=0.01)
    slope = np.polyfit(found.points, found.drift_at_zero, 1)[0]
    assert slope == pytest.approx(-RATE, abs=0.06)
    assert found.bias[1].mean() == pytest.approx(-0.09 * true, abs=0.02)


def test_points_with_weights_agree_with_bins():
    found = kramers_moyal(TS, X, points=[-1.0, 0.0, 1.0], bandwidth=0.3, order=4, lags=(1,))
    assert_allclose(found.drift[0], -found.points * (1 - np.exp(-DT)) / DT, atol=0.12)
    assert_allclose(found.higher[4][0], found.diffusion[0] ** 2 * DT / 2, rtol=0.3)  # Gaussian steps
    assert np.isnan(found.drift_at_zero).all()


def test_gaps_and_pieces_are_left_out_and_empty_bins_are_open():
    gap = X[:2001].copy()
    gap[1000] = np.nan
    one = kramers_moyal(TS[:2001], gap, bins=EDGES, lags=(1,))
    two = kramers_moyal([TS[:1000], TS[1001:2001]], [X[:1000], X[1001:2001]], bins=EDGES, lags=(1,))
    assert_allclose(one.drift, two.drift)
    wide = kramers_moyal(TS[:2001], X[:2001], bins=np.linspace(-20, 20, 41))
    assert np.isnan(wide.drift[0, 0])
    assert np.isfinite(wide.drift[0, 20])


def test_two_components_have_a_matrix_of_diffusion():
    half = len(X) // 2
    found = kramers_moyal(TS[:half], np.stack([X[:half], X[half : 2 * half]], axis=1), bins=5, fewest=200)
    mean = np.nanmean(found.diffusion[0], axis=0)
    assert_allclose(mean, np.eye(2) * (1 - np.exp(-0.2)) / 0.4, atol=0.015)
    assert found.drift.shape == (2, 25, 2)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="equally spaced"):
        kramers_moyal([0.0, 1.0, 3.0, 4.0], [0.0, 1.0, 2.0, 1.0])
    with pytest.raises(ValueError, match="lags must be"):
        kramers_moyal(TS, X, lags=(0, 1))
    with pytest.raises(ValueError, match="longer than a series"):
        kramers_moyal(TS[:10], X[:10], lags=(20,))
