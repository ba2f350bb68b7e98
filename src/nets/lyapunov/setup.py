"""From a user's model, data and settings to a training run as a map."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..ensembles.optimisers import SGD, Optimiser
from .batches import Batches, tensors
from .network import Loss, Network
from .rules import rule_of
from .run import Training
from .step import Step

Coordinates = Literal["scaled", "raw", "weights"]
Metric = Literal["logit", "fisher"]
Rate = float | Callable[[int], float]
CHUNK = 2**21  # numbers that the vectors in the network take at a time, about
EVERY_STEP = 20  # exponents at most, for which orthonormalising each step costs next to nothing


def arranged(
    model: nn.Module, data: Any, k: int, *, optimiser: Optimiser, lr: Rate, loss: Loss, batch_size: int | None,
    seed: int, weight_decay: float, dampening: float, coordinates: Coordinates, dtype: torch.dtype,
    interval: int | None, probe: Tensor | ArrayLike | None = None, metric: Metric = "logit", chunk: int | None = None,
) -> Training:  # fmt: skip
    """The training that `training_spectrum` describes; its errors are raised here."""
    rule = rule_of(optimiser)
    _check_numbers(optimiser, weight_decay, dampening)
    if coordinates not in get_args(Coordinates):
        raise ValueError(f"coordinates must be 'scaled', 'raw' or 'weights', but is {coordinates!r}.")
    if metric not in get_args(Metric):
        raise ValueError(f"metric must be 'logit' or 'fisher', but is {metric!r}.")
    if dtype not in (torch.float64, torch.float32):
        raise ValueError(f"dtype must be torch.float64 or torch.float32, but is {dtype}.")
    if interval is not None:
        interval = counted("interval", interval, 1)
    if chunk is not None:
        chunk = counted("chunk", chunk, 1)
    network = Network(model, loss, dtype, seed)
    batches = Batches(*tensors(data, network.start), batch_size, seed)
    n = network.D * (1 + rule.memories)
    most = network.D if coordinates == "weights" else n
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= most:
        raise ValueError(
            f"k must be a whole number of exponents from 1 to {most} ({network.D} weights and {rule.memories} "
            f"memories of each), but is {k!r}."
        )
    rate = _rate(lr)
    inputs = None if probe is None else tensors((probe, np.zeros(len(probe))), network.start)[0]  # type: ignore[arg-type]
    _check_start(network, batches)
    if chunk is None:
        chunk = max(1, CHUNK // network.tangent_size(batches.at(0)[0]))
    fixed = interval if interval is not None else 1 if k <= EVERY_STEP else None
    first = Step(optimiser, 0, rate(0), float(weight_decay), float(dampening))
    return Training(
        network, batches, rule, first, rate, int(k), int(seed), coordinates, fixed, inputs, metric,
        min(chunk, int(k)),
    )  # fmt: skip


def counted(name: str, value: Any, least: int) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")
    return int(value)


def _check_numbers(optimiser: Optimiser, weight_decay: float, dampening: float) -> None:
    if not (math.isfinite(weight_decay) and weight_decay >= 0):
        raise ValueError(f"weight_decay must be finite and not negative, but is {weight_decay}.")
    if not 0 <= dampening < 1:
        raise ValueError(f"dampening must lie in [0, 1), but is {dampening}.")
    if dampening and not (isinstance(optimiser, SGD) and optimiser.momentum and not optimiser.nesterov):
        raise ValueError("dampening is for SGD with momentum and without nesterov, as in PyTorch; leave it at 0.")


def _rate(lr: Rate) -> Callable[[int], float]:
    rate = partial(_rate_at, lr)
    rate(0)
    return rate


def _rate_at(lr: Rate, n: int) -> float:
    given = lr(n) if callable(lr) else lr
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise ValueError(
            f"lr must be a number, or a function of the steps done that gives one, but is {given!r}."
        ) from None
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"lr must be positive and finite, but is {value} at step {n}.")
    return value


def _check_start(network: Network, batches: Batches) -> None:
    """Whether the loss is a finite number, and a function of its arguments alone."""
    x, y = batches.at(0)
    if not callable(network.loss):
        raise TypeError(
            "loss must be a function (outputs, targets) -> mean loss such as torch.nn.functional.cross_entropy, "
            f"but is {network.loss!r}."
        )
    with torch.no_grad(), network.masks.at(0):
        try:
            first = network.value(network.start, x, y)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise ValueError(
                f"the loss of the first batch, inputs {tuple(x.shape)} of {x.dtype} and targets {tuple(y.shape)} of "
                f"{y.dtype}, cannot be computed: {error}"
            ) from error
    with torch.no_grad(), network.masks.at(0):
        second = network.value(network.start, *batches.at(0))
    if not bool(torch.isfinite(first)):
        raise ValueError(f"the loss of the first batch must be finite, but is {float(first)}.")
    if not torch.equal(first, second):
        raise ValueError(
            "two evaluations of the loss differ: the model or the loss draws random numbers, which copies would not "
            "share. Dropout layers are fine; switch off what else is random."
        )
