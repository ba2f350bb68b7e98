"""Coefficients of a Rosenbrock method: one factorisation and one linear system a stage, no iteration.

    (1/(dt gamma) I - J) dt V_i = f(t + c_i dt, y + dt sum_{j<i} A_ij V_j) + sum_{j<i} C_ij V_j + d_i dt f_t
    y1 = y + dt sum_j m_j V_j,   error = dt sum_j e_j V_j,   J = df/dy and f_t = df/dt at (t, y)

The stages are those of the transformed form, which needs no product with J. The original coefficients follow from
Gamma = (1/gamma I - C)^-1: alpha = A Gamma, b = Gamma^T m, and beta = alpha + Gamma.

References
----------
Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.7, (7.25) and theorem 7.4 (order conditions).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .bernstein import bernstein_basis, from_monomials
from .conditions import Tree, density, rooted_trees
from .tableau import Vector


@dataclass(frozen=True, eq=False)
class Rosenbrock:
    """Coefficients of one method; made by `rosenbrock`, which checks them.

    Attributes
    ----------
    gamma : float
        Diagonal of Gamma.
    A, C : ndarray, shape (s, s)
        Strictly lower triangles.
    m, e, c, d : ndarray, shape (s,)
        Weights of the step and of its error, nodes, and weights of df/dt.
    B : ndarray, shape (s, degree)
        Interpolant in the Bernstein basis.
    dense_order : int
        Order conditions met inside the step.
    """

    kind: ClassVar[str] = "implicit"

    gamma: float
    A: Vector
    C: Vector
    m: Vector
    e: Vector
    c: Vector
    d: Vector
    B: Vector
    dense_order: int

    @property
    def stages(self) -> int:
        """s, the linear systems of a step."""
        return len(self.m)

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        return int(self.B.shape[1])

    @property
    def Gamma(self) -> Vector:
        """Coefficients of J K_j in the original form."""
        return np.asarray(np.linalg.inv(np.eye(self.stages) / self.gamma - self.C), float)

    @property
    def alpha(self) -> Vector:
        """Coefficients of the stages in the original form."""
        return self.A @ self.Gamma


def rosenbrock(
    gamma: float,
    A: Sequence[Sequence[float]],
    C: Sequence[Sequence[float]],
    *,
    m: Sequence[float],
    e: Sequence[float],
    c: Sequence[float],
    d: Sequence[float],
    H: Sequence[Sequence[float]],
    dense_order: int,
) -> Rosenbrock:
    """Check the coefficients of a Rosenbrock method and pack them.

    Parameters
    ----------
    gamma, A, C, m, e, c, d, dense_order
        As in `Rosenbrock`; A and C by rows of 0, 1, .. s - 1 entries.
    H : sequence of sequence of float, shape (k, s)
        Interpolant: y(t + theta dt) = (1 - theta) y + theta y1 + theta (1 - theta) dt sum_k theta^k sum_j H_kj V_j.

    Raises
    ------
    ValueError
        If shapes disagree, or c is not the row sums of alpha, or d not those of Gamma, by more than 1e-13 (relative to
        the largest coefficient of the row).
    """
    s = len(m)
    if any([len(row) for row in rows] != list(range(s)) for rows in (A, C)):
        raise ValueError(f"A and C need rows of 0..{s - 1} entries, as m has {s} weights.")
    if any(len(row) != s for row in (e, c, d, *H)):
        raise ValueError(f"e, c, d and the rows of H need {s} entries each.")
    lower = np.zeros((2, s, s))
    for matrix, rows in zip(lower, (A, C), strict=True):
        for i, row in enumerate(rows):
            matrix[i, :i] = row
    weights = np.asarray(m, float)
    P = np.zeros((s, len(H) + 2))
    P[:, 0] = weights
    for k, row in enumerate(np.asarray(H, float)):
        P[:, k] += row
        P[:, k + 1] -= row
    made = Rosenbrock(
        gamma,
        lower[0],
        lower[1],
        weights,
        np.asarray(e, float),
        np.asarray(c, float),
        np.asarray(d, float),
        from_monomials(P[:, : len(H) + 1]),
        dense_order,
    )
    for name, matrix, given in (("alpha", made.alpha, made.c), ("Gamma", made.Gamma, made.d)):
        off = np.abs(matrix.sum(1) - given) / np.maximum(1.0, np.abs(matrix).sum(1))
        if off.max() > 1e-13:
            raise ValueError(f"Row {int(off.argmax())} of {name} misses its node by {off.max():.1e}.")
    return made


def order_defects(data: Rosenbrock, weights: Vector, order: int, *, theta: float = 1.0, target: float = 1.0) -> Vector:
    """Largest violation of the order conditions, for each number of vertices up to `order`.

    A vertex with one branch sums it with beta = alpha + Gamma, a vertex with several with alpha; otherwise as
    `conditions.order_defects`. `weights` are those of the V_j.
    """
    alpha, Gamma = data.alpha, data.Gamma
    b = weights @ Gamma
    sums: dict[Tree, tuple[Vector, Vector]] = {}
    defects = np.zeros(order)
    for vertices in range(1, order + 1):
        for tree in rooted_trees(vertices):
            phi = np.ones(data.stages)
            for branch in tree:
                phi = phi * sums[branch][len(tree) == 1]
            sums[tree] = alpha @ phi, (alpha + Gamma) @ phi
            wanted = theta**vertices / density(tree)
            terms = b * phi
            defect = abs(float(np.sum(terms)) - target * wanted) / (float(np.sum(np.abs(terms))) + wanted)
            defects[vertices - 1] = max(defects[vertices - 1], defect)
    return defects


def interpolant_weights(data: Rosenbrock, theta: float) -> Vector:
    """Weights of the V_j at t + theta dt."""
    return data.B @ bernstein_basis(data.degree, theta)


def stability(data: Rosenbrock, z: complex) -> complex:
    """R(z): the factor of one step of y' = lambda y, z = lambda dt; `inf` gives its limit."""
    beta, b = data.alpha + data.Gamma, data.m @ data.Gamma
    one = np.ones(data.stages)
    if np.isinf(z):
        return complex(1.0 - b @ np.linalg.solve(beta, one))
    return complex(1.0 + z * (b @ np.linalg.solve(np.eye(data.stages) - z * beta, one)))
