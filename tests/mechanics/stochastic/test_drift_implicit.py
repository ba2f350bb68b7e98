"""Drift-implicit Euler-Maruyama: its recursion by hand, stability, Jacobians, bits, equations without a solution."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Problem, SolveError, Status, ensemble, solve
from mechanics.methods import DRIFT_IMPLICIT_EULER, EULER_MARUYAMA
from mechanics.noise import normals
from mechanics.systems import RANDOM_ROTATION

RATE, SIGMA, DT = 500.0, 0.8, 0.1


def pull(t, y, p, dy):
    dy[0] = -p[0] * (y[0] - math.sin(t))


def push(t, y, p, g):
    g[0] = p[1]


PROBLEM = Problem(pull, [1.0], 0.0, 5.0, [RATE, SIGMA], diffusion=push, noise="additive")


def test_a_linear_drift_gives_the_recursion_that_is_solved_by_hand():
    """y1 (1 + k dt) = y + k dt sin(t + dt) + sigma sqrt(dt) z, at k dt = 50, where the explicit method explodes."""
    run = solve(PROBLEM, DRIFT_IMPLICIT_EULER, dt=DT, seed=4)
    y, expected = 1.0, [1.0]
    for i in range(50):
        z = normals(4, member=0, step=i, component=0)
        y = (y + RATE * DT * math.sin((i + 1) * DT) + SIGMA * math.sqrt(DT) * z) / (1.0 + RATE * DT)
        expected.append(y)
    # differences give the Jacobian to about 1e-8, so that five iterations leave rounding alone
    assert_allclose(run.ys[:, 0], expected, rtol=0, atol=1e-13)
    assert np.abs(solve(PROBLEM, EULER_MARUYAMA, dt=DT, seed=4).y[0]) > 1e50


def cubic(t, y, p, dy):
    dy[0] = -p[0] * y[0] ** 3 + y[1]
    dy[1] = -y[1]


def both(t, y, p, g):
    g[0], g[1] = 0.3 * y[1], 0.2


def jacobian(t, y, p, J):
    J[0, 0], J[0, 1] = -3.0 * p[0] * y[0] ** 2, 1.0
    J[1, 1] = -1.0


def test_given_and_differenced_jacobians_agree_and_members_are_single_solves():
    problem = Problem(cubic, [1.0, 0.5], 0.0, 1.0, [20.0], diffusion=both)
    given = Problem(cubic, [1.0, 0.5], 0.0, 1.0, [20.0], diffusion=both, jacobian=jacobian)
    one = solve(problem, DRIFT_IMPLICIT_EULER, dt=0.02, seed=2)
    assert_allclose(solve(given, DRIFT_IMPLICIT_EULER, dt=0.02, seed=2).ys, one.ys, rtol=0, atol=1e-10)
    many = ensemble(problem, DRIFT_IMPLICIT_EULER, members=11, dt=0.02, seed=2)
    assert many.stats.engine == "lanes"
    for k in (0, 10):
        alone = solve(problem, DRIFT_IMPLICIT_EULER, dt=0.02, seed=2, member=k)
        assert np.array_equal(many.y[k], alone.y)


@pytest.mark.slow
def test_general_noise_has_the_moments_of_its_ito_equation():
    """Against Euler-Maruyama, 20,000 members, seed 5: the normals are the same, so that means differ by bias alone."""
    problem = RANDOM_ROTATION.problem()
    runs = [ensemble(problem, m, members=20_000, dt=0.01, seed=5).y for m in (DRIFT_IMPLICIT_EULER, EULER_MARUYAMA)]
    assert np.abs(runs[0].mean(axis=0) - runs[1].mean(axis=0)).max() < 0.02


def no_root(t, y, p, dy):
    dy[0] = p[0] * (1.0 + y[0] * y[0])


def test_equations_without_a_solution_say_so():
    """y1 = y + dt k (1 + y1^2) has no real root for k dt > 1/2."""
    problem = Problem(no_root, [0.0], 0.0, 1.0, [40.0, 0.0], diffusion=push, noise="additive")
    with pytest.raises(SolveError, match="take a smaller dt") as caught:
        solve(problem, DRIFT_IMPLICIT_EULER, dt=0.1)
    assert caught.value.solution.status is Status.NO_CONVERGENCE


def decay(t, y, p, dy):
    dy[0] = -y[0]


def root_noise(t, y, p, g):
    g[0] = math.sqrt(y[0])


def test_a_diffusion_that_is_not_finite_is_named():
    problem = Problem(decay, [-1.0], 0.0, 1.0, diffusion=root_noise)
    for method in (DRIFT_IMPLICIT_EULER, EULER_MARUYAMA):
        with pytest.raises(SolveError, match="diffusion is not finite") as caught:
            solve(problem, method, dt=0.1)
        assert caught.value.solution.status is Status.NON_FINITE
