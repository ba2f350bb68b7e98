"""Reductions equal what numpy makes of all the states, and their bits do not depend on threads."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanics import ensemble
from mechanics.methods import RK4, TSIT5
from mechanics.reduce import Custom, Final, Histogram, Mean, Quantiles, Variance
from mechanics.systems import LORENZ63

RNG = np.random.default_rng(4)
STARTS = LORENZ63.y0 + RNG.uniform(-1, 1, (2100, 3))
TIMES = np.linspace(0.0, 1.0, 12)


def largest(t, y, kept):
    """Row 0: the largest value so far; row 1: the time of it."""
    for m in range(len(y)):
        if t == 0.0 or y[m] > kept[0, m]:
            kept[0, m], kept[1, m] = y[m], t


REDUCTIONS = (
    Mean(),
    Variance(),
    Histogram(-30.0, 60.0, 30),
    Quantiles((0.1, 0.5, 0.9), -30.0, 60.0, 9000),
    Mean("time"),
    Variance("time"),
    Histogram(-30.0, 60.0, 30, "time"),
    Custom(largest, rows=2),
    Final(),
)


def run(**options):
    return ensemble(LORENZ63.problem(t1=1.0), TSIT5, y0=STARTS, saveat=TIMES, **options)


@pytest.fixture(scope="module")
def states():
    return run().ys


@pytest.fixture(scope="module")
def reduced():
    e = run(reduce=REDUCTIONS)
    assert e.ys.size == 0
    assert e.stats.engine == "lanes"
    return e.reduced


def test_moments_over_members_and_over_time(states, reduced):
    assert_allclose(reduced[0], states.mean(axis=0), rtol=1e-12)
    assert_allclose(reduced[1], states.var(axis=0, ddof=1), rtol=1e-11)
    assert_allclose(reduced[4], states.mean(axis=1), rtol=1e-12, atol=1e-13)
    assert_allclose(reduced[5], states.var(axis=1, ddof=1), rtol=1e-11)


def test_histograms_count_every_state(states, reduced):
    edges = np.linspace(-30.0, 60.0, 31)
    for m in range(3):
        expected = np.histogram(states[:, 5, m], edges)[0]
        assert_array_equal(reduced[2][5, :30, m], expected)
        assert_array_equal(reduced[6][7, :30, m], np.histogram(states[7, :, m], edges)[0])
    assert_array_equal(reduced[2].sum(axis=1), len(STARTS))
    narrow = run(reduce=Histogram(0.0, 1.0, 4)).reduced[0]
    assert_array_equal(narrow[-1, 4], (states[:, -1] < 0.0).sum(axis=0))
    assert_array_equal(narrow[-1, 5], (states[:, -1] >= 1.0).sum(axis=0))


def test_quantiles_are_exact_to_a_bin(states, reduced):
    expected = np.quantile(states[:, 1:], (0.1, 0.5, 0.9), axis=0, method="inverted_cdf").transpose(1, 0, 2)
    assert_allclose(reduced[3][1:], expected, atol=0.0101)


def test_a_users_function_sees_every_state(states, reduced):
    assert_array_equal(reduced[7][:, 0], states.max(axis=1))
    assert_array_equal(reduced[7][:, 1], TIMES[states.argmax(axis=1)])
    assert reduced[8] is None


def test_bits_do_not_depend_on_threads_or_engine(reduced):
    again = run(reduce=REDUCTIONS, threads=3).reduced
    for one, other in zip(reduced, again, strict=True):
        assert_array_equal(one, other)
    few = {"y0": STARTS[:30], "saveat": TIMES, "reduce": REDUCTIONS}
    lanes = ensemble(LORENZ63.problem(t1=1.0), TSIT5, **few).reduced
    scalar = ensemble(LORENZ63.problem(t1=1.0), TSIT5, engine="scalar", **few).reduced
    for one, other in zip(lanes, scalar, strict=True):
        assert_array_equal(one, other)


def test_what_is_kept_does_not_grow_with_the_times():
    """A million states of 50 members, reduced over time to two rows each."""
    times = np.linspace(0.0, 1.0, 20_001)
    e = ensemble(LORENZ63.problem(t1=1.0), RK4, dt=1e-3, y0=STARTS[:50], saveat=times, reduce=Mean("time"))
    assert e.reduced[0].shape == (50, 3)
    middle = ensemble(LORENZ63.problem(t1=1.0), RK4, dt=1e-3, y0=STARTS[:50], saveat=times[::40]).ys.mean(axis=1)
    assert_allclose(e.reduced[0], middle, atol=0.05)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Mean("space"), ValueError, "over"),
        (lambda: Histogram(1.0, 0.0), ValueError, "low"),
        (lambda: Histogram(0.0, 1.0, 0), ValueError, "bins"),
        (lambda: Quantiles((2.0,), 0.0, 1.0), ValueError, "quantiles"),
        (lambda: Custom(lambda y: None), TypeError, "update"),
        (lambda: run(reduce="mean"), TypeError, "mechanics.reduce"),
        (lambda: ensemble(LORENZ63.problem(), TSIT5, members=2, reduce=Mean()), ValueError, "saveat"),
    ],
)
def test_bad_reductions_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
