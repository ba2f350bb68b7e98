"""The systems that are timed, each written once: `drift(t, y, p, dy)` in scalar style, constants in the code.

Every competitor is built from these functions: numba compiles them; for numpy, heyoka and jax they run on arrays,
symbols or tracers with `sin`, `sqrt`, `min` and `max` replaced (`rebind`). `benchmarks/c/rhs.h` is the same in C, and
`tests/test_benchmarks.py` compares the two.
"""

import types
from math import sin, sqrt


def rebind(drift, **names):
    """`drift` with other functions under the names `sin`, `sqrt`, `min`, `max`."""
    return types.FunctionType(drift.__code__, {**drift.__globals__, **names}, drift.__name__)


def lorenz63(t, y, p, dy):
    """Lorenz, J. Atmos. Sci. 20 (1963) 130: sigma = 10, r = 28, b = 8/3."""
    dy[0] = 10.0 * (y[1] - y[0])
    dy[1] = y[0] * (28.0 - y[2]) - y[1]
    dy[2] = y[0] * y[1] - 2.6666666666666665 * y[2]


def henon_heiles(t, y, p, dy):
    """Hénon and Heiles, Astron. J. 69 (1964) 73; y = (q1, q2, p1, p2)."""
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = -y[0] - 2.0 * y[0] * y[1]
    dy[3] = -y[1] - y[0] * y[0] + y[1] * y[1]


def arenstorf(t, y, p, dy):
    """Restricted three-body problem, Hairer, Norsett, Wanner I, II.0 (0.1); y = (q1, q2, v1, v2)."""
    mu = 0.012277471
    nu = 1.0 - mu
    left = y[0] + mu
    right = y[0] - nu
    near = left * left + y[1] * y[1]
    far = right * right + y[1] * y[1]
    a = nu / (near * sqrt(near))
    b = mu / (far * sqrt(far))
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = y[0] + 2.0 * y[3] - a * left - b * right
    dy[3] = y[1] - 2.0 * y[2] - (a + b) * y[1]


def kepler(t, y, p, dy):
    """Two bodies in the plane, mu = 1; y = (q1, q2, v1, v2)."""
    r2 = y[0] * y[0] + y[1] * y[1]
    w = -1.0 / (r2 * sqrt(r2))
    dy[0] = y[2]
    dy[1] = y[3]
    dy[2] = w * y[0]
    dy[3] = w * y[1]


def pleiades(t, y, p, dy):
    """Seven stars with masses 1..7, Hairer, Norsett, Wanner I, II.10 (10.2); y = (x, y, x', y')."""
    for i in range(7):
        dy[i] = y[14 + i]
        dy[7 + i] = y[21 + i]
        dy[14 + i] = 0.0
        dy[21 + i] = 0.0
    for i in range(7):
        for j in range(i + 1, 7):
            dx = y[j] - y[i]
            dz = y[7 + j] - y[7 + i]
            r2 = dx * dx + dz * dz
            w = 1.0 / (r2 * sqrt(r2))
            dy[14 + i] += (j + 1) * w * dx
            dy[21 + i] += (j + 1) * w * dz
            dy[14 + j] -= (i + 1) * w * dx
            dy[21 + j] -= (i + 1) * w * dz


def lorenz96(t, y, p, dy):
    """Lorenz (1996), "Predictability: a problem partly solved": 40 sites, F = 8."""
    for i in range(40):
        dy[i] = (y[(i + 1) % 40] - y[i - 2]) * y[i - 1] - y[i] + 8.0


def van_der_pol(t, y, p, dy):
    """Van der Pol's oscillator, mu = 1."""
    dy[0] = y[1]
    dy[1] = (1.0 - y[0] * y[0]) * y[1] - y[0]


def friction_chain(t, y, p, dy):
    """Seven overdamped blocks between 0 and 1 with dry friction z - clip(z, -0.15, 0.1), arXiv:2407.19353 (5)-(6)."""
    left = 0.0
    for i in range(7):
        right = 1.0 if i == 6 else y[i + 1]
        z = right - 2.0 * y[i] + left
        dy[i] = z - min(max(z, -0.15), 0.1)
        left = y[i]


def kuramoto(t, y, p, dy):
    """A ring of 12 phase oscillators, y_i' = w_i + sin(y_{i+1} - y_i) + sin(y_{i-1} - y_i), w_i = 0.5 + 0.1 i."""
    for i in range(12):
        dy[i] = 0.5 + 0.1 * i + sin(y[(i + 1) % 12] - y[i]) + sin(y[i - 1] - y[i])
