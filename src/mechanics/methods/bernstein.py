"""Polynomials on [0, 1] in the Bernstein basis, whose coefficients are about as large as the polynomial itself.

    w(theta) = sum_{k=1..d} B_k beta_k(theta),   beta_k(theta) = C(d, k) theta^k (1 - theta)^(d-k)

Written as monomials the interpolants of high order have coefficients of 10^5 and more that cancel: a dense output of
VERN8 is then wrong by 1e-10 dt |f|, whatever the tolerance. Here B_d = w(1) as well, so the end is met exactly.

References
----------
Farouki, Rajan, Comput. Aided Geom. Des. 4 (1987) 191-216.
"""

from fractions import Fraction
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]


def from_monomials(P: ArrayLike) -> Matrix:
    """Coefficients of beta_1 .. beta_d from those of theta .. theta^d, shape (m, d).

    In exact arithmetic, rounded once: what cancels must do so here.
    """
    old = np.asarray(P, float)
    d = old.shape[1]
    rows = [[Fraction(x) for x in row] for row in old.tolist()]
    new = [
        [sum(Fraction(comb(i, k), comb(d, k)) * row[k - 1] for k in range(1, i + 1)) for i in range(1, d + 1)]
        for row in rows
    ]
    return np.array(new, float).reshape(old.shape)


def to_monomials(B: ArrayLike) -> Matrix:
    """Coefficients of theta .. theta^d from those of beta_1 .. beta_d, shape (m, d)."""
    old = np.asarray(B, float)
    d = old.shape[1]
    table = np.array(
        [[(-1) ** (i - k) * comb(d, i) * comb(i, k) for i in range(1, d + 1)] for k in range(1, d + 1)], float
    )
    return old @ table


def bernstein_basis(d: int, theta: float) -> Matrix:
    """beta_1 .. beta_d at theta, shape (d,)."""
    k = np.arange(1, d + 1)
    binomials = np.array([comb(d, i) for i in range(1, d + 1)], float)
    return binomials * theta**k * (1.0 - theta) ** (d - k)
