"""Platen's explicit method for moments: weak order 2 for every structure of noise (Ito)."""

from .method import Method
from .stochastic import EVERY, WeakSecond

PLATEN_WEAK2 = Method(
    "PLATEN_WEAK2",
    order=2,
    data=WeakSecond(EVERY),
    reference="Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992), (15.1.1) and (15.1.3).",
    weak_order=2.0,
    calculus="ito",
)
