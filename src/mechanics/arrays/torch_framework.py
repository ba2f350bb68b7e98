"""Torch tensors: fused sums, written to a buffer unless gradients are recorded."""

# ruff: noqa: D102 - what a method does is said where it is declared

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .framework import Framework, Vector
from .stages import Stages


class Torch(Framework):
    """Tensors on any device."""

    def __init__(self, y: Any) -> None:
        super().__init__(y, sys.modules["torch"], "torch")
        self.device = y.device
        self._real_dtype = y.real.dtype if self.complex else y.dtype

    def real(self, values: Any) -> Any:
        return self.xp.as_tensor(values, dtype=self._real_dtype, device=self.device)

    def weights(self, values: Sequence[float]) -> Any:
        return self.xp.tensor(values, dtype=self.dtype, device=self.device)

    def times(self, values: Vector) -> Sequence[Any]:
        found: Sequence[Any] = self.xp.tensor(values, dtype=self._real_dtype, device=self.device).unbind()
        return found

    def mask(self, rows: NDArray[np.bool_]) -> Any:
        return self.xp.as_tensor(rows, device=self.device)

    def host(self, x: Any) -> Vector:
        return np.asarray(x.detach().cpu().numpy(), dtype=np.float64)

    def stages(self, count: int) -> Stages:
        return TorchStages(self.xp, self.y0, count)

    def take(self, x: Any, rows: NDArray[np.int64]) -> Any:
        return x[self.xp.as_tensor(rows, device=self.device)]

    def spread(self, dt: Any) -> Any:
        return dt.expand(self.shape).contiguous()  # multiplying by a broadcast last axis is slow

    def join(self, first: Any, second: Any) -> Any:
        return self.xp.cat((first, second), dim=-1)

    def own(self, x: Any) -> Any:
        # a drift may write into one tensor again and again, but not where gradients are recorded
        return x if x.requires_grad else x.clone()

    def undifferentiated(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self.xp.no_grad()
        return context

    def scaled(self, error: Any, y: Any, y1: Any, rtol: float, atol: Any, members: bool) -> Vector:
        scale = self.xp.maximum(y.abs(), y1.abs()).mul_(rtol).add_(atol)
        ratio = error / scale
        if members:
            ratio = ratio.reshape(len(ratio), -1)
            size = self.xp.linalg.vector_norm(ratio, dim=1)
            return self.host(size) / np.sqrt(ratio.shape[1])
        return np.array([self.xp.linalg.vector_norm(ratio).item() / np.sqrt(ratio.numel())])


class TorchStages(Stages):
    """A buffer; separate tensors from the moment that one of them carries a gradient."""

    def __init__(self, torch: Any, y: Any, count: int) -> None:
        self._torch, self._shape, self._count = torch, y.shape, count
        with torch.no_grad():
            self._buffer = torch.empty((count, y.numel()), dtype=y.dtype, device=y.device)
        self._slots = [row.view(y.shape) for row in self._buffer]
        self._heads = [self._buffer[:i].T for i in range(count + 1)]
        self._recorded: list[Any] | None = None

    def put(self, i: int, slope: Any, dt: Any) -> None:
        if self._recorded is None:
            try:
                self._torch.mul(slope, dt, out=self._slots[i])
                return
            except RuntimeError:  # tensors that carry gradients, tangents or a batch cannot be written to a buffer
                self._recorded = [slot.clone() for slot in self._slots]
        self._recorded[i] = slope * dt

    def sum(self, y: Any, weights: Any) -> Any:
        count = weights.shape[0]
        if self._recorded is None:
            stages = self._heads[count]
        else:
            stages = self._torch.stack(self._recorded[:count]).reshape(count, -1).T
        if y is None:
            return self._torch.mv(stages, weights).view(self._shape)
        return self._torch.addmv(y.reshape(-1), stages, weights).view(self._shape)

    def stage(self, i: int) -> Any:
        return self._slots[i] if self._recorded is None else self._recorded[i]
