"""Event-exact flow of the noiseless chain: against fine steps, rest states, and what the flow must satisfy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mechanics.chain import Drive, SpringChain, exact_flow, proceed
from mechanics.chain.exact_flow import law_of

positions = st.floats(-2, 2).map(lambda v: round(v, 3))
thresholds = st.sampled_from([0.0, 0.05, 0.1, 0.3])


@st.composite
def pulled_chains(draw, driven=(False, True)):
    """A chain of 1 to 6 blocks, equal or different, with a start."""
    blocks = draw(st.integers(1, 6))
    each = draw(st.booleans())
    k = draw(st.lists(st.floats(0.5, 2), min_size=blocks + 1, max_size=blocks + 1)) if each else 1.3
    mu_right = draw(st.lists(thresholds, min_size=blocks, max_size=blocks)) if each else draw(thresholds)
    drive = (
        Drive([0.0, 0.7, 1.5], draw(st.lists(positions, min_size=3, max_size=3)))
        if draw(st.sampled_from(driven))
        else None
    )
    chain = SpringChain(
        blocks=blocks, k=k, mu_right=mu_right, mu_left=draw(thresholds), target=draw(positions), eps_bar=0, drive=drive
    )
    return chain, np.array(draw(st.lists(positions, min_size=blocks, max_size=blocks)))


def euler(chain, x0, t1, steps):
    """Explicit steps in numpy, sharing no code with the library but the springs' forces."""
    law, dt = law_of(chain), t1 / steps
    at = (lambda t: chain.target) if chain.drive is None else chain.drive.at
    x = np.concatenate([[0.0], x0, [at(0.0)]])
    for n in range(steps):
        force = law.force(x)
        x[1:-1] += dt * (force - np.clip(force, -law.mu_left, law.mu_right))
        x[-1] = at((n + 1) * dt)
    return x


def energy(chain, x):
    return 0.5 * (np.asarray(chain.k) * np.diff(x) ** 2).sum(axis=-1)


@settings(max_examples=25, deadline=None)
@given(pulled_chains())
def test_explicit_steps_approach_the_flow_with_first_order(pulled):
    """Errors of dt and dt/2 differ by 2 up to higher orders; changes of mode inside a step leave 1.5 to 3."""
    chain, x0 = pulled
    exact = exact_flow(chain, x0, 2.0).x[-1]
    coarse, fine = (np.abs(euler(chain, x0, 2.0, n) - exact).max() for n in (1000, 2000))
    assert fine < 2e-3
    assert fine < 1e-9 or 1.4 < coarse / fine < 3


@settings(max_examples=40, deadline=None)
@given(pulled_chains(), st.floats(0.01, 1.99))
def test_flow_stopped_and_restarted_is_the_flow(pulled, t):
    """1e-12: rounding of a few hundred operations on positions of size 4."""
    chain, x0 = pulled
    whole = exact_flow(chain, x0, 2.0)
    half = exact_flow(chain, x0, t)
    assert_allclose(whole(t), half.x[-1], atol=1e-12)
    assert_allclose(exact_flow(chain, half.x[-1], 2.0, t0=t).x[-1], whole.x[-1], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(pulled_chains())
def test_velocities_forces_and_modes_agree_with_the_friction_law(pulled):
    """At all events and between: v = sigma(force of x), modes = signs; carried quantities do not drift."""
    chain, x0 = pulled
    flow, law = exact_flow(chain, x0, 2.0), law_of(chain)
    times = np.linspace(0, 2, 41)
    force = np.array([law.force(x) for x in flow(times)])
    v = force - np.clip(force, -law.mu_left, law.mu_right)
    assert_allclose(flow.velocity(times), v, atol=1e-12)
    clear = np.abs(v) > 1e-12
    assert_array_equal(flow.modes(times)[clear], np.sign(v)[clear])
    assert (np.diff(flow.events["time"]) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(pulled_chains())
def test_mirrored_chain_moves_in_the_mirror_bit_for_bit(pulled):
    chain, x0 = pulled
    drive = None if chain.drive is None else Drive(chain.drive.times, -chain.drive.positions)
    mirror = chain.replace(mu_right=chain.mu_left, mu_left=chain.mu_right, target=-chain.target, drive=drive)
    a, b = exact_flow(chain, x0, 2.0), exact_flow(mirror, -x0, 2.0)
    assert_array_equal(a.x, -b.x)
    assert_array_equal(a.events["mode"], -b.events["mode"])


@settings(max_examples=30, deadline=None)
@given(pulled_chains(driven=(False,)))
def test_energy_falls_to_a_rest_that_lies_within_the_thresholds(pulled):
    """1e-14 of the energy: rounding. The rest state is admissible: -mu_left <= force <= mu_right."""
    chain, x0 = pulled
    flow, law = exact_flow(chain, x0), law_of(chain)
    assert flow.status in ("at rest", "comes to rest")
    times = np.linspace(0, flow.pieces[-1].t + 5, 60)
    e = energy(chain, flow(times))
    assert (np.diff(e) <= 1e-14 * (1 + e[0])).all()
    force = law.force(flow.rest)
    assert (force <= law.mu_right + 1e-12).all()
    assert (force >= -law.mu_left - 1e-12).all()


@pytest.mark.parametrize("mu", [0.0, 0.01, 0.0357, 0.036, 0.1, 0.3, 2.0])
@pytest.mark.parametrize("blocks", [1, 7, 60])
def test_pull_from_zero_ends_in_the_obstacle_problem(blocks, mu):
    """`rest_state` minimises an energy; the flow must find it through one event for each block that moves."""
    chain = SpringChain(blocks=blocks, k=1.3, mu_right=mu, mu_left=0.05, target=0.8, eps_bar=0)
    flow = exact_flow(chain)
    assert_allclose(flow.rest, chain.rest_state(), atol=1e-12)
    if mu > 0:
        freed = (flow.rest[1:-1] > 1e-9).sum() - (flow.modes(0.0) == 1).sum()
        assert len(flow.events) == freed
        assert (flow.events["mode"] == 1).all()


def test_one_block_by_hand():
    """Relaxation from x0 > 0 with one stop: x' = -(2 x - 1) + mu while it slips left; rest asymptotic at (1 + mu)/2."""
    chain = SpringChain(blocks=1, k=1.0, mu_right=0.2, mu_left=0.1, target=1.0, eps_bar=0)
    flow = exact_flow(chain, [2.0], 3.0, ts=[0.0, 0.5, 3.0])
    assert_allclose(flow.x[:, 1], 0.55 + 1.45 * np.exp(-2 * np.array([0, 0.5, 3.0])), rtol=1e-14)
    assert flow.status == "comes to rest"
    assert_allclose(flow.rest, [0, 0.55, 1])


def test_driven_end_frees_and_stops_a_block_at_times_known_by_hand():
    """End pulled at speed 1, mu = 0.5: the block starts at t = 0.5 (k w t = mu); stuck again once the end came back."""
    chain = SpringChain(blocks=1, mu_right=0.5, mu_left=0.5, eps_bar=0, drive=Drive([0.0, 1.0, 3.0], [0.0, 1.0, -1.0]))
    flow = exact_flow(chain)
    first, stop = flow.events[0], flow.events[1]
    assert (first["time"], first["block"], first["mode"]) == (0.5, 1, 1)
    # v = (1 - e^{-2(t - 1/2)})/2 until t = 1; then v' = -2 v - 1: v = (v1 + 1/2) e^{-2(t-1)} - 1/2 = 0
    v1 = (1 - np.exp(-1.0)) / 2
    assert_allclose(stop["time"], 1 + 0.5 * np.log(2 * v1 + 1), rtol=1e-14)
    assert stop["mode"] == 0


def test_simultaneous_release():
    """Blocks that mirror each other start and stop together, in one event."""
    chain = SpringChain(blocks=3, mu_right=0.5, mu_left=0.5, target=0.0, eps_bar=0)
    flow = exact_flow(chain, [0.0, 2.0, 0.0])  # forces 2, -4, 2: outer blocks mirror each other
    assert_array_equal(flow.modes(0.0), [1, -1, 1])
    stops = flow.events[flow.events["mode"] == 0]
    assert_array_equal(stops["block"][:2], [1, 3])
    assert stops["time"][0] == stops["time"][1]
    assert_allclose(flow.rest[1], flow.rest[3], rtol=1e-15)


def test_event_driven_runs_continue_bit_for_bit_and_refuse_noise():
    chain = SpringChain(mu_right=0.05, eps_bar=0)
    whole = chain.simulate(300, 0.01, method="event_driven", save_every=50, members=2)
    half = proceed(chain.simulate(120, 0.01, method="event_driven", save_every=50, members=2), 180)
    assert_array_equal(whole.x, half.x)
    assert_array_equal(whole.ts, half.ts)
    assert_allclose(whole.x[0], exact_flow(chain, ts=whole.ts).x)
    with pytest.raises(ValueError, match="eps_bar=0"):
        SpringChain().simulate(10, 0.01, method="event_driven")


def test_bad_arguments_are_named():
    chain = SpringChain(eps_bar=0)
    with pytest.raises(ValueError, match="before t0"):
        exact_flow(chain, t1=-1.0)
    with pytest.raises(ValueError, match="shape"):
        exact_flow(chain, np.zeros(3))
    with pytest.raises(ValueError, match="must lie in"):
        exact_flow(chain, t1=1.0)(2.0)
