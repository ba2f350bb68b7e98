"""Experiments of the papers: whole phase diagrams, figures and reports from one call."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chain_map import MechanicsMap, mechanics_map
    from .diagram import NetworkDiagram, phase_diagram
    from .network_figures import NetworkFigure, network_figure
    from .paths.result import PathDependence
    from .paths.run import path_dependence
    from .rank_correlation import Correlation, correlation

__all__ = [
    "Correlation",
    "MechanicsMap",
    "NetworkDiagram",
    "NetworkFigure",
    "PathDependence",
    "correlation",
    "mechanics_map",
    "network_figure",
    "path_dependence",
    "phase_diagram",
]

_HOME = {
    "Correlation": "rank_correlation",
    "MechanicsMap": "chain_map",
    "NetworkDiagram": "diagram",
    "NetworkFigure": "network_figures",
    "PathDependence": "paths.result",
    "correlation": "rank_correlation",
    "mechanics_map": "chain_map",
    "network_figure": "network_figures",
    "path_dependence": "paths.run",
    "phase_diagram": "diagram",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
