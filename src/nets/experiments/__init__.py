"""Experiments of the papers: whole phase diagrams, figures and reports from one call."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagram import Correlation, NetworkDiagram, correlation, phase_diagram

__all__ = ["Correlation", "NetworkDiagram", "correlation", "phase_diagram"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import diagram

        return getattr(diagram, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
