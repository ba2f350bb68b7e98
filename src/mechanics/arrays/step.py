"""What the loops of `run` ask of a step, and what `output` and `events` ask of it afterwards."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from .framework import Framework, Vector

Slope = Callable[[Any, Any], Any]  # f(t, y)


class Step(ABC):
    """Steps of one method on arrays of one framework.

    Attributes
    ----------
    nodes : ndarray
        Where in the step functions are evaluated.
    """

    framework: Framework
    nodes: Vector

    @abstractmethod
    def begin(self, t: Any, y: Any) -> tuple[Any, Any]:
        """The slope at the start of a run, and what the first step takes over."""

    @abstractmethod
    def attempt(self, times: Sequence[Any], dt: Any, y: Any, k: Any) -> tuple[Any, Any]:
        """y1, and what the next step takes over, or None where `finish` tells it; k is what the step before left."""

    def finish(self, times: Sequence[Any], dt: Any, y1: Any) -> Any:
        """What the next step takes over."""
        raise NotImplementedError

    def prepare(self, times: Sequence[Any], dt: Any, y: Any) -> None:
        """What the interpolant needs beside the step, computed once."""
        raise NotImplementedError

    def at(self, theta: float, y: Any) -> Any:
        """State inside the step, which must be prepared."""
        raise NotImplementedError

    def coefficients(self) -> list[Any]:
        """Bernstein coefficients of the interpolant, times dt: y(theta) = y + sum_k Q_k beta_k(theta)."""
        raise NotImplementedError
