"""What the array engine asks of a framework: arrays like y0 (type, device, precision), and numbers of the host.

Operators and functions of the Python array API standard do all of the work (CuPy, JAX, NumPy); torch, which follows it
only in part, has its own lines in `torch_framework`.
"""

# ruff: noqa: D102 - what a method does is said where it is declared

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .stages import Buffered, Listed, Stages

Vector = NDArray[np.float64]


def is_foreign(y: Any) -> bool:
    """Whether y is an array of a framework other than NumPy."""
    if isinstance(y, (np.ndarray, np.generic, list, tuple, float, int)):
        return False
    return _is_torch(y) or hasattr(y, "__array_namespace__") or _root(y) == "cupy"


def framework_of(y: Any) -> "Framework":
    """The framework of an array, for states like it."""
    if _is_torch(y):
        from .torch_framework import Torch

        return Torch(y)
    return Standard(y)


def _root(y: Any) -> str:
    return type(y).__module__.partition(".")[0]


def _is_torch(y: Any) -> bool:
    torch = sys.modules.get("torch")  # whoever has a tensor has imported it
    return torch is not None and isinstance(y, getattr(torch, "Tensor", ()))


class Framework(ABC):
    """Operations on arrays like y0.

    Attributes
    ----------
    xp : module
        The functions of the framework.
    name : str
        As users call it.
    dtype : object
        Element type of y0.
    shape : tuple of int
        Shape of y0.
    """

    def __init__(self, y: Any, xp: Any, name: str) -> None:
        self.y0, self.xp, self.name = y, xp, name
        self.dtype, self.shape = y.dtype, tuple(y.shape)
        self.size = math.prod(self.shape)
        self.itemsize = int(getattr(y.dtype, "itemsize", 8))
        self.complex = "complex" in str(y.dtype)
        if not self.complex and "float" not in str(y.dtype):
            raise TypeError(
                f"y0 must hold floating-point numbers, but its dtype is {y.dtype}; convert it, to float64 say."
            )

    @abstractmethod
    def real(self, values: Any) -> Any:
        """Numbers of the host as an array of real numbers, beside y0."""

    @abstractmethod
    def weights(self, values: Sequence[float]) -> Any:
        """Coefficients in the form that `stages` takes."""

    @abstractmethod
    def times(self, values: Vector) -> Sequence[Any]:
        """Times as a drift takes them."""

    @abstractmethod
    def mask(self, rows: NDArray[np.bool_]) -> Any:
        """Truth values of the host as an array beside y0."""

    @abstractmethod
    def host(self, x: Any) -> Vector:
        """Real numbers as float64 of the host, outside of any differentiation."""

    @abstractmethod
    def stages(self, count: int) -> Stages:
        """Room for the stages of a step."""

    @abstractmethod
    def take(self, x: Any, rows: NDArray[np.int64]) -> Any:
        """Entries of the first axis."""

    @abstractmethod
    def own(self, x: Any) -> Any:
        """An array that nobody else overwrites."""

    def spread(self, dt: Any) -> Any:
        """Lengths of shape (members, 1, ..., 1) in the form that multiplies slopes fastest."""
        return dt

    def undifferentiated(self) -> AbstractContextManager[Any]:
        """A context in which nothing is recorded for gradients."""
        return nullcontext()

    def scaled(self, error: Any, y: Any, y1: Any, rtol: float, atol: Any, members: bool) -> Vector:
        """Root mean square of error / (atol + rtol max(|y|, |y1|)): shape (1,), or (members,)."""
        xp = self.xp
        scale = atol + rtol * xp.maximum(xp.abs(y), xp.abs(y1))
        ratio = xp.abs(error) / scale
        square = ratio * ratio
        mean = xp.mean(xp.reshape(square, (square.shape[0], -1)), axis=1) if members else xp.mean(square)
        return np.sqrt(self.host(mean)).reshape(-1)

    def finite(self, y: Any) -> bool:
        """Whether all numbers are finite."""
        return bool(self.xp.all(self.xp.isfinite(y)))

    def combine(self, y: Any, arrays: Sequence[Any], weights: Sequence[float]) -> Any:
        """Sum of y and weighted arrays."""
        for w, z in zip(weights, arrays, strict=True):
            if w != 0.0:
                y = y + float(w) * z
        return y

    def stack(self, arrays: Sequence[Any]) -> Any:
        """Arrays along a new first axis."""
        return self.xp.stack(list(arrays))

    def where(self, mask: Any, a: Any, b: Any) -> Any:
        """a where the mask holds, else b."""
        return self.xp.where(mask, a, b)

    def join(self, first: Any, second: Any) -> Any:
        """Two arrays along their last axis."""
        return self.xp.concat([first, second], axis=-1)

    def concatenate(self, arrays: Sequence[Any]) -> Any:
        """Arrays along their first axis."""
        return self.xp.concat(list(arrays))


class Standard(Framework):
    """NumPy, CuPy, JAX, and whatever else follows the array API standard."""

    def __init__(self, y: Any) -> None:
        root = _root(y)
        xp = y.__array_namespace__() if hasattr(y, "__array_namespace__") else sys.modules[root]
        super().__init__(y, xp, {"jaxlib": "jax"}.get(root, root))
        self._real_dtype = xp.real(y).dtype if self.complex else y.dtype
        # JAX places and traces arrays by itself, and its numbers may be those of Python
        self._jax = sys.modules.get("jax") if self.name == "jax" else None
        self._where = {} if self._jax else {"device": y.device}
        self._plain_times = self.name in ("numpy", "jax")

    def real(self, values: Any) -> Any:
        return self.xp.asarray(values, dtype=self._real_dtype, **self._where)

    def weights(self, values: Sequence[float]) -> Any:
        if self.name in ("numpy", "cupy"):
            return self.xp.asarray(values, dtype=self.dtype)
        return tuple(map(float, values))

    def times(self, values: Vector) -> Sequence[Any]:
        if self._plain_times and values.ndim == 1:
            found: list[Any] = values.tolist()
            return found
        return [self.real(value) for value in values]

    def mask(self, rows: NDArray[np.bool_]) -> Any:
        return self.xp.asarray(rows, **self._where)

    def host(self, x: Any) -> Vector:
        if self._jax is not None:
            x = self._jax.lax.stop_gradient(x)
        elif self.name == "cupy":
            x = x.get()
        try:
            return np.asarray(x, dtype=np.float64)
        except (TypeError, ValueError):
            return np.from_dlpack(x).astype(np.float64)

    def stages(self, count: int) -> Stages:
        if self.name in ("numpy", "cupy"):
            return Buffered(self.xp, self.y0, count)
        return Listed(count)

    def take(self, x: Any, rows: NDArray[np.int64]) -> Any:
        return self.xp.take(x, self.xp.asarray(rows, **self._where), axis=0)

    def own(self, x: Any) -> Any:
        return x.copy() if self.name in ("numpy", "cupy") else x
