"""Systems whose spectra are known, shared by the tests of this folder: each kind is compiled once."""

import math
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from mechanics import Problem
from mechanics.lyapunov import Map


class Henon(NamedTuple):
    a: float = 1.4
    b: float = 0.3


def henon_map(n, x, p, out):
    out[0] = 1.0 - p.a * x[0] ** 2 + x[1]
    out[1] = p.b * x[0]


def henon_jacobian(n, x, p, J):
    J[0, 0] = -2.0 * p.a * x[0]
    J[0, 1] = 1.0
    J[1, 0] = p.b


HENON = Map(henon_map, [0.1, 0.1], Henon())


def linear_map(n, x, p, out):
    for i in range(len(x)):
        out[i] = 0.0
        for j in range(len(x)):
            out[i] += p[i, j] * x[j]


def linear(matrix, x0=None):
    """x -> A x, at rest in 0 by default: an unstable state would overflow."""
    matrix = np.asarray(matrix, float)
    return Map(linear_map, np.zeros(len(matrix)) if x0 is None else x0, matrix)


def linear_drift(t, y, p, dy):
    for i in range(len(y)):
        dy[i] = 0.0
        for j in range(len(y)):
            dy[i] += p[i, j] * y[j]


def linear_flow(matrix, y0=None):
    matrix = np.asarray(matrix, float)
    return Problem(linear_drift, np.zeros(len(matrix)) if y0 is None else y0, 0.0, 1.0, matrix)


class Springs(NamedTuple):
    beta: float
    gamma: float


def fput(t, y, p, dy):
    """q_i'' = V'(q_{i+1} - q_i) - V'(q_i - q_{i-1}) - gamma q_i', V'(r) = r + beta r^3, walls at both ends."""
    n = len(y) // 2
    before = y[0]
    before = before + p.beta * before**3
    for i in range(n):
        r = (y[i + 1] if i + 1 < n else 0.0) - y[i]
        force = r + p.beta * r**3
        dy[i] = y[n + i]
        dy[n + i] = force - before - p.gamma * y[n + i]
        before = force


def springs(n, beta=0.0, gamma=0.0, energy=1.0):
    p0 = math.sqrt(2.0 * energy)
    start = np.concatenate([np.zeros(n), [p0 * math.sin(1.0 + 2.0 * i) for i in range(n)]])
    return Problem(fput, start, 0.0, 10.0, Springs(beta, gamma))


@pytest.fixture(scope="session")
def known():
    """These systems by name."""
    return SimpleNamespace(**globals())
