"""Shu and Osher's third-order method: a convex combination of Euler steps.

It keeps every convex bound (positivity, total variation) that Euler steps of the same dt keep. The interpolant
does not.
"""

from .method import Method
from .tableau import tableau

SSPRK3 = Method(
    name="SSPRK3",
    order=3,
    data=tableau(
        A=[[], [1], [1 / 4, 1 / 4]],
        b=[1 / 6, 1 / 6, 2 / 3],
        c=[0, 1, 1 / 2],
    ),
    reference="Shu, Osher, J. Comput. Phys. 77 (1988) 439-471, (2.18); interpolant: cubic Hermite.",
)
