"""Drifts and Jacobians: they agree, they compile, and every record is what it says."""

import cmath
import importlib.util
from types import FunctionType

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanics.engine import compile_bound
from mechanics.systems import (
    BRUSSELATOR_PDE,
    DETEST,
    FPUT_CHAIN,
    LORENZ63,
    LORENZ96,
    OSCILLATOR,
    PLEIADES,
    all_systems,
    brusselator_pde_system,
    fput_system,
    kepler_system,
    linear_system,
    lorenz96_system,
    make_system,
    toda_system,
)

SYSTEMS = all_systems()
drift = None  # bound below


def complex_step_jacobian(system, t, y):
    """d f_i / d y_j, exact to rounding: the plain Python drift run with complex numbers.

    Squire, Trapp, SIAM Rev. 40 (1998) 110-112.
    """
    f = FunctionType(system.drift.__code__, {**system.drift.__globals__, "math": cmath})
    J = np.empty((system.n, system.n))
    for j in range(system.n):
        z, dz = np.array(y, complex), np.empty(system.n, complex)
        z[j] += 1e-60j
        f(t, z, system.p, dz)
        J[:, j] = dz.imag / 1e-60
    return J


@pytest.mark.parametrize("system", [s for s in SYSTEMS if s.jacobian], ids=lambda s: s.name)
def test_jacobians_are_the_derivatives_of_the_drifts(system):
    rng = np.random.default_rng(7)
    for k in range(3):
        y = system.y0 + 0.2 * k * rng.uniform(0.0, 1.0, system.n)
        J = np.zeros((system.n, system.n))
        system.jacobian(0.7, y, system.p, J)
        wanted = complex_step_jacobian(system, 0.7, y)
        assert_allclose(J, wanted, rtol=1e-12, atol=1e-14 * np.abs(wanted).max())


def entry(t, y, p, dy):
    drift(t, y, p, dy)


SMALL = [LORENZ63, LORENZ96, PLEIADES, FPUT_CHAIN, *(s for s in SYSTEMS if s.name in ("HIRES", "DETEST C5", "Toda"))]


@pytest.mark.parametrize("system", SMALL, ids=lambda s: s.name)
def test_compiled_drifts_give_the_bits_of_plain_python(system):
    """Strict arithmetic: for drifts of + - * / sqrt; others differ in the last bits of the C library."""
    from mechanics.engine import kernel

    run = compile_bound(entry, drift=kernel(system.drift))
    y = system.y0 + 0.125
    dy = np.empty(system.n)
    run(0.5, y, system.p, dy)
    compare = assert_allclose if system.name == "Toda" else assert_array_equal
    compare(dy, system.f(0.5, y))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.name)
def test_records_are_complete(system):
    """Each has a source, a finite drift at its start, and a way to check a solution of it."""
    assert system.reference.endswith(".")
    assert np.isfinite(system.f(system.t0, system.y0)).all()
    if system.diffusion is None:
        assert not (system.kind == "stiff" and system.jacobian is None)
        if system is BRUSSELATOR_PDE:  # 200 components: 60-digit collocation takes too long; compare with scipy
            return
        assert (system.exact is not None) != (system.final is not None)
        assert np.isfinite(system.solution()).all()
    else:
        assert system.moments is not None or system.density is not None
        shape = (system.n, system.noises) if system.noise == "general" else (system.n,)
        g = np.full(shape, np.nan)
        system.diffusion(0.0, system.y0, system.p, g)
        assert np.isfinite(g).all()


def test_drifts_write_every_component_and_leave_the_state_alone():
    for system in SYSTEMS:
        y, dy = system.y0.copy(), np.full(system.n, np.nan)
        system.drift(0.25, y, system.p, dy)
        assert not np.isnan(dy).any(), system.name
        assert_array_equal(y, system.y0)


def test_records_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        LORENZ63.y0[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        LORENZ63.final[0] = 1.0


def test_detest_has_25_problems_on_the_interval_of_the_paper():
    assert len(DETEST) == 25
    assert {(s.t0, s.t1) for s in DETEST} == {(0.0, 20.0)}


def test_the_planets_of_detest_c5_have_their_known_orbits():
    """Semi-major axes of Jupiter to Pluto in AU from the vis-viva equation: guards the thirty start values."""
    c5 = DETEST[14]
    x, v = c5.y0.reshape(2, 5, 3)
    mu = c5.p.k2 * (c5.p.m0 + c5.p.m)
    # unit of time: 100 days, so that G m_sun = 2.959...
    a = 1.0 / (2.0 / np.linalg.norm(x, axis=1) - (v**2).sum(axis=1) / mu)
    assert_allclose(a, [5.20, 9.55, 19.2, 30.1, 39.5], rtol=0.01)


def test_solution_says_where_it_is_known():
    assert_allclose(OSCILLATOR.solution(), OSCILLATOR.y0, atol=1e-15)
    assert_array_equal(LORENZ63.solution(), LORENZ63.final)
    with pytest.raises(ValueError, match=r"known only at t1 = 10"):
        LORENZ63.solution(3.0)
    with pytest.raises(ValueError, match="known nowhere"):
        lorenz96_system(7).solution()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kepler_system(1.0), "e must be in"),
        (lambda: lorenz96_system(3), "at least 4"),
        (lambda: fput_system(1), "at least 2"),
        (lambda: toda_system(2), "at least 3"),
        (lambda: brusselator_pde_system(0), "at least 1"),
        (lambda: linear_system(np.eye(2), [1.0]), "A must be finite"),
        (lambda: all_systems("slow"), "kind must be one of"),
        (lambda: make_system("x", None, [np.nan], 1.0, kind="stiff", reference="none."), "y0 must be a finite"),
        (lambda: make_system("x", None, [1.0], 1.0, kind="odd", reference="none."), "kind must be one of"),
        (lambda: make_system("x", None, [1.0], 1.0, kind="stiff", reference="none.", final=[1, 2]), "final must have"),
        (lambda: make_system("x", None, [1.0], 1.0, kind="stiff", reference="n.", diffusion=entry), "needs noises"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.skipif(importlib.util.find_spec("mechanics.problem") is None, reason="mechanics.Problem not merged yet")
def test_problem_passes_everything_on_and_takes_changes():
    problem = LORENZ63.problem(t1=2.0)
    assert (problem.t0, problem.t1) == (0.0, 2.0)
    assert problem.p == LORENZ63.p
    with pytest.raises(TypeError, match="can change"):
        LORENZ63.problem(dt=0.1)
    for system in SYSTEMS:
        system.problem()
