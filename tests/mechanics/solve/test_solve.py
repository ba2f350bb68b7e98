"""`solve`: right answers, outputs that agree with each other, restarts with the same bits."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mechanics import Problem, Solution, Status, solve
from mechanics.methods import DOP853, RK4, TSIT5, VERN7, VERN9, all_methods
from mechanics.systems import ARENSTORF, LORENZ63, LORENZ96, OSCILLATOR, PLEIADES

TIGHT = {"rtol": 1e-9, "atol": 1e-9}


def exact(t):
    return OSCILLATOR.exact(t, OSCILLATOR.y0, OSCILLATOR.p)


@pytest.mark.parametrize("system", [LORENZ63, ARENSTORF, PLEIADES, LORENZ96], ids=str)
def test_reaches_high_precision_final_states(system):
    """`System.final` comes from high-precision arithmetic; a tolerance of 1e-13 grows by less than 1e5 on the way."""
    s = solve(system.problem(), VERN9, rtol=1e-13, atol=1e-13, saveat=[system.t1])
    assert_allclose(s.y, system.final, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    "method",
    [
        m if m.name in ("HEUN", "TSIT5", "DOP853", "VERN9") else pytest.param(m, marks=pytest.mark.sweep)
        for m in all_methods("explicit")
        if m.adaptive
    ],
    ids=str,
)
def test_error_falls_with_the_tolerance(method):
    """Ten times tighter tolerances: the error falls at least threefold each time, for every method with an estimate."""
    ladder = [1e-3, 1e-4, 1e-5] if method.order < 4 else [1e-4, 1e-6, 1e-8]
    errors = []
    for tol in ladder:
        s = solve(Problem(OSCILLATOR.drift, OSCILLATOR.y0, 0.0, 3.0, OSCILLATOR.p), method, rtol=tol, atol=tol)
        errors.append(np.abs(s.y - exact(3.0)).max())
    assert errors[0] < 300 * ladder[0]
    assert all(later < max(sooner / 3.0, 1e-14) for sooner, later in itertools.pairwise(errors)), errors


def test_steps_are_kept_from_start_to_end():
    s = solve(OSCILLATOR.problem(), TSIT5)
    assert s.ts[0] == OSCILLATOR.t0
    assert s.ts[-1] == OSCILLATOR.t1 == s.t
    assert len(s.ts) == s.stats.accepted + 1
    assert s.ys.shape == (len(s.ts), 2)
    assert s.status is Status.SUCCESS
    assert_array_equal(s.ys[-1], s.y)


@pytest.mark.parametrize("method", [TSIT5, DOP853, VERN7], ids=str)
def test_saved_times_are_those_of_the_dense_output_to_the_bit(method):
    problem = LORENZ63.problem(t1=1.0)
    times = np.linspace(0.0, 1.0, 57)
    dense = solve(problem, method, dense=True, **TIGHT)
    saved = solve(problem, method, saveat=times, **TIGHT)
    both = solve(problem, method, saveat=times, dense=True, **TIGHT)
    assert_array_equal(saved.ys, dense(times))
    assert_array_equal(saved.ys, both.ys)
    assert_array_equal(saved.ts, times)
    assert_array_equal(saved.y, dense.y)
    assert_array_equal(dense(0.25), dense(np.array([0.25]))[0])


def test_dense_output_refuses_times_outside():
    s = solve(OSCILLATOR.problem(), TSIT5, dense=True)
    for t in (-1e-9, s.t + 1e-9, np.nan):
        with pytest.raises(ValueError, match="t must lie in"):
            s(t)
    with pytest.raises(ValueError, match="dense=True"):
        solve(OSCILLATOR.problem(), TSIT5)(1.0)


def test_backward_undoes_forward():
    forward = solve(LORENZ63.problem(t1=0.5), VERN7, rtol=1e-12, atol=1e-12)
    back = solve(LORENZ63.problem(y0=forward.y, t0=0.5, t1=0.0), VERN7, rtol=1e-12, atol=1e-12, saveat=[0.5, 0.25, 0.0])
    assert_allclose(back.y, LORENZ63.y0, atol=1e-8)
    assert_array_equal(back.ys[0], forward.y)


@pytest.mark.parametrize("saveat", [None, [0.0], [0.0, 0.0], []])
def test_a_span_of_no_length_returns_its_start(saveat):
    s = solve(OSCILLATOR.problem(t1=0.0), TSIT5, saveat=saveat)
    assert s.status is Status.SUCCESS
    assert_array_equal(s.y, OSCILLATOR.y0)
    assert s.ys.shape == (1 if saveat is None else len(saveat), 2)
    s = solve(OSCILLATOR.problem(t1=0.0), TSIT5, dense=True)
    assert_array_equal(s(0.0), OSCILLATOR.y0)


def test_fixed_steps_lie_on_the_grid_and_the_last_one_is_cut():
    s = solve(OSCILLATOR.problem(t1=1.05), RK4, dt=0.1)
    assert_allclose(s.ts, [*np.arange(11) * 0.1, 1.05], atol=1e-15)
    assert s.ts[-1] == 1.05
    assert_allclose(s.y, exact(1.05), atol=1e-6)
    assert len(solve(OSCILLATOR.problem(t1=1.0), RK4, dt=0.1).ts) == 11


@settings(max_examples=20, deadline=None)
@given(cut=st.floats(0.0, 1.0), dt=st.sampled_from([None, 0.013]), method=st.sampled_from([TSIT5, VERN7]))
def test_a_run_in_two_parts_has_the_bits_of_a_whole_one(cut, dt, method):
    options = {"dt": dt} if dt else TIGHT
    whole = solve(LORENZ63.problem(t1=1.0), method, **options)
    first = solve(LORENZ63.problem(t1=cut), method, **options)
    second = solve(first.restart(t1=1.0), method, **options)
    assert_array_equal(second.y, whole.y)
    assert_array_equal(second.ys[0], first.y)
    shared = np.isin(second.ts[1:], whole.ts)
    assert shared.all()
    assert_array_equal(second.ys[1:], whole.ys[np.isin(whole.ts, second.ts[1:])])


@pytest.mark.parametrize("options", [TIGHT, {"dt": 0.013}], ids=["controlled", "fixed"])
def test_a_resumed_run_has_the_interpolant_of_a_whole_one(options):
    """Also in its first step, which begins before the end of the run that it goes on from."""
    times = np.linspace(0.4567, 1.0, 301)
    whole = solve(LORENZ63.problem(t1=1.0), TSIT5, dense=True, **options)
    first = solve(LORENZ63.problem(t1=0.4567), TSIT5, **options)
    second = solve(first.restart(t1=1.0), TSIT5, dense=True, **options)
    assert_array_equal(second(times[:-1]), whole(times[:-1]))
    saved = solve(first.restart(t1=1.0), TSIT5, saveat=times, **options)
    assert_array_equal(saved.ys[1:-1], whole(times[1:-1]))


def test_a_run_stopped_by_its_budget_goes_on_with_the_same_bits(tmp_path):
    whole = solve(LORENZ63.problem(t1=1.0), TSIT5, **TIGHT)
    part = solve(LORENZ63.problem(t1=1.0), TSIT5, max_steps=17, throw=False, **TIGHT)
    assert part.status is Status.MAX_STEPS
    loaded = Solution.load(part.save(tmp_path / "part"))
    rest = solve(loaded.restart(t1=1.0, problem=LORENZ63.problem(t1=1.0)), TSIT5, **TIGHT)
    assert_array_equal(rest.y, whole.y)
    assert_array_equal(np.concatenate([part.ts, rest.ts[1:]]), whole.ts)


def test_saving_and_loading_keeps_everything(tmp_path):
    s = solve(LORENZ63.problem(t1=1.0), TSIT5, dense=True)
    back = Solution.load(s.save(tmp_path / "lorenz.npz"))
    assert_array_equal(back.ys, s.ys)
    assert_array_equal(back(0.3), s(0.3))
    assert (back.status, back.message, back.stats, back.method, back.t) == (s.status, s.message, s.stats, s.method, s.t)
    with pytest.raises(ValueError, match="problem="):
        back.restart(t1=2.0)
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match="not a saved solution"):
        Solution.load(tmp_path / "other.npz")


def test_new_parameter_values_compile_nothing():
    solve(LORENZ63.problem(t1=0.1), TSIT5)
    changed = LORENZ63.p._replace(rho=3.0)
    assert solve(LORENZ63.problem(t1=0.1, p=changed), TSIT5).stats.compiled == 0
    whole = LORENZ63.p._replace(rho=3)
    assert solve(LORENZ63.problem(t1=0.1, p=whole), TSIT5).stats.compiled == 0


def test_large_states_run_without_a_build_for_each_size():
    def chain(t, y, p, dy):
        n = len(y)
        for m in range(n):
            dy[m] = y[(m + 1) % n] - 2.0 * y[m] + y[m - 1]

    for n in (100, 137):
        modes = np.cos(2 * np.pi * 3 * np.arange(n) / n)
        s = solve(Problem(chain, modes, 0.0, 1.0), TSIT5, rtol=1e-10, atol=1e-12)
        assert_allclose(s.y, modes * np.exp(-4 * np.sin(np.pi * 3 / n) ** 2), atol=1e-9)
    assert s.stats.compiled == 0


def test_max_dt_and_first_dt_bound_the_steps():
    s = solve(OSCILLATOR.problem(t1=5.0), TSIT5, max_dt=0.1, first_dt=0.01)
    assert np.diff(s.ts).max() <= 0.1 + 1e-15
    assert s.ts[1] == 0.01


def test_statistics_count_every_call_of_the_drift():
    """The drift counts its own calls through a parameter array."""

    def counting(t, y, p, dy):
        p[0] += 1.0
        dy[0] = -y[0]

    for method, options in (
        (TSIT5, TIGHT),
        (VERN7, TIGHT),
        (DOP853, {"saveat": np.linspace(0, 5, 9)}),
        (RK4, {"dt": 0.1}),
    ):
        problem = Problem(counting, [1.0], 0.0, 5.0, [0.0])
        s = solve(problem, method, **options)
        assert s.stats.evaluations == problem.p[0]


def test_progress_is_shown_and_changes_nothing(capsys):
    shown = solve(LORENZ63.problem(t1=1.0), TSIT5, progress=True, **TIGHT)
    assert_array_equal(shown.y, solve(LORENZ63.problem(t1=1.0), TSIT5, **TIGHT).y)
    assert "1" in capsys.readouterr().err
