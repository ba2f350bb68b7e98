"""The Euler-Heun method: the noise is averaged over both ends of the step (Stratonovich).

Strong order 1 where the noise commutes (diagonal, additive, scalar), 1/2 for general noise.
"""

from .method import Method
from .stochastic import EVERY, PredictorCorrector

EULER_HEUN = Method(
    "EULER_HEUN",
    order=1,
    data=PredictorCorrector(EVERY, a=0.0, b=0.0, c=0.5),
    reference="Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992), 4.9 and 10.1.",
    strong_order=1.0,
    weak_order=1.0,
    calculus="stratonovich",
)
