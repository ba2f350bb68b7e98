"""On NumPy float64 the array engine takes the steps of the compiled engine."""

import numpy as np
import pytest

from mechanics import Event, Problem, solve
from mechanics.methods import BOSH3, DOP853, DOPRI5, EULER, FEAGIN12, HEUN, RK4, SSPRK3, TSIT5, VERN7, VERN9
from mechanics.testing import check_order


def kepler(t, y, p, dy):
    r3 = (y[0] * y[0] + y[1] * y[1]) ** 1.5
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = -y[0] / r3
    dy[3] = -y[1] / r3


def driven(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p * np.sin(y[0]) - 0.1 * y[1] + np.cos(1.3 * t)


def rotor(t, y, p, dy):
    dy[0] = -2.0 * y[1] * y[2]
    dy[1] = 1.25 * y[0] * y[2]
    dy[2] = -0.5 * y[0] * y[1]


SYSTEMS = {
    "kepler": (kepler, [0.7, 0.0, 0.0, 1.36], 8.0, None),
    "driven": (driven, [1.0, 0.0], 12.0, 2.0),
    "rotor": (rotor, [1.0, 0.2, 0.9], 10.0, None),
}


def returned(drift):
    """The same drift for the array engine."""

    def slope(t, y, p):
        dy = np.empty_like(y)
        drift(t, y, p, dy)
        return dy

    return slope


def both(name, method, t0=0.0, **options):
    drift, y0, t1, p = SYSTEMS[name]
    start, end = (t0, t1) if t0 == 0.0 else (t1, t0)
    return (
        solve(Problem(drift, y0, start, end, p), method, **options),
        solve(Problem(returned(drift), np.array(y0), start, end, p), method, **options),
    )


def same_steps(compiled, arrays, places):
    assert arrays.stats.engine == "arrays"
    assert (arrays.stats.accepted, arrays.stats.refused) == (compiled.stats.accepted, compiled.stats.refused)
    np.testing.assert_allclose(arrays.y, compiled.y, rtol=places, atol=places)
    assert arrays.ys.shape == compiled.ys.shape


@pytest.mark.parametrize(("name", "method"), [("kepler", TSIT5), ("rotor", DOP853)], ids=str)
def test_same_controlled_steps_to_rounding(name, method):
    """Where the error estimate is far above rounding, so that step lengths agree to many digits."""
    compiled, arrays = both(name, method, rtol=1e-6, atol=1e-6)
    same_steps(compiled, arrays, 1e-11)
    np.testing.assert_allclose(arrays.ts, compiled.ts, rtol=1e-9)


@pytest.mark.parametrize("method", [HEUN, BOSH3, DOPRI5, TSIT5, VERN7, DOP853, VERN9, FEAGIN12], ids=str)
def test_same_controlled_steps(method):
    tol = 1e-4 if method.order < 4 else 1e-7
    compiled, arrays = both("driven", method, rtol=tol, atol=tol)
    # after a cautious first step the estimate of a high order is rounding noise, and lengths follow it
    same_steps(compiled, arrays, 1e-2 * tol)


@pytest.mark.parametrize("method", [EULER, SSPRK3, RK4, DOP853, VERN9], ids=str)
def test_same_fixed_steps(method):
    compiled, arrays = both("driven", method, dt=0.07)  # 12 / 0.07 is no whole number
    same_steps(compiled, arrays, 1e-12)
    np.testing.assert_array_equal(arrays.ts, compiled.ts)


@pytest.mark.parametrize("method", [TSIT5, DOP853], ids=str)
def test_same_states_between_steps(method):
    ts = np.linspace(0.0, 8.0, 41)
    for options in ({"saveat": ts}, {"saveat": ts, "dense": True}):
        compiled, arrays = both("kepler", method, rtol=1e-7, atol=1e-7, **options)
        np.testing.assert_allclose(arrays.ys, compiled.ys, atol=1e-9)
        np.testing.assert_array_equal(arrays.ts, ts)
    np.testing.assert_allclose(arrays(ts[1:]), compiled(ts[1:]), atol=1e-9)
    assert arrays(3.3).shape == (4,)


@pytest.mark.parametrize(
    "options",
    [
        {"max_dt": 0.05},
        {"first_dt": 1e-3},
        {"atol": [1e-4, 1e-9]},
        {"atol": 0.0, "rtol": 1e-7},
        {"t0": 12.0},
        {"max_steps": 17, "throw": False},
    ],
    ids=str,
)
def test_same_steps_with_options(options):
    compiled, arrays = both("driven", DOPRI5, **options)
    # tolerances of 1e-6; a run that max_steps cuts short ends at times that agree like the sum of its steps
    same_steps(compiled, arrays, 1e-4 if "max_steps" in options else 2e-6)
    assert arrays.status is compiled.status
    assert arrays.t == pytest.approx(compiled.t, rel=1e-4)


def height(t, y, p):
    return y[0] - 0.3


def speed(t, y, p):
    return y[1]


@pytest.mark.parametrize("method", [TSIT5, RK4], ids=str)
def test_same_events(method):
    events = (Event(height, terminal=3), Event(speed, direction=-1))
    options = {} if method.adaptive else {"dt": 0.1}
    compiled, arrays = both("driven", method, events=events, **options)
    same_steps(compiled, arrays, 1e-7)
    assert arrays.status is compiled.status
    assert arrays.t == pytest.approx(compiled.t, abs=1e-7)
    for ours, theirs in zip(arrays.events, compiled.events, strict=True):
        assert len(ours.ts) == len(theirs.ts) > 0
        np.testing.assert_allclose(ours.ts, theirs.ts, atol=1e-7)
        np.testing.assert_allclose(ours.ys, theirs.ys, atol=1e-7)


@pytest.mark.parametrize("method", [RK4, TSIT5, VERN7], ids=str)
def test_order_of_convergence(method):
    def step(t, dt, y, drift, p):
        return solve(Problem(returned(drift), y, t, t + dt, p), method, dt=abs(dt), saveat=[t + dt]).y

    check_order(step, method.order, most_steps=400)


def test_members_equal_their_single_solves():
    """Steps of a member do not depend on the others; sums may round differently in a batch."""
    rng = np.random.default_rng(3)
    y0 = rng.normal(size=(7, 3))
    slope = lambda t, y, p: np.stack(  # noqa: E731
        [
            10.0 * (y[..., 1] - y[..., 0]),
            y[..., 0] * (28.0 - y[..., 2]) - y[..., 1],
            y[..., 0] * y[..., 1] - 2.0 * y[..., 2],
        ],
        axis=-1,
    )
    ts = np.linspace(0.0, 1.0, 11)
    together = solve(Problem(slope, y0, 0.0, 1.0), per_member=True, saveat=ts)
    kept = solve(Problem(slope, y0, 0.0, 1.0), per_member=True, dense=True)
    for i, start in enumerate(y0):
        single = solve(Problem(slope, start, 0.0, 1.0), saveat=ts)
        assert together.members.accepted[i] == single.stats.accepted
        assert together.members.refused[i] == single.stats.refused
        np.testing.assert_allclose(together.ys[:, i], single.ys, atol=1e-8)
    np.testing.assert_allclose(kept(ts), together.ys, atol=1e-8)
    assert len(set(together.members.accepted.tolist())) > 1
    backwards = solve(Problem(slope, together.y, 1.0, 0.5), per_member=True, saveat=[0.9, 0.7, 0.5], rtol=1e-9)
    np.testing.assert_allclose(backwards.ys, together.ys[[9, 7, 5]], atol=2e-3)
