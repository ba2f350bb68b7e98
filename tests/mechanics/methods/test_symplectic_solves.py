"""Symplectic methods through `solve` and `ensemble`: structure, invariants, restarts, lanes, and what is refused."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from mechanics import Event, Problem, SolveError, Status, ensemble, solve
from mechanics.methods import (
    BLANES_MOAN4,
    BLANES_MOAN_RKN6,
    GAUSS4,
    GAUSS6,
    GAUSS16,
    IMPLICIT_MIDPOINT,
    KAHAN_LI8,
    RK4,
    VERLET,
    VERN9,
    YOSHIDA4,
    all_methods,
    compensated,
)
from mechanics.systems import (
    DAMPED_OSCILLATOR,
    FPUT_CHAIN,
    HENON_HEILES,
    KEPLER,
    LORENZ63,
    PENDULUM,
    RIGID_BODY,
    VAN_DER_POL_STIFF,
    kepler_system,
)
from mechanics.systems.hamiltonian import henon_heiles_energy
from mechanics.systems.orbits import kepler_angular_momentum, kepler_energy
from mechanics.testing import (
    check_dense_output,
    check_invariant,
    check_order,
    check_reproducible,
    check_reversible,
    check_symplectic,
)

METHODS = all_methods("symplectic")
CHECKED = (VERLET, YOSHIDA4, KAHAN_LI8, BLANES_MOAN_RKN6, IMPLICIT_MIDPOINT, GAUSS6)
EACH = [m if m in CHECKED else pytest.param(m, marks=pytest.mark.sweep) for m in METHODS]
ALL_BUT_GAUSS16 = [m for m in EACH if getattr(m, "values", (m,))[0] is not GAUSS16]
# Order 16 has few step lengths between rounding and steps too long for its iteration: an orbit of many periods helps.
LONG_ORBIT = kepler_system(0.5, t1=50.0)


@pytest.mark.slow
@pytest.mark.parametrize("method", ALL_BUT_GAUSS16, ids=repr)
def test_order(method):
    check_order(method)


@pytest.mark.slow
@pytest.mark.parametrize("method", ALL_BUT_GAUSS16, ids=repr)
def test_dense_output(method):
    check_dense_output(method)


@pytest.mark.slow
@pytest.mark.parametrize("method", EACH, ids=repr)
def test_structure(method):
    check_symplectic(method, dt=1.0 if method is GAUSS16 else None)
    check_reversible(method, dt=1.0 if method is GAUSS16 else None)
    check_reversible(method, dt=0.3, flip=[1, 1, -1, -1])


@pytest.mark.slow
@pytest.mark.parametrize("method", EACH, ids=repr)
def test_energy_does_not_drift_and_members_are_single_runs(method):
    dt = {2: 0.05, 4: 0.1, 6: 0.15, 8: 0.2, 16: 0.4}[method.order]
    check_invariant(HENON_HEILES, method, henon_heiles_energy, dt=dt, t1=2000.0)
    check_reproducible(HENON_HEILES, method, dt=dt)


def test_runge_kutta_of_order_four_loses_the_energy_that_yoshida_keeps():
    with pytest.raises(AssertionError, match=r"RK4 with dt = 0\.1 should not let"):
        check_invariant(HENON_HEILES, RK4, henon_heiles_energy, dt=0.1, t1=2000.0)


def test_gauss_keeps_quadratic_invariants_to_rounding():
    """Angular momentum is bilinear in q and v; energy, of higher degree, is not kept exactly."""
    check_invariant(KEPLER, GAUSS4, kepler_angular_momentum, dt=0.1, t1=200.0, tol=1e-14)
    with pytest.raises(AssertionError, match="misses it"):
        check_invariant(KEPLER, GAUSS4, kepler_energy, dt=0.1, t1=200.0, tol=1e-14)


def test_gauss_keeps_the_invariants_of_a_rigid_body():
    """Not separable, of three components: the equations of first order, both invariants quadratic."""
    for invariant in RIGID_BODY.invariants:
        check_invariant(RIGID_BODY, IMPLICIT_MIDPOINT, invariant, dt=0.1, t1=100.0, tol=1e-14)


def test_sixteenth_order():
    """Errors of 1e-12 to 1e-3 on eight orbits; they alternate about the slope. Its conditions prove the order."""
    exact = LONG_ORBIT.solution()
    steps = np.round(LONG_ORBIT.t1 / np.geomspace(0.2, 0.8, 16)).astype(int)
    errors = []
    for n in steps:
        end = solve(LONG_ORBIT.problem(), GAUSS16, dt=LONG_ORBIT.t1 / n * (1 + 1e-15), saveat=[LONG_ORBIT.t1]).y
        errors.append(np.abs(end - exact).max())
    slope = np.polyfit(-np.log(steps), np.log(errors), 1)[0]
    assert 13.5 < slope < 17.5
    assert min(errors) < 1e-11


class Tilted(NamedTuple):
    """Speed of light, and strength of the field."""

    c: float
    k: float


def relativistic(t, y, p, dy):
    """dq/dt = v / sqrt(1 + v^2 / c^2), force -k q (1 + t / 10): not linear in v, and dependent on t."""
    dy[0] = y[1] / math.sqrt(1.0 + y[1] * y[1] / (p.c * p.c))
    dy[1] = -p.k * y[0] * (1.0 + 0.1 * t)


@pytest.mark.parametrize("method", [VERLET, YOSHIDA4, BLANES_MOAN4, KAHAN_LI8], ids=str)
def test_order_where_velocities_are_not_momenta_and_time_is_explicit(method):
    problem = Problem(relativistic, [1.0, 0.3], 0.0, 6.0, Tilted(1.5, 1.0))
    exact = solve(problem, VERN9, rtol=1e-14, atol=1e-14, saveat=[6.0]).y
    dts = (0.6 if method.order == 8 else 0.1) * 0.5 ** np.arange(3)
    errors = [np.abs(solve(problem, method, dt=dt, saveat=[6.0]).y - exact).max() for dt in dts]
    slope = np.log2(np.array(errors[:-1]) / errors[1:])
    assert slope[-1] == pytest.approx(method.order, abs=0.4 if method.order < 8 else 1.0)


def test_nystrom_words_refuse_velocities_that_are_not_linear():
    with pytest.raises(ValueError, match=r"BLANES_MOAN_RKN6 keeps its order only where dq/dt is linear"):
        solve(Problem(relativistic, [1.0, 0.3], 0.0, 6.0, Tilted(1.5, 1.0)), BLANES_MOAN_RKN6, dt=0.1)


def weighted(t, y, p, dy):
    dy[0] = y[2] / 3.0
    dy[1] = y[3] / 7.0 + y[2]
    dy[2] = -y[0]
    dy[3] = -y[1]


def test_nystrom_words_take_masses():
    energy = lambda t, y, p: y[2] ** 2 / 6 + y[3] ** 2 / 14 + y[2] * y[3] + (y[0] ** 2 + y[1] ** 2) / 2  # noqa: E731
    problem = Problem(weighted, [1.0, 0.0, 0.0, 0.5], 0.0, 1.0)
    assert np.isfinite(solve(problem, BLANES_MOAN_RKN6, dt=0.1).y).all()
    assert energy(0.0, problem.y0, None) > 0


class Damping(NamedTuple):
    gamma: float


def damped(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -y[0] - p.gamma * y[1]


def mixed(t, y, p, dy):
    dy[0] = y[2]
    dy[1] = y[3] + 0.1 * y[0]
    dy[2] = -y[0]
    dy[3] = -y[1]


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (DAMPED_OSCILLATOR.problem(), r"force depends on velocities: dy\[1\] changes with y\[1\].*GAUSS4"),
        (Problem(mixed, [1.0, 1.0, 0.0, 0.0], 0.0, 1.0), r"dq/dt depends on positions: dy\[1\] changes with y\[0\]"),
        (LORENZ63.problem(), "y0 has 3 components, an odd number.*IMPLICIT_MIDPOINT"),
    ],
    ids=["damping", "mixed", "odd"],
)
def test_systems_that_are_not_separable_are_refused(problem, said):
    with pytest.raises(ValueError, match=said):
        solve(problem, VERLET, dt=0.1)
    with pytest.raises(ValueError, match=said):
        ensemble(problem, YOSHIDA4, members=3, dt=0.1)
    solve(problem, GAUSS4, dt=0.01)  # which the message names


def test_a_damping_of_zero_is_none_and_another_value_is_seen():
    free = Problem(damped, [1.0, 0.0], 0.0, 1.0, Damping(0.0))
    solve(free, VERLET, dt=0.1)
    with pytest.raises(ValueError, match="depends on velocities"):
        solve(replace(free, p=Damping(0.1)), VERLET, dt=0.1)
    with pytest.raises(ValueError, match="depends on velocities"):
        ensemble(free, VERLET, p=Damping(np.array([0.0, 0.0, 0.2])), dt=0.1)


def test_steps_are_asked_for_with_the_reason():
    with pytest.raises(ValueError, match="all its steps are equal; give the step with dt="):
        solve(HENON_HEILES.problem(), KAHAN_LI8)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(KAHAN_LI8, marks=pytest.mark.sweep),
        *(pytest.param(m, marks=pytest.mark.slow) for m in (VERLET, compensated(VERLET), GAUSS6)),
    ],
    ids=str,
)
def test_a_run_in_parts_has_the_bits_of_the_whole(method):
    """On the grid, off the grid, by budget, and on through a chunk of steps; the drift depends on time."""
    problem = Problem(relativistic, [1.0, 0.3], 0.0, 50.0, Tilted(1.5, 1.0))
    whole = solve(problem, method, dt=0.01)
    for t in (12.3, 20.004):
        first = solve(replace(problem, t1=t), method, dt=0.01)
        assert np.array_equal(solve(first.restart(t1=50.0), method, dt=0.01).y, whole.y)
    budget = solve(problem, method, dt=0.01, max_steps=700, throw=False)
    assert budget.stats.accepted == 700
    rest = solve(budget.restart(t1=50.0), method, dt=0.01, saveat=[50.0])
    assert np.array_equal(rest.y, whole.y)
    some = solve(problem, method, dt=0.01, saveat=[7.0, 7.777, 31.0])
    dense = solve(problem, method, dt=0.01, dense=True)
    assert np.array_equal(some.ys, dense(some.ts))
    assert np.array_equal(some.ys[0], whole.ys[700])


@pytest.mark.parametrize("method", [KAHAN_LI8, GAUSS6], ids=str)
def test_members_with_parameters_of_their_own_equal_single_runs(method):
    """Eleven members: full vectors and a rest; off-grid times; what is carried lies behind the parameters."""
    k = np.linspace(0.5, 2.0, 11)
    problem = Problem(relativistic, [1.0, 0.3], 0.0, 5.05, Tilted(1.5, 1.0))
    run = ensemble(problem, method, p=Tilted(1.5, k), dt=0.1, saveat=[1.23, 5.05])
    assert run.stats.engine == "lanes"
    for i in (0, 3, 10):
        assert np.array_equal(run.solve_member(i, saveat=run.ts).ys, run.ys[i])
        assert np.array_equal(run.solve_member(i).y, run.y[i])


def test_many_components_take_another_form_of_the_same_step():
    """64 components are written as loops, of which positions move by v itself: the energy tells."""
    energy = FPUT_CHAIN.invariants[0]
    for method, dt in ((YOSHIDA4, 0.1), (GAUSS6, 0.2)):
        check_invariant(FPUT_CHAIN, method, energy, dt=dt, t1=500.0, tol=2e-5)


def test_events_on_a_symplectic_run():
    solution = solve(KEPLER.problem(t1=20.0), GAUSS16, dt=0.1, events=Event(axis))
    np.testing.assert_allclose(solution.events[0].ts, np.pi * np.arange(1, 7), atol=1e-11)


def axis(t, y, p):
    return y[1]


def test_an_iteration_that_does_not_converge_says_so():
    with pytest.raises(SolveError, match="choose a smaller dt") as caught:
        solve(HENON_HEILES.problem(), GAUSS4, dt=4.0)
    assert caught.value.solution.status is Status.NO_CONVERGENCE
    with pytest.raises(SolveError, match="the problem is stiff"):
        solve(VAN_DER_POL_STIFF.problem(), GAUSS4, dt=0.1)


def wall(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = math.sqrt(1.0 - y[0])


def test_a_drift_that_ends_inside_a_chunk_is_found_in_its_step():
    """What is reported is the last good state, as when every step is kept."""
    problem = Problem(wall, [0.0, 0.0], 0.0, 10.0)
    each = solve(problem, VERLET, dt=0.001, throw=False)
    end = solve(problem, VERLET, dt=0.001, saveat=[10.0], throw=False)
    assert each.status is end.status is Status.NON_FINITE
    assert each.stats.accepted == end.stats.accepted > 1000
    assert np.array_equal(each.y, end.y)
    assert np.isfinite(end.y).all()


def long_energy(y):
    """Energy of Henon and Heiles in more digits than those of y."""
    q1, q2, v1, v2 = np.moveaxis(y.astype(np.longdouble), -1, 0)
    return (q1**2 + q2**2 + v1**2 + v2**2) / 2 + q1**2 * q2 - q2**3 / 3


def test_energy_errors_of_compensated_sums_grow_as_the_square_root_of_time():
    """Brouwer's law: 64 members, 2^13 and 2^17 steps, fixed starts. Hairer, Lubich, Wanner, VIII.5.

    The spread over members grows as steps^(1/2) (0.35 to 0.65 granted; a drift would give 1); the false-alarm rate of
    these bounds is below 1e-3 for 64 independent members. Plain sums err a hundred times more.
    """
    starts = 0.6 * HENON_HEILES.y0 + 0.05 * np.random.default_rng(3).normal(size=(64, 4))
    times = 0.02 * 2.0 ** np.array([13, 17])
    plain = replace(KAHAN_LI8, name="PLAIN", data=replace(KAHAN_LI8.data, compensated=False))
    spread = {}
    for method in (KAHAN_LI8, plain):
        run = ensemble(HENON_HEILES.problem(t1=times[-1]), method, y0=starts, dt=0.02, saveat=times)
        error = long_energy(run.ys) / long_energy(starts)[:, None] - 1.0
        spread[method.name] = np.sqrt(np.mean(error.astype(float) ** 2, axis=0))
    law = np.log2(spread["KAHAN_LI8"][1] / spread["KAHAN_LI8"][0]) / 4.0
    assert 0.35 < law < 0.65
    assert spread["KAHAN_LI8"][1] < 0.1 * spread["PLAIN"][1]


def test_pendulum_swings_with_the_right_period():
    """K(sin^2(theta/2)) from scipy, against the return of GAUSS6."""
    from scipy.special import ellipk

    period = 4.0 * ellipk(math.sin(0.75) ** 2)
    problem = replace(PENDULUM.problem(), t1=period)
    np.testing.assert_allclose(solve(problem, GAUSS6, dt=period / 200, saveat=[period]).y, PENDULUM.y0, atol=1e-10)
