"""Measurements of one training run, collected until they become a History."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..measure.hooks import Layers
from ..measure.load_curve import LayerLoads, measure_layers
from ..measure.modes import Mode, measuring
from ..measure.reduce import Reduce
from .history import History

Recorder = Callable[[nn.Module, int], Any]
TEST_BATCH = 1000  # activations of this many rows of width 100 stay in the cache: 40 ms against 67 for 10000


class Measurements:
    """Load curves, accuracies and records so far.

    Parameters
    ----------
    x_train, y_train, x_test, y_test : Tensor
        On the model's device.
    layers, reduce : see `nets.measure.load_curve`
        Layers of the load curve.
    recorders : mapping of str to function (model, epoch) -> number or array
        Called at every measurement, with the global generator's state kept.
    """

    def __init__(
        self,
        x_train: Tensor,
        y_train: Tensor,
        x_test: Tensor,
        y_test: Tensor,
        layers: Layers,
        reduce: Reduce,
        recorders: Mapping[str, Recorder],
    ) -> None:
        self._train = x_train, y_train
        self._test = x_test, y_test
        self._layers, self._reduce = layers, reduce
        self._recorders = dict(recorders)
        self._epochs: list[int] = []
        self._loads: list[LayerLoads] = []
        self._test_accuracy: list[float] = []
        self._records: dict[str, list[Any]] = {name: [] for name in recorders}

    def measure(self, model: nn.Module, epoch: int, mode: Mode, seed: int, *, test: bool) -> None:
        """Measure once, with `test` the test accuracy too; keep nothing of what fails or is interrupted."""
        loads = measure_layers(model, *self._train, mode=mode, layers=self._layers, reduce=self._reduce, seed=seed)
        test_accuracy = accuracy(model, *self._test) if test else float("nan")
        # a recorder that draws must not change the training; without recorders the global state is not even read
        with torch.random.fork_rng(devices=[]) if self._recorders else nullcontext(), torch.no_grad():
            records = {name: as_array(recorder(model, epoch)) for name, recorder in self._recorders.items()}
        self._epochs.append(epoch)
        self._loads.append(loads)
        self._test_accuracy.append(test_accuracy)
        for name, record in records.items():
            self._records[name].append(record)

    def history(self, train_loss: list[float], settings: dict[str, Any], status: str) -> History:
        """The run so far as a frozen record."""
        return History(
            epochs=np.array(self._epochs, dtype=np.int64),
            load_curves=np.array([loads.D for loads in self._loads]),
            output_load=np.array([loads.output_load for loads in self._loads]),
            train_loss=np.array(train_loss, dtype=np.float64),
            train_accuracy=np.array([loads.accuracy for loads in self._loads]),
            test_accuracy=np.array(self._test_accuracy),
            settings=settings,
            status=status,
            records={name: np.array(values) for name, values in self._records.items()},
        )


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Fraction of examples whose largest logit is their label, in evaluation mode; nan without examples.

    In no other mode: normalised by the statistics of the test set itself, the answer to one image would depend on the
    others.
    """
    if len(y) == 0:
        return float("nan")
    correct = 0
    with measuring(model, "eval", seed=0):
        for rows, labels in zip(x.split(TEST_BATCH), y.split(TEST_BATCH), strict=True):
            correct += int((model(rows).argmax(1) == labels).sum())
    return correct / len(y)


def as_array(value: Any) -> np.ndarray:
    """What a recorder returned as an array of its own."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    return np.array(value)  # a copy: the recorder may return a view of weights that move on
