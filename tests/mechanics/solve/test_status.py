"""Failures say what happened, where, and what to do; bad input is refused before anything is compiled."""

import _thread
import math
import threading
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mechanics import Event, Problem, SolveError, Status, solve
from mechanics.methods import EULER, RK4, TSIT5
from mechanics.systems import OSCILLATOR


def blowing_up(t, y, p, dy):
    dy[0] = y[0] * y[0]


def square_root(t, y, p, dy):
    dy[0] = -1.0 / math.sqrt(y[0])


def relaxing(t, y, p, dy):
    dy[0] = -1e6 * (y[0] - math.cos(t))
    dy[1] = -y[1]


def forgetful(t, y, p, dy):
    dy[0] = 1.0


def jumping(t, y, p, dy):
    dy[0] = 1.0
    dy[1] = 1e9 * (1.0 if t > 0.5 else -1.0)


def outcome(drift, y0, **options):
    return solve(Problem(drift, y0, 0.0, 2.0), TSIT5, throw=False, **options)


def test_blow_up_is_told_with_its_time():
    """y' = y^2, y(0) = 1 leaves every bound at t = 1."""
    s = outcome(blowing_up, [1.0])
    assert s.status is Status.BLOW_UP
    assert s.report.component == 0
    assert abs(s.t - 1.0) < 1e-4
    assert "t = 1.0" in s.message


def test_a_drift_that_becomes_nan_is_told():
    """y' = -1/sqrt(y), y(0) = 1 reaches 0 at t = 2/3."""
    s = outcome(square_root, [1.0])
    assert s.status is Status.NON_FINITE
    assert abs(s.t - 2 / 3) < 1e-4
    assert "roots" in s.message


def test_stiffness_is_told_with_the_fastest_time():
    s = outcome(relaxing, [0.0, 1.0], max_steps=2000)
    assert s.status is Status.STIFF
    assert s.report.component == 0
    assert "1e-06" in s.message
    assert "implicit" in s.message


def test_a_component_left_out_is_told():
    s = outcome(forgetful, [0.0, 0.0])
    assert s.status is Status.NON_FINITE
    assert s.report.component == 1
    assert s.report.step == 0
    assert "every component of dy" in s.message


def test_a_discontinuity_is_told():
    """A jump far above the tolerance cannot be stepped over."""
    s = outcome(jumping, [0.0, 0.0], rtol=1e-12, atol=1e-12)
    assert s.status in (Status.DISCONTINUITY, Status.SUCCESS)
    if s.status is Status.DISCONTINUITY:
        assert s.report.component == 1
        assert abs(s.t - 0.5) < 1e-9


def test_too_tight_a_tolerance_is_told():
    s = solve(OSCILLATOR.problem(), TSIT5, rtol=1e-17, atol=0.0, throw=False)
    assert s.status is Status.TOLERANCE
    assert "rtol" in s.message


def test_fixed_steps_that_explode_are_told():
    s = solve(Problem(relaxing, [0.0, 1.0], 0.0, 3.0), RK4, dt=0.1, throw=False)
    assert s.status is Status.NON_FINITE
    assert "smaller dt" in s.message
    assert np.isfinite(s.ys).all()


def test_budgets_end_a_run_with_what_was_done():
    s = solve(OSCILLATOR.problem(t1=1e6), TSIT5, max_steps=1000, throw=False)
    assert s.status is Status.MAX_STEPS
    assert s.stats.accepted + s.stats.refused == 1000
    assert len(s.ts) == s.stats.accepted + 1
    assert "restart" in s.message
    s = solve(OSCILLATOR.problem(t1=1e9), TSIT5, saveat=[1e9], max_seconds=0.2, max_steps=10**9, throw=False)
    assert s.status is Status.MAX_SECONDS
    assert s.ys.shape == (0, 2)
    assert s.t > 0.0


def test_ctrl_c_returns_what_is_done_and_the_run_goes_on():
    solve(OSCILLATOR.problem(t1=1.0), TSIT5, saveat=[1.0])  # compiled before the clock runs
    threading.Timer(0.3, _thread.interrupt_main).start()
    s = solve(OSCILLATOR.problem(t1=1e9), TSIT5, saveat=[1e9], max_steps=10**12)
    assert s.status is Status.INTERRUPTED
    assert 0.0 < s.t < 1e9
    longer = solve(s.restart(t1=s.t + 10.0), TSIT5, saveat=[s.t + 10.0])
    whole = solve(OSCILLATOR.problem(t1=s.t + 10.0), TSIT5, saveat=[s.t + 10.0])
    assert_array_equal(longer.y, whole.y)


def test_throw_raises_with_the_partial_solution():
    with pytest.raises(SolveError, match="grows without bound") as caught:
        solve(Problem(blowing_up, [1.0], 0.0, 2.0), TSIT5)
    partial = caught.value.solution
    assert partial.status is Status.BLOW_UP
    assert len(partial.ts) > 10


def test_what_would_not_fit_into_memory_is_stopped(monkeypatch):
    monkeypatch.setattr("mechanics.trajectory.LARGEST", 10_000)
    s = solve(OSCILLATOR.problem(t1=1e3), TSIT5, throw=False)
    assert s.status is Status.TOO_LARGE
    assert "saveat" in s.message
    assert len(s.ts) > 50


def good(t, y, p, dy):
    dy[0] = -y[0]


class Record(NamedTuple):
    k: float


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Problem(lambda t, y: -y, [1.0], 0, 1), TypeError, r"drift\(t, y, p, dy\)"),
        (lambda: Problem(3, [1.0], 0, 1), TypeError, "drift must be a function"),
        (lambda: Problem(print, [1.0], 0, 1), TypeError, "plain function"),
        (lambda: Problem(good, [], 0, 1), ValueError, "shape"),
        (lambda: Problem(good, [[1.0]], 0, 1), ValueError, "ravel"),
        (lambda: Problem(good, [1j], 0, 1), TypeError, "imaginary"),
        (lambda: Problem(good, ["a"], 0, 1), TypeError, "real numbers"),
        (lambda: Problem(good, [1.0, np.nan], 0, 1), ValueError, r"components \[1\]"),
        (lambda: Problem(good, [1.0], 0, np.inf), ValueError, "t1 must be finite"),
        (lambda: Problem(good, [1.0], "now", 1), TypeError, "t0 must be a number"),
        (lambda: Problem(good, [1.0], 0, 1, {"k": 1}), TypeError, "NamedTuple"),
        (lambda: Problem(good, [1.0], 0, 1, Record("a")), TypeError, "p.k"),
        (lambda: Problem(good, [1.0], 0, 1, noise="pink"), ValueError, "noise must be one of"),
        (lambda: Event(good), TypeError, r"g\(t, y, p\)"),
        (lambda: Event(lambda t, y, p: y[0], direction=2), ValueError, "direction"),
        (lambda: Event(lambda t, y, p: y[0], terminal=-1), ValueError, "terminal"),
        (lambda: solve(good, TSIT5), TypeError, "must be a Problem"),
        (lambda: solve(Problem(good, [1.0], 0, 1), "RK45"), TypeError, "must be a Method"),
        (lambda: solve(Problem(good, [1.0], 0, 1), EULER), ValueError, "no error estimate"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, dt=-0.1), ValueError, "dt must be positive"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, rtol=-1), ValueError, "rtol"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, rtol=0, atol=0), ValueError, "may not both be 0"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, atol=[1, 2]), ValueError, r"shape \(1,\)"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, atol=np.nan), ValueError, "atol must be finite"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, saveat=[2.0]), ValueError, "between"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, saveat=[0.5, 0.2]), ValueError, "sorted"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, saveat=[0.5, np.nan]), ValueError, "NaN"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, saveat=0.5), ValueError, "array of times"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, max_steps=0), ValueError, "max_steps"),
        (lambda: solve(Problem(good, [1.0], 0, 1), TSIT5, events=[good]), TypeError, "Event"),
        (
            lambda: solve(Problem(good, [1.0], 0, 1, diffusion=good), TSIT5),
            ValueError,
            "has diagonal noise",
        ),
    ],
)
def test_bad_input_is_refused_with_advice(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_what_cannot_be_compiled_is_told():
    def opens(t, y, p, dy):
        dy[0] = len(sorted(set("abc"), key=str))

    with pytest.raises(TypeError, match=r"opens .* could not be compiled"):
        solve(Problem(opens, [1.0], 0.0, 1.0), TSIT5)


def test_restarts_refuse_another_method_step_or_direction():
    s = solve(OSCILLATOR.problem(t1=1.0), TSIT5)
    with pytest.raises(ValueError, match="made by TSIT5"):
        solve(s.restart(t1=2.0), RK4, dt=0.1)
    with pytest.raises(ValueError, match="controlled steps"):
        solve(s.restart(t1=2.0), TSIT5, dt=0.1)
    with pytest.raises(ValueError, match="lies before"):
        s.restart(t1=0.5)
