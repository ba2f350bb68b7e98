"""Exact flows of dry friction: they compose, mirror, stop and stay."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mechanics.engine.dry_friction import drive, slow_down

velocities = st.floats(-3, 3)
forces = st.floats(-3, 3)
thresholds = st.floats(0, 2)
times = st.floats(1e-3, 3)


@given(v=velocities, f=forces, right=thresholds, left=thresholds, a=times, b=times)
def test_flows_compose(v, f, right, left, a, b):
    """The flow over a + b is that over a, then b."""
    there = drive(v, f, a + b, right, left)
    assert_allclose(drive(drive(v, f, a, right, left), f, b, right, left), there, atol=1e-13)
    there = slow_down(v, a + b, right, left)
    assert_allclose(slow_down(slow_down(v, a, right, left), b, right, left), there, atol=1e-14)


@given(v=velocities, f=forces, right=thresholds, left=thresholds, tau=times)
def test_flows_are_mirrored_by_swapping_the_sides(v, f, right, left, tau):
    assert drive(-v, -f, tau, left, right) == -drive(v, f, tau, right, left)
    assert slow_down(-v, tau, left, right) == -slow_down(v, tau, right, left)


@given(v=velocities, right=thresholds, left=thresholds, tau=times)
def test_without_a_force_driving_is_slowing_down(v, right, left, tau):
    assert_allclose(drive(v, 0.0, tau, right, left), slow_down(v, tau, right, left), atol=1e-14)


def test_a_mass_stops_stays_and_turns():
    assert drive(1.0, 0.5, 10.0, 1.0, 1.0) == 0.0  # stopped after a time 2; 0.5 holds
    assert drive(0.0, -0.9, 1.0, 2.0, 1.0) == 0.0
    assert_allclose(drive(1.0, -3.0, 1.0, 1.0, 1.0), -(1 - 1 / 4) * 2, rtol=1e-15)  # rest at 1/4, then back with -3 + 1
    assert slow_down(0.3, 1.0, 0.5, 9.0) == 0.0


def test_small_steps_agree_with_the_differential_inclusion():
    """Implicit Euler, the resolvent of friction: v1 = soft threshold of v + tau f; its error falls with the step."""
    random = np.random.default_rng(3)
    for v, f, right, left in random.uniform([-2, -2, 0, 0], [2, 2, 1.5, 1.5], (50, 4)):
        exact, steps = drive(v, f, 1.0, right, left), 2000
        for _ in range(steps):
            w = v + f / steps
            v = max(w - right / steps, 0.0) if w > 0 else min(w + left / steps, 0.0)
        assert abs(v - exact) < 4 / steps
