"""What is to be done (`Plan`) and how far it is (`State`): all that a backend is given.

A backend is a function

    advance(plan, state, stop, tick) -> None

that trains every living network from the epoch it has reached to epoch `stop` and writes what it finds into the arrays
of the state, measuring at the epochs of the plan on the way (0 among them, before the first step). It calls `tick()`
after each epoch of each network, and returns early, between two epochs, where this is true. Draws are those of `draws`.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..data import Digits
from ..training.loop import MIN_STEPS_FOR_EVAL, WARM_UP_STEPS
from ..training.stopping import Stop
from . import draws
from .columns import Columns, columns_of
from .config import MLPConfig
from .edges import batch_edges
from .layout import Layout

Array = NDArray[np.float64]
Mode = Literal["auto", "eval", "batch", "train"]
Tick = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Plan:
    """Networks, data, and what is measured when.

    Attributes
    ----------
    configs : tuple of MLPConfig
    layout : Layout
        Sizes of all networks.
    data : Digits
    epochs : int
    measured, tested : ndarray of int64
        Epochs after which loads, and test accuracies, are measured; 0 is before training. tested is part of measured.
    mode : {"auto", "eval", "batch", "train"}
    dtype : numpy dtype
        float32 or float64.
    stop : Stop or None
        When a network is done before the last epoch.
    """

    configs: tuple[MLPConfig, ...]
    layout: Layout
    data: Digits
    epochs: int
    measured: NDArray[np.int64]
    tested: NDArray[np.int64]
    mode: Mode
    dtype: np.dtype
    stop: Stop | None = None

    @cached_property
    def schedules(self) -> dict[str, Array]:
        """Numbers of each network and epoch, by name, shapes (models, epochs)."""
        each = [config.schedules(self.epochs) for config in self.configs]
        return {name: np.array([s[name] for s in each]) for name in each[0]}

    @cached_property
    def columns(self) -> Columns:
        """The data as layers take them that hold an example in each column."""
        return columns_of(self.data, self.dtype)

    @cached_property
    def input_std(self) -> float:
        """Standard deviation of all numbers of x_train: the unit of input noise."""
        return float(self.data.x_train.std(dtype=np.float64))

    @cached_property
    def batch_sizes(self) -> NDArray[np.int64]:
        """Examples a step of each network and epoch, (models, epochs)."""
        return np.array([config.batch_sizes(self.epochs, len(self.data.y_train)) for config in self.configs])

    @cached_property
    def first_steps(self) -> NDArray[np.int64]:
        """Steps done before each epoch (0 is the first), and in all, (models, epochs + 1)."""
        n, size = len(self.data.y_train), self.batch_sizes
        steps = -(-n // size) - ((n % size == 1) & (size < n))  # a last batch of one joins the one before it
        return np.concatenate([np.zeros((len(size), 1), np.int64), np.cumsum(steps, axis=1)], axis=1)

    def edges(self, model: int, epoch: int) -> NDArray[np.int64]:
        """Where the batches of an epoch begin, and n; a last batch of one joins the one before it."""
        return batch_edges(len(self.data.y_train), int(self.batch_sizes[model, epoch]))

    def train_labels(self, model: int) -> NDArray[np.int64]:
        """Training labels, with the corruption that is fixed."""
        c = self.configs[model]
        return draws.corrupted_labels(c.noise_seed, self.data.y_train, c.label_corruption, self.data.classes)

    def batches(
        self, model: int, epoch: int, labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Order of the examples in an epoch (0 is the first), their labels with noise, their input noise (d, n or 0).

        The noise is in standard normals; both are in the order of the epoch.
        """
        seed = self.configs[model].noise_seed
        order = draws.epoch_order(seed, epoch, len(labels))
        edges, shuffled = self.edges(model, epoch), labels[order]
        first = int(self.first_steps[model, epoch])
        spans = list(itertools.pairwise(edges.tolist()))
        noise = float(self.schedules["label_noise"][model, epoch])
        if noise > 0:
            shuffled = np.concatenate(
                [
                    draws.noisy_labels(seed, first + k, shuffled[a:b], noise, self.data.classes)
                    for k, (a, b) in enumerate(spans)
                ]
            )
        d = self.layout.inputs
        inputs = np.empty((d, 0))
        if self.schedules["input_noise"][model, epoch] > 0:
            inputs = np.concatenate(
                [draws.input_noise(seed, first + k, d, b - a) for k, (a, b) in enumerate(spans)], axis=1
            )
        return order, shuffled, inputs

    def mode_at(self, model: int, epoch: int) -> Literal["eval", "batch", "train"]:
        """Mode of the measurement after an epoch; "auto" chooses as in `train`."""
        if self.mode != "auto":
            return self.mode
        done = self.first_steps[model]
        steps = done[epoch] - done[max(epoch - 1, 0)]
        return "eval" if done[epoch] >= WARM_UP_STEPS and steps >= MIN_STEPS_FOR_EVAL else "batch"

    def keep_at(self, model: int, epoch: int) -> float:
        """Probability of a unit to stay in the measurement after an epoch; below 1 in mode "train" alone."""
        if self.mode_at(model, epoch) != "train":
            return 1.0
        dropout = self.schedules["dropout"][model] if self.epochs else self.configs[model].schedules(1)["dropout"]
        return 1 - float(dropout[max(epoch - 1, 0)])

    def slots(self, epoch: int, last: bool) -> slice:
        """Measurements that those after this epoch are: one or none, and all later ones if training ends (`last`)."""
        at = int(np.searchsorted(self.measured, epoch))
        if last:
            return slice(at, len(self.measured))
        return slice(at, at + int(at < len(self.measured) and self.measured[at] == epoch))

    def tested_slots(self, slots: slice) -> NDArray[np.int64]:
        """Those of these measurements that have a test accuracy."""
        here = np.arange(slots.start, slots.stop)
        return here[np.isin(self.measured[slots], self.tested)] if len(self.data.y_test) else here[:0]

    def stops(self, losses: Array) -> bool:
        """Whether a network with these losses of all its epochs so far is done."""
        return self.stop is not None and bool(self.stop.reason(losses))


@dataclass(eq=False)
class State:
    """Networks and what was found of them so far; arrays that a backend fills, and a checkpoint holds.

    Attributes
    ----------
    parameters, first, second : ndarray, shape (models, P)
        Flat vectors (see `layout`) and the optimiser's memories: momentum or mean of gradients; mean of squares.
    running : ndarray, shape (models, R)
        Running statistics of BatchNorm.
    epoch : ndarray of int64, shape (models,)
        Epochs done; -1 before the measurement of epoch 0.
    failed_epoch, failed_layer : ndarray of int64, shape (models,)
        Where numbers stopped being finite, else -1. Layer `depth` is the logits.
    stopped : ndarray of int64, shape (models,)
        Epochs after which the plan's `stop` ended training, else -1.
    losses : ndarray, shape (models, epochs)
    load_curves : ndarray, shape (models, measured, layers)
    output_load, train_accuracy, test_accuracy : ndarray, shape (models, measured)
    by_batch : ndarray of bool, shape (models, measured)
        Measured with the statistics of the data rather than the running ones.
    """

    parameters: NDArray[np.floating]
    first: NDArray[np.floating]
    second: NDArray[np.floating]
    running: NDArray[np.floating]
    epoch: NDArray[np.int64]
    failed_epoch: NDArray[np.int64]
    failed_layer: NDArray[np.int64]
    stopped: NDArray[np.int64]
    losses: Array
    load_curves: Array
    output_load: Array
    train_accuracy: Array
    test_accuracy: Array
    by_batch: NDArray[np.bool_]
    snapshots: NDArray[np.floating] = field(default_factory=lambda: np.empty((0, 0, 0)))

    def living(self, stop: int) -> list[int]:
        """Networks that are to be trained to epoch `stop`."""
        return np.flatnonzero((self.failed_epoch < 0) & (self.stopped < 0) & (self.epoch < stop)).tolist()


def new_state(plan: Plan, snapshots: bool) -> State:
    """Networks before training, with the weights of `MLP(seed=config.seed)`."""
    from ..models import MLP
    from .layout import flat_parameters, flat_running

    models, layout, m = len(plan.configs), plan.layout, len(plan.measured)
    parameters = np.empty((models, layout.parameters), plan.dtype)
    running = np.empty((models, layout.running), plan.dtype)
    for i, config in enumerate(plan.configs):
        model = MLP(**layout.described(), seed=config.seed)
        parameters[i], running[i] = flat_parameters(model), flat_running(model)
    nothing = np.full(models, -1, dtype=np.int64)
    return State(
        parameters=parameters,
        first=np.zeros_like(parameters),
        second=np.zeros_like(parameters),
        running=running,
        epoch=nothing.copy(),
        failed_epoch=nothing.copy(),
        failed_layer=nothing.copy(),
        stopped=nothing.copy(),
        losses=np.full((models, plan.epochs), np.nan),
        load_curves=np.full((models, m, layout.layers), np.nan),
        output_load=np.full((models, m), np.nan),
        train_accuracy=np.full((models, m), np.nan),
        test_accuracy=np.full((models, m), np.nan),
        by_batch=np.zeros((models, m), dtype=bool),
        snapshots=np.full((models, m if snapshots else 0, layout.parameters), np.nan, plan.dtype),
    )


def every(k: int | Sequence[int], epochs: int, name: str) -> NDArray[np.int64]:
    """Epochs to measure at: every k-th with both ends, or those that are listed."""
    if isinstance(k, bool) or (np.ndim(k) == 0 and (int(k) != k or k < 1)):  # type: ignore[arg-type]
        raise ValueError(f"{name} must be a whole number of at least 1 or a list of epochs, but is {k!r}.")
    if np.ndim(k) == 0:
        return np.unique([*range(0, epochs + 1, int(k)), epochs]).astype(np.int64)  # type: ignore[arg-type]
    listed = np.unique(np.asarray(k, dtype=np.int64))
    if not len(listed) or listed[0] < 0 or listed[-1] > epochs:
        raise ValueError(f"{name} must list epochs in 0 .. {epochs}, but is {k!r}.")
    return listed
