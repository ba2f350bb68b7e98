"""Room for the stages of a step, each times dt, and their weighted sums.

    put(i, K, dt)     Z_i = dt K
    sum(y, w)         y + sum_j w_j Z_j, or without y; w has an entry for each of the first stages

dt may differ between members. A buffer makes each sum one pass over memory; where arrays cannot be written to (JAX), or
gradients are recorded, stages are separate arrays.
"""

# ruff: noqa: D102 - what a method does is said where it is declared

from abc import ABC, abstractmethod
from typing import Any


class Stages(ABC):
    """Stages of one step; see the first lines of the module."""

    @abstractmethod
    def put(self, i: int, slope: Any, dt: Any) -> None:
        """Keep dt times a slope as stage i."""

    @abstractmethod
    def sum(self, y: Any, weights: Any) -> Any:
        """Weighted sum of the first stages, added to y unless that is None."""

    @abstractmethod
    def stage(self, i: int) -> Any:
        """Stage i; valid until it is put again."""


class Listed(Stages):
    """Separate arrays, never written to: zero weights cost nothing, and a compiler may fuse the sums."""

    def __init__(self, count: int) -> None:
        self._stages: list[Any] = [None] * count

    def put(self, i: int, slope: Any, dt: Any) -> None:
        self._stages[i] = slope * dt

    def sum(self, y: Any, weights: Any) -> Any:
        total = None
        for w, z in zip(weights, self._stages, strict=False):
            if w != 0.0:
                total = w * z if total is None else total + w * z
        if total is None:
            return y if y is not None else 0.0 * self._stages[0]
        return total if y is None else y + total

    def stage(self, i: int) -> Any:
        return self._stages[i]


class Buffered(Stages):
    """One buffer of NumPy or CuPy: a sum is one product of a vector and a matrix."""

    def __init__(self, xp: Any, y: Any, count: int) -> None:
        self._xp, self._shape = xp, y.shape
        self._buffer = xp.empty((count, y.size), dtype=y.dtype)
        self._slots = [row.reshape(y.shape) for row in self._buffer]

    def put(self, i: int, slope: Any, dt: Any) -> None:
        self._xp.multiply(slope, dt, out=self._slots[i])

    def sum(self, y: Any, weights: Any) -> Any:
        total = (weights @ self._buffer[: len(weights)]).reshape(self._shape)
        if y is not None:
            total += y
        return total

    def stage(self, i: int) -> Any:
        return self._slots[i]
