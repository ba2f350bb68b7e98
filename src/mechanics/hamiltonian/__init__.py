"""Hamiltonians, and paths between two points: `from mechanics.hamiltonian import Hamiltonian, two_point`.

Names are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Hamiltonian": "hamiltonian",
    "two_point": "two_point",
    "TwoPoint": "result",
    "Free": "boundary",
    "Separated": "boundary",
}

if TYPE_CHECKING:
    from .boundary import Free, Separated
    from .hamiltonian import Hamiltonian
    from .result import TwoPoint
    from .two_point import two_point

__all__ = ["Free", "Hamiltonian", "Separated", "TwoPoint", "two_point"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
