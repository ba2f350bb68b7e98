"""Bogacki and Shampine's pair 3(2): for loose tolerances, 1e-2 to 1e-4.

The stages are those of Ralston's method; the error estimate uses the slope at the end of the step, which is the
first stage of the next one. The cubic Hermite polynomial is the interpolant that its authors use.
"""

from .method import Controller, Method
from .tableau import tableau

BOSH3 = Method(
    name="BOSH3",
    order=3,
    data=tableau(
        A=[[], [1 / 2], [0, 3 / 4]],
        b=[2 / 9, 1 / 3, 4 / 9],
        c=[0, 1 / 2, 3 / 4],
        e=[[-5 / 72, 1 / 12, 1 / 9, -1 / 8]],
    ),
    error_order=2,
    controller=Controller(integral=0.7, proportional=0.4),
    reference="Bogacki, Shampine, Appl. Math. Lett. 2 (1989) 321-325.",
)
