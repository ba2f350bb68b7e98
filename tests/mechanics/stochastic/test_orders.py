"""Strong and weak orders of every method, and the order conditions of tableaus."""

from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import ensemble
from mechanics.methods import PLATEN_WEAK2, SRA1, SRA3, SRI1W1, all_methods
from mechanics.systems.stochastic import RANDOM_ROTATION
from mechanics.testing import check_strong_order, check_weak_order

METHODS = all_methods("stochastic")
CHECKED = ("EULER_MARUYAMA", "MILSTEIN", "SRI1W1", "EULER_HEUN", "SRA1")


def with_sweep(methods):
    return [m if m.name in CHECKED else pytest.param(m, marks=pytest.mark.sweep) for m in methods]


@pytest.mark.slow
@pytest.mark.parametrize("method", with_sweep(m for m in METHODS if m.strong_order), ids=str)
def test_strong_order(method):
    """Seed 0, 4000 paths; false alarms 6.4e-5 (`check_strong_order`)."""
    assert check_strong_order(method).claim == method.strong_order


@pytest.mark.slow
@pytest.mark.parametrize("method", with_sweep(m for m in METHODS if m.weak_order), ids=str)
def test_weak_order(method):
    """Seed 0; order two needs ten times more members, for a smaller bias to show."""
    members = 200_000 if method.weak_order == 1 else 2_000_000
    assert check_weak_order(method, members=members).claim == method.weak_order


@pytest.mark.slow
def test_wrong_claims_about_methods_are_refused():
    with pytest.raises(AssertionError, match="SRI1W1 claims strong order 1, but"):
        check_strong_order(SRI1W1, 1.0)
    with pytest.raises(AssertionError, match="SRA1 claims strong order 1, but"):
        check_strong_order(SRA1, 1.0)
    with pytest.raises(AssertionError, match="PLATEN_WEAK2 claims weak order 1, but"):
        check_weak_order(PLATEN_WEAK2, 1.0, members=2_000_000)


def ito(t, y, p, dy):
    """Random rotation for methods in the sense of Ito."""
    dy[0] = -p.rate * y[1] - 0.5 * p.sigma2**2 * y[0]
    dy[1] = p.rate * y[0] - 0.5 * p.sigma1**2 * y[1]
    dy[2] = -0.5 * (p.sigma1**2 + p.sigma2**2) * y[2]


@pytest.mark.slow
def test_weak_order_two_for_noise_that_does_not_commute():
    """Mean of y_3 and of y_1 y_3 of the random rotation, 4 million members, seed 2: errors fall by 4 as dt halves.

    Standard errors of each mean are below 3e-4, the errors at dt = 1/2 above 5e-3.
    """
    problem = RANDOM_ROTATION.problem(drift=ito)
    mean, covariance = RANDOM_ROTATION.moments(1.0, problem.y0, problem.p)
    second = covariance + np.outer(mean, mean)
    errors = []
    for dt in (0.5, 0.25):
        y = ensemble(problem, PLATEN_WEAK2, members=4_000_000, seed=2, dt=dt).y
        errors.append(np.append(y.mean(axis=0) - mean, (y.T @ y / len(y) - second).ravel()))
    size = np.abs(errors).max(axis=1)
    assert size[0] > 5e-3
    assert 3.0 < size[0] / size[1] < 6.0


@pytest.mark.parametrize("method", [SRA1, SRA3, SRI1W1], ids=str)
def test_order_conditions(method):
    """Roessler, SIAM J. Numer. Anal. 48 (2010), theorems 5.1 and 6.1, each to 1e-14."""
    tab, s = method.data, len(method.data.alpha)
    A0, B0, A1, B1 = (
        np.array([[*row, *[0.0] * (s - len(row))] for row in m]) for m in (tab.A0, tab.B0, tab.A1, tab.B1)
    )
    alpha, b1, b2, b3, b4 = (np.array(v) for v in (tab.alpha, tab.beta1, tab.beta2, tab.beta3, tab.beta4))
    e = np.ones(s)
    both = [
        (alpha @ e, 1), (b1 @ e, 1), (b2 @ e, 0), (b3 @ e, 0), (b4 @ e, 0), (alpha @ A0 @ e, 1 / 2),
        (alpha @ B0 @ e, 1), (alpha @ (B0 @ e) ** 2, 3 / 2), (b1 @ tab.c1, 1), (b3 @ tab.c1, -1),
    ]  # fmt: skip
    B1e, A1e, squares = B1 @ e, A1 @ e, (B1 @ e) ** 2
    diagonal = [
        (b1 @ B1e, 0), (b2 @ B1e, 1), (b3 @ B1e, 0), (b4 @ B1e, 0), (b1 @ A1e, 1), (b2 @ A1e, 0), (b3 @ A1e, -1),
        (b4 @ A1e, 0), (b1 @ squares, 1), (b2 @ squares, 0), (b3 @ squares, -1), (b4 @ squares, 2),
        (b1 @ B1 @ B1e, 0), (b2 @ B1 @ B1e, 0), (b3 @ B1 @ B1e, 0), (b4 @ B1 @ B1e, 1),
        (b1 @ A1 @ B0 @ e / 2 + b3 @ A1 @ B0 @ e / 3, 0),
    ]  # fmt: skip
    wanted = both if method.noises == {"additive"} else chain(both, diagonal)
    for value, target in wanted:
        assert_allclose(value, target, atol=1e-14)
    assert_allclose(A0 @ e, tab.c0, atol=1e-15)
    if method is SRI1W1:
        assert_allclose(A1 @ e, tab.c1, atol=1e-15)
    if method is SRA3:  # order 3 without noise
        assert_allclose([alpha @ np.square(tab.c0), alpha @ A0 @ tab.c0], [1 / 3, 1 / 6], atol=1e-15)
