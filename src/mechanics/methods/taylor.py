"""Taylor's method: the series of the solution itself, found by recurrences over the formulas of the drift.

    y(t + dt) = y + sum_{k=1..N} a_k dt^k,   a_k = y^(k)(t) / k!

One expansion a step, however high the order, and the series is its own interpolant. The drift must be a formula: no
branches on the state.
"""

from dataclasses import dataclass
from typing import ClassVar

from .method import Controller, Method


@dataclass(frozen=True, eq=False)
class Series:
    """The order N of the series."""

    kind: ClassVar[str] = "taylor"

    order: int

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        return self.order

    @property
    def dense_order(self) -> int:
        """The interpolant is the series."""
        return self.order


MOST = 40  # orders beyond cost more than they gain in float64


def taylor(order: int) -> Method:
    """Taylor's method of any order.

    Parameters
    ----------
    order : int
        From 2 to 40.

    Raises
    ------
    ValueError
        If the order is not a whole number in this range.

    Notes
    -----
    Steps are as long as the last two terms of the series allow. Order 12 suits tolerances near 1e-8, order 20 those
    near 1e-15.

    References
    ----------
    Jorba, Zou, Exp. Math. 14 (2005) 99-117.
    """
    if isinstance(order, bool) or int(order) != order or not 2 <= order <= MOST:
        raise ValueError(f"order must be a whole number from 2 to {MOST}, but is {order!r}.")
    return Method(
        name=f"TAYLOR{int(order)}",
        order=int(order),
        data=Series(int(order)),
        reference="Jorba, Zou, Exp. Math. 14 (2005) 99-117; the interpolant is the series.",
        error_order=int(order) - 1,
        controller=Controller(1.0, 0.0, safety=0.95, shrink=0.2, grow=10.0),
    )


TAYLOR12, TAYLOR20 = taylor(12), taylor(20)
