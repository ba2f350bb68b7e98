"""End conditions of a representation geodesic as linear equations in (A_1, B_1).

    soft     B_1 = (2/(lam N)) P (Y - P^T A_1)             stationary cost, Jacot and Kaiser, Section 1.5
    fixed    P^T A_1 = Y,   B_1 in the range of P          its limit of small lam

With P = Q R both are  c Q Q^T B + (1 - Q Q^T) B + Q R R^T Q^T A = Q R Y,  where c = lam N / 2, or 0 for fixed ends:
a path to fixed ends goes through soft ones of falling c.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .layers import Task

Array = NDArray[np.float64]


class End(NamedTuple):
    """C_A A + C_B B = y, with (w, w) matrices and y (w, N)."""

    C_A: Array
    C_B: Array
    y: Array

    def miss(self, A: Array, B: Array) -> Array:
        """C_A A + C_B B - y, (w, N)."""
        return self.C_A @ A + self.C_B @ B - self.y

    def rows(self) -> Array:
        """The condition as a matrix (n, 2 n) on states."""
        one = np.eye(self.y.shape[1])
        return np.concatenate([np.kron(self.C_A, one), np.kron(self.C_B, one)], axis=1)


def end_of(task: Task, softness: float = 1.0) -> End:
    """The end condition; softness 1 is soft, 0 fixed, and between them lam of the fit alone is multiplied by it."""
    Q, R = np.linalg.qr(task.P)
    inside = Q @ Q.T
    c = softness * task.lam * task.X.shape[1] / 2
    return End(Q @ R @ R.T @ Q.T, c * inside + np.eye(len(Q)) - inside, Q @ R @ task.Y)
