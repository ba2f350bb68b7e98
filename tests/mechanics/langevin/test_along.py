"""Langevin methods along given noise: step by step in numpy, on a path, from parameters that differ, through events."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Event, Langevin, OverdampedLangevin, ensemble, solve
from mechanics.methods import BAOAB, EULER_MARUYAMA, LEIMKUHLER_MATTHEWS, OBABO
from mechanics.noise import BrownianPath, normals


def forced(t, q, p, out):
    """Springs and one drive for all."""
    for i in range(len(q)):
        out[i] = -q[i] + p * np.cos(t)


def springs(t, q, p, out):
    for i in range(len(q)):
        out[i] = -q[i]


MASS, GAMMA, KT = np.array([1.3, 0.5]), np.array([0.7, 0.0]), np.array([0.4, 0.2])
PAIR = Langevin(forced, [1.0, -0.5], [0.2, 0.3], gamma=GAMMA, temperature=KT, mass=MASS, p=0.3, t1=2.0)


def test_baoab_takes_the_steps_that_its_word_says():
    """A force of time, numbers of each component, and the normals of member 2, in ten lines of numpy."""
    q, v, dt = np.array([1.0, -0.5]), np.array([0.2, 0.3]), 0.1
    c = np.exp(-GAMMA * dt)
    s = np.sqrt(KT / MASS * (1 - c**2))
    for i in range(20):
        v = v + dt / 2 * (-q + 0.3 * np.cos(i * dt)) / MASS
        q = q + dt / 2 * v
        v = c * v + s * normals(8, 2, i, np.arange(2))
        q = q + dt / 2 * v
        v = v + dt / 2 * (-q + 0.3 * np.cos((i + 1) * dt)) / MASS
    assert_allclose(solve(PAIR, BAOAB, dt=dt, seed=8, member=2).y, np.r_[q, v], rtol=1e-13)


def test_methods_follow_a_path():
    """Along one path BAOAB converges to the end of Euler-Maruyama with 2^14 steps a unit of time."""
    problem = Langevin(springs, [1.0, 1.0], [0.0, 0.0], gamma=0.7, temperature=0.4, t1=2.0)
    path = BrownianPath(5, 0.0, 2.0, noises=problem.wieners)
    fine = solve(problem, EULER_MARUYAMA, dt=2.0**-14, path=path).y
    errors = [np.abs(solve(problem, BAOAB, dt=dt, path=path).y - fine).max() for dt in (2.0**-3, 2.0**-7)]
    assert errors[0] < 0.05
    assert errors[1] < errors[0] / 5
    with pytest.raises(ValueError, match="one normal for each Brownian motion"):
        solve(problem, OBABO, dt=0.125, path=path)


@pytest.mark.sweep
def test_common_noise_follows_its_one_path():
    problem = Langevin(springs, [0.0, 0.0], [0.0, 0.0], gamma=0.7, temperature=0.4, common=True, t1=2.0)
    path = BrownianPath(5, 0.0, 2.0, noises=1)
    coarse, fine = (solve(problem, BAOAB, dt=dt, path=path).y for dt in (2.0**-5, 2.0**-9))
    assert coarse[0] == coarse[1]
    assert np.abs(coarse - fine).max() < 0.02
    assert np.abs(fine).max() > 0.1


@pytest.mark.sweep
def test_longer_steps_take_the_noise_of_shorter_ones():
    problem = Langevin(springs, [1.0, 1.0], [0.0, 0.0], gamma=0.7, temperature=0.4, t1=2.0)
    fine = solve(problem, BAOAB, dt=2.0**-8, seed=3).y
    assert np.abs(solve(problem, BAOAB, dt=2.0**-4, seed=3, refine=16).y - fine).max() < 0.05
    assert np.abs(solve(problem, BAOAB, dt=2.0**-4, seed=3).y - fine).max() > 0.1
    with pytest.raises(ValueError, match="one normal for each Brownian motion"):
        ensemble(problem, OBABO, dt=0.125, members=2, refine=2)


@pytest.mark.sweep
def test_members_with_their_own_numbers_are_single_solves():
    """Temperatures, dampings and masses of each component, and the force's parameter."""
    random = np.random.default_rng(1)
    fields = {name: random.uniform(0.1, 2.0, (7, 2)) for name in ("temperature", "gamma", "mass")}
    fields["p"] = np.linspace(0, 1, 7)
    many = ensemble(PAIR, BAOAB, dt=0.1, seed=4, p=PAIR.p._replace(**fields))
    assert many.stats.engine == "lanes"
    for i in range(7):
        own = dataclasses.replace(PAIR, p=PAIR.p._replace(**{name: values[i] for name, values in fields.items()}))
        assert np.array_equal(many.y[i], solve(own, BAOAB, dt=0.1, seed=4, member=i).y)


def wall(t, y, p):
    """Position."""
    return y[0]


def bounce(t, y, p):
    """Reflected."""
    y[0], y[1] = -y[0], -y[1]


def timed(t, q, p, out):
    """`springs`, evaluated anew in every step because it reads its t."""
    for i in range(len(q)):
        out[i] = -q[i] + 0.0 * t


def test_the_force_after_an_event_is_that_of_the_new_state():
    """A reflecting wall: the force that waits for the next step is evaluated again; a split run is the whole run."""
    event, run = Event(wall, direction=-1, apply=bounce), {"dt": 0.1, "seed": 1}
    ends = []
    for force in (springs, timed):
        problem = Langevin(force, [1.0], [0.0], gamma=0.7, temperature=0.4, t1=20.0)
        whole = solve(problem, BAOAB, events=event, **run)
        assert len(whole.events[0].ts) > 5
        assert whole.ys[:, 0].min() > 0.0
        ends.append(whole.y)
        part = solve(dataclasses.replace(problem, t1=7.0), BAOAB, events=event, **run)
        assert np.array_equal(whole.y, solve(part.restart(t1=20.0), BAOAB, events=event, **run).y)
    assert np.array_equal(*ends)


@pytest.mark.sweep
def test_leimkuhler_matthews_restarts_between_shared_normals():
    problem = OverdampedLangevin(springs, [1.0, 0.0, 2.0], gamma=[0.7, 1.0, 2.0], temperature=0.4, t1=20.0)
    run = {"dt": 0.1, "seed": 1}
    whole = solve(problem, LEIMKUHLER_MATTHEWS, member=3, **run)
    part = solve(dataclasses.replace(problem, t1=7.0), LEIMKUHLER_MATTHEWS, member=3, **run)
    assert np.array_equal(whole.y, solve(part.restart(t1=20.0), LEIMKUHLER_MATTHEWS, member=3, **run).y)
    assert np.array_equal(whole.y, ensemble(problem, LEIMKUHLER_MATTHEWS, members=5, **run).y[3])
