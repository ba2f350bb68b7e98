"""Backward differentiation formulas: orders, accuracy on stiff systems, bits, events, failures."""

import math

import numpy as np
import pytest

from mechanics import Event, Problem, Status, ensemble, solve
from mechanics.engine.bdf_layout import HEAD, HIGHER, LOWER, MOST_PAST, ORDER, PAST, RATIO, ROWS, SAME, SCALE, TERMS
from mechanics.engine.bdf_terms import lower_order, raise_order, terms
from mechanics.methods import BDF, VERN9, Multistep, bdf
from mechanics.systems import (
    BRUSSELATOR_PDE,
    HIRES,
    KEPLER,
    LORENZ63,
    OREGONATOR,
    PYROLYSIS_E5,
    ROBER,
    ROBERTSON,
    VAN_DER_POL_STIFF,
)
from mechanics.testing import check_reproducible

FEW = Problem(LORENZ63.drift, LORENZ63.y0, 0.0, 1.0, LORENZ63.p)
STEPS = np.array([0.7, 1.1, 0.9, 1.3, 0.8, 1.2, 1.0])


def memory_of(q, past=STEPS, n=1):
    mem = np.zeros(HEAD + (ROWS + 1) * n)
    mem[ORDER], mem[SCALE], mem[PAST : PAST + MOST_PAST] = q, past[0], past
    return mem


def at(mem, x, n=1):
    """The Nordsieck polynomial."""
    return sum(mem[HEAD + j * n] * x**j for j in range(ROWS))


@pytest.mark.parametrize("q", [1, 2, 3, 4, 5])
def test_corrector_has_its_roots_at_the_last_points(q):
    """prod (1 + x / xi_i) with the fixed leading coefficient, whatever the steps were."""
    l, c, dt = np.zeros(ROWS), np.zeros(TERMS), 1.4
    terms(memory_of(q), dt, True, l, c)
    assert l[0] == 1.0
    assert l[1] == pytest.approx(sum(1 / i for i in range(1, q + 1)), abs=1e-15)
    for i in range(1, q):
        x = -(dt + STEPS[: i - 1].sum()) / dt
        assert sum(l[j] * x**j for j in range(q + 1)) == pytest.approx(0.0, abs=1e-13)


@pytest.mark.parametrize("q", [1, 2, 3, 4, 5])
def test_equal_steps_have_the_classical_error_constants(q):
    """1 / ((q + 1) l_1) at each order; z_q is dt^q y^(q) / q!."""
    l, c = np.zeros(ROWS), np.zeros(TERMS)
    terms(memory_of(q, np.ones(MOST_PAST)), 1.0, True, l, c)
    lead = l[1]
    assert c[SAME] == pytest.approx(1 / ((q + 1) * lead), rel=1e-13)
    assert c[HIGHER] == pytest.approx(1 / ((q + 2) * (lead + 1 / (q + 1))), rel=1e-13)
    assert c[RATIO] == pytest.approx((q + 1) * math.factorial(q), rel=1e-13)
    if q > 1:
        assert c[LOWER] == pytest.approx(math.factorial(q - 1) / (lead - 1 / q), rel=1e-13)


@pytest.mark.parametrize("q", [2, 3, 4])
def test_changes_of_order_keep_the_points_that_the_polynomial_meets(q):
    """Value and slope at t_n, and the values at t_{n-1} .. t_{n-q+1}, one fewer below."""
    l = np.zeros(ROWS)
    rng = np.random.default_rng(q)
    start = memory_of(q)
    start[HEAD : HEAD + q + 1] = rng.standard_normal(q + 1)
    points = [-STEPS[:i].sum() / STEPS[0] for i in range(q)]
    up, down = start.copy(), start.copy()
    raise_order(up, 1, np.array([0.3]), l)
    lower_order(down, 1, l)
    assert (up[ORDER], down[ORDER]) == (q + 1, q - 1)
    assert down[HEAD + q] == 0.0
    for changed, kept in ((up, points), (down, points[:-1])):
        assert changed[HEAD + 1] == start[HEAD + 1]
        for x in kept:
            assert at(changed, x) == pytest.approx(at(start, x), abs=1e-12)


@pytest.mark.parametrize(
    ("order", "tolerances"),
    [
        (1, (-5, -7)),
        pytest.param(2, (-5, -9), marks=pytest.mark.sweep),
        pytest.param(3, (-5, -10), marks=pytest.mark.sweep),
        (4, (-6, -11)),
    ],
)
def test_errors_fall_with_the_limited_order(order, tolerances):
    """Error at the end against the number of steps the code took: slope -order."""
    exact = solve(FEW, VERN9, rtol=1e-13, atol=1e-13).y
    steps, errors = [], []
    for rtol in np.logspace(*tolerances, 7):
        solution = solve(FEW, bdf(order), rtol=rtol, atol=rtol, saveat=[1.0])
        steps.append(solution.stats.accepted)
        errors.append(np.abs(solution.y - exact).max())
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert order - 0.3 < slope < order + 0.7


@pytest.mark.sweep
def test_the_full_method_needs_fewer_steps_than_a_limited_one():
    """At 1e-8; an order outside of 1 to 5 is refused, and so are fixed steps."""
    few, many = (solve(FEW, m, rtol=1e-8, atol=1e-8).stats.accepted for m in (BDF, bdf(2)))
    assert few < 0.3 * many
    with pytest.raises(ValueError, match="1 to 5"):
        Multistep(6)
    with pytest.raises(ValueError, match="leave out dt"):
        solve(FEW, BDF, dt=0.1)


@pytest.mark.parametrize(
    "system",
    [ROBERTSON, ROBER, VAN_DER_POL_STIFF, *(pytest.param(s, marks=pytest.mark.sweep) for s in (HIRES, OREGONATOR))],
    ids=lambda s: s.name,
)
def test_stiff_systems_reach_their_known_states(system):
    """Errors in units of the largest component fall with rtol and stay within 2000 rtol: hundreds to thousands of
    steps of low order add up, and a phase error of an oscillation is an error of the whole amplitude.
    """
    exact, errors = np.asarray(system.final), []
    for rtol in (1e-4, 1e-6, 1e-8):
        solution = solve(system.problem(), BDF, rtol=rtol, atol=1e-4 * rtol, saveat=[system.t1])
        errors.append(np.abs(solution.y - exact).max() / np.abs(exact).max())
        assert errors[-1] < 2000 * rtol
        assert 0 < solution.stats.jacobians <= solution.stats.factorisations < solution.stats.accepted
    assert errors[2] < 0.02 * errors[0]  # the one between may be small by cancellation


def test_twenty_decades_of_scale():
    """E5 with an absolute tolerance of 1e-24, of which five are allowed."""
    solution = solve(PYROLYSIS_E5.problem(), BDF, rtol=1e-7, atol=1e-24, saveat=[1e13])
    np.testing.assert_allclose(solution.y, PYROLYSIS_E5.final, atol=5e-24)


@pytest.mark.sweep
def test_band_dense_given_and_differences_agree():
    """200 unknowns, four ways to the Jacobian."""
    exact = solve(BRUSSELATOR_PDE.problem(jacobian=None, band=(2, 2)), BDF, rtol=1e-10, atol=1e-10, saveat=[10.0]).y
    for jacobian in (BRUSSELATOR_PDE.jacobian, None):
        for band in (None, (2, 2)):
            problem = BRUSSELATOR_PDE.problem(jacobian=jacobian, band=band)
            solution = solve(problem, BDF, rtol=1e-6, atol=1e-6, saveat=[10.0])
            assert np.abs(solution.y - exact).max() < 1e-4
            assert solution.stats.jacobians < 0.1 * solution.stats.accepted


def test_bits_do_not_depend_on_how_the_work_is_done():
    """Again, in two parts, as a member, on two threads."""
    done = check_reproducible(HIRES.problem(t1=3.0), BDF, rtol=1e-5, atol=1e-8)
    assert {"in two parts", "member alone"} <= set(done.compared)
    assert ensemble(HIRES.problem(t1=3.0), BDF, members=2).stats.engine == "scalar"


@pytest.mark.parametrize("end", [1e-6, 3.0, 806.0, 1999.0])
def test_a_run_continued_beyond_its_end_has_the_bits_of_a_longer_one(end):
    """From an end inside the first step, in a slow phase, near a jump, and just before the end."""
    whole = solve(VAN_DER_POL_STIFF.problem(), BDF, saveat=[2000.0])
    part = solve(VAN_DER_POL_STIFF.problem(t1=end), BDF)
    rest = solve(part.restart(t1=2000.0), BDF, saveat=[2000.0])
    np.testing.assert_array_equal(rest.y, whole.y)


def test_saved_times_interpolant_and_backward_time():
    """The interpolant meets every step and is as accurate as the steps; forth and back returns."""
    problem = VAN_DER_POL_STIFF.problem(p=type(VAN_DER_POL_STIFF.p)(5.0), t1=8.0)
    ts = np.linspace(0.0, 8.0, 41)
    exact = solve(problem, VERN9, rtol=1e-12, atol=1e-12, saveat=ts).ys
    smooth = solve(problem, BDF, rtol=1e-8, atol=1e-10, dense=True)
    np.testing.assert_array_equal(smooth(ts), solve(problem, BDF, rtol=1e-8, atol=1e-10, saveat=ts).ys)
    np.testing.assert_allclose(smooth(smooth.ts[1:] - 1e-12), smooth.ys[1:], atol=1e-8)
    at_ends = np.abs(solve(problem, VERN9, rtol=1e-12, atol=1e-12, saveat=smooth.ts).ys - smooth.ys).max()
    assert np.abs(smooth(ts) - exact).max() < 3 * at_ends < 1e-3
    orbit = KEPLER.problem()  # neither direction is unstable
    back = KEPLER.problem(y0=solve(orbit, VERN9, rtol=1e-12, atol=1e-12).y, t0=orbit.t1, t1=orbit.t0)
    np.testing.assert_allclose(solve(back, BDF, rtol=1e-9, atol=1e-9).y, orbit.y0, atol=1e-4)


def decay_and_reset(t, y, p, dy):
    dy[0] = -1.0
    dy[1] = -1e5 * (y[1] - y[0])


def at_zero(t, y, p):
    return y[0]


def raise_again(t, y, p):
    y[0] = 1.0


def test_events_change_the_state_and_a_run_may_be_cut_among_them():
    """A sawtooth: zero at t = 1, 2, 3; in two parts with the bits of one."""
    events = Event(at_zero, apply=raise_again)
    whole = solve(Problem(decay_and_reset, [1.0, 1.0], 0.0, 3.5), BDF, events=events, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(whole.events[0].ts, [1.0, 2.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(whole.y, [0.5, 0.5 + 1e-5], atol=1e-6)
    for end in (0.5, 1.0, 1.0 + 1e-7, 2.6):
        problem = Problem(decay_and_reset, [1.0, 1.0], 0.0, end)
        part = solve(problem, BDF, events=events, rtol=1e-8, atol=1e-9)
        rest = solve(part.restart(t1=3.5), BDF, events=events, rtol=1e-8, atol=1e-9)
        np.testing.assert_array_equal(rest.y, whole.y)


def explodes(t, y, p, dy):
    dy[0] = y[0] * y[0]


def not_at_start(t, y, p, dy):
    dy[0] = math.log(-y[0])


def ends(t, y, p, dy):
    dy[0] = -math.sqrt(y[0]) - 1.0


def test_failures_say_why():
    """A pole, a drift that is or becomes undefined, a budget."""
    blown = solve(Problem(explodes, [1.0], 0.0, 2.0), BDF, throw=False)
    assert blown.status is Status.BLOW_UP
    assert blown.t == pytest.approx(1.0, abs=1e-3)
    assert solve(Problem(not_at_start, [1.0], 0.0, 2.0), BDF, throw=False).status is Status.NON_FINITE
    undefined = solve(Problem(ends, [1.0], 0.0, 2.0), BDF, throw=False)
    assert undefined.status in (Status.NON_FINITE, Status.NO_CONVERGENCE, Status.DISCONTINUITY)
    assert solve(HIRES.problem(), BDF, max_steps=5, throw=False).status is Status.MAX_STEPS
