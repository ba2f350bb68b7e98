"""Duals: the number has the bits of the plain function, derivatives agree with central differences."""

import math

import numpy as np
import pytest
from numba.core.config import DISABLE_JIT
from numpy.testing import assert_allclose

from mechanics.engine import compile_bound
from mechanics.engine.adopt import adopt
from mechanics.lyapunov.orthonormal import address_for, plain, room_for

pytestmark = pytest.mark.skipif(bool(DISABLE_JIT), reason="duals are compiled")
drift = duals_of = None
width = 4


def entry(t, Y, p, D, n):
    drift(t, duals_of(Y, n, width), p, duals_of(D, n, width))


def arithmetic(t, y, p, dy):
    x, z, w = y[0], y[1], y[2]
    dy[0] = (p * x - 1.0 / z) * (w + 2) / (x * x + 3.0) - (1.0 - x) + (+z) - (-w) + t
    dy[1] = (7 * x) % 2 + (3.0 * w) // 1.0 + x % (0.3 * z) + abs(-x) + min(x, w, 1.0) + max(z, 0.1)
    dy[2] = x**3 + z**-2 + w**0.5 + (1.0 + x * x) ** z + 2.0**x + w**1.5
    dy[3] = x if x > z else w * w
    for i in range(3):
        dy[3] += y[i] * y[(i + 1) % 3]
    dy[3] -= 0.5


def functions(t, y, p, dy):
    x, z, w = y[0], y[1], y[2]
    dy[0] = math.sin(x) + np.cos(z) + math.tan(w) + np.exp(x) + math.log(z) + np.sqrt(w) + np.tanh(x) + np.sinh(z)
    dy[1] = (
        math.cosh(x) + math.asin(0.3 * x) + math.acos(0.2 * z) + math.atan(w) + np.expm1(x) + np.log1p(z) + np.log2(w)
    )
    dy[2] = math.atan2(x, z) + np.hypot(z, w) + np.maximum(x, z) * np.minimum(w, z) + np.copysign(w, -x) + np.square(z)
    dy[3] = (
        math.erf(x)
        + np.arcsinh(z)
        + np.arctanh(0.4 * x)
        + np.floor(3 * x)
        + np.sign(z) * w
        + np.log10(w)
        + math.fabs(-w)
    )


@pytest.mark.parametrize("f", [arithmetic, functions], ids=lambda f: f.__name__)
def test_duals_are_the_function_and_its_derivative(f):
    from mechanics.engine.dual_memory import duals_of

    run = compile_bound(entry, drift=adopt(f), duals_of=duals_of, width=4)
    random = np.random.default_rng(0)
    for y in ([0.7, 0.4, 1.3, 2.0], [0.31, 0.9, 0.55, -1.0]):
        y = np.array(y)
        Y, D = random.standard_normal((4, 4)), np.zeros((4, 4))
        Y[:, 0] = y

        def value(x):
            X, F = np.zeros((4, 4)), np.zeros((4, 4))
            X[:, 0] = x
            run(0.3, X.ravel(), 1.7, F.reshape(-1), 4)
            return F[:, 0]

        run(0.3, Y.ravel(), 1.7, D.reshape(-1), 4)
        expected = np.zeros(4)
        f(0.3, y, 1.7, expected)
        assert_allclose(D[:, 0], expected, rtol=1e-14)
        for l in range(1, 4):
            h = 1e-6
            differences = (value(y + h * Y[:, l]) - value(y - h * Y[:, l])) / (2 * h)
            assert_allclose(D[:, l], differences, atol=1e-8)


def _panels(n, k, width, columns):
    V = np.zeros((-(-k // (width - 1)), n, width))
    V[:, :, 0] = 7.0
    for j in range(k):
        V[j // (width - 1), :, 1 + j % (width - 1)] = columns[:, j]
    return V


@pytest.mark.parametrize("width", [pytest.param(4, marks=pytest.mark.sweep), 8])
def test_orthonormalisation_is_householders(width):
    """R and Q of numpy's QR with positive diagonals; condition 1e10 needs the second pass; the state is left alone."""
    from mechanics.engine.panels import address_of, call_at

    entry = compile_bound(_call, address_of=address_of, call_at=call_at)
    for n, k in ((5, 3), (12, 12), (20, 9)):
        for spread in (1.0, 1e10):
            A = np.random.default_rng(1).standard_normal((n, k)) * np.geomspace(1, 1 / spread, k)
            A[:, 1:] += (A[:, :1] if spread > 1 else 0.0) * 0.5
            V, W = _panels(n, k, width, A), _panels(n, k, width, A)
            room, room2 = room_for(k, width), room_for(k, width)
            entry(address_for(width), V.reshape(-1), len(V), n, k, room)
            plain(W, k, room2)
            Q = np.concatenate([panel[:, 1:] for panel in V], axis=1)[:, :k]
            R = room[: k * k].reshape(k, k)
            assert_allclose(Q.T @ Q, np.eye(k), atol=1e-13)
            assert_allclose(Q @ R, A, atol=1e-14 * np.abs(A).max() * k)
            assert np.all(np.diag(R) > 0)
            assert_allclose(np.diag(R), np.diag(room2[: k * k].reshape(k, k)), rtol=1e-4)
            assert np.all(V[:, :, 0] == 7.0)


address_of = call_at = None


def _call(address, flat, panels, n, k, room):
    return call_at(address, address_of(flat), panels, n, k, address_of(room))
