"""Hamiltonians, paths between two points, Leaky ResNets: `from mechanics.hamiltonian import Hamiltonian, two_point`.

Names are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Hamiltonian": "hamiltonian",
    "two_point": "solve_path",
    "TwoPoint": "result",
    "Free": "boundary",
    "Separated": "boundary",
    "Branch": "branch",
    "continuation": "branch",
    "GeometricPath": "action",
    "freidlin_wentzell": "action",
    "geometric_action": "action",
    "minimum_action": "action",
    "geodesic": "surfaces",
    "kepler": "orbits",
    "lambert": "orbits",
    "Geodesic": ".geodesics.result",
    "solve_geodesic": ".geodesics.solve",
    "LeakyResNet": ".leaky_resnet.leaky",
    "cost_of_identity": ".leaky_resnet.energies",
    "stable_cost_of_identity": ".leaky_resnet.energies",
    "balancedness_defect": ".leaky_resnet.laws",
    "hamiltonian_bounds": ".leaky_resnet.laws",
    "trace_defect": ".leaky_resnet.laws",
    "bottleneck": ".leaky_resnet.rank",
    "effective_rank": ".leaky_resnet.rank",
    "stable_rank": ".leaky_resnet.rank",
    "linear_geodesic": ".leaky_resnet.linear",
    "linear_geodesic_map": ".leaky_resnet.linear",
    "rank_one_geodesic": ".leaky_resnet.linear",
    "soft_scalar_ends": ".leaky_resnet.soft_end",
    "scalar_relu_geodesic": ".leaky_resnet.scalar_relu",
}

if TYPE_CHECKING:
    from ..geodesics.result import Geodesic
    from ..geodesics.solve import solve_geodesic
    from ..leaky_resnet.energies import cost_of_identity, stable_cost_of_identity
    from ..leaky_resnet.laws import balancedness_defect, hamiltonian_bounds, trace_defect
    from ..leaky_resnet.leaky import LeakyResNet
    from ..leaky_resnet.linear import linear_geodesic, linear_geodesic_map, rank_one_geodesic
    from ..leaky_resnet.rank import bottleneck, effective_rank, stable_rank
    from ..leaky_resnet.scalar_relu import scalar_relu_geodesic
    from ..leaky_resnet.soft_end import soft_scalar_ends
    from .action import GeometricPath, freidlin_wentzell, geometric_action, minimum_action
    from .boundary import Free, Separated
    from .branch import Branch, continuation
    from .hamiltonian import Hamiltonian
    from .orbits import kepler, lambert
    from .result import TwoPoint
    from .solve_path import two_point
    from .surfaces import geodesic

__all__ = [
    "Branch",
    "Free",
    "Geodesic",
    "GeometricPath",
    "Hamiltonian",
    "LeakyResNet",
    "Separated",
    "TwoPoint",
    "balancedness_defect",
    "bottleneck",
    "continuation",
    "cost_of_identity",
    "effective_rank",
    "freidlin_wentzell",
    "geodesic",
    "geometric_action",
    "hamiltonian_bounds",
    "kepler",
    "lambert",
    "linear_geodesic",
    "linear_geodesic_map",
    "minimum_action",
    "rank_one_geodesic",
    "scalar_relu_geodesic",
    "soft_scalar_ends",
    "solve_geodesic",
    "stable_cost_of_identity",
    "stable_rank",
    "trace_defect",
    "two_point",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
