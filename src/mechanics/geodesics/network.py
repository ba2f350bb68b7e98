"""Critical points of a discrete Leaky ResNet: the equations of symplectic Euler in activations and costates.

    A_l = A_{l-1} + rho_l dH/dB(A_{l-1}, B_l),   B_{l-1} = B_l + rho_l dH/dA(A_{l-1}, B_l),   A_0 = X,   end at L

W_l = Lt B_l S_{l-1}^T then makes the cost of `layers` stationary, and B_l is -1/lam times the back-propagated gradient.

Minimisers of ReLU networks sit on kinks: entries that stay at A = 0 for several layers. There the slope may be any
number in [0, 1] (Clarke's generalised gradient), and it is the unknown in the place of A: `held` says where, and the
state holds s instead of A at those entries.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chain import Chain
from .ends import End
from .field import field, hamiltonian, joined, parts, second, states
from .layers import Task

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Linearised(NamedTuple):
    """Newton's matrix, as the iteration wants it."""

    chain: Any
    smallest: float
    finite: bool

    def solve(self, r: Array) -> Array:
        """Correction J^-1 r, flat."""
        n = self.chain.n
        y: Array = self.chain.solve(r[:n], r[n:-n].reshape(-1, 2 * n), r[-n:]).ravel()
        return y


def opened(task: Task, y: Array, held: Mask | None) -> tuple[Array, Array, Array | None]:
    """A, B and slopes of states (L+1, 2 n); slopes are None where nothing is held."""
    A, B = states(task, y)
    if held is None:
        return A, B, None
    return np.where(held, 0.0, A), B, np.where(held, A, task.act.slope(A))


def residual(task: Task, end: End, x: Array, held: Mask | None = None) -> Array:
    """What the equations leave: start, links, end."""
    w, N = task.X.shape
    A, B, s = opened(task, x.reshape(-1, 2 * w * N), held)
    rho = np.asarray(task.rho)[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        dA, dB = field(task, A[:-1], B[1:], None if s is None else s[:-1])
        r_A = A[1:] - A[:-1] - rho * dA
        r_B = B[:-1] - B[1:] + rho * dB
        return np.concatenate([(A[0] - task.X).ravel(), joined(r_A, r_B).ravel(), end.miss(A[-1], B[-1]).ravel()])


def linearise(task: Task, end: End, x: Array, held: Mask | None = None) -> Linearised:
    """Newton's matrix at x."""
    w, N = task.X.shape
    n = w * N
    A, B, s = opened(task, x.reshape(-1, 2 * n), held)
    rho = np.asarray(task.rho)[:, None, None]
    L = len(rho)
    H = second(task, A[:-1], B[1:], None if s is None else s[:-1])
    one = np.eye(n)
    F = one + rho * H.BA
    E, G = np.zeros((L, 2 * n, 2 * n)), np.zeros((L, 2 * n, 2 * n))
    E[:, :n, :n], E[:, n:, :n], E[:, n:, n:] = -F, -rho * H.AA, one
    G[:, :n, :n], G[:, :n, n:], G[:, n:, n:] = one, -rho * H.BB, -np.swapaxes(F, 1, 2)
    if held is not None:
        pull = parts(task, A[:-1], B[1:]).pull
        for l, i in zip(*np.nonzero(held[:-1].reshape(L, n)), strict=True):
            E[l, :, i] = 0.0
            E[l, n + i, i] = -rho[l, 0, 0] * task.Lt * pull[l].ravel()[i]
            if l > 0:
                G[l - 1, :n, i] = 0.0
    chain = Chain(E, G, end.rows())
    return Linearised(chain, chain.smallest, chain.finite)


def size(task: Task, dx: Array, x: Array) -> float:
    """Largest change, of A and of B each relative to its largest entry."""
    n = task.X.size
    A, B = (part.reshape(-1, 2, n) for part in (dx, x))
    scale = np.abs(B).max(axis=(0, 2))
    return float((np.abs(A).max(axis=(0, 2)) / np.maximum(scale, 1e-3)).max())


def energies(task: Task, A: Array, B: Array) -> Array:
    """H of each layer at its pair (A_{l-1}, B_l): at equal indices it is off by O(rho Lt)."""
    return hamiltonian(task, A[:-1], B[1:])
