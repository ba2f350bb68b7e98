"""Second-order chains with set-valued friction: one block by hand, the convex problem by enumeration, every split."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mechanics.chain import Drive, SpringChain, ensemble, load_run, proceed, save_run
from mechanics.chain.second_order import kicked
from mechanics.engine import compile_bound

CHAIN = SpringChain(
    blocks=5, k=1.3, mu_right=0.02, mu_left=0.04, target=0.9, eps=0.05, gamma=0.2, mass=1.1, dynamics="second_order"
)
# two springs of 1/2 on a mass of 1: x'' = -x - friction
ONE = SpringChain(blocks=1, k=0.5, mu_right=0.05, mu_left=0.08, target=0.0, eps_bar=0.0, dynamics="second_order")
METHODS = ("explicit", "implicit", "midpoint")
FIRST = (
    "explicit",
    pytest.param("implicit", marks=pytest.mark.sweep),
    pytest.param("midpoint", marks=pytest.mark.sweep),
)
THETA = {"implicit": 1.0, "midpoint": 0.5}


def decay(t, x, mu_right, mu_left):
    """x'' = -x - friction from rest at x: half circles about mu_left (moving left) and -mu_right, until held."""
    while True:
        if -mu_right <= x <= mu_left:
            return x
        centre = mu_left if x > 0 else -mu_right
        if t < np.pi:
            return centre + (x - centre) * np.cos(t)
        x, t = 2 * centre - x, t - np.pi


def slope_of(chain, method, t1, exact, counts, x0):
    dts = t1 / np.array(counts)
    errors = [
        abs(chain.simulate(n, dt=t1 / n, x0=x0, method=method).x[0, -1, 1] - exact) for n in counts
    ]  # fmt: skip
    return np.polyfit(np.log(dts), np.log(errors), 1)[0]


@pytest.mark.parametrize(("method", "order"), [("explicit", 2), ("implicit", 1)])
@pytest.mark.parametrize("t1", [2.0, 8.0, 40.0])
def test_order_through_arcs_reversals_and_rest(method, order, t1):
    """One block that decays by hand: within an arc, after two reversals, and at rest (asymmetric decrements)."""
    counts = [int(np.ceil(t1 / 2)) * n for n in (100, 200, 400, 800, 1600)]
    slope = slope_of(ONE, method, t1, decay(t1, 1.0, 0.05, 0.08), counts, [1.0])
    assert order - 0.15 < slope < order + 0.3


@pytest.mark.parametrize("t1", [2.0, 8.0])
def test_midpoint_is_of_second_order_where_no_block_turns_round(t1):
    """Moving, and stopped for good: from x = 1 with mu_left = 0.6 it slides to 0.2 at t = pi."""
    chain = ONE.replace(mu_left=0.6, mu_right=0.3)
    slope = slope_of(chain, "midpoint", t1, decay(t1, 1.0, 0.3, 0.6), [200, 400, 800, 1600, 3200], [1.0])
    assert 1.8 < slope < 2.4


@pytest.mark.parametrize("method", METHODS)
def test_a_block_stops_in_finite_time_at_the_place_computed_by_hand(method):
    """From 1: 2 * 0.08 - 1, then -2 * 0.05 - (...), ... alternately until within [-mu_right, mu_left]."""
    run = ONE.simulate(150_000, dt=2e-4, x0=[1.0], save_every=1, method=method)
    assert_allclose(run.x[0, -1, 1], decay(100.0, 1.0, 0.05, 0.08), atol=2e-3)
    moving = np.flatnonzero(run.v[0, :, 1])
    assert_allclose(run.ts[moving[-1]], 8 * np.pi, atol=0.02)  # eight half periods of pi
    assert (run.x[0, moving[-1] + 2 :, 1] == run.x[0, -1, 1]).all()


def stick_slip(static, sliding, stiffness, speed, mass):
    """Duration of a slip and of the rest after it, for a block on a spring whose end moves at `speed`.

    With d the stretch beyond sliding/stiffness, d'' = -w^2 d from d = D, d' = speed; x' = speed - d' = 0 where
    tan(w t / 2) = -w D / speed, and there d = -D by symmetry: the end takes 2 D / speed to restore it.
    """
    w, reach = np.sqrt(stiffness / mass), (static - sliding) / stiffness
    return (2 * np.pi - 2 * np.arctan(w * reach / speed)) / w, 2 * reach / speed


@pytest.mark.parametrize("method", FIRST)
def test_stick_slip_of_a_pulled_block(method):
    """Both springs of one block make a stiffness 2 k towards half the end's position."""
    dt, velocity = 2e-3, 0.04
    chain = ONE.replace(
        k=0.8, mass=0.9, mu_right=0.2, mu_left=0.3, mu_static_right=0.5, mu_static_left=0.6,
        drive=Drive.steady(velocity, until=1e4),
    )  # fmt: skip
    run = chain.simulate(100_000, dt=dt, save_every=1, method=method)
    moves = (run.v[0, :, 1] != 0).astype(int)
    starts, stops = (np.flatnonzero(np.diff(moves) == sign) for sign in (1, -1))
    slip, rest = stick_slip(0.5, 0.2, 1.6, velocity / 2, 0.9)
    assert len(starts) >= 4
    assert_allclose(dt * (stops - starts[: len(stops)]), slip, atol=3 * dt)
    assert_allclose(dt * (starts[1:] - stops[: len(starts) - 1]), rest, rtol=3e-3)
    assert_allclose(np.diff(run.x[0, stops + 1, 1]), velocity / 2 * (slip + rest), rtol=3e-3)
    assert (run.v >= 0).all()


def by_enumeration(diagonal, off, b, hold_right, hold_left):
    """The velocities whose signs and forces at rest fit one of the 3^n sets of modes best, by dense linear algebra.

    (The value of the minimised function would not tell them apart: it is flat to rounding.)
    """
    n = len(b)
    A = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
    best, least = None, np.inf
    for mode in itertools.product((-1, 0, 1), repeat=n):
        mode = np.array(mode)
        free = mode != 0
        v = np.zeros(n)
        side = b - np.where(mode > 0, hold_right, -hold_left)
        if free.any():
            v[free] = np.linalg.solve(A[np.ix_(free, free)], side[free])
        g = A @ v - b
        wrong = np.where(free, -mode * v * diagonal, np.maximum(-hold_right - g, g - hold_left)).max()
        if wrong < least:
            best, least = v, wrong
    return best


def problem_of(chain, x, v, dt, theta):
    """diagonal, off-diagonal, b and friction of one step."""
    n = chain.blocks
    k, mass, gamma, right, left = (
        np.broadcast_to(value, size).astype(float)
        for value, size in (
            (chain.k, n + 1),
            (chain.mass, n),
            (chain.gamma, n),
            (chain.mu_right, n),
            (chain.mu_left, n),
        )
    )
    at = np.concatenate([[0.0], x + theta * (1 - theta) * dt * v, [chain.target]])
    force = np.diff(k * np.diff(at))
    h = theta * dt
    diagonal = mass + h * gamma + h * h * (k[1:] + k[:-1])
    b = (mass - (1 - theta) * dt * gamma) * v + dt * force
    return diagonal, -h * h * k[1:-1], b, dt * right, dt * left


@st.composite
def states(draw, most=5):
    """A chain whose blocks all differ, a state with some blocks at rest, and a step between tiny and far too long."""
    n = draw(st.integers(1, most))

    def some(low, high, size=n):
        return np.array(draw(st.lists(st.floats(low, high), min_size=size, max_size=size)))

    chain = ONE.replace(
        blocks=n, k=some(0.1, 5, n + 1), mass=some(0.2, 3), gamma=some(0, 2),
        mu_right=some(0, 0.5), mu_left=some(0, 0.5), target=draw(st.floats(-1, 1)),
    )  # fmt: skip
    v = some(-1, 1) * np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return chain, some(-1, 1), v, draw(st.sampled_from([0.01, 0.1, 1.0, 10.0]))


@given(states(), st.sampled_from(["implicit", "midpoint"]))
def test_an_implicit_step_is_the_minimum_over_all_modes(state, method):
    chain, x, v, dt = state
    run = chain.simulate(1, dt=dt, x0=x, v0=v, method=method)
    problem = problem_of(chain, x, v, dt, THETA[method])
    assert run.status == "finished"
    assert_allclose(run.v[0, -1, 1:-1], by_enumeration(*problem), atol=1e-11 * (1 + np.abs(problem[2]).max()))
    theta = THETA[method]
    moved = x + dt * (theta * run.v[0, -1, 1:-1] + (1 - theta) * v)
    assert_allclose(run.x[0, -1, 1:-1], moved, rtol=1e-13, atol=1e-14)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), dt=st.sampled_from([0.3, 3.0, 30.0]))
def test_many_blocks_satisfy_the_conditions_of_the_minimum(seed, dt):
    """60 blocks, steps up to where Newton cycles and Howard's algorithm is needed: signs, forces, complementarity."""
    rng = np.random.default_rng(seed)
    chain = ONE.replace(blocks=60, mu_right=rng.uniform(0, 0.3, 60), mu_left=0.1, gamma=0.1)
    x, v = rng.standard_normal((2, 60))
    run = chain.simulate(1, dt=dt, x0=x, v0=v, method="implicit")
    diagonal, off, b, right, left = problem_of(chain, x, v, dt, 1.0)
    after = run.v[0, -1, 1:-1]
    g = diagonal * after - b
    g[1:] += off * after[:-1]
    g[:-1] += off * after[1:]
    tol = 1e-12 * np.abs(b).max()
    assert run.status == "finished"
    assert_allclose(g[after > 0], -right[after > 0], atol=tol)
    assert_allclose(g[after < 0], left[after < 0], atol=tol)
    assert (g >= -right - tol).all()
    assert (g <= left + tol).all()


@given(states(most=8))
def test_an_implicit_step_never_gains_energy(state):
    chain, x, v, dt = state
    run = chain.simulate(20, dt=dt, x0=x, v0=v, method="implicit", save_every=1)
    energy = (np.asarray(chain.mass) * run.v[0, :, 1:-1] ** 2).sum(axis=1) + (
        np.asarray(chain.k) * np.diff(run.x[0], axis=1) ** 2
    ).sum(axis=1)
    assert (np.diff(energy) <= 1e-13 * (1 + energy[:-1])).all()


@given(states(most=8), st.sampled_from(METHODS))
def test_swapping_the_frictions_and_all_signs_mirrors_the_chain(state, method):
    chain, x, v, dt = state
    dt = min(dt, 0.1)
    mirrored = chain.replace(mu_right=chain.mu_left, mu_left=chain.mu_right, target=-chain.target)
    one = chain.simulate(30, dt=dt, x0=x, v0=v, method=method)
    other = mirrored.simulate(30, dt=dt, x0=-x, v0=-v, method=method)
    assert np.array_equal(one.x, -other.x)
    assert np.array_equal(one.v, -other.v)


@pytest.mark.parametrize("method", METHODS)
def test_blocks_within_their_thresholds_keep_their_bits(method):
    """Forces of a tenth against static friction of 0.12, sliding friction 0."""
    x = np.linspace(0, 1, 9)[1:-1] + 0.025 * np.array([1, -1, 1, -1, 1, -1, 1])
    chain = SpringChain(mu_right=0.12, mu_left=0.12, eps_bar=0.0, dynamics="second_order", gamma=0.3)
    run = chain.simulate(100, dt=0.3, x0=x, method=method)
    assert np.array_equal(run.x[0, -1, 1:-1], x)
    assert not run.v.any()
    held = chain.replace(mu_right=0.0, mu_left=0.05, mu_static_right=0.12, mu_static_left=0.12)
    assert np.array_equal(held.simulate(100, dt=0.3, x0=x, method=method).x[0, -1, 1:-1], x)
    assert not np.array_equal(chain.replace(mu_left=0.05).simulate(100, dt=0.3, x0=x, method=method).x[0, -1, 1:-1], x)


@given(
    v=st.floats(-2, 2), force=st.floats(-2, 2), right=st.floats(0, 1), left=st.floats(0, 1), extra=st.floats(0, 0.5),
    mass=st.floats(0.1, 3), dt=st.floats(0.001, 3),
)  # fmt: skip
def test_the_kick_stops_and_starts_within_a_step(v, force, right, left, extra, mass, dt):
    """Against the same motion followed phase by phase."""

    def entry(v, force, right, left, static_right, static_left, mass, dt):
        return kicked(v, force, right, left, static_right, static_left, mass, dt)

    after, time = v, dt
    if after != 0:
        a = (force - right if after > 0 else force + left) / mass
        stop = -after / a if after * a < 0 else np.inf
        after, time = (after + a * time, 0.0) if stop > time else (0.0, time - stop)
    if time > 0 and force > right + extra:
        after = (force - right) / mass * time
    if time > 0 and force < -left - extra:
        after = (force + left) / mass * time
    got = compile_bound(entry)(v, force, right, left, right + extra, left + extra, mass, dt)
    assert_allclose(got, after, atol=1e-13 + 1e-13 * abs(after) * (1 + 1 / mass))


@pytest.mark.parametrize("method", ["explicit", "implicit"])
@pytest.mark.parametrize("noise", ["independent", "common"])
def test_any_threads_lanes_or_restart_give_the_same_bits(method, noise, monkeypatch, tmp_path):
    monkeypatch.setattr(ensemble, "CALL_UPDATES", 5_000)  # many pauses, and the threads are used
    chain = CHAIN.replace(noise=noise, noise_decay=0.01, mu_static_right=0.03)
    options = {"dt": 0.05, "seed": 4, "method": method, "save_every": 7}
    whole = chain.simulate(201, members=40, threads=1, **options)
    assert whole.status == "finished"
    split = chain.simulate(201, members=40, threads=2, **options)
    alone = chain.simulate(201, members=1, first_member=17, **options)
    started = chain.simulate(100, members=40, **options)
    save_run(started, tmp_path / "run.npz")
    for other, rows in ((split, slice(None)), (alone, slice(17, 18)), (proceed(started, 101), slice(None))):
        assert np.array_equal(other.x, whole.x[rows])
        assert np.array_equal(other.v, whole.v[rows])
    assert np.array_equal(proceed(load_run(tmp_path / "run.npz"), 101).v, whole.v)
    common = np.ptp(np.diff(whole.v[:, :2, 1:-1], axis=1)[0])
    assert (common > 0) or noise == "common"


def test_noise_makes_the_velocities_of_a_free_langevin_block():
    """No friction: stationary <v^2> = eps^2 / (2 gamma m); 2000 members, 4.9 standard errors (false alarms 1e-6)."""
    chain = ONE.replace(mu_right=0.0, mu_left=0.0, eps_bar=None, eps=0.3, gamma=0.5)
    for method in ("explicit", "implicit"):
        v = chain.simulate(1500, dt=0.02, members=2000, seed=3, method=method).v[:, -1, 1]
        exact = 0.3**2 / (2 * 0.5)
        bias = 0.03 * exact if method == "implicit" else 0.002 * exact
        assert abs((v**2).mean() - exact) < 4.9 * exact * np.sqrt(2 / 2000) + bias


def test_a_chain_that_turns_round_is_not_taken_for_one_at_rest():
    """Looked at while a block turns at full stretch, v = 0 for a step: the force on it says that it goes on."""
    run = ONE.simulate(10_000, dt=np.pi / 100, x0=[1.0], stop_change=0.0)
    assert run.stopped_at[0] * run.dt > 8 * np.pi - 0.1
    assert_allclose(run.x[0, -1, 1], decay(100.0, 1.0, 0.05, 0.08), atol=1e-2)
    sliding = CHAIN.replace(mu_right=0.0, mu_left=0.0, eps=0.0, gamma=0.5)
    assert_allclose(sliding.simulate(10_000, dt=0.1, stop_change=1e-12).x[0, -1], 0.9 * np.arange(7) / 6, atol=1e-11)


def test_steps_beyond_the_explicit_limit_are_refused_by_name():
    with pytest.raises(ValueError, match=r"sqrt\(mass/k\)"):
        CHAIN.simulate(10, dt=1.0)
    with pytest.raises(ValueError, match="one of 'explicit', 'implicit', 'midpoint'"):
        CHAIN.simulate(10, dt=0.1, method="verlet")
    assert CHAIN.simulate(10, dt=1.0, method="implicit").status == "finished"
