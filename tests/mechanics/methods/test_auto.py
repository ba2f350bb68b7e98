"""AUTO: when it changes its method, and that nothing else shows where it did."""

import numpy as np
import pytest

from mechanics import Event, Problem, Status, ensemble, solve
from mechanics.engine.auto import boundary
from mechanics.methods import AUTO, BDF, DOPRI5, RK4, TSIT5, VERN7
from mechanics.systems import (
    BRUSSELATOR_PDE,
    HIRES,
    KEPLER,
    LORENZ63,
    OREGONATOR,
    ROBERTSON,
    VAN_DER_POL,
    VAN_DER_POL_STIFF,
)
from mechanics.testing import check_reproducible


def test_stability_boundaries_are_the_known_ones():
    """RK4: 2.785; DOPRI5: 3.306 (Hairer, Wanner II, IV.2)."""
    assert boundary(RK4.data) == pytest.approx(2.785, abs=0.01)
    assert boundary(DOPRI5.data) == pytest.approx(3.306, abs=0.01)


@pytest.mark.parametrize("rtol", [1e-3, 1e-5, 1e-8, 1e-11])
@pytest.mark.parametrize("system", [LORENZ63, KEPLER, VAN_DER_POL], ids=lambda s: s.name)
def test_what_is_not_stiff_stays_explicit(system, rtol):
    """And has the bits of the explicit method."""
    solution = solve(system.problem(), AUTO, rtol=rtol, atol=rtol)
    assert solution.stats.switches == solution.stats.implicit_steps == 0
    alone = solve(system.problem(), TSIT5 if rtol > 1e-6 else VERN7, rtol=rtol, atol=rtol)
    np.testing.assert_array_equal(solution.ys, alone.ys)
    assert solution.stats.evaluations == alone.stats.evaluations


@pytest.mark.parametrize(
    "system",
    [ROBERTSON, VAN_DER_POL_STIFF, *(pytest.param(s, marks=pytest.mark.sweep) for s in (HIRES, OREGONATOR))],
    ids=lambda s: s.name,
)
def test_what_is_stiff_is_solved_implicitly(system):
    """Most of the time is passed in implicit steps, and the state at the end is the known one."""
    for rtol in (1e-4, 1e-6, 1e-8):
        solution = solve(system.problem(), AUTO, rtol=rtol, atol=1e-4 * rtol, saveat=[system.t1])
        assert solution.stats.switches >= 1
        assert solution.stats.implicit_steps > 0.1 * solution.stats.accepted
        assert np.abs(solution.y - system.final).max() < 200 * rtol * np.abs(system.final).max()
        assert "changes of method" in solution.message


@pytest.mark.sweep
def test_many_unknowns_are_solved_by_bdf():
    """The Brusselator of 200 unknowns: as accurate as BDF alone, with few Jacobians."""
    problem = BRUSSELATOR_PDE.problem(jacobian=None, band=(2, 2))
    exact = solve(problem, BDF, rtol=1e-10, atol=1e-10, saveat=[10.0]).y
    solution = solve(problem, AUTO, rtol=1e-6, atol=1e-6, saveat=[10.0])
    assert np.abs(solution.y - exact).max() < 1e-4
    assert solution.stats.jacobians < 0.1 * solution.stats.accepted


def slows_down(t, y, p, dy):
    rate = 1e4 if t < 10.0 else 0.1
    dy[0] = -rate * (y[0] - np.cos(5.0 * t))
    dy[1] = 5.0 * y[0]


def test_it_returns_to_explicit_steps():
    """A decay rate that falls from 1e4 to 0.1 at t = 10."""
    solution = solve(Problem(slows_down, [1.0, 0.0], 0.0, 200.0), AUTO, rtol=1e-6, atol=1e-8)
    assert solution.stats.switches == 2
    late = solution.stats.accepted - np.searchsorted(solution.ts, 20.0)
    assert solution.stats.implicit_steps < solution.stats.accepted - 0.5 * late


def test_bits_do_not_depend_on_how_the_work_is_done():
    """Again, in two parts, as a member, on two threads."""
    done = check_reproducible(VAN_DER_POL_STIFF.problem(t1=1000.0), AUTO, rtol=1e-5, atol=1e-8)
    assert {"in two parts", "member alone"} <= set(done.compared)
    assert ensemble(ROBERTSON.problem(), AUTO, members=2).stats.engine == "scalar"


@pytest.mark.parametrize("rtol", [1e-4, 1e-8])
@pytest.mark.parametrize("end", [1e-6, 0.01, 3.0, 806.0, 808.5, 1999.0])
def test_a_run_continued_beyond_its_end_has_the_bits_of_a_longer_one(end, rtol):
    """Ends in the first step, while steps that look stiff are counted, in a slow phase, before and in a jump."""
    whole = solve(VAN_DER_POL_STIFF.problem(), AUTO, rtol=rtol, saveat=[2000.0])
    part = solve(VAN_DER_POL_STIFF.problem(t1=end), AUTO, rtol=rtol)
    rest = solve(part.restart(t1=2000.0), AUTO, rtol=rtol, saveat=[2000.0])
    np.testing.assert_array_equal(rest.y, whole.y)


def test_saved_times_and_interpolant_cross_the_changes():
    """Values inside the steps of all methods against a tight solve, and the same from saveat and dense."""
    ts = np.linspace(0.0, 780.0, 301)
    problem = VAN_DER_POL_STIFF.problem(t1=780.0)
    exact = solve(problem, BDF, rtol=1e-11, atol=1e-13, saveat=ts).ys
    smooth = solve(problem, AUTO, rtol=1e-7, atol=1e-9, dense=True)
    assert smooth.stats.switches >= 1
    np.testing.assert_array_equal(smooth(ts), solve(problem, AUTO, rtol=1e-7, atol=1e-9, saveat=ts).ys)
    np.testing.assert_allclose(smooth(ts), exact, rtol=1e-4)


def crosses(t, y, p):
    return y[0]


@pytest.mark.sweep
def test_events_are_found_by_every_method():
    """Van der Pol's two jumps; and one that stops the run there."""
    found = solve(VAN_DER_POL_STIFF.problem(), AUTO, rtol=1e-8, atol=1e-10, events=Event(crosses)).events[0].ts
    exact = solve(VAN_DER_POL_STIFF.problem(), BDF, rtol=1e-10, atol=1e-12, events=Event(crosses)).events[0].ts
    np.testing.assert_allclose(found, exact, rtol=1e-5)
    assert len(found) == 2
    stopped = solve(VAN_DER_POL_STIFF.problem(), AUTO, rtol=1e-8, events=Event(crosses, terminal=True))
    assert stopped.status is Status.EVENT
    rest = solve(stopped.restart(t1=1000.0), AUTO, rtol=1e-8, events=Event(crosses, terminal=True))
    assert rest.status is Status.SUCCESS


def test_budgets_and_fixed_steps():
    """max_steps counts attempts of all methods; dt= is refused."""
    short = solve(VAN_DER_POL_STIFF.problem(), AUTO, max_steps=100, throw=False)
    assert short.status is Status.MAX_STEPS
    assert short.stats.accepted + short.stats.refused == 100
    with pytest.raises(ValueError, match="leave out dt"):
        solve(LORENZ63.problem(), AUTO, dt=0.1)
