"""The classical fourth-order method."""

from .method import Method
from .tableau import tableau

RK4 = Method(
    name="RK4",
    order=4,
    data=tableau(
        A=[[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
        b=[1 / 6, 1 / 3, 1 / 3, 1 / 6],
        c=[0, 1 / 2, 1 / 2, 1],
    ),
    reference="Kutta, Z. Math. Phys. 46 (1901) 435-453; interpolant: cubic Hermite.",
)
