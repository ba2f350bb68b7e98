"""A trained network beside a geodesic: how far its path is, and what it costs more.

    distance(p) = |A_net(p) - A_geo(p)|_F / |A_geo(p)|_F,   gap = J_net - J_geo

Both live in one space, through one input projection, so that nothing is aligned. A network's path is known at its
layers; between them it is taken to be straight, an error of second order in the step.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class PathRecord(Protocol):
    """What a comparison needs of a path: `HamiltonianProfile` and geodesics have it."""

    @property
    def p(self) -> Any:
        """Depths from 0 to 1, shape (m,)."""
        ...

    @property
    def A(self) -> Any:
        """Representations, shape (m, w, N)."""
        ...

    @property
    def J(self) -> Any:
        """Objective of the path."""
        ...


@dataclass(frozen=True, eq=False)
class PathComparison:
    """Distance of two paths at equal depths, and the gap of their objectives.

    Attributes
    ----------
    p, distance : ndarray, shape (m,)
        Depths of the network's representations and relative Frobenius distances there.
    mean_distance : float
        Integral of the distance over p, by trapezoids.
    gap, relative_gap : float
        J_net - J_geo, and that divided by |J_geo|. A gap below zero at equal tasks says that the geodesic is not the
        best one, or that the network's coarser steps cost less.
    """

    p: Array
    distance: Array
    mean_distance: float
    gap: float
    relative_gap: float


def compare_paths(network: PathRecord, geodesic: PathRecord) -> PathComparison:
    """Compare a network's path with a geodesic of the same task.

    Parameters
    ----------
    network, geodesic : records with p (m,), A (m, w, N) and J
        Of `hamiltonian_profile`, or any solved geodesic; their numbers of points may differ.

    Returns
    -------
    PathComparison

    Raises
    ------
    ValueError
        If the representations differ in shape, start from different inputs (by more than 1e-6 of their norm), or a path
        does not run from p = 0 to p = 1 in order, or is not finite, as of a solve that found none.
    """
    p, A = _checked("network", network)
    q, G = _checked("geodesic", geodesic)
    if A.shape[1:] != G.shape[1:]:
        raise ValueError(f"both paths must have one shape (w, N), but have {A.shape[1:]} and {G.shape[1:]}.")
    apart = np.linalg.norm(A[0] - G[0])
    if apart > 1e-6 * max(float(np.linalg.norm(G[0])), np.finfo(float).tiny):
        raise ValueError(
            f"both paths must start from one A_0 = P_in X, but these differ by {apart:.3g}; give the geodesic the "
            "network's own projections."
        )
    there = _at(p, q, G)
    size = np.linalg.norm(there, axis=(1, 2))
    distance = np.linalg.norm(A - there, axis=(1, 2)) / np.maximum(size, np.finfo(float).tiny)
    J_net, J_geo = float(network.J), float(geodesic.J)
    gap = J_net - J_geo
    return PathComparison(p, distance, float(np.trapezoid(distance, p)), gap, gap / max(abs(J_geo), 1e-300))


def _at(p: Array, q: Array, G: Array) -> Array:
    """G at depths p, straight between its own depths q."""
    right = np.clip(np.searchsorted(q, p, side="right"), 1, len(q) - 1)
    part = ((p - q[right - 1]) / (q[right] - q[right - 1]))[:, None, None]
    return (1 - part) * G[right - 1] + part * G[right]


def _checked(name: str, record: PathRecord) -> tuple[Array, Array]:
    p, A = np.asarray(record.p, float), np.asarray(record.A, float)
    if A.ndim != 3 or p.shape != A.shape[:1] or len(p) < 2:
        raise ValueError(f"{name} must have p (m,) and A (m, w, N), m of at least 2, but has {p.shape} and {A.shape}.")
    if not (np.isfinite(A).all() and np.isfinite(p).all() and np.isfinite(float(record.J))):
        reason = f" ({record.reason})" if hasattr(record, "reason") else ""
        raise ValueError(f"{name} must be finite, but is not: there is no path to compare with{reason}.")
    if (np.diff(p) <= 0).any() or abs(p[0]) > 1e-9 or abs(p[-1] - 1) > 1e-9:
        raise ValueError(f"{name} must run in order from p = 0 to p = 1, but runs from {p[0]} to {p[-1]}.")
    return p, A
