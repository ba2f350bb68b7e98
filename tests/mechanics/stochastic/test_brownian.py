"""Brownian paths: the law of halves and of increments, the same answers in any order, and solves along a path."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanics import solve
from mechanics.methods import EULER_MARUYAMA, SRA3, all_methods
from mechanics.noise import BrownianPath
from mechanics.systems.stochastic import GEOMETRIC_BROWNIAN, ORNSTEIN_UHLENBECK

GBM = GEOMETRIC_BROWNIAN.problem()


def test_halves_of_an_interval_are_independent_brownian_increments():
    """Covariance of (W, A) of both halves from that of the five normals, against Brownian motion's."""
    h = 2.0
    W, H, Z, N = np.eye(4) * np.sqrt([h, h / 12, h / 16, h / 12])[:, None]
    w1, h1 = W / 2 + 1.5 * H + Z, H / 4 - Z / 2 + N / 2
    w2, h2 = W - w1, H / 4 - Z / 2 - N / 2
    rows = np.array([w1, h1, w2, h2])
    assert_allclose(rows @ rows.T, np.diag([1, 1 / 12, 1, 1 / 12]), atol=1e-15)
    A = h / 2 * (h1 + w1 / 2) + h / 2 * w1 + h / 2 * (h2 + w2 / 2)  # the integrals of the halves add up
    assert_allclose(A, h * (H + W / 2), atol=1e-15)


def test_variance_of_increments_and_integrals():
    """20,000 paths, seed 1: variances and a covariance within 4.5 standard errors (false alarms 7e-6 a number)."""
    times = np.array([0.0, 0.1, 1 / 3, 0.5, 0.77, 1.3])
    paths = [BrownianPath(0.0, 1.3, noises=2, seed=1, member=k) for k in range(10_000)]
    W = np.concatenate([p(times).T for p in paths])
    integrals = np.concatenate([p.integral(times).T for p in paths])
    steps, count = np.diff(times), len(W)
    z = np.diff(W, axis=1) / np.sqrt(steps)
    assert_allclose(z.T @ z / count, np.eye(5), atol=4.5 * math.sqrt(2 / count))
    areas = (np.diff(integrals, axis=1) - W[:, :-1] * steps) / steps**1.5
    assert_allclose(areas.T @ areas / count, np.eye(5) / 3, atol=4.5 * math.sqrt(2 / count) / 3)
    assert_allclose(areas.T @ z / count, np.eye(5) / 2, atol=4.5 * math.sqrt(0.6 / count))
    assert not W[:, 0].any()


def test_answers_depend_on_nothing_but_the_time():
    path = BrownianPath(-2.0, 5.0, noises=3, seed=4, member=2)
    times = np.random.default_rng(0).uniform(-2, 5, 200)
    together = path(times)
    for k in np.random.default_rng(1).permutation(200)[:50]:
        assert_array_equal(path(times[k]), together[k])
        assert_array_equal(BrownianPath(-2.0, 5.0, noises=5, seed=4, member=2)(times[k])[:3], together[k])
    assert path(np.zeros((2, 4))).shape == (2, 4, 3)
    assert_array_equal(path.increment(1.0, 3.0), path(3.0) - path(1.0))
    for other in (BrownianPath(-2.0, 5.0, 3, 4, 3), BrownianPath(-2.0, 5.0, 3, 5, 2)):
        assert not np.isclose(other(times), together).any()


def test_neighbouring_times_differ_and_join():
    path = BrownianPath(0.0, 1.0, seed=2)
    assert path(0.3) != path(np.nextafter(0.3, 1)) or math.ulp(0.3) < 2.0**-52
    gap = 2.0 ** -np.arange(10, 50, 4)
    moves = np.abs(path(0.3 + gap)[:, 0] - path(0.3)[0])
    assert (moves < 6 * np.sqrt(gap)).all()
    assert (moves[:-2] > 0).all()


def test_integral_is_that_of_the_path():
    path = BrownianPath(0.0, 2.0, seed=8)
    t = np.linspace(0.0, 2.0, 200_001)
    W = path(t)[:, 0]
    assert_allclose(
        path.integral(2.0)[0], np.sum(W[1:] + W[:-1]) * 5e-6, atol=2e-5
    )  # five standard deviations of the trapezium rule


def test_a_solve_follows_the_path_on_every_grid():
    """Geometric Brownian motion against its exact solution on this very path; strong errors shrink with the step."""
    path = BrownianPath(0.0, 1.0, seed=6)
    exact = GEOMETRIC_BROWNIAN.path(1.0, GBM.y0, GBM.p, path(1.0))[0]
    for method in (
        m for m in all_methods("stochastic") if "diagonal" in m.noises and m.calculus == "ito" and m.strong_order
    ):
        errors = [abs(solve(GBM, method, dt=1 / n, path=path).y[0] - exact) for n in (8, 512)]
        assert errors[1] < 0.02 * exact
        assert errors[1] < errors[0]
    run = solve(GBM, EULER_MARUYAMA, dt=1 / 512, path=path)
    assert run.seed is None
    assert "noise of a path" in run.message


def test_a_solve_along_a_path_goes_on_exactly():
    path = BrownianPath(0.0, 1.0, seed=6)
    problem = ORNSTEIN_UHLENBECK.problem()
    whole = solve(problem, SRA3, dt=1 / 64, path=path)
    part = solve(ORNSTEIN_UHLENBECK.problem(t1=0.5), SRA3, dt=1 / 64, path=path)
    rest = solve(part.restart(t1=1.0), SRA3, dt=1 / 64, path=path)
    assert_array_equal(rest.y, whole.y)
    with pytest.raises(ValueError, match="pass path= as before"):
        solve(part.restart(t1=1.0), SRA3, dt=1 / 64)


def test_what_is_no_path_or_no_time_of_it_is_refused():
    with pytest.raises(ValueError, match="asked outside"):
        BrownianPath(0.0, 1.0)(1.5)
    with pytest.raises(ValueError, match="finite t0 < t1"):
        BrownianPath(1.0, 1.0)
    with pytest.raises(ValueError, match="1 Brownian motions, but the path has 2"):
        solve(GBM, EULER_MARUYAMA, dt=0.1, path=BrownianPath(0.0, 1.0, noises=2))
    with pytest.raises(TypeError, match="path must be a"):
        solve(GBM, EULER_MARUYAMA, dt=0.1, path=np.zeros(10))
