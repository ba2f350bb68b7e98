"""The overdamped chain: against numpy bit for bit, against theory, and the same however it is run."""

import dataclasses
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mechanics.chain import Drive, SpringChain, ensemble, load_run, proceed, save_run, simulate
from mechanics.chain.friction import slip
from mechanics.engine import compile_bound, compile_counts
from mechanics.noise import normals

CHAIN = SpringChain(blocks=5, k=1.3, mu_right=0.07, mu_left=0.03, target=0.9, eps_bar=0.2)


def by_numpy(chain, steps, dt, seed, members):
    """Equation (5) with the same normals, in plain numpy; returns every state."""
    x = np.zeros((members, chain.blocks + 2))
    x[:, -1] = chain.start
    states = [x]
    components = np.zeros(chain.blocks, int) if chain.noise == "common" else np.arange(chain.blocks)
    for n in range(steps):
        z = normals(seed, np.arange(members)[:, None], n, components)
        amplitude = chain.noise_per_step(dt) * np.exp(-chain.noise_decay * (n * dt))
        k = np.broadcast_to(chain.k, chain.springs)
        force = (k[1:] * (x[:, 2:] - x[:, 1:-1]) - k[:-1] * (x[:, 1:-1] - x[:, :-2])) + amplitude * z
        x = x.copy()
        x[:, 1:-1] += dt * (force - np.clip(force, -chain.mu_left, chain.mu_right))
        if chain.drive is not None:
            x[:, -1] = chain.drive.at(dt * (n + 1))
        states.append(x)
    return np.stack(states, axis=1)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"noise": "common"},
        {"eps_bar": 0.0},
        {"eps_bar": None, "eps": 0.01},
        {"blocks": 1},
        {"blocks": 13, "mu_left": 0.3},
        {"target": -0.9},
        {"k": np.linspace(0.5, 1.3, 6), "mu_left": np.linspace(0, 0.1, 5), "eps_bar": np.linspace(0.3, 0, 5)},
        {"drive": Drive.jerky(0.2, every=0.3, jumps=3, start=0.1)},
    ],
    ids=str,
)
def test_every_state_equals_a_numpy_loop_bit_for_bit(changes):
    chain = dataclasses.replace(CHAIN, **changes)
    run = chain.simulate(60, dt=0.013, seed=21, members=19, save_every=1)
    assert np.array_equal(run.x, by_numpy(chain, 60, 0.013, 21, 19))
    assert_allclose(run.ts, 0.013 * np.arange(61), rtol=1e-15)


def test_decaying_noise_follows_its_amplitude():
    """To rounding only: the C library's exp and numpy's need not agree in the last bit."""
    chain = dataclasses.replace(CHAIN, noise_decay=3.0)
    run = chain.simulate(60, dt=0.013, seed=21, members=19, save_every=1)
    assert_allclose(run.x, by_numpy(chain, 60, 0.013, 21, 19), rtol=1e-13, atol=1e-15)


def test_truncated_noise_leaves_alone_what_it_need_not_redraw():
    """A bound beyond every draw changes nothing; a narrow one bounds each block's noise."""
    wide = dataclasses.replace(CHAIN, truncation=10.0).simulate(60, seed=2, members=19, save_every=1)
    assert np.array_equal(wide.x, CHAIN.simulate(60, seed=2, members=19, save_every=1).x)
    free = dataclasses.replace(CHAIN, mu_right=0.0, mu_left=0.0, truncation=0.25)
    x = free.simulate(60, dt=0.01, seed=2, members=19, save_every=1).x
    force = np.diff(x[:, :, 1:-1], axis=1) / 0.01 - free.k * np.diff(x[:, :-1], n=2, axis=2)
    assert 0.24 < np.abs(force / 0.2).max() <= 0.25 * (1 + 1e-9)


def test_any_threads_split_or_restart_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(ensemble, "CALL_UPDATES", 5_000)  # many pauses, and the threads are used
    whole = CHAIN.simulate(501, seed=4, members=150, save_every=7, threads=1)
    for threads in (2, 7):
        assert np.array_equal(CHAIN.simulate(501, seed=4, members=150, save_every=7, threads=threads).x, whole.x)
    part = CHAIN.simulate(501, seed=4, members=3, first_member=77, save_every=7)
    assert np.array_equal(part.x, whole.x[77:80])
    assert part.members.tolist() == [77, 78, 79]
    for first in (0, 1, 200, 252):
        continued = proceed(CHAIN.simulate(first, seed=4, members=150, save_every=7), 501 - first)
        assert np.array_equal(continued.x, whole.x)
        assert np.array_equal(continued.ts, whole.ts)
        assert (continued.steps, continued.status) == (501, "finished")


def test_a_saved_run_goes_on_as_if_never_stopped(tmp_path):
    save_run(CHAIN.simulate(100, seed=4, members=5), tmp_path / "run.npz")
    loaded = load_run(tmp_path / "run.npz")
    assert loaded.chain == CHAIN
    whole = CHAIN.simulate(250, seed=4, members=5)
    assert np.array_equal(proceed(loaded, 150).x, whole.x)
    assert [f.name for f in tmp_path.iterdir()] == ["run.npz"]


def test_loading_something_else_says_what_it_is(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="not a saved chain run"):
        load_run(tmp_path / "other.npz")


chains = st.builds(
    SpringChain,
    blocks=st.integers(1, 12),
    k=st.floats(0.1, 5),
    mu_right=st.floats(0, 0.3),
    mu_left=st.floats(0, 0.3),
    target=st.floats(-2, 2),
    eps_bar=st.just(0.0),
)


@given(chain=chains)
def test_the_noiseless_chain_comes_to_its_rest_state_and_says_when(chain):
    run = chain.simulate(200_000, dt=0.4 / chain.k, stop_change=1e-15)
    assert run.stopped_at[0] >= 0
    assert run.stop_reasons == [f"at rest since step {run.stopped_at[0]}"]
    assert_allclose(run.x[0, -1], chain.rest_state(), atol=1e-9)


@given(chain=chains)
def test_swapping_the_frictions_and_the_target_mirrors_the_chain(chain):
    mirrored = dataclasses.replace(
        chain, mu_right=chain.mu_left, mu_left=chain.mu_right, target=-chain.target
    )  # fmt: skip
    one, other = (c.simulate(300, dt=0.1 / chain.k, save_every=50) for c in (chain, mirrored))
    assert np.array_equal(one.x, -other.x)


@given(f=st.floats(-1e3, 1e3), mu_right=st.floats(0, 10), mu_left=st.floats(0, 10))
def test_friction_holds_within_its_thresholds_and_takes_them_off_beyond(f, mu_right, mu_left):
    def entry(f, mu_right, mu_left):
        return slip(f, mu_right, mu_left)

    net = compile_bound(entry)(f, mu_right, mu_left)
    expected = f - mu_right if f > mu_right else f + mu_left if f < -mu_left else 0.0
    assert net == expected
    assert compile_bound(entry)(-f, mu_left, mu_right) == -net


@pytest.mark.parametrize(("mu_right", "mu_left"), [(0.12, 0.04), (0.08, 0.08), (0.04, 0.12)])
def test_strong_noise_bends_the_load_curve_as_equation_8_says(mu_right, mu_left):
    """4096 members after 100 relaxation times; bound of 4.9 standard errors (false alarms 1e-6 a point) plus the
    order-dt bias of the discrete step, 2e-3."""
    chain = SpringChain(mu_right=mu_right, mu_left=mu_left, eps_bar=0.5)
    x = chain.simulate(20_000, dt=0.05, members=4096, seed=8).x[:, -1]
    l = np.arange(chain.springs + 1)
    parabola = l / chain.springs - (mu_right - mu_left) / (4 * chain.k) * l * (chain.springs - l)  # (8)
    standard_error = x.std(axis=0) / np.sqrt(len(x))
    assert (np.abs(x.mean(axis=0) - parabola) <= 4.9 * standard_error + 2e-3).all()


def test_the_stopping_rule_waits_for_the_noise_to_die():
    quiet = SpringChain(eps_bar=0.0).simulate(20_000, stop_change=1e-6)
    loud = SpringChain().simulate(20_000, stop_change=1e-6)
    dying = SpringChain(noise_decay=0.2).simulate(20_000, stop_change=1e-6)
    assert quiet.stopped_at[0] > 0
    assert quiet.stopped_at[0] % 100 == 0
    assert loud.stopped_at[0] == -1
    assert loud.stop_reasons == ["all 20000 steps done"]
    # amplitude 0.1 e^{-0.2 t} times dt falls below 1e-6 of the largest position at t = log(1e3) / 0.2
    assert 0.01 * dying.stopped_at[0] == pytest.approx(5 * np.log(1e3), abs=1.0)


def test_a_stopped_member_stays_exactly_where_it_is():
    chain = SpringChain(eps_bar=0.0)
    run = chain.simulate(5_000, stop_change=1e-4, save_every=100)
    stop = int(run.stopped_at[0]) // 100
    assert (run.x[0, stop:] == run.x[0, stop]).all()
    assert np.array_equal(proceed(run, 500).x[0, -1], run.x[0, -1])


def test_another_parameter_or_size_compiles_nothing():
    """Two builds, for one member and for many (and two more where noise is truncated), serve all there is."""
    for members in (1, 70):
        CHAIN.simulate(10, members=members)
        before = compile_counts()
        other = SpringChain(blocks=31, k=2.0, eps=0.3, noise="common", noise_decay=0.1)
        other.simulate(10, members=members, save_every=3, stop_change=0.0)
        assert compile_counts() == before


def test_an_interrupt_returns_the_members_that_got_furthest(monkeypatch):
    monkeypatch.setattr(ensemble, "CALL_UPDATES", 2_000)
    first_paused = threading.Event()
    original = ensemble.Lanes.advance

    def advance(part, plan):
        if part.row > 0:
            first_paused.wait(30)
            plan.cancelled.wait(30)
        original(part, plan)
        first_paused.set()

    def interrupted(futures):
        first_paused.wait(30)
        raise KeyboardInterrupt

    monkeypatch.setattr(ensemble.Lanes, "advance", advance)
    monkeypatch.setattr(ensemble, "wait", interrupted)
    run = CHAIN.simulate(500, seed=4, members=150, save_every=50, threads=2)
    monkeypatch.undo()
    assert run.status == "interrupted: 75 of 150 members did 500 of 500 steps"
    assert np.array_equal(run.x, CHAIN.simulate(500, seed=4, members=75, save_every=50).x)


def test_load_curves_and_labels():
    pytest.importorskip("xarray")
    run = CHAIN.simulate(20, members=3, save_every=10)
    assert_allclose(run.load_curve, CHAIN.target - run.x)
    data = run.to_xarray()
    assert dict(data.sizes) == {"member": 3, "time": 3, "block": 7}
    assert data.attrs["k"] == CHAIN.k


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"blocks": 0}, "blocks must be at least 1, but is 0"),
        ({"blocks": 2.5}, "blocks must be a whole number, but is 2.5"),
        ({"k": 0.0}, "k must be positive, but is 0.0"),
        ({"k": float("nan")}, "k must be finite, but is nan"),
        ({"mu_right": -0.1}, "mu_right must not be negative, but is -0.1"),
        ({"mu_left": -0.1}, "mu_left must not be negative, but is -0.1"),
        ({"target": float("inf")}, "target must be finite, but is inf"),
        ({"target": "far"}, "target must be a number, but is 'far'"),
        ({"eps_bar": -1.0}, "eps_bar must not be negative, but is -1.0"),
        ({"eps_bar": 0.1, "eps": 0.1}, "eps_bar=0.1 and eps=0.1 are both given"),
        ({"noise_decay": -1.0}, "noise_decay must not be negative, but is -1.0"),
        ({"truncation": 0.0}, "truncation must be positive, but is 0.0"),
        ({"noise": "pink"}, "noise must be 'independent' or 'common', but is 'pink'"),
        ({"dynamics": "quantum"}, "dynamics must be one of .*, but is 'quantum'"),
        ({"gamma": 1.0}, "gamma=1.0 and mass=1.0 do not enter overdamped dynamics"),
    ],
)
def test_bad_parameters_are_refused_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        SpringChain(**parameters)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dt": 0.5}, r"dt=0.5 is outside 0 < dt < 1/\(2k\) = 0.384615"),
        ({"dt": 0.0}, r"dt=0.0 is outside"),
        ({"dt": float("nan")}, "dt must be finite, but is nan"),
        ({"dt": "fast"}, "dt must be a number, but is 'fast'"),
        ({"threads": 0}, "threads must be a whole number of at least 1, but is 0"),
        ({"steps": -1}, "steps must be a whole number of at least 0, but is -1"),
        ({"steps": 10.0}, "steps must be a whole number"),
        ({"members": 0}, "members must be a whole number of at least 1, but is 0"),
        ({"first_member": -1}, "first_member must be a whole number of at least 0"),
        ({"save_every": 0}, "save_every must be a whole number of at least 1"),
        ({"steps": 10**9, "save_every": 1}, "would take .* GiB .* raise save_every"),
        ({"stop_change": -1.0}, "stop_change must not be negative"),
        ({"seed": -1}, "seed must lie in"),
        ({"x0": np.zeros(4)}, r"x0 must have shape \(5,\) or \(7,\)"),
        ({"x0": np.full(5, np.nan)}, "x0 must be finite, but holds nan"),
        ({"x0": np.zeros(7)}, "x0 must start at 0 and end at 0.9"),
    ],
)
def test_bad_arguments_of_a_simulation_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate(CHAIN, **{"steps": 10, **arguments})


def test_initial_positions_may_be_given_for_all_or_each():
    one = np.linspace(0, 0.9, 7)
    assert np.array_equal(simulate(CHAIN, 0, x0=one).x[0, 0], one)
    assert np.array_equal(simulate(CHAIN, 0, x0=one[1:-1]).x[0, 0], one)
    each = np.stack([one[1:-1], 2 * one[1:-1]])
    assert np.array_equal(simulate(CHAIN, 0, x0=each, members=2).x[:, 0, 1:-1], each)
