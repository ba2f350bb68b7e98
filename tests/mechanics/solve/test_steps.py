"""The machine code of a step is the method's own: compared with plain Python, stage by stage."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Problem, solve
from mechanics.engine.stages_plain import plain_stages
from mechanics.methods import DOPRI5, TSIT5, all_methods
from mechanics.systems import LORENZ63, LORENZ96

DT = 0.01


@pytest.mark.parametrize("method", all_methods("explicit"), ids=str)
def test_one_step_and_its_interpolant_are_those_of_the_tableau(method):
    """To a few rounding errors: compiled sums are fused."""
    problem = LORENZ63.problem(t1=DT)
    plain, tab = plain_stages(method.data), method.data
    y, y1, K = LORENZ63.y0, np.empty(3), np.zeros(3 * len(tab.B))
    LORENZ63.drift(0.0, y, problem.p, K[:3])
    plain.stages(LORENZ63.drift, 0.0, DT, y, problem.p, K, y1)
    LORENZ63.drift(DT, y1, problem.p, K[3 * tab.stages : 3 * tab.stages + 3])
    plain.extra(LORENZ63.drift, 0.0, DT, y, problem.p, K, np.empty(3))
    Q = np.empty(3 * tab.B.shape[1])
    plain.coefficients(y, K, Q)
    s = solve(problem, method, dt=DT, dense=True)
    assert_allclose(s.y, y1, rtol=1e-14, atol=1e-14)
    assert_allclose(s.dense.steps[0, 1:], Q, rtol=1e-12, atol=1e-9)  # extra stages of VERN8 cancel


def test_methods_of_the_same_shape_do_not_share_machine_code():
    """TSIT5 and DOPRI5 have equally many stages, orders and degrees: only numbers tell them apart."""
    one, other = (solve(LORENZ63.problem(t1=1.0), m, dt=0.01).y for m in (TSIT5, DOPRI5))
    assert 1e-9 < np.abs(one - other).max() < 1e-3


def test_components_beyond_one_register_follow_the_same_law():
    """Sums over quads of components: a system of 40 against plain Python."""
    problem = LORENZ96.problem(t1=DT)
    plain, y1, K = plain_stages(TSIT5.data), np.empty(40), np.zeros(7 * 40)
    LORENZ96.drift(0.0, LORENZ96.y0, problem.p, K[:40])
    plain.stages(LORENZ96.drift, 0.0, DT, LORENZ96.y0, problem.p, K, y1)
    assert_allclose(solve(problem, TSIT5, dt=DT).y, y1, rtol=1e-14)


UNCOMPILED = """
import numpy as np
from mechanics import Event, ensemble, solve
from mechanics.methods import TSIT5, DOP853, RK4
from mechanics.systems import LORENZ63, OSCILLATOR
a = solve(LORENZ63.problem(t1=0.3), TSIT5, rtol=1e-8, atol=1e-8, saveat=[0.1, 0.3])
b = ensemble(LORENZ63.problem(t1=0.3), DOP853, y0=[[1.0, 1.0, 1.0], [1.0, 0.5, 1.0]], rtol=1e-10, atol=1e-10)
c = ensemble(LORENZ63.problem(t1=0.3), RK4, dt=0.01, members=2)
d = solve(OSCILLATOR.problem(t1=5.0), TSIT5, rtol=1e-8, atol=1e-8, events=Event(lambda t, y, p: y[0]))
for x in (a.ys, b.y, c.y, d.events[0].ts):
    print(" ".join(float(v).hex() for v in x.ravel()))
"""


@pytest.mark.slow
def test_everything_runs_uncompiled():
    """NUMBA_DISABLE_JIT=1 gives the same numbers (not the same bits: nothing is fused)."""

    def run(**env):
        done = subprocess.run(
            [sys.executable, "-c", UNCOMPILED], env={**os.environ, **env}, capture_output=True, text=True, check=True
        )
        return [[float.fromhex(v) for v in line.split()] for line in done.stdout.splitlines()]

    for compiled, plain in zip(run(), run(NUMBA_DISABLE_JIT="1"), strict=True):
        assert_allclose(plain, compiled, rtol=1e-7)


def test_a_user_defined_method_needs_only_its_tableau():
    """Ralston's second-order method, written here."""
    from mechanics.methods import Method, tableau

    mine = Method(
        name="MINE", order=2, reference="Ralston (1962).", data=tableau(A=[[], [2 / 3]], b=[1 / 4, 3 / 4], c=[0, 2 / 3])
    )

    def decay(t, y, p, dy):
        dy[0] = -y[0]

    errors = [abs(solve(Problem(decay, [1.0], 0.0, 1.0), mine, dt=dt).y[0] - np.exp(-1.0)) for dt in (0.02, 0.01)]
    assert 1.9 < np.log2(errors[0] / errors[1]) < 2.1
