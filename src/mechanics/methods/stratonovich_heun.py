"""Heun's method with the noise in both of its stages: order 2 without noise (Stratonovich).

Strong order 1 where the noise commutes (diagonal, additive, scalar), 1/2 for general noise.
"""

from .method import Method
from .stochastic import EVERY, PredictorCorrector

STRATONOVICH_HEUN = Method(
    "STRATONOVICH_HEUN",
    order=2,
    data=PredictorCorrector(EVERY, a=1.0, b=0.5, c=0.5),
    reference="Ruemelin, SIAM J. Numer. Anal. 19 (1982) 604-613.",
    strong_order=1.0,
    weak_order=1.0,
    calculus="stratonovich",
)
