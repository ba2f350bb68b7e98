"""PyTorch networks trained, measured layer by layer, and fitted to mechanical models.

Names are loaded when they are first used: importing PyTorch takes seconds that a `--help` need not wait for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data import Digits, load_cifar10, load_fashion_mnist, load_mnist, load_mnist10
    from .ensembles import Histories, MLPConfig, train_ensemble
    from .models import CNN, MLP, LeakyResNet
    from .training import History, LeakyHistory, train, train_leaky

__all__ = [
    "CNN",
    "MLP",
    "Digits",
    "Histories",
    "History",
    "LeakyHistory",
    "LeakyResNet",
    "MLPConfig",
    "load_cifar10",
    "load_fashion_mnist",
    "load_mnist",
    "load_mnist10",
    "train",
    "train_ensemble",
    "train_leaky",
]

_HOME = {
    "CNN": "models",
    "Digits": "data",
    "Histories": "ensembles",
    "History": "training",
    "LeakyHistory": "training",
    "LeakyResNet": "models",
    "MLP": "models",
    "MLPConfig": "ensembles",
    "load_cifar10": "data",
    "load_fashion_mnist": "data",
    "load_mnist": "data",
    "load_mnist10": "data",
    "train": "training",
    "train_ensemble": "ensembles",
    "train_leaky": "training",
}
_SUBPACKAGES = (
    "data",
    "densities",
    "ensembles",
    "experiments",
    "geodesic",
    "lyapunov",
    "measure",
    "models",
    "perturb",
    "plots",
    "report",
    "training",
)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    if name in _SUBPACKAGES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBPACKAGES})
