"""Linear equations along a chain of states, solved by elimination with exchanges of rows from the end backwards.

    dA_0 = start,   E_l y_{l-1} + G_l y_l = r_l  (l = 1 .. L),   C y_L = end

The condition on y_l and the link to y_{l-1} are 3 n equations in the 2 n unknowns y_l; what is left of them is the
condition on y_{l-1}. Growing and decaying solutions are both kept in hand, as they are not by products of
propagators (Ascher, Mattheij, Russell, SIAM 1995, Section 7.2). Rows of a condition are scaled to length one, and the
columns of the last one: sharp kinks make some of them small without making the problem singular.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]


class _Link(NamedTuple):
    factors: Array  # 3 n x 2 n
    order: NDArray[np.int64]  # of rows
    T: Array  # U y_l = z - T y_{l-1}
    scale: Array  # rows of the condition on y_{l-1}


class Chain:
    """Factors; `solve` takes right-hand sides, `smallest` is the relative singular value of the condition on dB_0."""

    def __init__(self, E: Array, G: Array, C: Array) -> None:
        n = C.shape[0]
        self.n = n
        self.finite = bool(np.isfinite(E).all() and np.isfinite(G).all())
        self.smallest = 0.0
        if not self.finite:
            return
        self.first = 1.0 / np.linalg.norm(C, axis=1)
        C = C * self.first[:, None]
        links = []
        behind = np.zeros((3 * n, 2 * n))
        for l in range(len(E) - 1, -1, -1):
            factors, swaps, _ = lapack.dgetrf(np.concatenate([C, G[l]]))
            order = np.arange(3 * n)
            for k, with_row in enumerate(swaps):
                order[k], order[with_row] = order[with_row], order[k]
            behind[n:] = E[l]
            moved = behind[order]
            T = lapack.dtrtrs(factors[: 2 * n], moved[: 2 * n], lower=1, unitdiag=1)[0]
            C = moved[2 * n :] - factors[2 * n :] @ T
            scale = 1.0 / np.maximum(np.linalg.norm(C, axis=1), 1e-300)
            C = C * scale[:, None]
            links.append(_Link(factors, order, T, scale))
        self.links = links[::-1]
        self.C_A, C_B = C[:, :n], C[:, n:]
        if not np.isfinite(C_B).all():
            self.finite = False
            return
        self.columns = 1.0 / np.maximum(np.linalg.norm(C_B, axis=0), 1e-300)
        self.U, sizes, self.Vt = np.linalg.svd(C_B * self.columns)
        self.sizes = sizes
        self.smallest = float(sizes[-1] / sizes[0]) if sizes[0] > 0.0 else 0.0

    def solve(self, start: Array, r: Array, end: Array) -> Array:
        """States (L + 1, 2 n) for right-hand sides (n,), (L, 2 n), (n,)."""
        n, L = self.n, len(self.links)
        c, z = end * self.first, np.empty((L, 2 * n))
        for l in range(L - 1, -1, -1):
            link = self.links[l]
            moved = np.concatenate([c, r[l]])[link.order]
            z[l] = lapack.dtrtrs(link.factors[: 2 * n], moved[: 2 * n], lower=1, unitdiag=1)[0]
            c = (moved[2 * n :] - link.factors[2 * n :] @ z[l]) * link.scale
        y = np.empty((L + 1, 2 * n))
        y[0, :n] = start
        y[0, n:] = self.columns * (self.Vt.T @ ((self.U.T @ (c - self.C_A @ start)) / self.sizes))
        for l in range(L):
            link = self.links[l]
            y[l + 1] = lapack.dtrtrs(link.factors[: 2 * n], z[l] - link.T @ y[l])[0]
        return y
