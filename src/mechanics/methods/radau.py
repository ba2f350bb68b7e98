"""Coefficients of a three-stage collocation method for stiff problems, with its equations uncoupled.

    Y_i = y + Z_i,   Z_i = dt sum_j A_ij f(t + c_j dt, Y_j),   y1 = Y_3
    T^-1 A^-1 T = [[gamma, 0, 0], [0, alpha, -beta], [0, beta, alpha]]

so that a Newton step of 3 n unknowns is a real and a complex one of n. The error estimate is
(gamma/dt I - J)^-1 (f(t, y) + 1/dt sum_i e_i Z_i). The interpolant is the collocation polynomial, of degree 3 through
y and the three stages.

References
----------
Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.5 (Radau IIA) and IV.8, (8.4) to (8.20).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .bernstein import bernstein_basis, from_monomials
from .tableau import Vector


@dataclass(frozen=True, eq=False)
class Radau:
    """Coefficients of one method; made by `radau`, which checks them.

    Attributes
    ----------
    A, T, T_inverse : ndarray, shape (3, 3)
        Stages, and the transformation that uncouples them.
    c, e : ndarray, shape (3,)
        Nodes and weights of the error estimate.
    gamma, alpha, beta : float
        Eigenvalues gamma and alpha +- i beta of A^-1.
    P, B : ndarray, shape (3, 3)
        Interpolant: y + sum_i w_i(theta) Z_i, in monomials and in the Bernstein basis.
    dense_order : int
        Order conditions met inside the step.
    """

    kind: ClassVar[str] = "implicit"

    A: Vector
    c: Vector
    e: Vector
    T: Vector
    T_inverse: Vector
    gamma: float
    alpha: float
    beta: float
    P: Vector
    B: Vector
    dense_order: int = 3

    @property
    def stages(self) -> int:
        """s."""
        return len(self.c)

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        return int(self.B.shape[1])


def radau(
    A: Sequence[Sequence[float]],
    c: Sequence[float],
    T: Sequence[Sequence[float]],
    T_inverse: Sequence[Sequence[float]],
    gamma: float,
    alpha: float,
    beta: float,
    e: Sequence[float],
) -> Radau:
    """Check the coefficients of a collocation method and pack them; arguments as in `Radau`.

    Raises
    ------
    ValueError
        If c is not the row sums of A, or T does not uncouple the stages, to 1e-13.
    """
    stages, nodes = np.asarray(A, float), np.asarray(c, float)
    transform, back = np.asarray(T, float), np.asarray(T_inverse, float)
    if np.abs(stages.sum(1) - nodes).max() > 1e-13:
        raise ValueError(f"Rows of A sum to {stages.sum(1).tolist()}, not to c.")
    uncoupled = np.array([[gamma, 0.0, 0.0], [0.0, alpha, -beta], [0.0, beta, alpha]])
    for name, product in (
        ("T T_inverse", transform @ back),
        ("A T Lambda T_inverse", stages @ transform @ uncoupled @ back),
    ):
        if np.abs(product - np.eye(3)).max() > 1e-13:
            raise ValueError(f"{name} must be the unit matrix, but is {product.tolist()}.")
    # w_i(theta) = theta / c_i prod_{k != i} (theta - c_k) / (c_i - c_k)
    P = np.zeros((3, 3))
    for i in range(3):
        others = [k for k in range(3) if k != i]
        product = np.poly(nodes[others]) / np.prod(nodes[i] - nodes[others]) / nodes[i]
        P[i] = product[::-1]
    return Radau(stages, nodes, np.asarray(e, float), transform, back, gamma, alpha, beta, P, from_monomials(P))


def interpolant_weights(data: Radau, theta: float) -> Vector:
    """Weights of the K_j = f(Y_j) at t + theta dt: those of Z, times A."""
    return (data.B @ bernstein_basis(data.degree, theta)) @ data.A


def stability(data: Radau, z: complex) -> complex:
    """R(z) of y' = lambda y, z = lambda dt; `inf` gives its limit."""
    one = np.ones(3)
    if np.isinf(z):
        return complex(1.0 - data.A[-1] @ np.linalg.solve(data.A, one))
    return complex(1.0 + z * (data.A[-1] @ np.linalg.solve(np.eye(3) - z * data.A, one)))
