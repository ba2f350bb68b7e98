"""The Burridge-Knopoff chain: one block by hand, order, bookkeeping, reproducibility, refusals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq

from mechanics.chain import BurridgeKnopoff

ONE = BurridgeKnopoff(blocks=1, k=0.0, drop=0.1, v_weak=np.inf, plate_velocity=0.01)
MANY = BurridgeKnopoff(blocks=20, k=16.0, plate_velocity=0.01, drop=0.02)


def by_hand(chain):
    """Duration and slip of one block on one leaf spring, constant sliding friction: with m = k_leaf = mu = 1,
    x = drop (1 - cos t) + V (t - sin t) from the threshold until x' = 0."""
    v = chain.plate_velocity
    duration = brentq(lambda t: chain.drop * np.sin(t) + v * (1 - np.cos(t)), np.pi / 2, 1.9 * np.pi, xtol=1e-14)
    return duration, chain.drop * (1 - np.cos(duration)) + v * (duration - np.sin(duration))


def test_one_block_slips_as_by_hand():
    """Stick-slip in closed form: slip, and the same slip at the plate's speed as the time between events."""
    duration, slip = by_hand(ONE)
    run = ONE.simulate(4, dt=1e-3, x0=[0.0])
    assert_allclose(run.moment, slip, rtol=1e-6)
    assert_allclose(run.end - run.start, duration, atol=1e-3)  # a block comes to rest at the end of a step
    assert_allclose(run.start, 100.0 + slip / ONE.plate_velocity * np.arange(4), rtol=1e-7)
    assert run.size.tolist() == [1, 1, 1, 1]
    assert_allclose(run.peak, np.hypot(0.1, 0.01) + 0.01, rtol=1e-6)


def test_the_slip_is_of_second_order():
    """Steps that end where the block stops; elsewhere the last step is cut by up to its length, an error dt^2 too."""
    duration, slip = by_hand(ONE)
    dts = duration / np.array([20, 40, 80, 160])
    errors = [abs(ONE.simulate(1, dt=dt, x0=[0.0]).moment[0] - slip) for dt in dts]
    slope = np.polyfit(np.log(dts), np.log(errors), 1)[0]
    assert 1.8 < slope < 2.3


def test_slips_keep_up_with_the_plate():
    """What the blocks have moved is what the plate has, up to what the leaf springs hold: mu_right / k_leaf each."""
    run = MANY.simulate(3000, seed=3)
    assert run.status == "finished"
    moved = run.moment.sum() / MANY.blocks
    assert abs(moved - MANY.plate_velocity * run.t[0]) < 1.1
    assert moved > 20
    assert (run.end > run.start).all()
    assert (np.diff(run.start) > 0).all()
    force = MANY.k_leaf * (MANY.plate_velocity * run.t[0] - run.x[0])
    x = np.pad(run.x[0], 1, mode="edge")
    force += MANY.k * np.diff(x, n=2)
    assert (force <= MANY.mu_right + 1e-9).all()  # at rest, nobody is beyond its threshold
    assert run.x.min() > -0.1


def test_any_split_threads_and_budget_give_the_same_catalogue(monkeypatch):
    import mechanics.chain.earthquakes as module

    whole = MANY.simulate(200, seed=3, members=3, threads=1)
    part = MANY.simulate(200, seed=3, members=1, first_member=2)
    assert np.array_equal(whole.start[whole.member == 2], part.start)
    monkeypatch.setattr(module, "EVENTS", 7)
    monkeypatch.setattr(module, "CALL_STEPS", 999)  # pauses in the middle of events
    again = MANY.simulate(200, seed=3, members=3, threads=3)
    for name in ("start", "end", "epicentre", "size", "moment", "peak", "x", "t"):
        assert np.array_equal(getattr(whole, name), getattr(again, name)), name


def test_weak_blocks_start_first_and_periodic_chains_have_no_place_of_their_own():
    mu = np.ones(20)
    mu[7] = 0.5
    weak = MANY.replace(mu_right=mu)
    assert weak.simulate(1, x0=np.zeros(20)).epicentre.tolist() == [7]
    ring = MANY.replace(ends="periodic")
    x0 = 0.05 * np.sin(np.arange(20.0))
    one, rolled = ring.simulate(50, x0=x0), ring.simulate(50, x0=np.roll(x0, 5))
    assert np.array_equal((one.epicentre + 5) % 20, rolled.epicentre)
    assert_allclose(one.start, rolled.start, rtol=1e-9)


def test_a_chain_that_creeps_is_reported():
    """No drop and no weakening: the block follows the plate for ever in one slip."""
    creeping = ONE.replace(drop=0.0).simulate(5, x0=[0.0], max_steps=20_000)
    assert "did not reach 5 events" in creeping.status


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocks": 0}, "blocks must be a whole number"),
        ({"k_leaf": 0.0}, "k_leaf must be positive"),
        ({"plate_velocity": -1.0}, "plate_velocity must be positive"),
        ({"drop": 1.0}, "drop=1.0 must be"),
        ({"mu_right": -1.0}, "mu_right must be one number"),
        ({"mu_right": np.inf}, "mu_right must be finite"),
        ({"mu_left": [1.0, 2.0]}, "mu_left must be one number"),
        ({"ends": "loose"}, "ends must be one of"),
        ({"v_weak": np.nan}, "v_weak must be positive"),
    ],
)
def test_bad_parameters_are_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        MANY.replace(**changes)


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="outside 0 < dt"):
        MANY.simulate(1, dt=1.0)
    with pytest.raises(ValueError, match="x0 must have shape"):
        MANY.simulate(1, x0=np.zeros(3))
    with pytest.raises(ValueError, match="x0 must be finite"):
        MANY.simulate(1, x0=np.full(20, np.nan))
