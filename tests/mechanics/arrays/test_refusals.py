"""What is refused, and how failures are told."""

import time

import numpy as np
import pytest

from mechanics import Event, Problem, SolveError, Status, ensemble, solve
from mechanics.methods import EULER, RK4, TSIT5


def compiled(t, y, p, dy):
    dy[0] = -y[0]


def slope(t, y, p):
    return -y


def square(t, y, p):
    return y * y


def test_the_drift_and_the_state_choose_the_engine():
    assert solve(Problem(compiled, np.ones(1), 0.0, 1.0)).stats.engine == "scalar"
    assert solve(Problem(slope, np.ones(1), 0.0, 1.0)).stats.engine == "arrays"
    assert solve(Problem(slope, [1, 2], 0.0, 1.0)).ys.dtype == np.float64
    assert solve(Problem(slope, 1.0, 0.0, 1.0)).y.shape == ()


def test_parameters_are_passed_on_as_they_are():
    p = {"rate": 2.0}

    def drift(t, y, q):
        assert q is p
        return -q["rate"] * y

    assert solve(Problem(drift, np.ones(2), 0.0, 1.0, p)).y[0] == pytest.approx(np.exp(-2.0), rel=1e-5)


def test_four_arguments_with_a_tensor():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"four arguments.*torch Tensor write drift\(t, y, p\)"):
        Problem(compiled, torch.ones(1), 0.0, 1.0)
    with pytest.raises(TypeError, match="floating-point"):
        Problem(slope, torch.ones(1, dtype=torch.int64), 0.0, 1.0)
    with pytest.raises(ValueError, match="at least one component"):
        Problem(slope, torch.ones(0), 0.0, 1.0)


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (TypeError, "drift must be", lambda: Problem(lambda t, y: y, np.ones(2), 0.0, 1.0)),
        (ValueError, "shape \\(n,\\)", lambda: Problem(compiled, np.ones((2, 2)), 0.0, 1.0)),
        (ValueError, "finite", lambda: Problem(slope, np.array([np.nan]), 0.0, 1.0)),
        (ValueError, "jacobian", lambda: Problem(slope, np.ones(2), 0.0, 1.0, jacobian=compiled)),
        (TypeError, "must return dy", lambda: solve(Problem(lambda t, y, p: None, np.ones(2), 0.0, 1.0))),
        (TypeError, "shape \\(2,\\)", lambda: solve(Problem(lambda t, y, p: y[:1], np.ones(2), 0.0, 1.0))),
        (TypeError, "float32", lambda: solve(Problem(lambda t, y, p: y + np.ones(2), np.ones(2, np.float32), 0, 1))),
        (ValueError, "no error estimate", lambda: solve(Problem(slope, np.ones(2), 0.0, 1.0), EULER)),
        (ValueError, "dt must be positive", lambda: solve(Problem(slope, np.ones(2), 0.0, 1.0), RK4, dt=-1.0)),
        (ValueError, "saveat must lie", lambda: solve(Problem(slope, np.ones(2), 0.0, 1.0), saveat=[2.0])),
        (ValueError, "not both be 0", lambda: solve(Problem(slope, np.ones(2), 0.0, 1.0), rtol=0.0, atol=0.0)),
        (ValueError, "ensemble", lambda: solve(Problem(compiled, np.ones(1), 0.0, 1.0), per_member=True)),
        (ValueError, "first axis", lambda: solve(Problem(slope, 1.0, 0.0, 1.0), per_member=True)),
        (TypeError, "per_member", lambda: ensemble(Problem(slope, np.ones(2), 0.0, 1.0), members=3)),
        (ValueError, "dense=True", lambda: solve(Problem(slope, np.ones(2), 0.0, 1.0))(0.5)),
        (ValueError, "must lie in", lambda: solve(Problem(slope, np.ones(2), 0.0, 1.0), dense=True)(1.5)),
    ],
)
def test_bad_input_is_refused(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_events_that_need_what_arrays_cannot_do():
    event = Event(lambda t, y, p: y[0] - 0.5, apply=lambda t, y, p: None)
    with pytest.raises(ValueError, match="apply"):
        solve(Problem(slope, np.ones(2), 0.0, 1.0), events=event)
    event = Event(lambda t, y, p: y[0] - 0.5, terminal=True)
    with pytest.raises(ValueError, match="one step for all"):
        solve(Problem(slope, np.ones(2), 0.0, 1.0), events=event, per_member=True)


def test_a_blow_up_has_a_cause():
    with pytest.raises(SolveError, match="grows without bound") as raised:
        solve(Problem(square, np.ones((2, 2)), 0.0, 2.0))
    solution = raised.value.solution
    assert solution.status is Status.BLOW_UP
    assert solution.t == pytest.approx(1.0, abs=1e-5)
    assert solution.ts[-1] == solution.t


def test_one_member_that_blows_up_leaves_the_others_alone():
    rates = np.array([[1.0], [0.5], [2.0]])
    found = solve(
        Problem(lambda t, y, p: rates * y * y, np.ones((3, 2)), 0.0, 0.8),
        per_member=True,
        saveat=[0.4, 0.8],
        throw=False,
        rtol=1e-9,
    )
    assert found.status is Status.BLOW_UP
    assert found.members.failed.tolist() == [2]
    assert "Members [2]" in found.message
    assert found.members.t[2] == pytest.approx(0.5, abs=1e-5)
    np.testing.assert_allclose(found.ys[1, :2, 0], [1.0 / 0.2, 1.0 / 0.6], rtol=1e-7)
    np.testing.assert_allclose(found.ys[0, 2], 1.0 / 0.2, rtol=1e-6)
    assert np.isnan(found.ys[1, 2]).all()


def test_a_slope_that_is_infinite_at_the_start():
    with pytest.raises(SolveError, match="Already at the start"):
        solve(Problem(lambda t, y, p: y * np.inf, np.ones(2), 0.0, 1.0))


@pytest.mark.parametrize("dt", [0.1, 0.003])
def test_fixed_steps_stop_where_they_lose_their_numbers(dt):
    """States are looked at every few steps only, but what is kept is finite, and the next step would not be."""
    y, count = 1.0, 0
    with np.errstate(all="ignore"):
        while np.isfinite(y):
            last, y = y, y + dt * y * y
            count += 1
        found = solve(Problem(square, np.ones(2), 0.0, 5.0), EULER, dt=dt, throw=False)
    assert found.status is Status.NON_FINITE
    assert len(found.ts) == count
    assert found.stats.accepted == count - 1
    assert found.t == pytest.approx((count - 1) * dt)
    assert found.ys[-1, 0] == found.y[0] == pytest.approx(last, rel=1e-9)


def test_a_stiff_problem_is_named():
    with pytest.raises(SolveError, match="stiff"):
        solve(Problem(lambda t, y, p: -1e6 * (y - np.cos(t)), np.zeros(3), 0.0, 1e3), max_steps=300)


@pytest.mark.parametrize("options", [{}, {"dt": 0.01}], ids=str)
def test_budgets(options):
    method = RK4 if options else TSIT5
    found = solve(Problem(slope, np.ones(2), 0.0, 1e9), method, max_steps=40, throw=False, **options)
    assert found.status is Status.MAX_STEPS
    assert found.stats.accepted + found.stats.refused == 40

    def slow(t, y, p):
        time.sleep(1e-3)
        return -y

    found = solve(Problem(slow, np.ones(2), 0.0, 1e9), method, max_seconds=0.05, throw=False, **options)
    assert found.status is Status.MAX_SECONDS


@pytest.mark.parametrize("options", [{}, {"dense": True}, {"dt": 0.01}], ids=str)
def test_ctrl_c_returns_what_was_done(options):
    calls = 0

    def drift(t, y, p):
        nonlocal calls
        calls += 1
        if calls == 100:
            raise KeyboardInterrupt
        return np.cos(t) * y

    found = solve(Problem(drift, np.ones(2), 0.0, 1e4), **options)
    assert found.status is Status.INTERRUPTED
    assert len(found.ts) == found.stats.accepted + 1 == len(found.ys)
    assert found.ts[-1] == found.t > 0.0
    if options.get("dense"):
        assert found(0.5 * found.t)[0] == pytest.approx(np.exp(np.sin(0.5 * found.t)), rel=1e-4)


def test_progress_is_shown(capsys):
    solve(Problem(slope, np.ones(2), 0.0, 1.0), progress=True)
    assert "t =" in capsys.readouterr().err


def test_an_empty_interval():
    found = solve(Problem(slope, np.ones(2), 1.0, 1.0))
    assert found.status is Status.SUCCESS
    assert found.ys.tolist() == [[1.0, 1.0]]
