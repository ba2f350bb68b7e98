"""Solves along a Brownian path of the user's."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mechanics import solve
from mechanics.methods import EULER_MARUYAMA, SRA3, all_methods
from mechanics.noise import BrownianPath
from mechanics.systems.stochastic import GEOMETRIC_BROWNIAN, ORNSTEIN_UHLENBECK

GBM = GEOMETRIC_BROWNIAN.problem()


def test_a_solve_follows_the_path_on_every_grid():
    """Geometric Brownian motion against its exact solution on this very path; strong errors shrink with the step."""
    path = BrownianPath(6, 0.0, 1.0)
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
    path = BrownianPath(6, 0.0, 1.0)
    problem = ORNSTEIN_UHLENBECK.problem()
    whole = solve(problem, SRA3, dt=1 / 64, path=path)
    part = solve(ORNSTEIN_UHLENBECK.problem(t1=0.5), SRA3, dt=1 / 64, path=path)
    rest = solve(part.restart(t1=1.0), SRA3, dt=1 / 64, path=path)
    assert_array_equal(rest.y, whole.y)
    with pytest.raises(ValueError, match="pass path= as before"):
        solve(part.restart(t1=1.0), SRA3, dt=1 / 64)


def test_what_is_no_path_or_no_time_of_it_is_refused():
    with pytest.raises(ValueError, match="must lie in"):
        solve(GBM, EULER_MARUYAMA, dt=0.1, path=BrownianPath(1, 0.0, 0.5))
    with pytest.raises(ValueError, match="1 Brownian motions, but the path has 2"):
        solve(GBM, EULER_MARUYAMA, dt=0.1, path=BrownianPath(1, 0.0, 1.0, noises=2))
    with pytest.raises(TypeError, match="path must be a"):
        solve(GBM, EULER_MARUYAMA, dt=0.1, path=np.zeros(10))
