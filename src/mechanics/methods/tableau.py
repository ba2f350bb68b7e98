"""Coefficients of an explicit Runge-Kutta method with its error estimate and its interpolant.

    Y_i = y + dt sum_{j<i} A_ij K_j,   K_i = f(t + c_i dt, Y_i),   i = 0 .. s-1
    y1  = y + dt sum_j b_j K_j,        K_s = f(t + dt, y1)
    error_r = dt sum_{j<=s} e_rj K_j
    y(t + theta dt) = y + dt sum_j w_j(theta) K_j,   w_j(theta) = sum_d P_jd theta^(d+1) = sum_k B_jk beta_k(theta)

K_s, the slope at the new point, is the first stage of the next step, so an accepted step costs s evaluations for
every method. An interpolant may need extra stages after K_s; they are computed only where output is wanted.
beta_k are the Bernstein polynomials of `bernstein`: the same interpolant as P, without its cancellation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .bernstein import from_monomials, to_monomials

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tableau:
    """Coefficients of one explicit method; made by `tableau`, which checks them.

    Attributes
    ----------
    A : tuple of tuple of float
        Rows of the strictly lower triangle: row i has i entries, s rows.
    b, c : ndarray, shape (s,)
        Weights and nodes.
    e : ndarray, shape (r, s + 1)
        Weights of r error estimates (r = 0: fixed steps only; two are combined as in DOP853).
    extra_A : tuple of tuple of float
        Stages of the interpolant after K_s: row i has s + 1 + i entries.
    extra_c : ndarray, shape (x,)
        Their nodes.
    P : ndarray, shape (s + 1 + x, d)
        Coefficients of the interpolant as monomials.
    B : ndarray, shape (s + 1 + x, d)
        The same in the Bernstein basis; its last column is w_j(1).
    dense_order : int
        Order conditions that the interpolant meets inside the step: local error O(dt^(dense_order + 1)). Values between
        steps then converge as dt^min(order, dense_order + 1).
    """

    kind: ClassVar[str] = "explicit"

    A: tuple[tuple[float, ...], ...]
    b: Vector
    c: Vector
    e: Vector
    extra_A: tuple[tuple[float, ...], ...]
    extra_c: Vector
    P: Vector
    B: Vector
    dense_order: int

    @property
    def stages(self) -> int:
        """s, the evaluations of the drift in an accepted step."""
        return len(self.b)

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        return int(self.B.shape[1])

    @property
    def error_needs_end(self) -> bool:
        """Whether an error estimate reads K_s, which is then computed before the step is accepted."""
        return bool(np.any(self.e[:, -1] != 0.0))


def tableau(
    A: Sequence[Sequence[float]],
    b: Sequence[float],
    c: Sequence[float],
    *,
    e: Sequence[Sequence[float]] = (),
    extra_A: Sequence[Sequence[float]] = (),
    extra_c: Sequence[float] = (),
    P: Sequence[Sequence[float]] | None = None,
    B: Sequence[Sequence[float]] | None = None,
    dense_order: int = 3,
) -> Tableau:
    """Check the coefficients of an explicit method and pack them.

    Parameters
    ----------
    A, b, c, e, extra_A, extra_c, P, B, dense_order
        As in `Tableau`. The interpolant is given as P or as B; without either it is the cubic Hermite polynomial
        through both ends.

    Raises
    ------
    ValueError
        If P and B are both given, if shapes disagree, or if one of sum(b) = 1, sum_j A_ij = c_i, sum_j e_rj = 0,
        y(t + 1 dt) = y1 fails by more than 1e-13 (relative to the sum of absolute values).
    """
    s = len(b)
    weights = np.asarray(b, float)
    nodes = np.asarray(c, float)
    extra_nodes = np.asarray(extra_c, float)
    rows = tuple(tuple(map(float, row)) for row in A)
    extra = tuple(tuple(map(float, row)) for row in extra_A)
    if [len(row) for row in rows] != list(range(s)) or nodes.shape != (s,):
        raise ValueError(f"A needs rows of 0..{s - 1} entries and c {s} nodes, as b has {s} weights.")
    if [len(row) for row in extra] != list(range(s + 1, s + 1 + len(extra))) or extra_nodes.shape != (len(extra),):
        raise ValueError(f"extra_A needs rows of {s + 1}, {s + 2}, ... entries, and extra_c one node for each.")
    if any(len(row) != s + 1 for row in e):
        raise ValueError(f"e needs rows of {s + 1} entries (stages, slope at the end), got {[len(row) for row in e]}.")
    if P is not None and B is not None:
        raise ValueError(
            "P (monomials) and B (Bernstein basis) are two ways to write the interpolant; give one of them."
        )
    given = np.asarray(B if P is None else P, float) if P is not None or B is not None else _hermite(weights)
    if given.ndim != 2 or len(given) != s + 1 + len(extra):
        raise ValueError(f"P or B needs {s + 1 + len(extra)} rows (stages, slope at the end, extra stages).")
    monomials, dense = (given, from_monomials(given)) if P is not None else (to_monomials(given), given)
    errors = np.asarray(e, float).reshape(-1, s + 1)
    _check("sum(b) = 1", weights, 1.0)
    for i, (row, node) in enumerate(zip((*rows, *extra), (*nodes, *extra_nodes), strict=True)):
        _check(f"row {i} of A sums to c", np.asarray(row, float), node)
    for estimate in errors:
        _check("sum(e) = 0", estimate, 0.0)
    at_end = np.concatenate([weights, np.zeros(1 + len(extra))])
    for j, weight in enumerate(dense[:, -1]):
        _check(f"interpolant reaches y1 (stage {j})", np.array([weight]), at_end[j])
    return Tableau(rows, weights, nodes, errors, extra, extra_nodes, monomials, dense, dense_order)


def _check(claim: str, terms: Vector, value: float) -> None:
    total = float(np.sum(terms))
    if abs(total - value) > 1e-13 * max(1.0, float(np.sum(np.abs(terms)))):
        raise ValueError(f"{claim} fails: got {total!r}, wanted {float(value)!r}.")


def _hermite(b: Vector) -> Vector:
    """Cubic Hermite polynomial in the Bernstein basis: K_0 / 3, D - K_s / 3, D with D = sum_j b_j K_j."""
    B = np.zeros((len(b) + 1, 3))
    B[0, 0] = 1.0 / 3.0
    B[:-1, 1] = B[:-1, 2] = b
    B[-1, 1] = -1.0 / 3.0
    return B
