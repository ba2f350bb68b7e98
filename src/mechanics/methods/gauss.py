"""Gauss collocation: implicit Runge-Kutta methods of order 2 s with s stages, symplectic for every Hamiltonian.

    Y_i = y + dt sum_j A_ij F_j,   F_i = f(t + c_i dt, Y_i),   y1 = y + dt sum_j b_j F_j
    q'' = f(t, q):   Q_i = q + c_i dt v + dt^2 sum_j (A A)_ij F_j,   V_i not needed

Nodes are the zeros of the shifted Legendre polynomial, A_ij and b_j integrate the Lagrange polynomials of the nodes.
They are computed in 60 digits and kept as a float64 and what it leaves out: with the rounded coefficients alone a
method is symplectic to 1e-16 only, and the energy drifts by that in every step. The steps are symmetric, conserve
quadratic invariants, and their iteration ends at rounding.

Hairer, Lubich, Wanner, Geometric Numerical Integration, 2nd ed., II.1.3, IV.2, VIII.6; Hairer, McLachlan,
Razakarivony, BIT 48 (2008) 231-243: coefficients, end of the iteration, and sums for Brouwer's law.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .bernstein import from_monomials
from .method import Method

Array = NDArray[np.float64]
DIGITS = 60


@dataclass(frozen=True, eq=False)
class Gauss:
    """Coefficients of the method with s stages; made by `gauss`.

    Attributes
    ----------
    c, b, bA : ndarray, shape (2, s)
        Nodes, weights, and weights times A: float64, and what it leaves out.
    A, AA : ndarray, shape (2, s, s)
        Matrix and its square, likewise.
    guess, guess2 : ndarray, shape (s, s)
        A E and A A E, where E extrapolates the slopes of the step before (VIII.6.1).
    B : ndarray, shape (s + 2, degree)
        Interpolant in the Bernstein basis: weights of the slopes at the start, at the nodes and at the end.
    dense_order : int
        Order conditions that it meets inside the step.
    """

    kind: ClassVar[str] = "symplectic"
    separable: ClassVar[bool] = False
    linear_velocity: ClassVar[bool] = False
    fixed_because: ClassVar[str] = "keeps the energy because all its steps are equal"

    c: Array
    b: Array
    bA: Array
    A: Array
    AA: Array
    guess: Array
    guess2: Array
    B: Array
    dense_order: int

    @property
    def stages(self) -> int:
        """s."""
        return int(self.b.shape[1])

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        return int(self.B.shape[1])


def gauss(s: int) -> Gauss:
    """Coefficients of the method with s stages.

    Raises
    ------
    ValueError
        If s is not in 1..16.
    """
    if not 1 <= s <= 16:
        raise ValueError(f"s must be in 1..16, but is {s!r}.")
    with localcontext() as context:
        context.prec = DIGITS
        c = _legendre_zeros(s)
        basis = _lagrange(c)
        A = [[_integral(poly, node) for poly in basis] for node in c]
        b = [_integral(poly, Decimal(1)) for poly in basis]
        AA = _product(A, A)
        E = [[_value(poly, 1 + node) for poly in basis] for node in c]
        guess, guess2 = _product(A, E), _product(AA, E)
        hermite = [[1, -2, 1], [0, 3, -2], [0, -1, 1]]  # with the mean slope of the step, F_1, as (y1 - y) / dt
        dense = _interpolant(c) if s > 1 else hermite
        return Gauss(
            c=_two(c),
            b=_two(b),
            bA=_two(_product([b], A)[0]),
            A=_two(A),
            AA=_two(AA),
            guess=np.array(guess, float),
            guess2=np.array(guess2, float),
            B=from_monomials(np.array(dense, float)),
            dense_order=s + 1,
        )


def _legendre_zeros(s: int) -> list[Decimal]:
    """Zeros of P_s(2 x - 1) by Newton's method, rising."""
    zeros = []
    for start in np.polynomial.legendre.leggauss(s)[0]:
        x = Decimal(float(start))
        for _ in range(4):  # 16 digits, 32, 64, and once more
            before, value = Decimal(1), x
            for k in range(2, s + 1):
                before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
            slope = s * (before - x * value) / (1 - x * x)
            x -= value / slope
        zeros.append((1 + x) / 2)
    return zeros


def _lagrange(nodes: list[Decimal]) -> list[list[Decimal]]:
    """Coefficients, lowest power first, of the polynomials that are 1 at one node and 0 at the others."""
    found = []
    for j, node in enumerate(nodes):
        poly = [Decimal(1)]
        for i, other in enumerate(nodes):
            if i != j:
                shifted, scaled = [Decimal(0), *poly], [*(-other * x for x in poly), Decimal(0)]
                poly = [(a + b) / (node - other) for a, b in zip(shifted, scaled, strict=True)]
        found.append(poly)
    return found


def _value(poly: list[Decimal], x: Decimal) -> Decimal:
    total = Decimal(0)
    for coefficient in reversed(poly):
        total = total * x + coefficient
    return total


def _integral(poly: list[Decimal], x: Decimal) -> Decimal:
    """From 0 to x."""
    return _value([Decimal(0), *(a / (k + 1) for k, a in enumerate(poly))], x)


def _product(X: list[list[Decimal]], Y: list[list[Decimal]]) -> list[list[Decimal]]:
    columns = list(zip(*Y, strict=True))
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Decimal(0)) for column in columns] for row in X]


def _interpolant(c: list[Decimal]) -> list[list[Decimal]]:
    """Monomials of the polynomial whose slopes are those at both ends and at the nodes; it meets y1 if s > 1."""
    return [[a / (k + 1) for k, a in enumerate(poly)] for poly in _lagrange([Decimal(0), *c, Decimal(1)])]


def _two(numbers: list[Decimal] | list[list[Decimal]]) -> Array:
    """Each number as a float64 and what it leaves out."""
    exact = np.array(numbers, object)
    high = exact.astype(float)
    low = exact - np.vectorize(Decimal, otypes=[object])(high)
    return np.array([high, low.astype(float)])


_REFERENCE = "Butcher, Math. Comp. 18 (1964) 50-64; Hairer, Lubich, Wanner, Geometric Numerical Integration, II.1.3."


def _method(name: str, s: int) -> Method:
    return Method(name=name, order=2 * s, data=gauss(s), reference=_REFERENCE)


IMPLICIT_MIDPOINT = _method("IMPLICIT_MIDPOINT", 1)
GAUSS4 = _method("GAUSS4", 2)
GAUSS6 = _method("GAUSS6", 3)
GAUSS8 = _method("GAUSS8", 4)
GAUSS16 = _method("GAUSS16", 8)
