"""Spring-block chains with asymmetric friction: simulation, rest states, mean field, load curves.

Shi, Pan, Dokmanic, "A spring-block theory of feature learning in deep neural networks", PRL 2025, arXiv:2407.19353.
"""

from .drive import Drive
from .earthquakes import BurridgeKnopoff, Earthquakes
from .energy import EnergyBalance, elastic_energy, energy_balance
from .ensemble import proceed
from .exact_flow import ExactFlow, exact_flow
from .inertial_flow import InertialFlow, inertial_flow
from .load_curve import curvature, load_curve
from .mean_field import MeanField
from .noisy_friction import friction_under_noise, mean_slip, mobility
from .phase_diagram import phase_diagram
from .phase_record import PhaseDiagram
from .rest import effective_friction, rest_state
from .run import ChainRun
from .simulate import simulate
from .spring_chain import SpringChain
from .storage import load_run, save_run
from .time_scales import TimeScales, creep_time, phase_boundary, time_scales

__all__ = [
    "BurridgeKnopoff",
    "ChainRun",
    "Drive",
    "Earthquakes",
    "EnergyBalance",
    "ExactFlow",
    "InertialFlow",
    "MeanField",
    "PhaseDiagram",
    "SpringChain",
    "TimeScales",
    "creep_time",
    "curvature",
    "effective_friction",
    "elastic_energy",
    "energy_balance",
    "exact_flow",
    "friction_under_noise",
    "inertial_flow",
    "load_curve",
    "load_run",
    "mean_slip",
    "mobility",
    "phase_boundary",
    "phase_diagram",
    "proceed",
    "rest_state",
    "save_run",
    "simulate",
    "time_scales",
]
