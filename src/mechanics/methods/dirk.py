"""Coefficients of a diagonally implicit Runge-Kutta method with an explicit first stage (ESDIRK), stiffly accurate.

    Y_i = y + dt sum_{j<=i} A_ij K_j,   K_i = f(t + c_i dt, Y_i),   A_00 = 0,  A_ii = gamma for i > 0,  y1 = Y_{s-1}
    error = dt sum_j e_j K_j

The slope of the last stage is the first one of the next step. The interpolant is the cubic Hermite polynomial through
both ends, of order 3.

References
----------
Kvaerno, BIT 44 (2004) 489-502; Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .bernstein import bernstein_basis
from .conditions import Tree, density, rooted_trees
from .tableau import Vector

NEAREST = 3  # stages from which the slope of the next one is guessed


@dataclass(frozen=True, eq=False)
class Dirk:
    """Coefficients of one method; made by `dirk`, which checks them.

    Attributes
    ----------
    gamma : float
        Diagonal.
    A : ndarray, shape (s, s)
        Lower triangle with the diagonal.
    c, e : ndarray, shape (s,)
        Nodes and weights of the error estimate.
    guess : ndarray, shape (s, s)
        Row i: weights of earlier slopes whose sum is the first guess of K_i.
    B : ndarray, shape (s, 3)
        Interpolant in the Bernstein basis.
    dense_order : int
        Order conditions met inside the step.
    """

    kind: ClassVar[str] = "implicit"

    gamma: float
    A: Vector
    c: Vector
    e: Vector
    guess: Vector
    B: Vector
    dense_order: int = 3

    @property
    def stages(self) -> int:
        """s, the explicit one among them."""
        return len(self.c)

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        return int(self.B.shape[1])


def dirk(A: Sequence[Sequence[float]], gamma: float, e: Sequence[float], *, dense_order: int = 3) -> Dirk:
    """Check the coefficients of an ESDIRK method and pack them.

    Parameters
    ----------
    A : sequence of sequence of float
        Rows of 0, 1, .. s - 1 entries: what is left of the diagonal; the last one holds the weights of the step.
    gamma, e, dense_order
        As in `Dirk`.

    Raises
    ------
    ValueError
        If shapes disagree, or the step's weights do not sum to 1, or those of the error to 0, to 1e-13.
    """
    s = len(A)
    if [len(row) for row in A] != list(range(s)) or len(e) != s:
        raise ValueError(f"A needs rows of 0..{s - 1} entries, and e {s} weights.")
    full = np.zeros((s, s))
    for i, row in enumerate(A):
        full[i, :i] = row
        full[i, i] = gamma if i else 0.0
    c = full.sum(1)
    for claim, total, wanted in (("sum(b) = 1", c[-1], 1.0), ("sum(e) = 0", sum(e), 0.0)):
        if abs(total - wanted) > 1e-13:
            raise ValueError(f"{claim} fails: got {float(total)!r}.")
    B = np.zeros((s, 3))
    B[:, 1] = B[:, 2] = full[-1]
    B[0, 0] += 1.0 / 3.0
    B[-1, 1] -= 1.0 / 3.0
    return Dirk(gamma, full, c, np.asarray(e, float), _guess(c), B, dense_order)


def _guess(c: Vector) -> Vector:
    """Row i: the polynomial through the slopes of the stages nearest to c_i, at c_i."""
    weights = np.zeros((len(c), len(c)))
    for i in range(1, len(c)):
        nearest = sorted(range(i), key=lambda j: abs(c[j] - c[i]))
        if abs(c[nearest[0]] - c[i]) < 1e-9:
            weights[i, nearest[0]] = 1.0
            continue
        used = nearest[:NEAREST]
        for j in used:
            weights[i, j] = np.prod([(c[i] - c[k]) / (c[j] - c[k]) for k in used if k != j])
    return weights


def order_defects(data: Dirk, weights: Vector, order: int, *, theta: float = 1.0, target: float = 1.0) -> Vector:
    """As `conditions.order_defects`, for a full matrix of stages."""
    sums: dict[Tree, Vector] = {}
    defects = np.zeros(order)
    for vertices in range(1, order + 1):
        for tree in rooted_trees(vertices):
            phi = np.ones(data.stages)
            for branch in tree:
                phi = phi * sums[branch]
            sums[tree] = data.A @ phi
            wanted = theta**vertices / density(tree)
            terms = weights * phi
            defect = abs(float(np.sum(terms)) - target * wanted) / (float(np.sum(np.abs(terms))) + wanted)
            defects[vertices - 1] = max(defects[vertices - 1], defect)
    return defects


def interpolant_weights(data: Dirk, theta: float) -> Vector:
    """Weights of the K_j at t + theta dt."""
    return data.B @ bernstein_basis(data.degree, theta)


def stability(data: Dirk, z: complex) -> complex:
    """R(z) of y' = lambda y, z = lambda dt; `inf` gives its limit."""
    s = data.stages
    if np.isinf(z):  # the implicit stages vanish but for what the explicit one puts into them
        inner, first = data.A[1:, 1:], data.A[1:, 0]
        return complex(-np.linalg.solve(inner, first)[-1])
    return complex(np.linalg.solve(np.eye(s) - z * data.A, np.ones(s))[-1])
