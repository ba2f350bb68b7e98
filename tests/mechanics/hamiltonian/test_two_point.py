"""`two_point`: textbook answers, certificates that can fail, orders, warm starts, unknown numbers, refusals."""

import math

import numpy as np
import pytest
from cases import CASES, FOLD, ends, made
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import solve_bvp

from mechanics.hamiltonian import Free, Hamiltonian, Separated, two_point
from mechanics.hamiltonian.boundary import FixedEnds, Unknowns
from mechanics.hamiltonian.by_collocation import put
from mechanics.hamiltonian.collocation import Collocation
from mechanics.hamiltonian.guess import straight


@pytest.mark.parametrize("name", CASES)
def test_textbook_cases_within_their_tolerance(name):
    case = CASES[name]
    path = two_point(made(name), *ends(name), tol=1e-11)
    assert path.converged, path.reason
    assert max(path.residual, path.defect, path.hamiltonian_drift) <= 1e-11
    assert_allclose(path.p[0], case.expected["p0"], atol=case.tol, rtol=case.tol)
    assert_allclose(path(0.0)[: case.d], case.q0, atol=1e-11)
    assert_allclose(path(case.T)[: case.d], case.q1, atol=1e-11)
    if "p1" in case.expected:
        assert_allclose(path.p[-1], case.expected["p1"], atol=case.tol)
    if "H" in case.expected:
        assert_allclose(path.H, case.expected["H"], atol=case.tol)
    if "action" in case.expected:
        assert_allclose(path.action(), case.expected["action"], atol=case.tol, rtol=case.tol)
    if "middle" in case.expected:
        assert_allclose(path(0.5)[0], case.expected["middle"], atol=case.tol)
    if "sensitivity" in case.expected:  # dq1/dp0 is one entry of a matrix whose norm is larger
        assert path.amplification > case.expected["sensitivity"]


def test_the_pendulum_follows_the_elliptic_sine():
    """q = 2 asin(k sn(t, k)) from q(0) = 0: Landau and Lifshitz, Mechanics, section 11; p(0) = 2 k."""
    from scipy.special import ellipj

    k, T = 0.8, 1.5
    pendulum = Hamiltonian(lambda t, q, p, par: p[0] ** 2 / 2 - math.cos(q[0]))
    path = two_point(pendulum, (0.0, 2 * math.asin(k * ellipj(T, k * k)[0])), (0.0, T), tol=1e-11)
    t = np.linspace(0.0, T, 50)
    assert_allclose(path(t)[:, 0], 2 * np.arcsin(k * ellipj(t, k * k)[0]), atol=1e-10)
    assert_allclose(path.p[0, 0], 2 * k, atol=1e-10)


@pytest.mark.parametrize("method", ["collocation", "multiple_shooting", "single_shooting"])
def test_conjugate_ends_are_reported_and_not_solved(method):
    """q'' = -q over a time pi: d q(T)/d p0 = sin T = 0."""
    path = two_point(made("harmonic").with_par(omega=1.0), (0.0, 1.0), (0.0, math.pi), method=method)
    assert not path.converged
    assert path.reason.startswith("singular_jacobian")
    assert "conjugate" in path.reason
    assert np.isnan(path.ys).all()
    with pytest.raises(ValueError, match="no solution"):
        path(0.5)


def test_beyond_the_fold_no_solution_is_claimed():
    path = two_point(made("bratu").with_par(lam=3.6), (0.0, 0.0), (0.0, 1.0), method="collocation")
    assert not path.converged
    assert "fold" in path.reason
    assert path.conditioning < 1.0
    assert np.isnan(path.ys).all()


def test_both_solutions_of_bratu_are_found():
    """q = 2 ln(cosh(c) / cosh(c (1 - 2 t))), lam = 8 (c / cosh c)^2, p(0) = 4 c tanh c."""
    upper = two_point(made("bratu"), (0.0, 0.0), (0.0, 1.0), guess=lambda t: [16 * t * (1 - t), 16 - 32 * t], tol=1e-11)
    assert_allclose(upper.p[0, 0], 10.8468990194, atol=1e-9)
    lower = two_point(made("bratu"), (0.0, 0.0), (0.0, 1.0), tol=1e-11)
    assert_allclose(lower.p[0, 0], 0.549352728775, atol=1e-11)


@pytest.mark.parametrize("order", [4, 6])
def test_order_of_collocation(order):
    """Errors at the mesh points fall as h^4 and h^6: pendulum-like kink, uniform meshes, against tanh."""
    case, flow = CASES["kink"], made("kink")._flow
    boundary = FixedEnds(case.q0, case.q1, 2)
    errors, counts = [], (24, 48, 96)
    for M in counts:
        discrete = Collocation(flow, boundary, Unknowns(None, None, (0.0, case.T)), np.linspace(0, 1, M + 1), order)
        put(discrete, straight(flow, boundary, 0.0, case.T), np.empty(0))
        assert discrete.newton(1e-13, 60).outcome == "ok"
        errors.append(np.abs(discrete.y[:, 0] - np.tanh(discrete.times() - case.T / 2)).max())
    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert order - 0.3 < slope < order + 0.6


@pytest.mark.parametrize("name", ["kepler", "freidlin_wentzell", "troesch"])
def test_scipy_agrees(name):
    """Another method, another implementation: solve_bvp with tol 1e-9, from our curve with an error of one per cent."""
    case, flow = CASES[name], made(name)._flow
    path = two_point(made(name), *ends(name), tol=1e-10)
    t = np.linspace(0.0, case.T, 200)
    d = case.d

    def ends_miss(ya, yb):
        return np.concatenate((ya[:d] - case.q0, yb[:d] - case.q1))

    other = solve_bvp(
        lambda t, y: flow.slopes(np.ascontiguousarray(t), np.ascontiguousarray(y.T)).T, ends_miss, t,
        1.01 * path(t).T, tol=1e-9, max_nodes=20000,
    )  # fmt: skip
    assert other.success
    assert_allclose(other.sol(t).T, path(t), atol=1e-7, rtol=1e-7)


@pytest.mark.parametrize("method", ["multiple_shooting", "single_shooting"])
def test_shooting_agrees_with_collocation(method):
    path = two_point(made("harmonic"), *ends("harmonic"), tol=1e-9)
    shot = two_point(made("harmonic"), *ends("harmonic"), tol=1e-9, method=method)
    assert shot.converged, shot.reason
    assert shot.method == method
    t = np.linspace(0.0, 2.0, 33)
    assert_allclose(shot(t), path(t), atol=1e-8)
    assert_allclose(shot.amplification, path.amplification, rtol=1e-6)


def test_single_shooting_says_that_it_cannot_where_errors_grow():
    """kappa = 60: a shot multiplies rounding by 1e26, collocation does not care."""
    path = two_point(made("hyperbolic_60"), *ends("hyperbolic_60"), method="single_shooting")
    assert not path.converged
    assert "multiplies errors" in path.reason


def test_conjugate_points_of_the_oscillator_lie_at_multiples_of_pi():
    path = two_point(made("harmonic").with_par(omega=1.0), (0.0, 1.0), (0.0, 8.0), tol=1e-9)
    assert_allclose(path.conjugate_points, [math.pi, 2 * math.pi], atol=1e-3)  # linear between mesh points


def test_warm_start_needs_fewer_iterations():
    cold = two_point(made("kink"), *ends("kink"), tol=1e-9)
    warm = two_point(made("kink"), *ends("kink"), tol=1e-9, guess=cold)
    assert warm.converged
    assert warm.iterations <= 2 < cold.iterations
    assert_allclose(warm.ys, cold.ys, atol=1e-9)


def test_free_time_is_found_from_the_energy():
    """Oscillator with H = 1/2 from q = 0 to q = 1/2: t1 = asin(1/2)."""
    H = made("harmonic").with_par(omega=1.0)
    conditions = lambda a, b: [a[0], b[0] - 0.5, a[1] - 1.0]  # noqa: E731
    path = two_point(H, conditions, (0.0, Free(0.7)), guess=lambda t: [t, 1.0], tol=1e-10)
    assert path.converged, path.reason
    assert_allclose(path.unknown["t1"], math.pi / 6, atol=1e-10)
    assert_allclose(path.ts[-1], math.pi / 6, atol=1e-10)


def test_unknown_parameter_is_found():
    """Eigenvalue: q'' = -omega^2 q, q(0) = q(1) = 0, q'(0) = 1 has omega = pi."""
    H = made("harmonic").with_par(omega=3.0)
    conditions = Separated(lambda y: [y[0], y[1] - 1.0], lambda y: [y[0]])
    path = two_point(
        H, conditions, (0.0, 1.0), unknown={"omega": 3.0}, guess=lambda t: [t * (1 - t), 1 - 2 * t], tol=1e-10
    )
    assert path.converged, path.reason
    assert_allclose(path.unknown["omega"], math.pi, atol=1e-10)
    assert path.flow.p.omega == path.unknown["omega"]


def test_a_drift_needs_no_hamiltonian():
    """y' = -y + sin t, 2 y(0) - y(1) = 1, by hand: y = (sin t - cos t)/2 + c exp(-t)."""

    def drift(t, y, p, dy):
        dy[0] = -y[0] + math.sin(t)

    path = two_point(drift, lambda a, b: [2 * a[0] - b[0] - 1.0], (0.0, 1.0), n=1, tol=1e-10)
    forced = 0.5 * (math.sin(1.0) - math.cos(1.0))
    c = (1.0 + 1.0 + forced) / (2.0 - math.exp(-1.0))
    t = np.linspace(0, 1, 20)
    assert_allclose(path(t)[:, 0], 0.5 * (np.sin(t) - np.cos(t)) + c * np.exp(-t), atol=1e-9)
    assert np.isnan(path.hamiltonian_drift)


@pytest.mark.parametrize("order", [4, 6])
def test_error_estimate_is_not_below_the_error(order):
    path = two_point(made("kink"), *ends("kink"), tol=1e-6, order=order)
    error = np.abs(path.ys[:, 0] - np.tanh(path.ts - 3.0)) / (1 + np.abs(path.ys[:, 0]))
    assert error.max() < path.error_estimate < 1e-5


def test_a_mesh_that_may_not_grow_is_named():
    path = two_point(made("troesch"), *ends("troesch"), tol=1e-10, max_mesh=40)
    assert not path.converged
    assert path.reason.startswith("mesh_limit")


@settings(max_examples=15)
@given(q0=st.floats(-1, 1), q1=st.floats(-1, 1), T=st.floats(0.5, 2.0))
def test_reversed_in_time_the_path_is_the_same(q0, q1, T):
    """H is even in p: from q1 to q0 the path is run backwards with opposite momenta; H is constant on both."""
    H = made("harmonic")
    there, back = two_point(H, (q0, q1), (0.0, T), tol=1e-9), two_point(H, (q1, q0), (0.0, T), tol=1e-9)
    assert there.converged
    assert back.converged
    scale = 1 + np.abs(there.ys).max()
    t = np.linspace(0.0, T, 17)
    assert_allclose(back(t)[:, 0], there(T - t)[:, 0], atol=1e-7 * scale)
    assert_allclose(back(t)[:, 1], -there(T - t)[:, 1], atol=1e-7 * scale)
    energies = H.energy(0.0, there(t))
    assert np.ptp(energies) <= 1e-7 * (1 + np.abs(energies).max())


def test_a_backward_span_is_the_same_path():
    path = two_point(made("harmonic"), *ends("harmonic"), tol=1e-9)
    back = two_point(made("harmonic"), (1.0, 0.2), (2.0, 0.0), tol=1e-9)
    assert_allclose(back([0.0, 1.0, 2.0]), path([0.0, 1.0, 2.0]), atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"boundary": (0.0, [1.0, 2.0])}, "q1"),
        ({"boundary": lambda a, b: [a[0]]}, "2 conditions, but it gives 1"),
        ({"t_span": (1.0, 1.0)}, "interval"),
        ({"tol": 0.0}, "tol"),
        ({"method": "guess"}, "method"),
        ({"order": 5}, "order"),
        ({"unknown": {"mass": 1.0}}, "omega"),
        ({"guess": np.zeros((5, 3))}, r"\(m, 2\)"),
        ({"mesh": [0.0, 0.5, 0.4, 1.0]}, "mesh"),
        ({"par": {"omega": 2.0}}, "with_par"),
    ],
)
def test_bad_input_is_named(arguments, words):
    given = {"boundary": (0.0, 1.0), "t_span": (0.0, 1.0), **arguments}
    with pytest.raises((ValueError, TypeError), match=words):
        two_point(made("harmonic"), **given)


def test_the_fold_of_the_cases_is_that_of_the_formula():
    """lam = 8 (c / cosh c)^2 is largest where c tanh c = 1."""
    from scipy.optimize import brentq

    c = brentq(lambda c: c * math.tanh(c) - 1.0, 1.0, 1.5, xtol=1e-15)
    assert_allclose(8 * (c / math.cosh(c)) ** 2, FOLD, rtol=1e-11)
