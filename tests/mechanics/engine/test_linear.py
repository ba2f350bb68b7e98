"""LU factors against NumPy, in every storage; the same bits alone and in lanes; Jacobians by differences."""

from typing import Any

import numpy as np
import pytest

from mechanics import Problem
from mechanics.engine.adopt import adopt
from mechanics.engine.compile import compile_bound, kernel
from mechanics.engine.jacobian import make_jacobian, make_time_slope
from mechanics.engine.lane_memory import as_lanes
from mechanics.engine.linear import elements, make_linear, storage
from mechanics.problem import reads_time
from mechanics.systems import BRUSSELATOR_PDE, HIRES

linear: Any = None
width: Any = None
fill: Any = None
drift: Any = None
time_slope: Any = None


def both_systems(J, re, im, M, R, I, P, b, u, v):  # type: ignore[no-untyped-def]
    linear.shifted(J, re, M)
    linear.factorise(M, P)
    linear.solve(M, P, b)
    linear.shifted_complex(J, re, im, R, I)
    linear.factorise_complex(R, I, P)
    linear.solve_complex(R, I, P, u, v)


def in_lanes(J, re, im, M, R, I, P, b, u, v):  # type: ignore[no-untyped-def]
    J, M, R, I = as_lanes(J, width), as_lanes(M, width), as_lanes(R, width), as_lanes(I, width)
    P, b, u, v = as_lanes(P, width), as_lanes(b, width), as_lanes(u, width), as_lanes(v, width)
    linear.shifted(J, re, M)
    linear.factorise(M, P)
    linear.solve(M, P, b)
    linear.shifted_complex(J, re, im, R, I)
    linear.factorise_complex(R, I, P)
    linear.solve_complex(R, I, P, u, v)


def packed(A, band):
    """The documented storage of J."""
    if band is None:
        return A.ravel().copy()
    (lower, upper), n = band, len(A)
    J = np.zeros((n, lower + upper + 1))
    for i in range(n):
        for j in range(max(0, i - lower), min(n, i + upper + 1)):
            J[i, j - i + lower] = A[i, j]
    return J.ravel()


def room(n, band):
    """Arrays M, R, I and P."""
    kernels = make_linear(n, band)
    size_M = getattr(kernels.size_M, "py_func", kernels.size_M)(n)
    size_P = getattr(kernels.size_P, "py_func", kernels.size_P)(n)
    assert size_M == elements(storage(n, band, J=0, M=1, P=0), n)
    assert size_P == elements(storage(n, band, J=0, M=0, P=1), n)
    return np.empty(size_M), np.empty(size_M), np.empty(size_M), np.empty(size_P)


@pytest.mark.parametrize(
    ("n", "band"),
    [
        (1, None),
        (2, None),
        (5, None),
        (8, None),
        (9, None),
        (33, None),
        (6, (0, 0)),
        (12, (1, 2)),
        (40, (3, 1)),
        (9, (8, 8)),
    ],
)
def test_solutions_agree_with_numpy(n, band):
    """Random matrices, a third of them with many zeros, so that rows must be exchanged; 1e-14: backward stable."""
    run = compile_bound(both_systems, linear=make_linear(n, band))
    random = np.random.default_rng(n)
    for trial in range(12):
        A = random.normal(size=(n, n))
        if trial % 3 == 0:
            A[random.random((n, n)) < 0.5] = 0.0
        if band is not None:
            i, j = np.indices((n, n))
            A[(i - j > band[0]) | (j - i > band[1])] = 0.0
        b, c = random.normal(size=(2, n))
        x, u, v = b.copy(), b.copy(), c.copy()
        run(packed(A, band), 0.3, 0.7, *room(n, band), x, u, v)
        real = 0.3 * np.eye(n) - A
        mixed = real + 0.7j * np.eye(n)
        assert np.abs(real @ x - b).max() < 1e-14 * n * np.abs(real).sum(1).max() * np.abs(x).max()
        z = u + 1j * v
        assert np.abs(mixed @ z - (b + 1j * c)).max() < 1e-14 * n * np.abs(mixed).sum(1).max() * np.abs(z).max()


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_lanes_have_the_bits_of_single_systems(n):
    """Four matrices that exchange different rows."""
    random = np.random.default_rng(n)
    w, single, many = 4, make_linear(n, None), make_linear(n, None)
    J, right = random.normal(size=(w, n * n)), random.normal(size=(3, w, n))
    alone = np.empty((3, w, n))
    run = compile_bound(both_systems, linear=single)
    for i in range(w):
        x, u, v = right[0, i].copy(), right[1, i].copy(), right[2, i].copy()
        run(J[i], 0.3, 0.7, *room(n, None), x, u, v)
        alone[:, i] = x, u, v
    together = np.ascontiguousarray(right.transpose(0, 2, 1))
    big = [np.empty((len(a), w)) for a in room(n, None)]
    compile_bound(in_lanes, linear=many, width=w)(np.ascontiguousarray(J.T), 0.3, 0.7, *big, *together)
    np.testing.assert_array_equal(together.transpose(0, 2, 1), alone)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_singular_matrix_gives_what_is_not_finite():
    """No exception, no endless loop: the step is refused for its values."""
    for n, band in ((3, None), (12, None), (12, (1, 1))):
        x, u, v = np.ones((3, n))
        compile_bound(both_systems, linear=make_linear(n, band))(
            packed(np.zeros((n, n)), band), 0.0, 0.0, *room(n, band), x, u, v
        )
        assert not np.isfinite(x).any()


def at_a_point(t, y, p, f, J, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
    fill(drift, t, y, p, f, J, y1, work, rtol, atol)


@pytest.mark.parametrize(
    ("system", "band"), [(HIRES, None), (BRUSSELATOR_PDE, None), (BRUSSELATOR_PDE, (2, 2)), (BRUSSELATOR_PDE, (3, 2))]
)
def test_differences_agree_with_the_given_jacobian(system, band):
    """1e-6 of the largest element: half the digits, and a smooth drift."""
    problem = system.problem()
    y, n = problem.y0 + 0.01, len(problem.y0)
    exact, f = np.zeros((n, n)), np.empty(n)
    problem.jacobian(0.0, y, problem.p, exact)
    problem.drift(0.0, y, problem.p, f)
    J = np.empty_like(packed(exact, band))
    run = compile_bound(at_a_point, fill=make_jacobian(None, band), drift=adopt(problem.drift))
    run(0.0, y, problem.p, f, J, np.empty(n), np.empty(n), 1e-6, np.full(n, 1e-9))
    np.testing.assert_allclose(J, packed(exact, band), atol=1e-6 * np.abs(exact).max())


def tridiagonal(t, y, p, dy):
    for i in range(len(y)):
        dy[i] = -2.0 * y[i] ** 2 + (y[i - 1] if i > 0 else 0.0) + (3.0 * y[i + 1] if i + 1 < len(y) else 0.0)


def tridiagonal_jacobian(t, y, p, J):
    for i in range(len(y)):
        J[i, i] = -4.0 * y[i]
        if i > 0:
            J[i, i - 1] = 1.0
        if i + 1 < len(y):
            J[i, i + 1] = 3.0


@pytest.mark.parametrize("band", [None, (1, 1), (2, 1)])
def test_a_given_jacobian_is_indexed_alike_in_every_storage(band):
    """The same function fills a full matrix and a band."""
    n = 6
    y, exact = np.arange(1.0, n + 1.0), np.zeros((n, n))
    tridiagonal_jacobian(0.0, y, None, exact)
    J = np.full_like(packed(exact, band), np.nan)
    run = compile_bound(at_a_point, fill=make_jacobian(adopt(tridiagonal_jacobian), band), drift=adopt(tridiagonal))
    run(0.0, y, None, y, J, np.empty(n), np.empty(n), 1e-6, np.full(n, 1e-9))
    np.testing.assert_array_equal(J, packed(exact, band))


def slope_at(t, dt, y, p, f, out):  # type: ignore[no-untyped-def]
    time_slope(drift, t, dt, y, p, f, out)


def driven(t, y, p, dy):
    dy[0] = y[0] + t * t


def test_the_time_derivative_is_found_on_the_scale_of_the_step():
    """2 t to seven digits, at small and large times; nothing is evaluated where the drift does not read t."""
    run = compile_bound(slope_at, time_slope=make_time_slope(False), drift=adopt(driven))
    for t, dt in ((3.0, 0.1), (1000.0, 0.01), (-5.0, -1.0)):
        out = np.empty(1)
        run(t, dt, np.ones(1), None, np.array([1.0 + t * t]), out)
        assert out[0] == pytest.approx(2.0 * t, rel=1e-6)
    assert reads_time(driven)
    assert not reads_time(tridiagonal)
    assert reads_time(kernel(driven))


def outside(t, y, p, J):
    for i in range(len(y)):
        for j in range(len(y)):
            J[i, j] = 0.0


def whole_row(t, y, p, J):
    J[0, :] = 0.0


def test_a_band_that_makes_no_sense_is_refused():
    """Each message says what was given and what to do."""
    y0 = np.ones(5)
    with pytest.raises(ValueError, match="from 0 to n - 1 = 4"):
        Problem(tridiagonal, y0, 0.0, 1.0, band=(1, 5))
    with pytest.raises(TypeError, match=r"two whole numbers \(lower, upper\)"):
        Problem(tridiagonal, y0, 0.0, 1.0, band=2)
    with pytest.raises(ValueError, match=r"J\[0, 2\], which lies outside of band=\(1, 1\)"):
        Problem(tridiagonal, y0, 0.0, 1.0, jacobian=outside, band=(1, 1))
    with pytest.raises(ValueError, match="element by element"):
        Problem(tridiagonal, y0, 0.0, 1.0, jacobian=whole_row, band=(1, 1))
    assert Problem(tridiagonal, y0, 0.0, 1.0, jacobian=tridiagonal_jacobian, band=[1, 1]).band == (1, 1)
