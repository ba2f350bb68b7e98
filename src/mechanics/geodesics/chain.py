"""Linear equations along a chain of states, solved by elimination with exchanges of rows from the end backwards.

    dA_0 = start,   E_l y_{l-1} + G_l y_l = r_l  (l = 1 .. L),   C y_L = end

The condition on y_l and the link to y_{l-1} are 3 n equations in the 2 n unknowns y_l; what is left of them is the
condition on y_{l-1}, whose rows are made orthonormal. Growing and decaying solutions are both kept in hand, as they are
not by products of propagators (Ascher, Mattheij, Russell, SIAM 1995, Section 7.2); without orthonormal rows the sharp
kinks of a network lose twelve digits.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, qr

Array = NDArray[np.float64]
LOST, CLEAR = 1e-11, 1e-7  # singular values of directions of B_0 that fixed ends leave free, and of those they do not


class _Link(NamedTuple):
    factors: Array  # 3 n x 2 n
    order: NDArray[np.int64]  # of rows
    T: Array  # U y_l = z - T y_{l-1}
    R: Array  # the condition on y_{l-1} is R^T times orthonormal rows


class Chain:
    """Factors; `solve` takes right-hand sides, `smallest` is the sine of the angle of dA_0 = 0 to what y_0 meets."""

    def __init__(self, E: Array, G: Array, C: Array) -> None:
        n = C.shape[0]
        self.n = n
        self.finite = bool(np.isfinite(E).all() and np.isfinite(G).all())
        self.smallest = 0.0
        if not self.finite:
            return
        self.row = 1.0 / np.sqrt((E**2).sum(2) + (G**2).sum(2))
        Ct, self.first = qr(C.T, mode="economic", check_finite=False)
        links = []
        behind = np.zeros((3 * n, 2 * n))
        for l in range(len(E) - 1, -1, -1):
            factors, swaps, _ = lapack.dgetrf(np.concatenate([Ct.T, G[l] * self.row[l][:, None]]))
            order = np.arange(3 * n)
            for k, with_row in enumerate(swaps):
                order[k], order[with_row] = order[with_row], order[k]
            behind[n:] = E[l] * self.row[l][:, None]
            moved = behind[order]
            T = lapack.dtrtrs(factors[: 2 * n], moved[: 2 * n], lower=1, unitdiag=1)[0]
            Ct, R = qr((moved[2 * n :] - factors[2 * n :] @ T).T, mode="economic", check_finite=False)
            links.append(_Link(factors, order, T, R))
        self.links = links[::-1]
        self.C_A, C_B = Ct.T[:, :n], Ct.T[:, n:]
        if not np.isfinite(C_B).all():
            self.finite = False
            return
        self.U, self.sizes, self.Vt = np.linalg.svd(C_B)
        worst = min(float(np.abs(np.diag(link.R)).min() / np.abs(link.R).max()) for link in links)
        kept = self.sizes > LOST
        if kept.any() and self.sizes[kept][-1] > CLEAR:  # the rest is no accuracy but a freedom of B, left as it is
            self.inverse, smallest = np.where(kept, 1.0 / np.where(kept, self.sizes, 1.0), 0.0), self.sizes[kept][-1]
        else:
            self.inverse, smallest = 1.0 / np.maximum(self.sizes, 1e-300), self.sizes[-1]
        self.smallest = min(float(smallest), 1.0) if worst > 1e-15 else 0.0

    def solve(self, start: Array, r: Array, end: Array) -> Array:
        """States (L + 1, 2 n) for right-hand sides (n,), (L, 2 n), (n,)."""
        n, L = self.n, len(self.links)
        c, z = lapack.dtrtrs(self.first, end, trans=1)[0], np.empty((L, 2 * n))
        for l in range(L - 1, -1, -1):
            link = self.links[l]
            moved = np.concatenate([c, r[l] * self.row[l]])[link.order]
            z[l] = lapack.dtrtrs(link.factors[: 2 * n], moved[: 2 * n], lower=1, unitdiag=1)[0]
            c = lapack.dtrtrs(link.R, moved[2 * n :] - link.factors[2 * n :] @ z[l], trans=1)[0]
        y = np.empty((L + 1, 2 * n))
        y[0, :n] = start
        y[0, n:] = self.Vt.T @ (self.inverse * (self.U.T @ (c - self.C_A @ start)))
        for l in range(L):
            link = self.links[l]
            y[l + 1] = lapack.dtrtrs(link.factors[: 2 * n], z[l] - link.T @ y[l])[0]
        return y
