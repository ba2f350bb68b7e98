"""The event-exact second-order chain: by hand, its balance of energy, and what fixed steps converge to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mechanics.chain import Drive, SpringChain, inertial_flow, proceed
from mechanics.chain.first_root import first_root

ONE = SpringChain(blocks=1, k=0.5, mu_right=0.05, mu_left=0.08, target=0.0, eps_bar=0.0, dynamics="second_order")
CHAIN = SpringChain(mu_right=0.02, mu_left=0.03, eps_bar=0.0, gamma=0.1, dynamics="second_order")
UNLIKE = CHAIN.replace(
    blocks=4, k=[1.0, 0.5, 2.0, 1.0, 0.8], mass=[1.0, 0.5, 1.5, 1.0], gamma=[0.1, 0.0, 0.2, 0.05],
    mu_right=[0.02, 0.05, 0.01, 0.03],
)  # fmt: skip


def test_a_decaying_block_turns_every_half_period_and_stops_by_hand():
    """x'' = -x - friction from 1: half circles about 0.08 and -0.05 in turn, the eighth ends at -0.04, held."""
    flow = inertial_flow(ONE, [1.0], t1=40.0)
    assert_allclose(flow.events["time"], np.pi * np.arange(1, 9), rtol=1e-14)
    assert flow.events["mode"].tolist() == [1, -1, 1, -1, 1, -1, 1, 0]
    turns = [1.0, -0.84, 0.74, -0.58, 0.48, -0.32, 0.22, -0.06, -0.04]
    assert_allclose(flow.x[:-1, 1], turns, atol=1e-14)
    assert flow.status == "at rest"
    assert_allclose(inertial_flow(ONE, [1.0], t1=2.0).x[-1, 1], 0.08 + 0.92 * np.cos(2.0), rtol=1e-14)


def test_stick_slip_has_the_period_computed_by_hand():
    """See `stick_slip` in test_second_order: slip of 2 pi - 2 atan(w D / U) over w, rest of 2 D / U."""
    chain = ONE.replace(
        k=0.8, mass=0.9, mu_right=0.2, mu_left=0.3, mu_static_right=0.5, drive=Drive.steady(0.04, until=1e4)
    )  # fmt: skip
    events = inertial_flow(chain, t1=300.0).events
    w, reach, speed = np.sqrt(1.6 / 0.9), 0.3 / 1.6, 0.02
    starts, stops = (events["time"][events["mode"] == mode] for mode in (1, 0))
    assert len(stops) == 14
    assert_allclose(starts[0], 0.5 / (1.6 * speed), rtol=1e-14)
    assert_allclose(stops - starts, (2 * np.pi - 2 * np.arctan(w * reach / speed)) / w, rtol=1e-11)
    assert_allclose(starts[1:] - stops[:-1], 2 * reach / speed, rtol=1e-11)


def test_a_free_damped_block_and_a_pulled_one_follow_their_formulas():
    free = ONE.replace(mu_right=0.0, mu_left=0.0, gamma=0.4)
    t, w = np.linspace(0, 20, 41), np.sqrt(1 - 0.04)
    exact = np.exp(-0.2 * t) * (np.cos(w * t) + 0.2 / w * np.sin(w * t))
    assert_allclose(inertial_flow(free, [1.0], t1=20.0, ts=t).x[:, 1], exact, atol=1e-14)
    pulled = ONE.replace(mu_right=0.0, mu_left=0.0, drive=Drive.steady(0.2, until=30.0))
    assert_allclose(inertial_flow(pulled, t1=20.0, ts=t).x[:, 1], 0.1 * (t - np.sin(t)), atol=1e-13)


@pytest.mark.parametrize("chain", [CHAIN, UNLIKE, CHAIN.replace(gamma=None, mu_static_right=0.04)], ids=repr)
@pytest.mark.parametrize("drive", [None, Drive([0.0, 10.0, 25.0], [0.0, 1.0, 0.3])], ids=["held", "driven"])
def test_energy_is_accounted_for(chain, drive):
    flow = inertial_flow(chain.replace(drive=drive, target=1.0 if drive is None else 0.0), t1=60.0)
    lost = flow.friction_loss + flow.damping_loss
    assert_allclose(flow.energy()[-1], flow.energy()[0] + flow.work - lost, atol=1e-12)
    assert len(flow.events) >= 18
    assert flow.friction_loss > 0.01
    assert (drive is None) == (flow.work == 0)


def test_events_are_where_velocities_and_forces_say():
    """Between events modes are the signs of velocities, and blocks at rest keep bits and stay within thresholds."""
    flow = inertial_flow(UNLIKE, t1=60.0)
    ts = np.linspace(0, 60, 4001)
    dense = inertial_flow(UNLIKE, t1=60.0, ts=ts)
    modes = flow.modes(ts)
    far = np.abs(ts[:, None] - flow.events["time"]).min(axis=1) > 1e-6
    far[0] = False  # a block that starts at t = 0 has no velocity yet
    assert np.array_equal(np.sign(dense.v[far, 1:-1]), modes[far])
    force = np.diff(UNLIKE.k * np.diff(dense.x, axis=1), axis=1)
    still = (modes == 0) & far[:, None]
    assert (force <= UNLIKE.mu_right + 1e-14)[still].all()
    assert (force >= -UNLIKE.mu_left - 1e-14)[still].all()
    held = still[1:] & still[:-1]
    same_piece = np.searchsorted(flow.events["time"], ts[1:]) == np.searchsorted(flow.events["time"], ts[:-1])
    assert (np.diff(dense.x[:, 1:-1], axis=0) == 0)[held & same_piece[:, None]].all()


@pytest.mark.parametrize("drive", [None, Drive.steady(0.05, until=20.0)], ids=["held", "driven"])
def test_explicit_steps_converge_to_it_with_order_two_and_implicit_ones_with_order_one(drive):
    """Through the slips, reversals and stops of four unlike blocks."""
    chain = UNLIKE.replace(drive=drive)
    exact = inertial_flow(chain, t1=24.0).x[-1]
    for method, low, high in (("explicit", 1.85, 2.15), ("implicit", 0.85, 1.15)):
        counts = np.array([2400, 4800, 9600, 19200, 38400])
        errors = [np.abs(chain.simulate(n, dt=24.0 / n, method=method).x[0, -1] - exact).max() for n in counts]
        assert low < -np.polyfit(np.log(counts), np.log(errors), 1)[0] < high


@settings(max_examples=25)
@given(
    n=st.integers(1, 5), seed=st.integers(0, 10**6), right=st.sampled_from([0.0, 0.03, 0.2]),
    left=st.sampled_from([0.0, 0.03, 0.1]), symmetric=st.booleans(),
)  # fmt: skip
def test_mirrored_chains_mirror_and_small_steps_agree(n, seed, right, left, symmetric):
    """Symmetric starts have simultaneous events."""
    x, v = np.random.default_rng(seed).uniform(-1, 1, (2, n))
    if symmetric:
        x, v = x + x[::-1], np.zeros(n)
    chain = ONE.replace(blocks=n, mu_right=right, mu_left=left, gamma=0.1)
    flow = inertial_flow(chain, x, v, 8.0)
    other = inertial_flow(chain.replace(mu_right=left, mu_left=right), -x, -v, 8.0)
    assert np.array_equal(flow.x, -other.x)
    assert np.array_equal(flow.events["mode"], -other.events["mode"])
    run = chain.simulate(8000, dt=1e-3, x0=x, v0=v)
    assert_allclose(run.x[0, -1], flow.x[-1], atol=2e-5)


def test_it_is_a_method_of_simulate_and_can_be_continued():
    options = {"dt": 0.1, "save_every": 25, "method": "event_driven"}
    whole = CHAIN.simulate(300, members=2, **options)
    parts = proceed(CHAIN.simulate(110, members=2, **options), 190)
    assert np.array_equal(parts.x, whole.x)
    assert np.array_equal(parts.v, whole.v)
    assert_allclose(whole.x[1, -1], inertial_flow(CHAIN, t1=30.0).x[-1], atol=1e-13)
    with pytest.raises(ValueError, match="without noise"):
        CHAIN.replace(eps_bar=0.1).simulate(10, **options)
    with pytest.raises(ValueError, match="exact_flow"):
        inertial_flow(SpringChain())
    with pytest.raises(ValueError, match="v0 must have shape"):
        inertial_flow(CHAIN, v0=[1.0])


@given(st.lists(st.floats(0.01, 2.0), min_size=1, max_size=6))
def test_the_first_root_is_found_among_many(roots):
    """Of a polynomial with these roots and a positive start."""
    c = np.polynomial.polynomial.polyfromroots(roots)
    c /= c[0]
    found, first = first_root(c), min(roots)
    others = sorted(abs(r - first) for r in roots)[1:]
    if first > 1 + 1e-9:
        assert found is None
    elif first < 1 - 1e-9 and (not others or others[0] > 0.05):
        assert_allclose(found, first, rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_a_chain_without_friction_fades_into_its_rest_state(gamma):
    """Down to rounding, where the signs of velocities mean nothing."""
    chain = SpringChain(
        blocks=4, mu_right=0.0, mu_left=0.0, eps_bar=0.0, dynamics="second_order", gamma=gamma, target=1.0
    )
    found = inertial_flow(chain, t1=1000.0, ts=[1000.0])
    assert found.status == "at rest"
    assert_allclose(found.x[-1], np.linspace(0, 1, 6), atol=1e-13)
