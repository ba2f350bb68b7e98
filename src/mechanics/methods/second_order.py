"""The two classical second-order methods, each with Euler's method embedded as its error estimate.

Heun's is the trapezoidal rule with a predicted end, the midpoint method evaluates the slope half-way. Both are
meant for loose tolerances and rough right-hand sides. As the error of Euler's step is controlled while the
second-order one is kept, the solution is usually much better than the tolerance.
"""

from .method import Controller, Method
from .tableau import tableau

HEUN = Method(
    name="HEUN",
    order=2,
    data=tableau(
        A=[[], [1]],
        b=[1 / 2, 1 / 2],
        c=[0, 1],
        e=[[-1 / 2, 1 / 2, 0]],
        dense_order=2,
    ),
    error_order=1,
    controller=Controller(integral=0.7, proportional=0.4),
    reference="Heun, Z. Math. Phys. 45 (1900) 23-38; interpolant: cubic Hermite.",
)

MIDPOINT = Method(
    name="MIDPOINT",
    order=2,
    data=tableau(
        A=[[], [1 / 2]],
        b=[0, 1],
        c=[0, 1 / 2],
        e=[[-1, 1, 0]],
        dense_order=2,
    ),
    error_order=1,
    controller=Controller(integral=0.7, proportional=0.4),
    reference="Runge, Math. Ann. 46 (1895) 167-178; interpolant: cubic Hermite.",
)
