"""Products of triangles that neither overflow nor lose their small rows: P = R_n ... R_1 = diag(exp l) U."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgejsv

Array = NDArray[np.float64]


class Product(NamedTuple):
    """Upper triangular U (k, k) with rows of length 1, and the logarithms l (k,) of what was taken out of them."""

    l: Array
    U: Array

    def then(self, R: Array) -> "Product":
        """R P."""
        k = len(self.l)
        rows, l = np.empty((k, k)), np.empty(k)
        for i in range(k):  # row i takes part of the rows from i on
            largest = self.l[i:].max()
            row = (R[i, i:] * np.exp(self.l[i:] - largest)) @ self.U[i:]
            length = float(np.linalg.norm(row))
            l[i] = largest + np.log(length) if length else -np.inf
            rows[i] = row / (length or 1.0)
        return Product(l, rows)


def identity(k: int) -> Product:
    """The empty product."""
    return Product(np.zeros(k), np.eye(k))


def log_singular_values(left: Array, P: Product, right: Array) -> Array:
    """Logarithms of the singular values of left P right, descending; left is (k, k) upper triangular, right (k, r).

    With left = L and D = diag(exp l), L D = D (D^-1 L D), whose second factor has no large entries where l falls. The
    product D (D^-1 L D U right) has graded rows, of which one-sided Jacobi rotations find small singular values to
    full relative precision (Demmel, Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204).
    """
    finite = np.isfinite(P.l)
    l = np.where(finite, P.l, 0.0)
    shift = float(l[finite].max()) if finite.any() else 0.0
    # rows in the order of falling l, so that exponents of the differences stay bounded
    core = np.triu(left * np.exp(np.minimum(l[None, :] - l[:, None], 600.0))) * finite[None, :]
    graded = np.exp(np.maximum(l - shift, -700.0))[:, None] * (core @ P.U @ right)
    found, *_, work, _, info = dgejsv(graded, joba=2, jobu=3, jobv=3, jobr=0, jobt=0, jobp=0)
    if info != 0:
        raise np.linalg.LinAlgError("the singular values of a product of triangles did not converge.")
    with np.errstate(divide="ignore"):
        values: Array = np.log(found) + np.log(work[0] / work[1]) + shift
    return np.sort(values)[::-1]
