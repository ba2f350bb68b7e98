"""The checks accept integrators that keep their claims and refuse those that do not; plain stepping functions."""

import math

import numpy as np
import pytest

from mechanics.methods import RK4, TSIT5
from mechanics.systems import HENON_HEILES, KEPLER, MANUFACTURED, OSCILLATOR, PENDULUM, kepler_system, linear_system
from mechanics.testing import (
    check_dense_output,
    check_invariant,
    check_order,
    check_reproducible,
    check_reversible,
    check_symplectic,
)


def slope_at(drift, t, y, p):
    dy = np.empty_like(y)
    drift(t, y, p, dy)
    return dy


def euler(t, dt, y, drift, p):
    return y + dt * slope_at(drift, t, y, p)


def heun(t, dt, y, drift, p):
    k = slope_at(drift, t, y, p)
    return y + 0.5 * dt * (k + slope_at(drift, t + dt, y + dt * k, p))


def runge_kutta(tableau, name, change=0.0):
    """A plain step from a tableau; `change` is added to one coefficient and taken from its neighbour."""
    A, b, c = [np.array(row) for row in tableau.A], tableau.b, tableau.c
    if change:
        A = [*A[:-1], A[-1] + change * np.array([1.0, -1.0, *np.zeros(len(A[-1]) - 2)])]

    def step(t, dt, y, drift, p):
        K = []
        for row, node in zip(A, c, strict=True):
            K.append(slope_at(drift, t + node * dt, y + dt * sum(a * k for a, k in zip(row, K, strict=True)), p))
        return y + dt * sum(w * k for w, k in zip(b, K, strict=True))

    step.__name__ = name
    return step


def extrapolation(columns):
    """Gragg's modified midpoint rule with the harmonic sequence: order 2 columns."""

    def step(t, dt, y, drift, p):
        start, table = slope_at(drift, t, y, p), []
        for k in range(columns):
            parts = 2 * (k + 1)
            h = dt / parts
            before, now = y, y + h * start
            for i in range(1, parts):
                before, now = now, before + 2 * h * slope_at(drift, t + i * h, now, p)
            row = [now]
            for j in range(1, k + 1):
                row.append(row[-1] + (row[-1] - table[-1][j - 1]) / (((k + 1) / (k + 1 - j)) ** 2 - 1))
            table.append(row)
        return table[-1][-1]

    step.__name__ = f"extrapolation{2 * columns}"
    return step


def verlet(t, dt, y, drift, p):
    d = len(y) // 2
    q, v = y[:d], y[d:]
    v = v + 0.5 * dt * slope_at(drift, t, np.concatenate([q, v]), p)[d:]
    q = q + dt * v
    v = v + 0.5 * dt * slope_at(drift, t, np.concatenate([q, v]), p)[d:]
    return np.concatenate([q, v])


def symplectic_euler(t, dt, y, drift, p):
    d = len(y) // 2
    v = y[d:] + dt * slope_at(drift, t, y, p)[d:]
    return np.concatenate([y[:d] + dt * v, v])


def autonomous_heun(t, dt, y, drift, p):
    """Heun's method that forgets to move time: right for autonomous systems only."""
    k = slope_at(drift, t, y, p)
    return y + 0.5 * dt * (k + slope_at(drift, t, y + dt * k, p))


@pytest.mark.parametrize(
    ("step", "order"),
    [
        (euler, 1),
        (heun, 2),
        (runge_kutta(RK4.data, "rk4"), 4),
        (runge_kutta(TSIT5.data, "tsit5"), 5),
        *((extrapolation(k), 2 * k) for k in range(1, 7)),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_orders_one_to_twelve_are_measured(step, order):
    check = check_order(step, order)
    assert abs(check.slope.order - order) < 0.3
    assert check.slope.stderr < 0.25
    assert len(check.slope.dts) >= 5


@pytest.mark.parametrize("wrong", [-1, 1])
@pytest.mark.parametrize(
    ("step", "order"),
    [(euler, 1), (runge_kutta(RK4.data, "rk4"), 4), (extrapolation(4), 8), (extrapolation(6), 12)],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_a_claim_that_is_off_by_one_is_refused(step, order, wrong):
    if order + wrong == 0 or (order, wrong) == (12, -1):
        pytest.skip("order zero is no claim; 12 cannot be told from a lucky 11 in float64")
    with pytest.raises(AssertionError, match=rf"claims order {order + wrong}, but"):
        check_order(step, order + wrong)


def test_a_perturbed_tableau_is_refused():
    """1e-3 on one coefficient, row sum kept: the order falls to 2, at long steps almost unseen."""
    with pytest.raises(AssertionError, match="tsit5off claims order 5"):
        check_order(runge_kutta(TSIT5.data, "tsit5off", 1e-3), 5)


def test_a_method_for_autonomous_systems_only_is_refused():
    """It passes on an autonomous system and fails on the default one."""
    assert check_order(autonomous_heun, 2, system=kepler_system(0.3, 3.0)).claim == 2
    with pytest.raises(AssertionError, match="autonomous_heun claims order 2"):
        check_order(autonomous_heun, 2)


def test_a_method_that_does_not_converge_is_refused():
    with pytest.raises(AssertionError, match="does not converge"):
        check_order(lambda t, dt, y, drift, p: y + 0.9 * dt * slope_at(drift, t, y, p), 1)


def test_order_needs_a_claim_and_a_method():
    with pytest.raises(ValueError, match="states no order; pass it"):
        check_order(euler)
    with pytest.raises(TypeError, match="method must be a Method or a function"):
        check_order("RK4")
    with pytest.raises(TypeError, match=r"returned shape \(2,\) for a state of shape \(3,\)"):
        check_order(lambda t, dt, y, drift, p: y[:2], 1)


def hermite(step, right=True):
    """A step with the cubic Hermite interpolant; the wrong one uses the first slope at both ends."""

    def with_interpolant(t, dt, y, drift, p):
        y1 = step(t, dt, y, drift, p)
        f0 = slope_at(drift, t, y, p)
        f1 = slope_at(drift, t + dt, y1, p) if right else f0

        def interpolant(theta):
            s, r = theta, 1 - theta
            return (
                r * y + s * y1 + s * r * ((2 * s - 1) * (y1 - y) + dt * (r * f0 - s * f1))
                if 0 < s < 1
                else (y if s == 0 else y1)
            )

        return y1, interpolant

    with_interpolant.__name__ = f"hermite_{step.__name__}"
    return with_interpolant


def test_dense_output_of_hermite_has_order_four_under_a_better_method():
    """Local error dt^4 of the interpolant, while the ends are of order five."""
    assert check_dense_output(hermite(runge_kutta(TSIT5.data, "tsit5")), 4).jump == 0.0


def test_dense_output_that_is_not_as_accurate_as_claimed_is_refused():
    with pytest.raises(AssertionError, match="the interpolant of hermite_tsit5 claims order 4"):
        check_dense_output(hermite(runge_kutta(TSIT5.data, "tsit5"), right=False), 4)


def test_dense_output_that_misses_the_ends_is_refused():
    def off(t, dt, y, drift, p):
        y1, interpolant = hermite(heun)(t, dt, y, drift, p)
        return y1, lambda theta: interpolant(theta) + 1e-9

    with pytest.raises(AssertionError, match="misses the ends of its steps by"):
        check_dense_output(off, 2)


def test_dense_output_needs_a_closed_form():
    with pytest.raises(ValueError, match="needs a closed-form solution, but Henon-Heiles has none"):
        check_dense_output(hermite(heun), 2, system=HENON_HEILES)


def test_verlet_bounds_the_energy_and_rk4_lets_it_drift():
    energy = HENON_HEILES.invariants[0]
    check = check_invariant(HENON_HEILES, verlet, energy, dt=0.1, t1=300.0)
    assert check.second_half > 1e-6  # it is not conserved, only bounded
    with pytest.raises(AssertionError, match="should not let henon_heiles_energy drift"):
        check_invariant(HENON_HEILES, runge_kutta(RK4.data, "rk4"), energy, dt=0.2, t1=300.0)


def test_quadratic_invariants_are_kept_to_rounding_by_verlet_alone():
    """Angular momentum of Kepler's problem: exact for Verlet, an error of order four for RK4."""
    momentum = KEPLER.invariants[1]
    assert check_invariant(KEPLER, verlet, momentum, dt=0.01, tol=1e-12).second_half < 1e-13
    with pytest.raises(AssertionError, match=r"rk4 with dt = 0.05 should keep kepler_angular_momentum to 1.0e-12"):
        check_invariant(KEPLER, runge_kutta(RK4.data, "rk4"), momentum, dt=0.05, tol=1e-12)


def test_an_invariant_that_becomes_nan_is_refused():
    with pytest.raises(AssertionError, match="misses it by nan"), np.errstate(all="ignore"):
        check_invariant(KEPLER, lambda t, dt, y, drift, p: y * math.nan, KEPLER.invariants[0], dt=0.1, tol=1.0)


@pytest.mark.parametrize("flip", [None, (1, 1, -1, -1)])
def test_verlet_is_reversible_and_others_are_not(flip):
    assert check_reversible(verlet, flip=flip).defect < 1e-13
    for step in (symplectic_euler, runge_kutta(RK4.data, "rk4"), extrapolation(4)):
        with pytest.raises(AssertionError, match="should be reversible"):
            check_reversible(step, flip=flip)


def test_symplectic_maps_are_told_from_accurate_ones():
    for step in (verlet, symplectic_euler):
        assert check_symplectic(step).defect < 1e-9
        assert check_symplectic(step, system=PENDULUM).defect < 1e-9
    for step in (runge_kutta(RK4.data, "rk4"), extrapolation(6)):
        with pytest.raises(AssertionError, match="should be symplectic"):
            check_symplectic(step)
    with pytest.raises(ValueError, match="y0 has 3 components"):
        check_symplectic(verlet, system=MANUFACTURED)


def test_an_inconsistent_map_has_no_step_to_be_checked_at():
    with pytest.raises(AssertionError, match="it is not consistent"):
        check_symplectic(lambda t, dt, y, drift, p: y + 1.0)


def test_a_step_with_hidden_state_is_not_reproducible():
    calls = []

    def step(t, dt, y, drift, p):
        calls.append(t)
        return euler(t, dt, y, drift, p) * (1 + 1e-15 * (len(calls) % 11))

    assert check_reproducible(OSCILLATOR, euler, dt=0.1).compared == ("again", "in two parts")
    with pytest.raises(AssertionError, match="step run again differs in its bits"):
        check_reproducible(OSCILLATOR, step, dt=0.1)
    with pytest.raises(ValueError, match="give its step with dt="):
        check_reproducible(OSCILLATOR, euler)


def test_a_step_that_remembers_its_last_slope_fails_in_two_parts():
    """Adams-Bashforth with its history outside: the run again agrees, the restart does not."""
    past = {}

    def adams(t, dt, y, drift, p):
        f = slope_at(drift, t, y, p)
        before = past.get("f", f) if t > 0 else f
        past["f"] = f
        return y + dt * (1.5 * f - 0.5 * before)

    with pytest.raises(AssertionError, match="adams run in two parts differs"):
        check_reproducible(linear_system([[-1.0]], [1.0]), adams, dt=0.1)
