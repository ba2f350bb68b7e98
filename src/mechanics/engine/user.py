"""Users' plain functions as compiled ones."""

from typing import Any

from numba import njit
from numba.core.dispatcher import Dispatcher

_compiled: dict[Any, Any] = {}


def adopt(function: Any) -> Any:
    """The function compiled with this project's arithmetic; an njit function is taken apart first."""
    plain = function.py_func if isinstance(function, Dispatcher) else function
    if plain not in _compiled:
        _compiled[plain] = njit(error_model="numpy")(plain)
    return _compiled[plain]
