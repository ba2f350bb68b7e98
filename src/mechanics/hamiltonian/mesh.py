"""Meshes: where intervals should be, from the defect that each of them has.

Intervals get equal shares of (defect)^(1 / order) (de Boor's equidistribution), no point density below a part of the
mean, and neighbours that differ by bounded factors.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
AIM = 0.2  # of the tolerance: a mesh that misses it by a little costs a whole further solve
LEAST_GROWTH, MOST_GROWTH = 1.25, 4.0  # more is not believed: the order shows on fine meshes only
LEAST_DENSITY = 0.25  # of the mean


def refined(tau: Array, defects: Array, tol: float, order: int, most: int) -> Array:
    """A mesh with more points, where the defects ask for them; at most `most` intervals."""
    h = np.diff(tau)
    need = (np.minimum(np.maximum(defects, 1e-18), 1e6) / (AIM * tol)) ** (1.0 / order)
    density = need / h
    padded = np.concatenate((density[:1], density, density[-1:]))
    density = np.maximum(density, 0.5 * np.maximum(padded[:-2], padded[2:]))
    density = np.maximum(density, LEAST_DENSITY * (density * h).sum())
    M = len(h)
    count = int(np.clip(np.ceil((density * h).sum()), np.ceil(LEAST_GROWTH * M), np.ceil(MOST_GROWTH * M)))
    return equidistributed(tau, density, min(count, most))


def equidistributed(tau: Array, density: Array, count: int) -> Array:
    """`count` intervals that hold equal shares of a density constant in each old interval."""
    mass = np.concatenate(([0.0], np.cumsum(density * np.diff(tau))))
    new = np.interp(np.linspace(0.0, mass[-1], count + 1), mass, tau)
    new[0], new[-1] = 0.0, 1.0
    return new
