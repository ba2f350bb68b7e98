"""Measurements of one training of a Leaky ResNet, collected until they become a LeakyHistory."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import Regression
from ..models.leaky_resnet import LeakyResNet
from .leaky_history import LeakyHistory
from .measured import Recorder, as_array


class LeakyMeasurements:
    """Errors, penalties and records so far."""

    def __init__(
        self, model: LeakyResNet, data: Regression, lam: float, recorders: Mapping[str, Recorder] | tuple[()]
    ) -> None:
        if recorders and not (hasattr(recorders, "items") and all(callable(f) for f in recorders.values())):
            raise TypeError(f"recorders must map names to functions (model, epoch), but is {recorders!r}.")
        self._model, self._lam, self._recorders = model, lam, dict(recorders)
        self.x, self.y, self._x_test, self._y_test = (
            torch.as_tensor(array).to(model.W) for array in (data.x_train, data.y_train, data.x_test, data.y_test)
        )
        self._rows: list[tuple[int, float, float, float]] = []
        self._rho: list[Any] = []
        self._records: dict[str, list[Any]] = {name: [] for name in self._recorders}

    @torch.no_grad()
    def measure(self, epoch: int) -> None:
        """Measure once after an epoch; a second time after the same one changes nothing."""
        if self._rows and self._rows[-1][0] == epoch:
            return
        # a recorder that draws must not change the training
        with torch.random.fork_rng(devices=[]) if self._recorders else nullcontext():
            records = {name: as_array(recorder(self._model, epoch)) for name, recorder in self._recorders.items()}
        mse = self._error(self.x, self.y)
        test = self._error(self._x_test, self._y_test) if len(self._x_test) else float("nan")
        self._rows.append((epoch, mse, float(self._model.penalty(self._lam)), test))
        self._rho.append(self._model.rho.cpu().numpy().copy())
        for name, record in records.items():
            self._records[name].append(record)

    def history(self, settings: dict[str, Any], status: str) -> LeakyHistory:
        """The run so far as a frozen record."""
        epochs, mse, penalty, test = (np.array(column) for column in zip(*self._rows, strict=True))
        records = {name: np.array(values) for name, values in self._records.items()}
        return LeakyHistory(epochs.astype(np.int64), mse, penalty, test, np.array(self._rho), settings, status, records)

    def _error(self, x: Tensor, y: Tensor) -> float:
        return float((self._model(x) - y).square().sum(dtype=torch.float64)) / len(x)
