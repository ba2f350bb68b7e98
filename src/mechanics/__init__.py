"""Mechanical models with friction and noise: integrators, chains, fits.

Subpackages are imported when they are first used: `import mechanics` alone costs milliseconds.
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"

_SUBPACKAGES = ("chain", "engine", "fit", "methods", "noise", "plots", "systems", "testing")


def __getattr__(name: str) -> ModuleType:
    if name in _SUBPACKAGES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBPACKAGES])
