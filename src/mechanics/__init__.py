"""Mechanical models with friction and noise: integrators, chains, fits.

Names are imported when they are first used: `import mechanics` alone costs milliseconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_SUBPACKAGES = (
    "arrays",
    "chain",
    "engine",
    "fit",
    "hamiltonian",
    "lyapunov",
    "methods",
    "noise",
    "plots",
    "reduce",
    "statistics",
    "sweeps",
    "symbolic",
    "systems",
    "testing",
)
_HOMES = {
    "Problem": "problem",
    "Event": "event",
    "Langevin": "langevin",
    "OverdampedLangevin": "langevin",
    "Solution": "solution",
    "ArraySolution": "arrays.solution",
    "Status": "status",
    "SolveError": "status",
    "solve": "solving",
    "ensemble": "ensembles",
    "Ensemble": "ensemble_result",
    "solve_ivp": "scipy_api",
    "sweep": "sweeps.call",
}

if TYPE_CHECKING:
    from .arrays.solution import ArraySolution
    from .ensemble_result import Ensemble
    from .ensembles import ensemble
    from .event import Event
    from .langevin import Langevin, OverdampedLangevin
    from .problem import Problem
    from .scipy_api import solve_ivp
    from .solution import Solution
    from .solving import solve
    from .status import SolveError, Status
    from .sweeps.call import sweep

__all__ = [
    "ArraySolution",
    "Ensemble",
    "Event",
    "Langevin",
    "OverdampedLangevin",
    "Problem",
    "Solution",
    "SolveError",
    "Status",
    "ensemble",
    "solve",
    "solve_ivp",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBPACKAGES, *_HOMES])
