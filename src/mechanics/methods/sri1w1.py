"""Roessler's SRI1W1: strong order 1.5 for diagonal and scalar noise, two drifts and four diffusions a step."""

from .method import Method
from .stochastic import SINGLE, Roessler

SRI1W1 = Method(
    "SRI1W1",
    order=2,
    data=Roessler(
        SINGLE,
        A0=((), (3 / 4,), (0.0, 0.0), (0.0, 0.0, 0.0)),
        B0=((), (3 / 2,), (0.0, 0.0), (0.0, 0.0, 0.0)),
        A1=((), (1 / 4,), (1.0, 0.0), (0.0, 0.0, 1 / 4)),
        B1=((), (1 / 2,), (-1.0, 0.0), (-5.0, 3.0, 1 / 2)),
        alpha=(1 / 3, 2 / 3, 0.0, 0.0),
        c0=(0.0, 3 / 4, 0.0, 0.0),
        c1=(0.0, 1 / 4, 1.0, 1 / 4),
        beta1=(-1.0, 4 / 3, 2 / 3, 0.0),
        beta2=(-1.0, 4 / 3, -1 / 3, 0.0),
        beta3=(2.0, -4 / 3, -2 / 3, 0.0),
        beta4=(-2.0, 5 / 3, -2 / 3, 1.0),
    ),
    reference="Roessler, SIAM J. Numer. Anal. 48 (2010) 922-952, Table 6.2.",
    strong_order=1.5,
    weak_order=2.0,
    calculus="ito",
)
