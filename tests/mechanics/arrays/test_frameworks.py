"""Any framework: its type, device and precision come back; the numbers are those of NumPy."""

import numpy as np
import pytest

from mechanics import Event, Problem, solve
from mechanics.methods import DOP853, RK4, TSIT5

SHAPES = ((), (3,), (4, 2), (2, 3, 2))


def turn(t, y, p):
    return -p * y + (0.5 * y) * (0.5 * y) * 0.1


def start(shape):
    return np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("options", [{}, {"saveat": [0.0, 0.4, 1.0]}, {"dense": True}, {"dt": 0.1}], ids=str)
def test_states_of_any_shape(framework, shape, options):
    y0 = framework.array(start(shape), "float64")
    close = 1e-13 if "dt" in options else 1e-7  # a controlled step may follow the rounding of an error estimate
    found = solve(Problem(turn, y0, 0.0, 1.0, 1.3), **options)
    reference = solve(Problem(turn, start(shape), 0.0, 1.0, 1.3), **options)
    assert isinstance(found.ys, framework.type)
    assert isinstance(found.ts, framework.type)
    assert tuple(found.y.shape) == shape
    assert tuple(found.ys.shape) == (len(reference.ts), *shape)
    np.testing.assert_allclose(framework.numpy(found.ys), reference.ys, rtol=close)
    if options.get("dense"):
        np.testing.assert_allclose(framework.numpy(found([0.2, 0.9])), reference([0.2, 0.9]), rtol=close)


@pytest.mark.parametrize("options", [{}, {"saveat": [0.0, 0.4, 1.0]}, {"dense": True}], ids=str)
@pytest.mark.parametrize("shape", [(4,), (4, 2)], ids=str)
def test_members(framework, shape, options):
    y0 = framework.array(start(shape), "float64")
    close = 1e-7
    found = solve(Problem(turn, y0, 0.0, 1.0, 1.3), DOP853, per_member=True, **options)
    reference = solve(Problem(turn, start(shape), 0.0, 1.0, 1.3), DOP853, per_member=True, **options)
    np.testing.assert_array_equal(found.members.accepted, reference.members.accepted)
    np.testing.assert_allclose(framework.numpy(found.ys), reference.ys, rtol=close)
    if options.get("dense"):
        np.testing.assert_allclose(framework.numpy(found([0.2, 0.9])), reference([0.2, 0.9]), rtol=close)


@pytest.mark.parametrize("options", [{}, {"per_member": True}, {"dt": 0.1}, {"dense": True}], ids=str)
def test_single_precision_stays(framework, options):
    y0 = framework.array(start((3, 2)), "float32")
    found = solve(Problem(turn, y0, 0.0, 1.0, 1.3), rtol=1e-4, atol=1e-5, **options)
    exact = solve(Problem(turn, start((3, 2)), 0.0, 1.0, 1.3), rtol=1e-9)
    assert "float32" in str(found.ys.dtype)
    assert "float32" in str(found.y.dtype)
    np.testing.assert_allclose(framework.numpy(found.y), exact.y, rtol=1e-3)


def test_complex_states(framework):
    y0 = framework.array(start((3,)), "complex128")
    for options in ({"rtol": 1e-10}, {"dt": 0.01, "method": RK4}):
        found = solve(Problem(lambda t, y, p: 1j * y, y0, 0.0, 1.0), **options)
        np.testing.assert_allclose(framework.numpy(found.y), start((3,)) * np.exp(1j), rtol=1e-8)


def test_terminal_event(framework):
    y0 = framework.array([1.0, 0.0], "float64")
    mixing = framework.array([[0.0, 1.0], [-1.0, 0.0]], "float64")

    def oscillate(t, y, p):
        return mixing @ y

    def position(t, y, p):
        return y[0]

    found = solve(Problem(oscillate, y0, 0.0, 10.0), events=Event(position, terminal=2), rtol=1e-10, atol=1e-10)
    assert found.status.name == "EVENT"
    assert found.t == pytest.approx(1.5 * np.pi, abs=1e-8)
    np.testing.assert_allclose(framework.numpy(found.events[0].ts), [0.5 * np.pi, 1.5 * np.pi], atol=1e-8)
    np.testing.assert_allclose(framework.numpy(found.y), [0.0, 1.0], atol=1e-8)


def test_times_of_the_drift(framework):
    """A drift may take functions of t, and members see times of their own."""
    shapes = []

    def drift(t, y, p):
        shapes.append(tuple(getattr(t, "shape", ())))
        return framework.xp.cos(t) + 0.0 * y

    y0 = framework.array(start((4, 2)), "float64")
    one = solve(Problem(drift, y0, 0.0, 2.0), TSIT5, rtol=1e-9)
    assert set(shapes) == {()}
    each = solve(Problem(drift, y0, 0.0, 2.0), TSIT5, rtol=1e-9, per_member=True)
    assert (4, 1) in shapes
    for found in (one, each):
        np.testing.assert_allclose(framework.numpy(found.y), start((4, 2)) + np.sin(2.0), rtol=1e-8)


def test_a_drift_may_write_into_one_array_again_and_again(framework):
    if framework.name in ("jax", "strict"):
        pytest.skip("arrays that are not written to")
    y0 = framework.array(start((3,)), "float64")
    mine = framework.array(np.zeros(3), "float64")

    def drift(t, y, p):
        mine[...] = -y
        return mine

    found = solve(Problem(drift, y0, 0.0, 1.0), rtol=1e-9, first_dt=1.0)  # a first step that is refused
    assert found.stats.refused
    np.testing.assert_allclose(framework.numpy(found.y), start((3,)) * np.exp(-1.0), rtol=1e-8)
