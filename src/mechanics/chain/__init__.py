"""Spring-block chains with asymmetric friction: simulation, rest states, mean field, load curves.

Shi, Pan, Dokmanic, "A spring-block theory of feature learning in deep neural networks", PRL 2025, arXiv:2407.19353.
"""

from .ensemble import proceed
from .load_curve import curvature, load_curve
from .mean_field import MeanField
from .parameters import SpringChain
from .rest import effective_friction, rest_state
from .run import ChainRun
from .simulate import simulate

__all__ = [
    "ChainRun",
    "MeanField",
    "SpringChain",
    "curvature",
    "effective_friction",
    "load_curve",
    "proceed",
    "rest_state",
    "simulate",
]
