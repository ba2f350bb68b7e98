"""Ralston's third-order method: least bound on the local error among three-stage methods."""

from .method import Method
from .tableau import tableau

RALSTON3 = Method(
    name="RALSTON3",
    order=3,
    data=tableau(
        A=[[], [1 / 2], [0, 3 / 4]],
        b=[2 / 9, 1 / 3, 4 / 9],
        c=[0, 1 / 2, 3 / 4],
    ),
    reference="Ralston, Math. Comp. 16 (1962) 431-437; interpolant: cubic Hermite.",
)
