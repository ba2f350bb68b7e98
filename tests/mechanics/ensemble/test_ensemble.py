"""Ensembles: every member has the bits of its single solve, whatever runs beside it."""

import _thread
import math
import threading
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mechanics import Event, Problem, SolveError, Status, ensemble, solve
from mechanics.methods import DOP853, RK4, TSIT5, VERN7
from mechanics.systems import LORENZ63, LORENZ96, PLEIADES

TIGHT = {"rtol": 1e-8, "atol": 1e-8}
RNG = np.random.default_rng(3)
STARTS = LORENZ63.y0 + RNG.uniform(-1, 1, (150, 3))
TIMES = np.array([0.0, 0.1, 0.1, 0.37, 0.9, 1.0])


def lorenz(**changes):
    return LORENZ63.problem(t1=1.0, **changes)


class Driven(NamedTuple):
    omega: float
    gamma: float
    drive: np.ndarray  # amplitude and frequency


def driven(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -(p.omega**2) * math.sin(y[0]) - p.gamma * y[1] + p.drive[0] * math.cos(p.drive[1] * t)


def branching(t, y, p, dy):
    """Dry friction with branches: lanes turn them into selections."""
    f = p[0] - y[0]
    if f > p[1]:
        dy[0] = f - p[1]
    elif f < -p[1]:
        dy[0] = f + p[1]
    else:
        dy[0] = 0.0


def searching(t, y, p, dy):
    """A loop whose length depends on the state: lanes cannot run it."""
    x = abs(y[0])
    while x > 1.0:
        x -= 1.0
    dy[0] = -x


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (TSIT5, TIGHT),
        (DOP853, TIGHT),
        (VERN7, {"rtol": 1e-5}),
        (RK4, {"dt": 0.013}),
        (TSIT5, {"dt": 0.01, "rtol": 1e-3}),
    ],
    ids=str,
)
def test_a_member_has_the_bits_of_its_single_solve(method, options):
    e = ensemble(lorenz(), method, y0=STARTS, saveat=TIMES, **options)
    assert e.stats.engine == "lanes"
    for i in (0, 1, 63, 64, 149):
        s = solve(lorenz(y0=STARTS[i]), method, saveat=TIMES, **options)
        assert_array_equal(e.ys[i], s.ys)
        assert_array_equal(e.y[i], s.y)
        assert (e.steps[i], e.refused[i]) == (s.stats.accepted, s.stats.refused)


@pytest.mark.parametrize("system", [LORENZ96, PLEIADES], ids=str)
def test_large_states_run_in_lanes_too(system):
    problem = system.problem(t1=system.t0 + 0.3)
    starts = system.y0 * (1.0 + 1e-3 * RNG.standard_normal((9, system.n)))
    e = ensemble(problem, TSIT5, y0=starts, **TIGHT)
    assert e.stats.engine == "lanes"
    for i in (0, 8):
        assert_array_equal(e.y[i], solve(system.problem(t1=system.t0 + 0.3, y0=starts[i]), TSIT5, **TIGHT).y)


def test_parameters_may_differ_in_any_of_their_fields():
    base = Driven(1.3, 0.1, np.array([0.5, 0.7]))
    problem = Problem(driven, [0.3, 0.0], 0.0, 3.0, base)
    omegas, drives = np.linspace(1, 2, 11), RNG.uniform(0.1, 1.0, (11, 2))
    for p in (base._replace(omega=omegas), base._replace(drive=drives), base._replace(omega=omegas, drive=drives)):
        e = ensemble(problem, TSIT5, p=p, **TIGHT)
        assert e.stats.engine == "lanes"
        for i in (0, 4, 10):
            own = Driven(
                p.omega[i] if np.ndim(p.omega) else p.omega, 0.1, p.drive[i] if np.ndim(p.drive) == 2 else p.drive
            )
            assert_array_equal(e.y[i], solve(Problem(driven, [0.3, 0.0], 0.0, 3.0, own), TSIT5, **TIGHT).y)
            assert_array_equal(e.y[i], e.solve_member(i).y)


def test_parameter_arrays_and_numbers():
    frictions = np.stack([np.full(20, 1.0), np.linspace(0.0, 0.9, 20)], axis=1)
    problem = Problem(branching, [0.0], 0.0, 2.0, [1.0, 0.1])
    e = ensemble(problem, TSIT5, p=frictions, **TIGHT)
    assert e.stats.engine == "lanes"
    exact = (1.0 - frictions[:, 1]) * (1.0 - np.exp(-2.0))
    np.testing.assert_allclose(e.y[:, 0], exact, atol=1e-7)

    def decay(t, y, p, dy):
        dy[0] = -p * y[0]

    e = ensemble(Problem(decay, [1.0], 0.0, 1.0, 2.0), TSIT5, p=np.linspace(0, 3, 7), **TIGHT)
    np.testing.assert_allclose(e.y[:, 0], np.exp(-np.linspace(0, 3, 7)), rtol=1e-7)


def test_functions_without_a_kernel_run_lane_by_lane():
    """`math.erf` has no vector form here: lanes call it member by member, with the bits of a single solve."""

    def with_erf(t, y, p, dy):
        dy[0] = math.erf(y[0]) - math.gamma(1.0 + abs(y[0]))

    starts = np.linspace(0.1, 0.9, 6)[:, None]
    e = ensemble(Problem(with_erf, [0.1], 0.0, 1.0), TSIT5, y0=starts, **TIGHT)
    assert e.stats.engine == "lanes"
    assert_array_equal(e.y[3], solve(Problem(with_erf, starts[3], 0.0, 1.0), TSIT5, **TIGHT).y)


def test_bits_do_not_depend_on_threads_engines_or_splits():
    starts = LORENZ63.y0 + RNG.uniform(-1, 1, (2500, 3))
    whole = ensemble(lorenz(), TSIT5, y0=starts, saveat=TIMES, threads=1, **TIGHT)
    for threads in (2, 7):
        again = ensemble(lorenz(), TSIT5, y0=starts, saveat=TIMES, threads=threads, **TIGHT)
        assert_array_equal(again.ys, whole.ys)
    parts = [
        ensemble(lorenz(), TSIT5, y0=starts[a:b], saveat=TIMES, first_member=a, **TIGHT)
        for a, b in ((0, 5), (5, 1100), (1100, 2500))
    ]
    assert_array_equal(np.concatenate([part.ys for part in parts]), whole.ys)
    assert_array_equal(np.concatenate([part.members for part in parts]), whole.members)
    scalar = ensemble(lorenz(), TSIT5, y0=starts[:40], saveat=TIMES, engine="scalar", **TIGHT)
    assert scalar.stats.engine == "scalar"
    assert_array_equal(scalar.ys, whole.ys[:40])


def test_backward_and_zero_length_spans():
    forward = ensemble(lorenz(), VERN7, y0=STARTS[:20], rtol=1e-12, atol=1e-12)
    for i in (0, 19):
        back = ensemble(
            LORENZ63.problem(t0=1.0, t1=0.0), VERN7, y0=forward.y, rtol=1e-12, atol=1e-12, saveat=[1.0, 0.5, 0.0]
        )
        np.testing.assert_allclose(back.y[i], STARTS[i], atol=1e-6)
        assert_array_equal(back.ys[i, 0], forward.y[i])
    still = ensemble(LORENZ63.problem(t1=0.0), TSIT5, y0=STARTS[:5], saveat=[0.0])
    assert_array_equal(still.ys[:, 0], STARTS[:5])


def test_a_drift_that_lanes_cannot_run_is_solved_member_by_member():
    problem = Problem(searching, [2.5], 0.0, 1.0)
    starts = np.linspace(0.1, 3.0, 12)[:, None]
    e = ensemble(problem, TSIT5, y0=starts, saveat=[0.5, 1.0])
    assert e.stats.engine == "scalar"
    assert_array_equal(e.ys[5], solve(Problem(searching, starts[5], 0.0, 1.0), TSIT5, saveat=[0.5, 1.0]).ys)
    with pytest.raises(ValueError, match="branches on the state"):
        ensemble(problem, TSIT5, y0=starts, engine="lanes")


def blowing_up(t, y, p, dy):
    dy[0] = y[0] * y[0]


def test_members_fail_alone_and_say_why():
    """y' = y^2 blows up at 1 / y0: inside [0, 2] for y0 > 1/2 only."""
    starts = np.array([0.1, 0.2, 1.0, 0.3, -1.0, 2.0, 0.4])[:, None]
    problem = Problem(blowing_up, [0.1], 0.0, 2.0)
    e = ensemble(problem, TSIT5, y0=starts, saveat=[0.2, 2.0], throw=False, **TIGHT)
    assert_array_equal(e.failed, [2, 5])
    assert e.status[2] is Status.DT_UNDERFLOW
    assert e.status[0] is Status.SUCCESS
    assert np.isnan(e.ys[2, 1]).all()
    assert np.isfinite(e.ys[2, 0]).all()
    np.testing.assert_allclose(e.t[[2, 5]], [1.0, 0.5], atol=1e-4)
    good = [0, 1, 3, 4, 6]
    np.testing.assert_allclose(e.y[good, 0], starts[good, 0] / (1 - 2 * starts[good, 0]), rtol=1e-5)
    with pytest.raises(SolveError, match=r"2 of 7 members failed .* Member 2: .*without bound") as caught:
        ensemble(problem, TSIT5, y0=starts, **TIGHT)
    assert caught.value.solution.y.shape == (7, 1)
    capped = ensemble(problem, TSIT5, y0=starts[:2], max_steps=3, throw=False, **TIGHT)
    assert set(capped.status) == {Status.MAX_STEPS}


def test_ctrl_c_returns_the_members_that_are_done():
    many = np.tile(STARTS, (40, 1))
    ensemble(LORENZ63.problem(t1=1e-3), TSIT5, y0=many)  # compiled before the clock runs
    threading.Timer(0.5, _thread.interrupt_main).start()
    e = ensemble(LORENZ63.problem(t1=1e4), TSIT5, y0=many, throw=False, threads=2)
    assert Status.INTERRUPTED in e.status


def position(t, y, p):
    return y[0]


def test_each_member_has_its_own_events():
    """The times at which each member first reaches x = 5 end it alone; crossings of zero are only logged."""

    def five(t, y, p):
        return y[0] - 5.0

    problem = LORENZ63.problem(t1=2.0)
    events = [Event(five, terminal=True), Event(position)]
    e = ensemble(problem, TSIT5, y0=STARTS[:12], events=events, saveat=[0.1, 2.0], **TIGHT)
    assert e.stats.engine == "scalar"
    for i in range(12):
        s = solve(LORENZ63.problem(t1=2.0, y0=STARTS[i]), TSIT5, events=events, saveat=[0.1, 2.0], **TIGHT)
        assert e.status[i] is s.status
        assert e.t[i] == s.t
        for log, single in zip(e.events[i], s.events, strict=True):
            assert_array_equal(log.ts, single.ts)
    assert Status.EVENT in e.status


def test_a_time_budget_returns_what_is_done():
    e = ensemble(LORENZ63.problem(t1=1e5), TSIT5, y0=STARTS, max_seconds=0.3, throw=False)
    assert set(e.status) == {Status.MAX_SECONDS}
    with pytest.raises(SolveError, match="time budget"):
        e.raise_for_status()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "number of members"),
        ({"members": 0}, ValueError, "members"),
        ({"members": 3, "y0": STARTS}, ValueError, "disagree"),
        ({"y0": STARTS[:, :2]}, ValueError, "shape"),
        ({"y0": np.full((2, 3), np.nan)}, ValueError, "row 0"),
        ({"p": [1.0]}, TypeError, "must be a"),
        ({"members": 2, "threads": 0}, ValueError, "threads"),
        ({"members": 2, "engine": "gpu"}, ValueError, "engine"),
        ({"members": 10**9, "saveat": np.linspace(0, 1, 1000)}, ValueError, "GiB"),
        ({"members": 2, "method": "RK45"}, TypeError, "Method"),
        ({"members": 2, "saveat": [3.0]}, ValueError, "between"),
    ],
)
def test_bad_input_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        ensemble(lorenz(), **{"method": TSIT5, **options})
