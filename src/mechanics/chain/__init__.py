"""Spring-block chains with asymmetric friction: simulation, rest states, mean field, load curves.

Shi, Pan, Dokmanic, "A spring-block theory of feature learning in deep neural networks", PRL 2025, arXiv:2407.19353.
"""

from .drive import Drive
from .earthquakes import BurridgeKnopoff, Earthquakes
from .ensemble import proceed
from .exact_flow import ExactFlow, exact_flow
from .inertial_flow import InertialFlow, inertial_flow
from .load_curve import curvature, load_curve
from .mean_field import MeanField
from .noisy_friction import friction_under_noise, mean_slip, mobility
from .rest import effective_friction, rest_state
from .run import ChainRun
from .simulate import simulate
from .spring_chain import SpringChain
from .storage import load_run, save_run

__all__ = [
    "BurridgeKnopoff",
    "ChainRun",
    "Drive",
    "Earthquakes",
    "ExactFlow",
    "InertialFlow",
    "MeanField",
    "SpringChain",
    "curvature",
    "effective_friction",
    "exact_flow",
    "friction_under_noise",
    "inertial_flow",
    "load_curve",
    "load_run",
    "mean_slip",
    "mobility",
    "proceed",
    "rest_state",
    "save_run",
    "simulate",
]
