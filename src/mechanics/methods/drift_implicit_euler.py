"""The drift-implicit Euler-Maruyama method, for drifts that are stiff (Ito)."""

from .method import Method
from .stochastic import EVERY, DriftImplicit

DRIFT_IMPLICIT_EULER = Method(
    "DRIFT_IMPLICIT_EULER",
    order=1,
    data=DriftImplicit(EVERY),
    reference="Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992), (12.2.2).",
    strong_order=0.5,
    weak_order=1.0,
    calculus="ito",
)
