"""Roessler's SRA1: strong order 1.5 for additive noise, two drifts a step."""

from .method import Method
from .stochastic import Roessler

SRA1 = Method(
    "SRA1",
    order=2,
    data=Roessler(
        frozenset({"additive"}),
        A0=((), (3 / 4,)),
        B0=((), (3 / 2,)),
        A1=((), (0.0,)),
        B1=((), (0.0,)),
        alpha=(1 / 3, 2 / 3),
        c0=(0.0, 3 / 4),
        c1=(1.0, 0.0),
        beta1=(1.0, 0.0),
        beta2=(0.0, 0.0),
        beta3=(-1.0, 1.0),
        beta4=(0.0, 0.0),
    ),
    reference="Roessler, SIAM J. Numer. Anal. 48 (2010) 922-952, Table 6.3.",
    strong_order=1.5,
    calculus="ito",
)
