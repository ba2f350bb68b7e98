"""The Euler-Maruyama method: one drift and one diffusion a step, for every structure of noise (Ito)."""

from .method import Method
from .stochastic import EVERY, PredictorCorrector

EULER_MARUYAMA = Method(
    "EULER_MARUYAMA",
    order=1,
    data=PredictorCorrector(EVERY, a=0.0, b=0.0, c=0.0),
    reference="Maruyama, Rend. Circ. Mat. Palermo 4 (1955) 48-90.",
    strong_order=0.5,
    weak_order=1.0,
    calculus="ito",
)
