"""Roessler's SRA3: strong order 1.5 for additive noise, order 3 without noise, three drifts a step."""

from .method import Method
from .stochastic import Roessler

SRA3 = Method(
    "SRA3",
    order=3,
    data=Roessler(
        frozenset({"additive"}),
        A0=((), (1.0,), (1 / 4, 1 / 4)),
        B0=((), (0.0,), (1.0, 1 / 2)),
        A1=((), (0.0,), (0.0, 0.0)),
        B1=((), (0.0,), (0.0, 0.0)),
        alpha=(1 / 6, 1 / 6, 2 / 3),
        c0=(0.0, 1.0, 1 / 2),
        c1=(1.0, 0.0, 0.0),
        beta1=(1.0, 0.0, 0.0),
        beta2=(0.0, 0.0, 0.0),
        beta3=(-1.0, 1.0, 0.0),
        beta4=(0.0, 0.0, 0.0),
    ),
    reference="Roessler, SIAM J. Numer. Anal. 48 (2010) 922-952, Table 6.3.",
    strong_order=1.5,
    calculus="ito",
)
