"""Geodesics: shortest paths of a metric, as two-point problems of H = p^T g(q)^-1 p / 2.

length^2 = 2 H   over unit time
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .hamiltonian import Hamiltonian
from .result import TwoPoint
from .solve_path import two_point


def geodesic(
    metric: Any, q0: ArrayLike, q1: ArrayLike, *, par: Any = None, coordinates: Any = None, **options: Any
) -> TwoPoint:
    """The geodesic from q0 to q1 that is nearest to the straight line of coordinates, or to `guess`.

    Parameters
    ----------
    metric : callable or sympy Matrix
        `metric(q, par)` gives the d rows of g(q) as nested lists, each entry a formula; or a Matrix in `coordinates`.
    q0, q1 : array_like, shape (d,)
        Ends.
    par : optional
        Parameters of a metric that is a function.
    coordinates : sequence of Symbol, optional
        Of a sympy metric.
    **options
        As for `two_point`: `guess`, `tol`, ...

    Returns
    -------
    TwoPoint
        Over t from 0 to 1. The length is `sqrt(2 * path.H)`; `path.conjugate_points` is not empty where the path is no
        shortest one.

    Raises
    ------
    ValueError
        If the metric is no formula.
    """
    d = int(np.size(q0))
    if hasattr(metric, "free_symbols"):
        import sympy as sp

        if coordinates is None or len(coordinates) != d or metric.shape != (d, d):
            raise ValueError(f"A sympy metric for {d} coordinates needs coordinates= and the shape ({d}, {d}).")
        momenta = sp.Matrix([sp.Dummy(f"p{i}", real=True) for i in range(d)])
        H = (momenta.T * metric.inv() * momenta)[0, 0] / 2
        system = Hamiltonian.from_sympy(H, list(coordinates), list(momenta))
    else:
        system = Hamiltonian(kinetic(metric, d), d, par)
    return two_point(system, (np.atleast_1d(q0), np.atleast_1d(q1)), (0.0, 1.0), **options)


@cache
def kinetic(metric: Callable[..., Any], d: int) -> Callable[..., Any]:
    """H(t, q, p, par) = p^T g^-1 p / 2 by elimination: sum z_i^2 / D_i with g = L D L^T, L z = p."""

    def H(t, q, p, par):  # type: ignore[no-untyped-def]
        rows = metric(q, par)
        g = [[rows[i][j] for j in range(d)] for i in range(d)]
        z = [p[i] for i in range(d)]
        total = 0.0
        for k in range(d):
            total = total + z[k] * z[k] / g[k][k]
            for i in range(k + 1, d):
                factor = g[i][k] / g[k][k]
                z[i] = z[i] - factor * z[k]
                for j in range(k + 1, d):
                    g[i][j] = g[i][j] - factor * g[k][j]
        return total / 2

    return H
