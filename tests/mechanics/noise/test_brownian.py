"""Brownian paths: the right law at any times, the same bits however they are asked for.

Statistical tests have fixed seeds and a false-alarm rate of 1e-6 each.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from mechanics.noise import BrownianPath, normals, refine

ALARM = 1e-6
SCORE = stats.norm.isf(ALARM / 2)
MANY = 20_000  # independent motions of one path
T0, T1 = 1.0, 3.0
TIMES = np.array([1.0, 1.1, 1.5, np.sqrt(3.0), 2.0, 2.25, np.e, 3.0])


def covariance_scores(samples, expected):
    """Standard scores of an empirical covariance, rows of `samples` being variables of known mean 0."""
    n = samples.shape[1]
    variance = np.outer(np.diag(expected), np.diag(expected)) + expected**2
    return (samples @ samples.T / n - expected) / np.sqrt(np.maximum(variance, 1e-300) / n)


def test_values_have_mean_zero_and_covariance_min_of_the_times():
    w = BrownianPath(1, T0, T1, noises=MANY)(TIMES)
    assert (w[0] == 0.0).all()
    w, elapsed = w[1:], TIMES[1:] - T0
    assert (np.abs(w.mean(axis=1)) < SCORE * np.sqrt(elapsed / MANY)).all()
    assert np.abs(covariance_scores(w, np.minimum.outer(elapsed, elapsed))).max() < stats.norm.isf(ALARM / 56)


def test_increments_and_areas_are_independent_with_variances_h_and_h_over_12():
    """On a grid of which most times fall on no node, from short steps to long ones."""
    ts = np.concatenate([TIMES[:3], 1.5 + np.geomspace(1e-9, 0.2, 6), TIMES[3:]])
    h = np.diff(ts)
    path = BrownianPath(2, T0, T1, noises=MANY)
    both = np.concatenate([path.increments(ts), path.space_time_areas(ts)])
    both /= np.sqrt(np.concatenate([h, h / 12]))[:, None]
    assert np.abs(covariance_scores(both, np.eye(len(both)))).max() < stats.norm.isf(ALARM / 600)
    for row in both:
        assert stats.kstest(row, "norm").pvalue > ALARM / len(both)


def test_a_single_path_has_independent_normal_increments():
    ts = np.linspace(T0, T1, 100_001)
    z = BrownianPath(3, T0, T1).increments(ts)[:, 0] / np.sqrt(np.diff(ts))
    assert stats.kstest(z, "norm").pvalue > ALARM
    for lag in (1, 2, 3, 16, 1024):
        for a, b in ((z, z), (z**2, z**2), (z, z**2)):
            assert abs(np.corrcoef(a[:-lag], b[lag:])[0, 1]) * np.sqrt(len(z)) < SCORE


def test_areas_are_the_integrals_of_the_values_over_their_steps():
    """H against the mean of W over 4096 points of each step; the remainder of the sum is Gaussian and known."""
    n = 4096
    ts = np.array([1.0, 1.3, 2.0, 2.9])
    path = BrownianPath(4, T0, T1, noises=50)
    for a, b, H, dW in zip(ts[:-1], ts[1:], path.space_time_areas(ts), path.increments(ts), strict=True):
        w = path(np.linspace(a, b, n + 1))
        trapezium = (w[:-1] + w[1:]).sum(axis=0) / (2 * n) - w[0] - dW / 2
        sd = np.sqrt((b - a) / n / 12 / n)  # each of n cells adds its own area, weight 1/n
        assert np.abs(trapezium - H).max() < stats.norm.isf(ALARM / 300) * sd
        assert np.abs(H).max() > 20 * sd


@given(first=st.floats(T0, T1), second=st.floats(T0, T1), third=st.floats(T0, T1), level=st.integers(1, 50))
def test_two_steps_make_one(first, second, third, level):
    """Sums to rounding; H of the whole from (2) of the tree. Also for steps far below the finest cell."""
    near = min(first + 2.0**-level, T1)
    path = BrownianPath(5, T0, T1, noises=3)
    for a, b, c in (sorted((first, second, third)), sorted((first, near, second))):
        dW, H = path.increments([a, b, c]), path.space_time_areas([a, b, c])
        assert_allclose(dW.sum(axis=0), path.increments([a, c])[0], rtol=1e-13, atol=1e-14)
        assert_allclose(path(c) - path(a), path.increments([a, c])[0], rtol=1e-13, atol=1e-14)
        if c - a > 1e-9:  # cells apart: the area is exact
            h1, h2 = b - a, c - b
            whole = (h1 * H[0] + h2 * H[1] + (h2 * dW[0] - h1 * dW[1]) / 2) / (c - a)
            assert_allclose(whole, path.space_time_areas([a, c])[0], rtol=1e-6, atol=1e-9)


@given(st.permutations(list(range(40))), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_order_of_queries_changes_no_bit(order, seed, member):
    path = BrownianPath(seed, T0, T1, noises=3, member=member)
    ts = np.concatenate([np.linspace(T0, T1, 17), T0 + 2 * np.random.default_rng(1).random(23)])
    w = path(ts)
    assert np.array_equal(path(ts[order]), w[order])
    assert np.array_equal(path(ts[order[0]]), w[order[0]])
    ends = np.sort(ts)
    dW, H = path.increments(ends), path.space_time_areas(ends)
    k = order[0] % 39
    assert np.array_equal(path.increments(ends[k : k + 2])[0], dW[k])
    assert np.array_equal(path.space_time_areas(ends[k : k + 2])[0], H[k])
    assert np.array_equal(path.increments(ends[::-1]), -dW[::-1])
    assert np.array_equal(path.space_time_areas(ends[::-1]), H[::-1])


def test_first_motions_stay_when_more_are_asked_for_and_others_are_other():
    ts = np.linspace(T0, T1, 11)
    five = BrownianPath(6, T0, T1, noises=5)(ts)
    assert np.array_equal(BrownianPath(6, T0, T1, noises=2)(ts), five[:, :2])
    others = [BrownianPath(6, T0, T1, member=1), BrownianPath(7, T0, T1)]
    assert not any((path(ts)[1:] == five[1:, :1]).any() for path in others)
    assert len(np.unique(five[1:])) == five[1:].size


def test_draws_of_a_path_are_not_those_of_a_solve():
    path = BrownianPath(8, 0.0, 1.0, noises=4)
    drawn = normals(8, np.arange(2)[:, None], np.arange(64)[:, None, None], np.arange(64))
    assert not np.isin(path(1.0), drawn).any()


def test_late_times_with_short_steps_get_different_noise():
    t0, dt = 1e6, 1e-4
    ts = t0 + dt * np.arange(20_001)
    dW = BrownianPath(9, t0, ts[-1]).increments(ts)[:, 0]
    assert len(np.unique(dW)) == len(dW)
    assert stats.kstest(dW / np.sqrt(np.diff(ts)), "norm").pvalue > ALARM


def test_every_float_has_a_value_and_neighbours_have_near_ones():
    """In a cell the path is its law at one time: variance of the increment over part of a cell as stated."""
    path = BrownianPath(10, 0.0, 1.0, noises=MANY)
    cell = 2.0**-48
    at = 0.3 - 0.3 % cell + cell * np.array([0.0, 0.25, 0.75, 1.0])
    for a, b in ((0, 1), (0, 2), (1, 3), (2, 3), (0, 3)):
        z = path.increments(at[[a, b]])[0] / np.sqrt(at[b] - at[a])
        assert stats.kstest(z, "norm").pvalue > ALARM
    tiny = np.nextafter(0.0, 1.0)
    assert np.isfinite(path([tiny, 1e-300, np.nextafter(0.3, 1), 1 - 2**-53])).all()


@pytest.mark.parametrize("into", [2, 3, 7])
def test_refined_grids_keep_their_times_and_sums(into):
    ts = np.sort(np.append([T0, T1], T0 + 2 * np.random.default_rng(3).random(40)))
    fine = refine(ts, into)
    assert np.array_equal(fine[::into], ts)
    assert (np.diff(fine) > 0).all()
    path = BrownianPath(11, T0, T1, noises=2)
    parts = path.increments(fine).reshape(len(ts) - 1, into, 2).sum(axis=1)
    assert_allclose(parts, path.increments(ts), rtol=1e-13, atol=1e-14)


def test_uncompiled_paths_agree_to_rounding():
    """Fused multiply-adds of the normals round once; plain Python rounds twice."""
    code = (
        "import sys, numpy as np; from mechanics.noise import BrownianPath; p = BrownianPath(5, 1.0, 3.0, noises=3);"
        "ts = np.linspace(1.0, 3.0, 12);"
        "sys.stdout.buffer.write(np.stack([p.increments(ts), p.space_time_areas(ts)]).tobytes())"
    )
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, check=True)
    path, ts = BrownianPath(5, T0, T1, noises=3), np.linspace(T0, T1, 12)
    compiled = np.stack([path.increments(ts), path.space_time_areas(ts)])
    assert_allclose(np.frombuffer(done.stdout).reshape(compiled.shape), compiled, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BrownianPath(1, 0.0, 0.0), "t1 must come after t0"),
        (lambda: BrownianPath(1, 0.0, np.inf), "t1 must be finite"),
        (lambda: BrownianPath(1, -1e308, 1e308), "finite distance"),
        (lambda: BrownianPath(-1, 0.0, 1.0), "0 <= seed"),
        (lambda: BrownianPath(1, 0.0, 1.0, noises=0), "noises must be a whole number of at least 1"),
        (lambda: BrownianPath(1, 0.0, 1.0, member=-1), "member must be a whole number"),
        (lambda: BrownianPath(1, 0.0, 1.0)(1.5), r"must lie in \[0.0, 1.0\].* 1.5 does not"),
        (lambda: BrownianPath(1, 0.0, 1.0)([0.1, np.nan]), "nan does not"),
        (lambda: BrownianPath(1, 0.0, 1.0)([[0.1]]), "has shape"),
        (lambda: BrownianPath(1, 0.0, 1.0)("now"), "real numbers"),
        (lambda: BrownianPath(1, 0.0, 1.0).increments(0.5), "array of times"),
        (lambda: refine([0.0, 1.0], 0), "into must be"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
