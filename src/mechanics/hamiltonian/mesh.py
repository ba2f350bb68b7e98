"""Meshes: where intervals should be, from the defect that each of them has.

Intervals get equal shares of (defect)^(1 / order) (de Boor's equidistribution), no point density below a part of the
mean, and neighbours that differ by bounded factors.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .kernels import compiled

Array = NDArray[np.float64]
AIM = 0.2  # of the tolerance: a mesh that misses it by a little costs a whole further solve
LEAST_GROWTH, MOST_GROWTH = 1.25, 4.0  # more is not believed: the order shows on fine meshes only
LEAST_DENSITY = 0.25  # of the mean


def refined(tau: Array, defects: Array, tol: float, order: int, most: int) -> Array:
    """A mesh with more points, where the defects ask for them; at most `most` intervals."""
    M = len(tau) - 1
    new, mass = np.empty(math.ceil(MOST_GROWTH * M) + 1), np.empty(M + 1)
    count = compiled(_refined)(tau, defects, AIM * tol, 1.0 / order, most, np.empty(M), mass, new)
    return new[: count + 1]


def _refined(tau, defects, aim, power, most, density, mass, new):  # type: ignore[no-untyped-def]
    M, whole = len(defects), 0.0
    for i in range(M):
        density[i] = (min(max(defects[i], 1e-18), 1e6) / aim) ** power / (tau[i + 1] - tau[i])
    last = density[0]
    for i in range(M):
        here = density[i]
        density[i] = max(here, 0.5 * max(last, density[min(i + 1, M - 1)]))
        whole += density[i] * (tau[i + 1] - tau[i])
        last = here
    mass[0] = 0.0
    for i in range(M):
        mass[i + 1] = mass[i] + max(density[i], LEAST_DENSITY * whole) * (tau[i + 1] - tau[i])
    count = min(max(mass[M], math.ceil(LEAST_GROWTH * M)), math.ceil(MOST_GROWTH * M))
    count = min(math.ceil(count), most)
    i = 0
    for j in range(1, count):
        share = mass[M] * j / count
        while mass[i + 1] < share:
            i += 1
        new[j] = tau[i] + (tau[i + 1] - tau[i]) * (share - mass[i]) / (mass[i + 1] - mass[i])
    new[0], new[count] = 0.0, 1.0
    return count
