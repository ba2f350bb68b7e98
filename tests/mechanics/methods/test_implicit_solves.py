"""Stiff problems through `solve` and `ensemble`: accuracy, the same bits in parts and in lanes, and failures."""

import math

import numpy as np
import pytest

from mechanics import Event, Problem, Status, ensemble, solve
from mechanics.methods import KVAERNO3, KVAERNO5, RADAU5, RODAS5P
from mechanics.systems import BRUSSELATOR_PDE, HIRES, OREGONATOR, PYROLYSIS_E5, ROBER, ROBERTSON, VAN_DER_POL_STIFF
from mechanics.testing import check_reproducible

AGAIN = pytest.mark.sweep  # one ESDIRK pair stands for both, a DIRK method for the loop it shares with RADAU5
METHODS = [RODAS5P, pytest.param(KVAERNO3, marks=AGAIN), KVAERNO5, RADAU5]
SHARED = [RODAS5P, *(pytest.param(m, marks=AGAIN) for m in (KVAERNO3, KVAERNO5)), RADAU5]
NEWTON = [*(pytest.param(m, marks=AGAIN) for m in (KVAERNO3, KVAERNO5)), RADAU5]
HIGH = [RODAS5P, pytest.param(KVAERNO5, marks=AGAIN), RADAU5]
FEW_STEPS = {KVAERNO3: 1e-6}  # tightest tolerance where a method of order 3 still ends soon


def relative(y, exact):
    return float(np.max(np.abs(y - exact) / np.abs(exact)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "system"),
    [
        pytest.param(m, s, marks=() if m is RODAS5P or s is VAN_DER_POL_STIFF else AGAIN, id=f"{m}-{s.name}")
        for m in (RODAS5P, KVAERNO3, KVAERNO5, RADAU5)
        for s in (ROBERTSON, ROBER, VAN_DER_POL_STIFF, HIRES, OREGONATOR)
    ],
)
def test_stiff_systems_reach_their_known_states(system, method):
    """Achieved error, relative in each component, within 200 times rtol (global errors add up over hundreds of
    steps, and a phase error of an oscillation is an error of the whole amplitude; measured: up to 30 times), and
    falling with rtol.

    ROBER is asked for absolute errors: its small components decay by ten decades.
    """
    errors = []
    exact = np.asarray(system.final)
    for rtol in (1e-4, 1e-6, 1e-8, 1e-10):
        if rtol < FEW_STEPS.get(method, 0.0):
            continue
        solution = solve(system.problem(), method, rtol=rtol, atol=1e-4 * rtol, saveat=[system.t1])
        errors.append(float(np.abs(solution.y - exact).max() / np.abs(exact).max()))
        assert errors[-1] < 200 * rtol
        assert solution.stats.jacobians > 0
        assert solution.stats.factorisations >= solution.stats.jacobians
    assert errors[-1] < 0.1 * errors[0]


@pytest.mark.slow
@pytest.mark.parametrize("method", NEWTON, ids=str)
def test_twenty_decades_of_scale(method):
    """E5 with an absolute tolerance of 1e-24; Newton's iteration corrects what rounding does to dt |J| = 1e16."""
    rtol = 1e-6 if method is KVAERNO3 else 1e-8
    solution = solve(PYROLYSIS_E5.problem(), method, rtol=rtol, atol=1e-24, saveat=[1e13])
    np.testing.assert_allclose(solution.y, PYROLYSIS_E5.final, atol=2e-2 * 8.9e-23)


@pytest.fixture(scope="module")
def brusselator():
    """The state at the end, from tolerances far below those tested."""
    return solve(BRUSSELATOR_PDE.problem(jacobian=None, band=(2, 2)), RADAU5, rtol=1e-11, atol=1e-11, saveat=[10.0]).y


@pytest.mark.slow
@pytest.mark.parametrize("method", HIGH, ids=str)
def test_band_differences_and_given_jacobian_agree(method, brusselator):
    """200 unknowns: all four ways to J are as accurate as asked, and a band costs five evaluations for J, not 200."""
    evaluations = {}
    for given in (True, False):
        for band in (None, (2, 2)):
            if given or band:
                jacobian = BRUSSELATOR_PDE.jacobian if given else None
                problem = BRUSSELATOR_PDE.problem(jacobian=jacobian, band=band)
                solution = solve(problem, method, rtol=1e-6, atol=1e-6, saveat=[10.0])
                assert np.abs(solution.y - brusselator).max() < 3e-5
                evaluations[given, band] = solution.stats
    with_J, without = evaluations[True, (2, 2)], evaluations[False, (2, 2)]
    assert with_J.evaluations < without.evaluations < with_J.evaluations + 8 * without.jacobians


def test_jacobian_and_factors_are_reused_where_they_are_dear():
    """200 unknowns: fewer Jacobians than steps, fewer factorisations too (RADAU5 makes two at a time)."""
    problem = BRUSSELATOR_PDE.problem(jacobian=None, band=(2, 2))
    for method, each in ((KVAERNO5, 1), (RADAU5, 2)):
        stats = solve(problem, method, rtol=1e-6, atol=1e-6, saveat=[10.0]).stats
        assert stats.jacobians < 0.5 * stats.accepted
        assert stats.factorisations < 0.9 * each * stats.accepted


def prothero_robinson(t, y, p, dy):
    dy[0] = -p * (y[0] - math.sin(t + 0.5)) + math.cos(t + 0.5)
    dy[1] = y[0] * y[1] * 0.1


@pytest.mark.parametrize(
    ("method", "order"),
    [(RODAS5P, 3), (RADAU5, 3), *(pytest.param(m, 2, marks=AGAIN) for m in (KVAERNO3, KVAERNO5))],
    ids=str,
)
def test_stiff_order_of_convergence(method, order):
    """y' = -1e6 (y - phi) + phi': errors of at most 1e-8 that fall as dt^3 or, for the pairs, as dt^2.

    Prothero, Robinson, Math. Comp. 28 (1974) 145-162.
    """
    problem = Problem(prothero_robinson, [math.sin(0.5), 1.0], 0.0, 2.0, 1e6)
    errors = []
    dts = (0.1, 0.05)
    for dt in dts:
        solution = solve(problem, method, dt=dt, rtol=1e-10, atol=1e-12)
        errors.append(np.abs(solution.ys[:, 0] - np.sin(solution.ts + 0.5)).max())
    assert errors[0] < 1e-8
    slope = math.log(errors[0] / errors[1]) / math.log(2.0)
    assert order - 0.2 < slope < order + 0.5


@pytest.mark.parametrize("method", SHARED, ids=str)
@pytest.mark.parametrize("dt", [None, pytest.param(0.01, marks=AGAIN)])
def test_bits_do_not_depend_on_how_the_work_is_done(method, dt):
    """Again, in two parts, as a member, on two threads; HIRES has the largest systems that run in lanes."""
    done = check_reproducible(HIRES.problem(t1=3.0), method, dt=dt, rtol=1e-5, atol=1e-8)
    assert "in two parts" in done.compared
    assert "member alone" in done.compared


@pytest.mark.parametrize("method", HIGH, ids=str)
@pytest.mark.parametrize("dt", [None, pytest.param(0.05, marks=AGAIN)])
def test_a_run_continued_beyond_its_end_has_the_bits_of_a_longer_one(method, dt):
    """With reused Jacobians (20 unknowns), from an end that cut a step short, with and without a grid of steps."""
    problem = BRUSSELATOR_PDE.problem(
        y0=1.0 + 0.01 * np.arange(20.0), p=type(BRUSSELATOR_PDE.p)(2.0), jacobian=None, band=(2, 2), t1=5.0
    )
    whole = solve(problem, method, dt=dt, saveat=[5.0])
    for end in (1.7, 2.0):
        part = solve(
            BRUSSELATOR_PDE.problem(y0=problem.y0, p=problem.p, jacobian=None, band=(2, 2), t1=end), method, dt=dt
        )
        rest = solve(part.restart(t1=5.0), method, dt=dt, saveat=[5.0])
        np.testing.assert_array_equal(rest.y, whole.y)


@pytest.mark.parametrize("dt", [None, 0.02])
def test_rosenbrock_members_run_in_lanes(dt):
    """37 members of different stiffness, with saved times: the bits of single solves."""
    problem = HIRES.problem(t1=2.0, jacobian=None)
    starts = problem.y0 * np.linspace(0.5, 1.5, 37)[:, None]
    ts = np.linspace(0.0, 2.0, 5)
    many = ensemble(problem, RODAS5P, y0=starts, saveat=ts, dt=dt, rtol=1e-5)
    assert many.stats.engine == "lanes"
    for i in range(0, 37, 6):
        alone = solve(HIRES.problem(t1=2.0, jacobian=None, y0=starts[i]), RODAS5P, saveat=ts, dt=dt, rtol=1e-5)
        np.testing.assert_array_equal(many.ys[i], alone.ys)


@pytest.mark.parametrize("method", HIGH, ids=str)
def test_saved_times_interpolant_and_backward_time(method):
    """Values between steps agree with a tight solve; a mild problem solved forth and back returns."""
    problem = VAN_DER_POL_STIFF.problem(p=type(VAN_DER_POL_STIFF.p)(5.0), t1=8.0)
    ts = np.linspace(0.0, 8.0, 41)
    exact = solve(problem, method, rtol=1e-11, atol=1e-12, saveat=ts).ys
    smooth = solve(problem, method, rtol=1e-6, atol=1e-8, dense=True)
    assert np.abs(solve(problem, method, rtol=1e-6, atol=1e-8, saveat=ts).ys - exact).max() < 1e-3
    np.testing.assert_array_equal(smooth(ts), solve(problem, method, rtol=1e-6, atol=1e-8, saveat=ts).ys)
    back = Problem(problem.drift, exact[5], ts[5], 0.0, problem.p, jacobian=problem.jacobian)
    np.testing.assert_allclose(solve(back, method, rtol=1e-9, atol=1e-10).y, problem.y0, rtol=1e-4, atol=1e-4)


def decay_and_reset(t, y, p, dy):
    dy[0] = -1.0
    dy[1] = -1e5 * (y[1] - y[0])


def at_zero(t, y, p):
    return y[0]


def raise_again(t, y, p):
    y[0] = 1.0


@pytest.mark.parametrize("method", SHARED, ids=str)
def test_events_change_the_state_of_a_stiff_problem(method):
    """A sawtooth: zero at t = 1, 2, 3, each found, and the stiff component follows."""
    problem = Problem(decay_and_reset, [1.0, 1.0], 0.0, 3.5)
    solution = solve(problem, method, events=Event(at_zero, apply=raise_again), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(solution.events[0].ts, [1.0, 2.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(solution.y, [0.5, 0.5 + 1e-5], atol=1e-6)


def wrong_jacobian(t, y, p, J):
    for i in range(8):
        for j in range(8):
            J[i, j] = 1e6 if i == j else 0.0


@pytest.mark.parametrize("method", [pytest.param(KVAERNO5, marks=AGAIN), RADAU5], ids=str)
def test_a_wrong_jacobian_is_named(method):
    """The cause is found afterwards by differences: 'J[i, j] is ..., but differences give ...'."""
    problem = HIRES.problem(jacobian=wrong_jacobian)
    solution = solve(problem, method, dt=1.0, throw=False)
    assert solution.status is Status.NO_CONVERGENCE
    assert "The given Jacobian is wrong" in solution.message
    assert not solution.status.ok


def explodes(t, y, p, dy):
    dy[0] = y[0] * y[0]


def root_of_negative(t, y, p, dy):
    dy[0] = -math.sqrt(y[0]) - 1.0


@pytest.mark.parametrize("method", HIGH, ids=str)
def test_failures_say_why(method):
    """A pole, a drift that stops being defined, a budget; none raises inside the engine, none loops for ever."""
    blown = solve(Problem(explodes, [1.0], 0.0, 2.0), method, throw=False)
    assert blown.status is Status.BLOW_UP
    assert blown.t == pytest.approx(1.0, abs=1e-3)
    undefined = solve(Problem(root_of_negative, [1.0], 0.0, 2.0), method, throw=False)
    assert undefined.status in (Status.NON_FINITE, Status.NO_CONVERGENCE, Status.DISCONTINUITY)
    short = solve(HIRES.problem(), method, max_steps=5, throw=False)
    assert short.status is Status.MAX_STEPS
