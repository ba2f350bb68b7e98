"""Many networks trained and measured in one call."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import MLPConfig
    from .histories import Histories
    from .optimisers import SGD, SGLD, Adam, AdamW, RMSProp
    from .train import train_ensemble

__all__ = ["SGD", "SGLD", "Adam", "AdamW", "Histories", "MLPConfig", "RMSProp", "train_ensemble"]

_HOME = {
    "SGD": "optimisers",
    "SGLD": "optimisers",
    "Adam": "optimisers",
    "AdamW": "optimisers",
    "Histories": "histories",
    "MLPConfig": "config",
    "RMSProp": "optimisers",
    "train_ensemble": "train",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
