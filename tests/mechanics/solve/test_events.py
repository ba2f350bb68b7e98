"""Events: every root, at its place, once; changes of state; per-event direction and count."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mechanics import Event, Problem, Status, solve
from mechanics.methods import DOP853, RK4, TSIT5, VERN7
from mechanics.systems import OSCILLATOR

TIGHT = {"rtol": 1e-12, "atol": 1e-12}


def still(t, y, p, dy):
    dy[0] = 1.0


def position(t, y, p):
    return y[0]


def offset(t, y, p):
    return y[0] - p[0]


def wave(t, y, p):
    return math.sin(p[0] * (t - p[1]))


@pytest.mark.parametrize("method", [TSIT5, DOP853, VERN7], ids=str)
def test_roots_of_the_oscillator(method):
    """cos t has its roots at pi (k + 1/2)."""
    s = solve(OSCILLATOR.problem(t1=30.0), method, events=Event(position), **TIGHT)
    k = np.arange(len(s.events[0].ts))
    omega = float(np.sqrt(OSCILLATOR.p.omega**2)) if hasattr(OSCILLATOR.p, "omega") else 1.0
    assert_allclose(s.events[0].ts, np.pi * (k + 0.5) / omega, atol=1e-10)
    assert len(k) == int(30.0 * omega / np.pi + 0.5)
    assert_allclose(s.events[0].ys[:, 0], 0.0, atol=1e-10)


def test_directions_share_the_roots_between_them():
    s = solve(OSCILLATOR.problem(t1=30.0), TSIT5, events=[Event(position, direction=d) for d in (0, -1, 1)], **TIGHT)
    every, falling, rising = (log.ts for log in s.events)
    assert_array_equal(np.sort(np.concatenate([falling, rising])), every)
    assert_array_equal(falling, every[::2])


@settings(max_examples=30, deadline=None)
@given(frequency=st.floats(0.5, 60.0), phase=st.floats(0.001, 0.999))
def test_several_roots_in_one_step_are_all_found_once(frequency, phase):
    """The state is linear, so steps are long; roots of sin(w (t - phase)) lie pi / w apart."""
    s = solve(Problem(still, [0.0], 0.0, 1.0, [frequency, phase]), RK4, dt=0.25, events=Event(wave))
    k = np.arange(-100, 100)
    roots = phase + k * np.pi / frequency
    expected = roots[(roots > 0.0) & (roots < 1.0)]
    if np.any(np.abs(np.concatenate([roots, roots - 1.0])) < 1e-9) or np.pi / frequency < 0.0625:
        return
    assert_allclose(s.events[0].ts, expected, atol=1e-12)


def test_two_close_roots_between_samples_are_found():
    """(t - a)^2 < 0.01^2: a dip of g below zero much shorter than the samples."""

    def dip(t, y, p):
        return (t - 0.4321) ** 2 - 1e-4

    s = solve(Problem(still, [0.0], 0.0, 1.0), RK4, dt=0.5, events=Event(dip))
    assert_allclose(s.events[0].ts, [0.4221, 0.4421], atol=1e-12)


def test_a_terminal_event_stops_at_its_count():
    s = solve(OSCILLATOR.problem(t1=30.0), TSIT5, events=Event(position, terminal=3), dense=True, **TIGHT)
    assert s.status is Status.EVENT
    assert len(s.events[0].ts) == 3
    assert s.t == s.events[0].ts[2] == s.ts[-1]
    assert_array_equal(s.y, s.events[0].ys[2])
    assert_allclose(s(s.t - 1e-3)[0], s.y[0], atol=2e-3)


def test_roots_at_the_ends_of_steps_are_found_once():
    """A grid of fixed steps whose ends are the roots."""

    def at_quarters(t, y, p):
        return math.sin(4.0 * math.pi * t)

    s = solve(Problem(still, [0.0], 0.1, 1.1), RK4, dt=0.05, events=Event(at_quarters))
    assert_allclose(s.events[0].ts, [0.25, 0.5, 0.75, 1.0], atol=1e-12)


def ball(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p[0]


def bounce(t, y, p):
    y[1] = -p[1] * y[1]


def test_a_bouncing_ball():
    """Bounces follow the geometric series of flight times; energy loses the factor p[1]^2 each time."""
    g, restitution = 9.81, 0.8
    problem = Problem(ball, [1.0, 0.0], 0.0, 3.0, [g, restitution])
    s = solve(problem, TSIT5, events=Event(position, direction=-1, apply=bounce), dense=True, **TIGHT)
    times, v = [math.sqrt(2 / g)], math.sqrt(2 * g)
    while times[-1] < 3.0:
        v *= restitution
        times.append(times[-1] + 2 * v / g)
    assert_allclose(s.events[0].ts, times[:-1], atol=1e-10)
    assert s.ys[:, 0].min() > -1e-9
    assert s(np.linspace(0, 3, 500))[:, 0].min() > -1e-9


def test_bounces_shorter_than_a_step_do_not_fall_through():
    """Restitution 0.5: the ball is at rest after a finite time, and the last bounces are far shorter than a step."""
    problem = Problem(ball, [1.0, 0.0], 0.0, 1.354, [9.81, 0.5])
    s = solve(problem, RK4, dt=0.02, events=Event(position, direction=-1, apply=bounce))
    assert len(s.events[0].ts) >= 8
    assert s.ys[:, 0].min() > -1e-6


def test_events_and_restarts_have_the_bits_of_a_whole_run():
    events = Event(position, direction=-1, apply=bounce)
    problem = Problem(ball, [1.0, 0.0], 0.0, 3.0, [9.81, 0.8])
    whole = solve(problem, TSIT5, events=events, **TIGHT)
    for cut in (0.3, 0.46, 1.7):
        first = solve(Problem(ball, [1.0, 0.0], 0.0, cut, [9.81, 0.8]), TSIT5, events=events, **TIGHT)
        second = solve(first.restart(t1=3.0), TSIT5, events=events, **TIGHT)
        assert_array_equal(second.y, whole.y)
        times = np.concatenate([first.events[0].ts, second.events[0].ts])
        assert_allclose(times, whole.events[0].ts, rtol=1e-14)  # found on steps of another length before the cut


def test_going_on_after_a_terminal_event():
    once = Event(position, terminal=True)
    first = solve(OSCILLATOR.problem(t1=30.0), TSIT5, events=once, **TIGHT)
    second = solve(first.restart(t1=30.0), TSIT5, events=once, **TIGHT)
    assert second.status is Status.EVENT
    assert second.t > first.t + 0.1


def test_backward_events_are_those_of_the_forward_run():
    forward = solve(OSCILLATOR.problem(t1=10.0), TSIT5, events=Event(position, direction=1), **TIGHT)
    back = solve(
        OSCILLATOR.problem(y0=forward.y, t0=10.0, t1=0.0), TSIT5, events=Event(position, direction=-1), **TIGHT
    )
    assert_allclose(back.events[0].ts[::-1], forward.events[0].ts, atol=1e-9)


def test_many_events_outgrow_the_log():
    s = solve(OSCILLATOR.problem(t1=2000.0), TSIT5, events=Event(position), saveat=[2000.0], rtol=1e-6)
    assert len(s.events[0].ts) > 300
    assert (np.diff(s.events[0].ts) > 0.1).all()
