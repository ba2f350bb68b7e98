"""Flow, Jacobian and Hamiltonian of a small Leaky ResNet as kernels on y = (A, B), flattened row by row.

sigma(z) = max(z, alpha z),  or  log(1 + exp(beta z)) / beta  where beta > 0;   n = 2 w N
"""

import math
from typing import NamedTuple

import numpy as np


class Net(NamedTuple):
    """Parameters of the kernels."""

    Lt: float
    alpha: float
    beta: float
    bias: float
    w: int
    N: int


def _sigma(z, par):  # type: ignore[no-untyped-def]
    if par.beta > 0.0:
        return max(z, 0.0) + math.log1p(math.exp(-par.beta * abs(z))) / par.beta
    return z if z > 0.0 else par.alpha * z


def _slope(z, par):  # type: ignore[no-untyped-def]
    if par.beta > 0.0:
        small = math.exp(-par.beta * abs(z))
        return (1.0 if z > 0.0 else small) / (1.0 + small)
    return 1.0 if z > 0.0 else par.alpha


def _curvature(z, par):  # type: ignore[no-untyped-def]
    if par.beta > 0.0:
        small = math.exp(-par.beta * abs(z))
        return par.beta * small / ((1.0 + small) * (1.0 + small))
    return 0.0


def _products(y, par, S, V, b):  # type: ignore[no-untyped-def]
    """S = sigma(A) (w, N), V = B S^T (w, w), b = B 1 (w,), zero without bias."""
    w, N = par.w, par.N
    d = w * N
    for i in range(d):
        S[i] = _sigma(y[i], par)
    for i in range(w):
        b[i] = 0.0
        for j in range(N):
            b[i] += par.bias * y[d + i * N + j]
        for k in range(w):
            total = 0.0
            for j in range(N):
                total += y[d + i * N + j] * S[k * N + j]
            V[i, k] = total


def drift(t, y, par, dy):  # type: ignore[no-untyped-def]
    """(dA/dp, dB/dp)."""
    w, N = par.w, par.N
    d = w * N
    S, V, b = np.empty(d), np.empty((w, w)), np.empty(w)
    _products(y, par, S, V, b)
    for i in range(w):
        for j in range(N):
            ahead, back = b[i], 0.0
            for k in range(w):
                ahead += V[i, k] * S[k * N + j]
                back += V[k, i] * y[d + k * N + j]
            a = y[i * N + j]
            dy[i * N + j] = par.Lt * (ahead - a)
            dy[d + i * N + j] = par.Lt * (y[d + i * N + j] - _slope(a, par) * back)


def energy(t, y, par):  # type: ignore[no-untyped-def]
    """H."""
    w, N = par.w, par.N
    d = w * N
    S, V, b = np.empty(d), np.empty((w, w)), np.empty(w)
    _products(y, par, S, V, b)
    total = 0.0
    for i in range(w):
        total += 0.5 * b[i] * b[i]
        for k in range(w):
            total += 0.5 * V[i, k] * V[i, k]
        for j in range(N):
            total -= y[i * N + j] * y[d + i * N + j]
    return par.Lt * total


def jacobian(t, y, par, J):  # type: ignore[no-untyped-def]
    """Derivative of the drift; the slope of sigma at a kink is that from below."""
    w, N = par.w, par.N
    d = w * N
    S, V, b = np.empty(d), np.empty((w, w)), np.empty(w)
    _products(y, par, S, V, b)
    for j in range(N):
        for l in range(N):
            inner, outer = par.bias, 0.0  # K = S^T S, B^T B
            for m in range(w):
                inner += S[m * N + j] * S[m * N + l]
                outer += y[d + m * N + j] * y[d + m * N + l]
            for i in range(w):
                J[i * N + j, d + i * N + l] += par.Lt * inner
                D = _slope(y[i * N + j], par) * _slope(y[i * N + l], par)
                J[d + i * N + j, i * N + l] -= par.Lt * D * outer
                for k in range(w):
                    both = y[d + i * N + l] * S[k * N + j] * _slope(y[k * N + l], par)
                    J[i * N + j, k * N + l] += par.Lt * both
                    J[d + k * N + l, d + i * N + j] -= par.Lt * both
    for i in range(w):
        for j in range(N):
            a = i * N + j
            J[a, a] -= par.Lt
            J[d + a, d + a] += par.Lt
            back = 0.0
            for k in range(w):
                back += V[k, i] * y[d + k * N + j]
                J[a, k * N + j] += par.Lt * V[i, k] * _slope(y[k * N + j], par)
                J[d + a, d + k * N + j] -= par.Lt * _slope(y[a], par) * V[k, i]
            J[d + a, a] -= par.Lt * _curvature(y[a], par) * back
