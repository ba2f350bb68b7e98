"""Langevin methods in a harmonic well: their step is a linear map, whose covariances are compared without sampling."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm, solve_continuous_lyapunov

from mechanics import Langevin, solve
from mechanics.methods import ABOBA, BAOAB, GJF, OBABO, STOCHASTIC_POSITION_VERLET, UBU
from mechanics.noise import normals

GAMMA, KT, MASS = 0.7, 0.4, 1.3
W2 = 1 / MASS  # frequency squared; the stability limit of Verlet is dt w < 2
WORDS = [BAOAB, OBABO, ABOBA, STOCHASTIC_POSITION_VERLET, UBU, GJF]
SWEPT = [
    BAOAB,
    OBABO,
    *(pytest.param(m, marks=pytest.mark.sweep) for m in (ABOBA, STOCHASTIC_POSITION_VERLET, UBU, GJF)),
]


def spring(t, q, p, out):
    """Unit stiffness."""
    out[0] = -q[0]


def harmonic(q0=0.0, v0=0.0, *, gamma=GAMMA, temperature=KT, mass=MASS, t1=1.0):
    """The damped oscillator."""
    return Langevin(spring, [q0], [v0], gamma=gamma, temperature=temperature, mass=mass, t1=t1)


def propagator(method, dt, **parameters):
    """M (2, 2) and the covariance N N^T (2, 2) of one step's noise, by steps with the normals that are known.

    M from two noiseless steps; N from steps with different seeds, whose normals are read back.
    """
    step = lambda q, v, seed, kT: solve(  # noqa: E731
        harmonic(q, v, t1=dt, **(parameters | {"temperature": kT})), method, dt=dt, seed=seed
    ).ys[-1]
    M = np.column_stack([step(1.0, 0.0, 0, 0.0), step(0.0, 1.0, 0, 0.0)])
    kT = parameters.get("temperature", KT)
    draws = method.data.draws
    seeds = range(3 * draws)
    outcomes = np.array([step(0.0, 0.0, seed, kT) for seed in seeds])
    z = np.array([[normals(seed, 0, 0, c) for c in range(draws)] for seed in seeds])
    N, residual, _, _ = np.linalg.lstsq(z, outcomes, rcond=None)
    assert np.all(residual < 1e-24), "the step's noise is not linear in its normals"
    return M, N.T @ N


def stationary(M, noise):
    """Covariance S = M S M^T + noise."""
    n = len(M)
    return np.linalg.solve(np.eye(n * n) - np.kron(M, M), noise.ravel()).reshape(n, n)


@pytest.mark.parametrize("dt", [0.05, 0.7, 1.5, 2.2])
def test_baoab_has_exact_positions_at_every_stable_step(dt):
    """Variance kT/k of positions, kT/m (1 - dt^2 w^2/4) of velocities: Leimkuhler, Matthews (2013), section 4."""
    S = stationary(*propagator(BAOAB, dt))
    assert_allclose(S[0, 0], KT, rtol=1e-12)
    assert_allclose(S[1, 1], KT / MASS * (1 - dt**2 * W2 / 4), rtol=1e-11)
    assert_allclose(S[0, 1], 0, atol=1e-13)


@pytest.mark.parametrize("dt", [0.3, 1.5])
def test_other_methods_have_their_known_covariances(dt):
    """OBABO: positions kT/k / (1 - dt^2 w^2/4), velocities exact; GJF: positions exact, like BAOAB."""
    S = stationary(*propagator(OBABO, dt))
    assert_allclose(S[0, 0], KT / (1 - dt**2 * W2 / 4), rtol=1e-12)
    assert_allclose(S[1, 1], KT / MASS, rtol=1e-12)
    S = stationary(*propagator(GJF, dt))
    assert_allclose(S[0, 0], KT, rtol=1e-12)
    assert_allclose(S[1, 1], KT / MASS * (1 - dt**2 * W2 / 4), rtol=1e-11)


def exact(t):
    """Propagator and covariance of the noise of dq = v dt, dv = (-q/m - gamma v) dt + sqrt(2 gamma kT/m) dW."""
    A = np.array([[0.0, 1.0], [-W2, -GAMMA]])
    Q = np.diag([0.0, 2 * GAMMA * KT / MASS])
    M = expm(A * t)
    whole = solve_continuous_lyapunov(A, -Q)
    return M, whole - M @ whole @ M.T


@pytest.mark.parametrize("method", SWEPT, ids=str)
def test_weak_order_of_second_moments(method):
    """Mean and covariance at t = 1 from those of one step, against the exact ones: errors fall as dt^2."""
    M1, C1 = exact(1.0)
    errors = []
    steps = np.array([8, 16, 32, 64])
    for n in steps:
        M, noise = propagator(method, 1.0 / n)
        C, P = np.zeros((2, 2)), np.eye(2)
        for _ in range(n):
            C, P = M @ C @ M.T + noise, M @ P
        errors.append([np.abs(P - M1).max(), np.abs(C - C1).max()])
    slopes = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert (slopes > method.weak_order - 0.15).all(), slopes
    assert slopes.min() < method.weak_order + 0.3, slopes


def test_the_free_particle_is_exact_for_ubu():
    """Covariance of a free particle after one step of any length: Chandrasekhar (1943), (171)-(175)."""

    def at_rest(t, q, p, out):
        out[0] = 0.0

    dt = 1.7
    problem = Langevin(at_rest, [0.0], [0.0], gamma=GAMMA, temperature=KT, mass=MASS, t1=dt)
    seeds = range(8)
    ys = np.array([solve(problem, UBU, dt=dt, seed=s).ys[-1] for s in seeds])
    z = np.array([[normals(s, 0, 0, c) for c in range(4)] for s in seeds])
    N = np.linalg.lstsq(z, ys, rcond=None)[0]
    x = GAMMA * dt
    D = KT / (MASS * GAMMA)
    expected = np.array([
        [D / GAMMA * (2 * x - 3 + 4 * np.exp(-x) - np.exp(-2 * x)), D * (1 - np.exp(-x)) ** 2],
        [D * (1 - np.exp(-x)) ** 2, KT / MASS * (1 - np.exp(-2 * x))],
    ])  # fmt: skip
    assert_allclose(N.T @ N, expected, rtol=1e-12)
