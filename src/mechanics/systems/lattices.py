"""Rings of coupled maps with known Lyapunov exponents."""

import math
from typing import NamedTuple

import numpy as np

from .map_system import MapSystem, make_map


class Coupling(NamedTuple):
    """Part of a site that comes from its neighbours."""

    e: float


def doubling_lattice(n, x, p, out):  # type: ignore[no-untyped-def]
    """(1 - e) f(x_i) + e/2 (f(x_{i-1}) + f(x_{i+1})) on a ring, f(u) = 2 u mod 1."""
    m = len(x)
    for i in range(m):
        a, b, c = 2.0 * x[i - 1], 2.0 * x[i], 2.0 * x[(i + 1) % m]
        side = (a - math.floor(a)) + (c - math.floor(c))
        out[i] = (1.0 - p.e) * (b - math.floor(b)) + 0.5 * p.e * side


def _doubling_lattice_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    m = len(x)
    for i in range(m):
        for j in range(m):
            J[i, j] = 0.0
        J[i, i] = 2.0 * (1.0 - p.e)
        J[i, (i - 1) % m] += p.e
        J[i, (i + 1) % m] += p.e


class LogisticLattice(NamedTuple):
    """Coupling and growth."""

    e: float
    r: float


def logistic_lattice(n, x, p, out):  # type: ignore[no-untyped-def]
    """As `doubling_lattice` with f(u) = r u (1 - u)."""
    m = len(x)
    for i in range(m):
        a, b, c = x[i - 1], x[i], x[(i + 1) % m]
        out[i] = p.r * ((1.0 - p.e) * b * (1.0 - b) + 0.5 * p.e * (a * (1.0 - a) + c * (1.0 - c)))


def _logistic_lattice_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    m = len(x)
    for i in range(m):
        for j in range(m):
            J[i, j] = 0.0
    for i in range(m):
        left, right = (i - 1) % m, (i + 1) % m
        J[i, i] += p.r * (1.0 - p.e) * (1.0 - 2.0 * x[i])
        J[i, left] += 0.5 * p.r * p.e * (1.0 - 2.0 * x[left])
        J[i, right] += 0.5 * p.r * p.e * (1.0 - 2.0 * x[right])


def _ring(sites: int, e: float) -> None:
    if sites < 3 or not 0.0 <= e <= 1.0:
        raise ValueError(f"sites must be at least 3 and e in [0, 1], but they are {sites} and {e}.")


def doubling_lattice_map(sites: int = 8, e: float = 0.2) -> MapSystem:
    """Coupled doubling maps on a ring of at least 3 sites, 0 <= e <= 1: exponents ln|2 (1 - e (1 - cos 2 pi j/sites))|.

    Correlations decay as the smoothness of the observable has it, and not at ln 2: exponents need not tell times.
    """
    _ring(sites, e)
    size = abs(2.0 * (1.0 - e * (1.0 - np.cos(2.0 * np.pi * np.arange(sites) / sites))))
    with np.errstate(divide="ignore"):
        known = np.sort(np.log(size))[::-1]
    return make_map(
        "doubling lattice",
        doubling_lattice,
        np.random.default_rng(0).random(sites),
        Coupling(float(e)),
        reference="Isola, Politi, Ruffo, Torcini, Phys. Lett. A 143 (1990) 365-368.",
        jacobian=_doubling_lattice_jacobian,
        exponents=known,
        source="the Jacobian is a constant circulant matrix: exact.",
    )


def logistic_lattice_map(sites: int = 8, e: float = 0.4, r: float = 4.0) -> MapSystem:
    """Coupled logistic maps on a ring of at least 3 sites (Kaneko's lattice), 0 <= e <= 1; exponents are not known."""
    _ring(sites, e)
    return make_map(
        "logistic lattice",
        logistic_lattice,
        np.random.default_rng(0).random(sites),
        LogisticLattice(float(e), float(r)),
        reference="Kaneko, Prog. Theor. Phys. 72 (1984) 480-486.",
        jacobian=_logistic_lattice_jacobian,
    )
