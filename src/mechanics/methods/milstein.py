"""Milstein's method, the derivative of g replaced by a difference along g (Ito)."""

from .method import Method
from .stochastic import SINGLE, Difference

MILSTEIN = Method(
    "MILSTEIN",
    order=1,
    data=Difference(SINGLE),
    reference="Milstein, Theory Probab. Appl. 19 (1975) 557-562; Kloeden, Platen (1992), (11.1.3).",
    strong_order=1.0,
    weak_order=1.0,
    calculus="ito",
)
