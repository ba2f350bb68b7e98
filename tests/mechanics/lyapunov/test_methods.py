"""Derivatives of schemes: implicit ones, steps that a method chooses, Jacobians of the user, drifts without duals."""

import dataclasses

import numpy as np
import pytest
import sympy
from numba.core.config import DISABLE_JIT
from numpy.testing import assert_allclose

from mechanics import Problem, solve
from mechanics.lyapunov import lyapunov_spectrum
from mechanics.lyapunov.covariant import Stretches, vectors_of
from mechanics.lyapunov.spectrum import arranged
from mechanics.methods import DOPRI5, GAUSS4, GAUSS6, IMPLICIT_MIDPOINT, KVAERNO5, RADAU5
from mechanics.symbolic import from_hamiltonian

Y0 = np.array([0.4, -0.3, 0.7, 0.5])
pytestmark = pytest.mark.skipif(bool(DISABLE_JIT), reason="duals are compiled")


@pytest.fixture(scope="module")
def inseparable():
    """H = (1 + q1^2) p1^2/2 + (1 + q2^2 + q1 q2) p2^2/2 + (q1^2 + q2^4)/2: no splitting takes it. With its Jacobian."""
    q1, q2, p1, p2 = sympy.symbols("q1 q2 p1 p2")
    H = ((1 + q1**2) * p1**2 + (1 + q2**2 + q1 * q2) * p2**2 + q1**2 + q2**4) / 2
    return from_hamiltonian(H, [q1, q2], [p1, p2]).problem(Y0, 0.0, 10.0)


def derivative(problem, steps=5, **options):
    """D of y0 -> y(steps dt), from the triangles of the run; and that state."""
    job, dt, p = arranged(problem, None, options.pop("dt", None), options.pop("method"), 0, "auto", **options)
    V = job.start()
    D = vectors_of(V, job.k).T
    _, rs, xs = Stretches(job, p, dt, 1).run(V, 0, steps)
    for R in rs:
        D = R @ D
    return vectors_of(V, job.k) @ D, xs[-1], job, dt


def by_differences(problem, t1, h=1e-5, **options):
    """The same from solves on both sides of y0."""
    ends = []
    for j in range(len(problem.y0)):
        for sign in (1.0, -1.0):
            y0 = problem.y0.copy()
            y0[j] += sign * h
            ends.append(solve(dataclasses.replace(problem, y0=y0, t1=t1), saveat=[t1], **options).ys[-1])
    ends = np.array(ends).reshape(-1, 2, len(problem.y0))
    return (ends[:, 0] - ends[:, 1]).T / (2.0 * h)


def by_own_differences(job, dt, steps=5, h=1e-5):
    """D from the states of the run itself, on both sides of y0: nothing more is compiled."""
    ends = []
    for j in range(job.n):
        for sign in (1.0, -1.0):
            V = job.start()
            V[:, j, 0] += sign * h
            ends.append(Stretches(job, job.system.p, dt, 1).run(V, 0, steps)[2][-1])
    ends = np.array(ends).reshape(-1, 2, job.n)
    return (ends[:, 0] - ends[:, 1]).T / (2.0 * h)


@pytest.mark.parametrize(
    "method",
    [GAUSS4, pytest.param(IMPLICIT_MIDPOINT, marks=pytest.mark.sweep), pytest.param(GAUSS6, marks=pytest.mark.sweep)],
    ids=str,
)
def test_derivative_of_a_gauss_step_is_symplectic(method, inseparable):
    """D^T Omega D = Omega to rounding (Hairer, Lubich, Wanner, VI.4, theorem 4.2), and D that of the state."""
    D, _, job, dt = derivative(inseparable, method=method, dt=0.1)
    assert job.backend == "jacobian"
    omega = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    assert_allclose(D.T @ omega @ D, omega, rtol=0, atol=1e-12)
    assert np.abs(D.T @ D - np.eye(4)).max() > 0.1
    assert_allclose(D, by_own_differences(job, dt), atol=1e-8)


@pytest.mark.sweep
@pytest.mark.parametrize("method", [IMPLICIT_MIDPOINT, GAUSS4, GAUSS6], ids=str)
def test_state_of_a_gauss_step_is_that_of_the_solve(method, inseparable):
    """Newton's method and the fixed-point iteration of `solve` end in the same stages."""
    D, y, _, _ = derivative(inseparable, method=method, dt=0.1)
    assert_allclose(D, by_differences(inseparable, 0.5, method=method, dt=0.1), atol=1e-8)
    end = solve(dataclasses.replace(inseparable, t1=0.5), method, dt=0.1).ys[-1]
    assert_allclose(y, end, rtol=0, atol=1e-13)


def stiff(t, y, p, dy):
    dy[0] = -1000.0 * (y[0] - y[1] * y[1])
    dy[1] = -y[0] * y[1]


@pytest.mark.sweep
@pytest.mark.parametrize("method", [RADAU5, KVAERNO5], ids=str)
def test_derivative_of_a_stiff_step(method):
    """dt = 0.1 is 50 times beyond what explicit steps can take; differences of solves to their tolerance."""
    problem = Problem(stiff, [1.0, 1.0], 0.0, 1.0)
    D, y, job, _ = derivative(problem, method=method, dt=0.1)
    assert job.backend == "duals"
    assert_allclose(y, solve(dataclasses.replace(problem, t1=0.5), method, dt=0.1, rtol=1e-12).ys[-1], rtol=1e-9)
    assert_allclose(D, by_differences(problem, 0.5, method=method, dt=0.1, rtol=1e-12), atol=1e-6)


def test_stages_without_solution_are_no_state(inseparable):
    """Newton's method does not get there at dt = 5: nothing is made up, and the verdict names the cause."""
    found = lyapunov_spectrum(inseparable, method=GAUSS4, dt=5.0, total=150.0)
    assert found.verdict.startswith("diverged")
    assert "implicit step" in found.verdict
    assert np.isnan(found.exponents).all()


def twice(t, y, p, J):
    J[0, 0], J[0, 1] = 2.0 * p[0, 0], 2.0 * p[0, 1]
    J[1, 0], J[1, 1] = 2.0 * p[1, 0], 2.0 * p[1, 1]


def test_jacobian_of_the_user_is_what_is_taken(known):
    """A matrix that is twice the right one gives twice the exponents; tangent= chooses another way."""
    problem = dataclasses.replace(known.linear_flow([[-0.1, 0.0], [0.3, -0.5]]), jacobian=twice)
    options = {"total": 100.0, "dt": 0.01, "interval": 1.0}
    found = lyapunov_spectrum(problem, **options)
    assert found.tangent == "jacobian"
    assert_allclose(found.exponents, [-0.2, -1.0], atol=1e-6)
    with pytest.raises(ValueError, match="needs the system's jacobian"):
        lyapunov_spectrum(known.linear_flow([[1.0]]), dt=0.1, tangent="jacobian")


def by_complex(t, y, p, dy):
    """z' = (p + 2i) z: no dual is part of a complex number."""
    slope = complex(p, 2.0) * complex(y[0], y[1])
    dy[0], dy[1] = slope.real, slope.imag


def test_drift_without_duals_is_differenced():
    """The result says so; the error is that of differences, 1e-10, not of a difference of steps, 1e-10 / dt."""
    found = lyapunov_spectrum(Problem(by_complex, [1.0, 0.5], 0.0, 1.0, -0.1), total=20.0, dt=0.001, interval=0.1)
    assert found.tangent == "differences"
    assert_allclose(found.exponents, -0.1, rtol=0, atol=1e-9)


def test_chosen_steps_are_frozen(inseparable):
    """Without dt the method chooses: state and derivative are those of the flow; one step of dt misses it by 1e-7."""
    D, y, job, dt = derivative(inseparable, steps=3, method=DOPRI5, tolerance=1e-10)
    assert job.adaptive
    t1 = 3 * dt
    options = {"method": DOPRI5, "rtol": 1e-12, "atol": 1e-14}
    end = solve(dataclasses.replace(inseparable, t1=t1), saveat=[t1], **options).ys[-1]
    assert_allclose(y, end, rtol=0, atol=1e-9)
    assert_allclose(D, by_differences(inseparable, t1, **options), atol=1e-6)


def test_stiff_methods_need_their_step(inseparable):
    with pytest.raises(ValueError, match="give dt="):
        lyapunov_spectrum(inseparable, method=RADAU5)
