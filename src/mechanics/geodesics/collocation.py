"""Gauss collocation of a representation geodesic: s stages in each step, eliminated before the chain is solved.

    K_lj = f(y_l + h_l sum_m a_jm K_lm),   y_{l+1} = y_l + h_l sum_j b_j K_lj,   A_0 = X,   end conditions at p = 1

One stage is the midpoint rule (order 2), s stages have order 2 s. The equations are those of a discrete variational
problem: with smooth activations they keep H and the balance laws to their order.

Ascher, Mattheij, Russell, Numerical Solution of Boundary Value Problems for ODEs, SIAM 1995, 5.6.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods.gauss import gauss
from .chain import Chain
from .ends import End
from .field import field, jacobian, joined, states
from .layers import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Condensed:
    """Newton's matrix with the stages eliminated: y_{l+1} = Gamma_l y_l + w_l."""

    chain: Chain
    S: Array  # (L, s 2n, 2n): K = u + S y_l
    inverse: Array  # of 1 - h J A
    h: Array
    b: Array

    @property
    def smallest(self) -> float:
        """Relative singular value of the condition on dB_0."""
        return self.chain.smallest

    @property
    def finite(self) -> bool:
        """Whether all is finite."""
        return self.chain.finite

    def across(self, start: Array, w: Array, end: Array) -> Array:
        """States with y_{l+1} = Gamma_l y_l + w_l and the ends given."""
        return self.chain.solve(start, w, end)

    def solve(self, r: Array) -> Array:
        """Correction J^-1 r, flat: states, then stages."""
        n = self.chain.n
        L, size, _ = self.S.shape
        r_y, r_K = r[: -L * size], r[-L * size :].reshape(L, size)
        u = (self.inverse @ r_K[..., None])[..., 0]
        w = r_y[n:-n].reshape(L, 2 * n) + self.h[:, None] * np.einsum("j,ljn->ln", self.b, u.reshape(L, -1, 2 * n))
        y = self.across(r_y[:n], w, r_y[-n:])
        K = u + (self.S @ y[:-1, :, None])[..., 0]
        return np.concatenate([y.ravel(), K.ravel()])


@dataclass(frozen=True, eq=False)
class Midpoint:
    """Newton's matrix of one stage, which needs no inverse: (1 - h J/2) y_{l+1} = (1 + h J/2) y_l + (1 - h J/2) w_l."""

    chain: Chain
    G: Array  # 1 - h J/2
    h: Array

    @property
    def smallest(self) -> float:
        """Relative singular value of the condition on dB_0."""
        return self.chain.smallest

    @property
    def finite(self) -> bool:
        """Whether all is finite."""
        return self.chain.finite

    def across(self, start: Array, w: Array, end: Array) -> Array:
        """States with y_{l+1} = Gamma_l y_l + w_l and the ends given."""
        return self.chain.solve(start, (self.G @ w[..., None])[..., 0], end)

    def solve(self, r: Array) -> Array:
        """Correction J^-1 r, flat: states, then stages."""
        n, L = self.chain.n, len(self.h)
        r_y, r_K = r[: -2 * n * L], r[-2 * n * L :].reshape(L, 2 * n)
        w = r_y[n:-n].reshape(L, 2 * n)
        y = self.chain.solve(r_y[:n], (self.G @ w[..., None])[..., 0] + self.h[:, None] * r_K, r_y[-n:])
        K = (y[1:] - y[:-1] - w) / self.h[:, None]
        return np.concatenate([y.ravel(), K.ravel()])


class Collocation(NamedTuple):
    """A discretisation: steps h (L,) and the number of stages."""

    task: Task
    end: End
    h: Array
    stages: int

    def split(self, x: Array) -> tuple[Array, Array]:
        """States (L+1, 2n) and stages (L, s, 2n)."""
        n2, L = 2 * self.task.X.size, len(self.h)
        return x[: (L + 1) * n2].reshape(L + 1, n2), x[(L + 1) * n2 :].reshape(L, self.stages, n2)

    def start(self, y: Array) -> Array:
        """Unknowns from states at the nodes, with slopes of the straight lines between them."""
        K = np.repeat((np.diff(y, axis=0) / self.h[:, None])[:, None], self.stages, axis=1)
        return np.concatenate([y.ravel(), K.ravel()])

    def points(self, y: Array, K: Array) -> Array:
        """States at the stages, (L, s, 2n)."""
        Z: Array = y[:-1, None] + self.h[:, None, None] * np.einsum("jm,lmn->ljn", gauss(self.stages).A[0], K)
        return Z

    def residual(self, x: Array) -> Array:
        """What the equations leave: start, links, end, stages."""
        y, K = self.split(x)
        with np.errstate(over="ignore", invalid="ignore"):
            F = joined(*field(self.task, *states(self.task, self.points(y, K))))
            link = y[1:] - y[:-1] - self.h[:, None] * np.einsum("j,ljn->ln", gauss(self.stages).b[0], K)
            A, B = states(self.task, y)
            start, end = A[0] - self.task.X, self.end.miss(A[-1], B[-1])
            return np.concatenate([start.ravel(), link.ravel(), end.ravel(), (K - F).ravel()])

    def linearise(self, x: Array) -> Condensed | Midpoint:
        """Newton's matrix at x."""
        y, K = self.split(x)
        L, s, n2 = K.shape
        tab = gauss(s)
        J = jacobian(self.task, *states(self.task, self.points(y, K).reshape(L * s, n2))).reshape(L, s, n2, n2)
        if s == 1:
            half = self.h[:, None, None] / 2 * J[:, 0]
            G = np.eye(n2) - half
            return Midpoint(Chain(-np.eye(n2) - half, G, self.end.rows()), G, self.h)
        h = self.h[:, None, None, None, None]
        inner = np.eye(s * n2) - (h * J[:, :, :, None, :] * tab.A[0][None, :, None, :, None]).reshape(L, s * n2, s * n2)
        if not np.isfinite(inner).all():
            return Condensed(Chain(J[:, 0] * np.nan, J[:, 0], self.end.rows()), inner, inner, self.h, tab.b[0])
        inverse = np.linalg.inv(inner)
        S = inverse @ J.reshape(L, s * n2, n2)
        through = np.eye(n2) + self.h[:, None, None] * np.einsum("j,ljnm->lnm", tab.b[0], S.reshape(L, s, n2, n2))
        chain = Chain(-through, np.broadcast_to(np.eye(n2), (L, n2, n2)), self.end.rows())
        return Condensed(chain, S, inverse, self.h, tab.b[0])
