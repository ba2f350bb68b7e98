"""Splitting methods on arrays: the steps of the compiled engine, their structure, and their gradients."""

import numpy as np
import pytest

from mechanics import Event, Problem, solve
from mechanics.methods import (
    BLANES_MOAN_RKN6,
    GAUSS4,
    KAHAN_LI8,
    POSITION_VERLET,
    VERLET,
    YOSHIDA8,
)

WORDS = [VERLET, POSITION_VERLET, YOSHIDA8, BLANES_MOAN_RKN6]  # either letter first, with and without compensation


def pendula(t, y, p, dy):
    """Two coupled ones with a driven force: explicit time, and a mass in dq/dt."""
    dy[0] = 0.8 * y[2]
    dy[1] = y[3]
    dy[2] = -np.sin(y[0]) + p * (y[1] - y[0]) + 0.1 * np.cos(1.3 * t)
    dy[3] = -np.sin(y[1]) + p * (y[0] - y[1])


def pendula_of(xp, mass=0.8):
    def drift(t, y, p):
        a, b, u, v = (y[..., i] for i in range(4))
        drive = 0.1 * np.cos(1.3 * float(t))
        return xp.stack([mass * u, v, -xp.sin(a) + p * (b - a) + drive, -xp.sin(b) + p * (a - b)], -1)

    return drift


Y0 = [1.0, -0.4, 0.3, 0.9]


@pytest.mark.parametrize("method", WORDS, ids=str)
@pytest.mark.parametrize("framework", ["numpy", "torch"], indirect=True)
def test_steps_of_the_compiled_engine(framework, method):
    """To rounding, in both directions, with a last step that is shorter."""
    for t0, t1, dt in ((0.0, 5.0, 0.11), (2.0, -1.0, 0.1)):
        ours = solve(Problem(pendula_of(framework.xp), framework.array(Y0, "float64"), t0, t1, 0.5), method, dt=dt)
        theirs = solve(Problem(pendula, Y0, t0, t1, 0.5), method, dt=dt)
        np.testing.assert_allclose(framework.numpy(ours.ys), theirs.ys, rtol=0.0, atol=1e-13)
        np.testing.assert_array_equal(framework.numpy(ours.ts), theirs.ts)


@pytest.mark.parametrize("method", [VERLET, pytest.param(POSITION_VERLET, marks=pytest.mark.sweep)], ids=str)
def test_states_between_steps_and_events_are_those_of_the_compiled_engine(method):
    ts = np.linspace(0.0, 4.0, 17)
    event = Event(lambda t, y, p: y[0] - 0.2)
    ours, theirs = (
        solve(Problem(drift, np.array(Y0), 0.0, 4.0, 0.5), method, dt=0.15, saveat=ts, dense=True, events=event)
        for drift in (pendula_of(np), pendula)
    )
    np.testing.assert_allclose(ours.ys, theirs.ys, atol=1e-12)
    np.testing.assert_allclose(ours(1.234), theirs(1.234), atol=1e-12)
    assert len(theirs.events[0].ts) > 0
    np.testing.assert_allclose(ours.events[0].ts, theirs.events[0].ts, atol=1e-11)


def oscillators(t, y, p):
    d = y.shape[-1] // 2
    return np.concatenate([y[..., d:], -p * y[..., :d]], axis=-1)


def test_any_shape_and_few_evaluations():
    """Where dq/dt is v, a step of Verlet's costs one evaluation; each row moves as if alone."""
    y0 = np.random.default_rng(5).normal(size=(3, 2, 6))
    found = solve(Problem(oscillators, y0, 0.0, 2.0, 1.7), VERLET, dt=0.02, saveat=[2.0])
    assert found.stats.evaluations == 101
    row = solve(Problem(oscillators, y0[1, 1], 0.0, 2.0, 1.7), VERLET, dt=0.02, saveat=[2.0])
    np.testing.assert_allclose(found.y[1, 1], row.y, atol=1e-14)
    massive = solve(Problem(pendula_of(np), np.array(Y0), 0.0, 2.0, 0.5), VERLET, dt=0.02, saveat=[2.0])
    assert massive.stats.evaluations == 201


@pytest.mark.parametrize(("method", "least", "most"), [(VERLET, 1e-4, 1e-2), (KAHAN_LI8, 0.0, 1e-9)], ids=str)
def test_energy_does_not_drift_and_steps_reverse(method, least, most):
    y0 = np.array([[1.0, 0.0], [0.3, -0.8]])
    there = solve(Problem(oscillators, y0, 0.0, 100.0, 1.0), method, dt=0.1)
    energy = (there.ys**2).sum(axis=-1)
    early, late = energy[:300], energy[-300:]
    np.testing.assert_allclose(early.max(axis=0), late.max(axis=0), rtol=1e-5)
    assert least < abs(energy / energy[0] - 1.0).max() < most
    back = solve(Problem(oscillators, there.y, 100.0, 0.0, 1.0), method, dt=0.1)
    np.testing.assert_allclose(back.y, y0, atol=1e-12)


def test_compensated_sums_keep_what_is_rounded():
    """The energy of an oscillator in long runs of order 8 is that of the compiled engine's compensated sums."""
    y0 = np.array([1.0, 0.0])
    ys = solve(Problem(oscillators, y0, 0.0, 150.0, 1.0), YOSHIDA8, dt=0.03).ys
    assert abs((ys**2).sum(axis=-1) - 1.0).max() < 3e-15  # 1.9e-14 with plain sums


@pytest.mark.parametrize("method", [VERLET, BLANES_MOAN_RKN6], ids=str)
def test_gradients_are_those_of_differences(method):
    torch = pytest.importorskip("torch")
    drift = pendula_of(torch)

    def end(y0, p):
        return solve(Problem(drift, y0, 0.0, 1.0, p), method, dt=0.13, saveat=[0.4, 1.0]).ys

    y0 = torch.tensor([Y0, Y0[::-1]], dtype=torch.float64, requires_grad=True)
    p = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(end, (y0, p))


def test_gradient_of_the_frequency_in_closed_form():
    """q(1) = cos(w): d q / d w^2 = -sin(w) / (2 w)."""
    torch = pytest.importorskip("torch")
    square = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    y0 = torch.tensor([1.0, 0.0], dtype=torch.float64)
    drift = lambda t, y, p: torch.cat([y[1:], -p * y[:1]])  # noqa: E731
    solve(Problem(drift, y0, 0.0, 1.0, square), YOSHIDA8, dt=0.02).y[0].backward()
    w = np.sqrt(1.7)
    assert float(square.grad) == pytest.approx(-np.sin(w) / (2.0 * w), abs=1e-13)


@pytest.mark.parametrize("framework", ["numpy", "torch"], indirect=True)
def test_forces_that_depend_on_velocities_are_refused(framework):
    y0 = framework.array([[1.0, 0.5, 0.2, 0.1]] * 3, "float64")

    def damped(t, y, p):
        q, v = y[..., :2], y[..., 2:]
        return framework.xp.concatenate([v, -q - p * v], -1)

    for p in (0.0, 0.1, 0.0):  # a damping of 0 is none
        problem = Problem(damped, y0, 0.0, 1.0, p)
        if p:
            with pytest.raises(
                ValueError, match=r"force depends on velocities: dy\[\.\.\., 2\] .*y\[\.\.\., 2\]. Use GAUSS4"
            ):
                solve(problem, VERLET, dt=0.1)
        else:
            solve(problem, VERLET, dt=0.1)
    rate = framework.array(0.0, "float64")  # one that changes in place is looked at again
    solve(Problem(damped, y0, 0.0, 1.0, rate), VERLET, dt=0.1)
    rate += 0.1
    with pytest.raises(ValueError, match="force depends on velocities"):
        solve(Problem(damped, y0, 0.0, 1.0, rate), VERLET, dt=0.1)


def test_other_refusals():
    y0 = np.array([1.0, 0.5])
    with pytest.raises(ValueError, match=r"dq/dt depends on positions: dy\[0\] changes with y\[0\]"):
        solve(Problem(lambda t, y, p: np.array([y[1] + y[0], -y[0]]), y0, 0.0, 1.0), VERLET, dt=0.1)
    with pytest.raises(ValueError, match="3 components, an odd number"):
        solve(Problem(lambda t, y, p: -y, np.ones(3), 0.0, 1.0), VERLET, dt=0.1)
    with pytest.raises(ValueError, match="linear in the velocities"):
        solve(Problem(lambda t, y, p: np.array([y[1] ** 3, -y[0]]), y0, 0.0, 1.0), BLANES_MOAN_RKN6, dt=0.1)
    with pytest.raises(ValueError, match="all its steps are equal"):
        solve(Problem(oscillators, y0, 0.0, 1.0, 1.0), VERLET)
    with pytest.raises(ValueError, match=r"GAUSS4 does not run on arrays. Methods that fit: .*VERLET"):
        solve(Problem(oscillators, y0, 0.0, 1.0, 1.0), GAUSS4, dt=0.1)


def test_the_probe_costs_once():
    calls = 0

    def counted(t, y, p):
        nonlocal calls
        calls += 1
        return np.concatenate([y[1:], -y[:1]])

    found = []
    for _ in range(3):
        before = calls
        solution = solve(Problem(counted, np.array([1.0, 0.5]), 0.0, 1.0), VERLET, dt=0.1)
        found.append(calls - before - solution.stats.evaluations)
    assert found[0] > 30
    assert found[1] == found[2] <= 1
