"""Checks of what `train` is given, once, before anything is computed."""

import math
from typing import Any

from torch import Tensor, nn

from ..data import Digits
from ..measure.modes import measuring
from ..measure.sweep import forward
from .stopping import Stop


def check_arguments(
    model: nn.Module,
    data: Digits,
    *,
    epochs: int,
    lr: float,
    batch_size: int | None,
    weight_decay: float,
    momentum: float,
    label_noise: float,
    input_noise: float,
    seed: int,
    measure_every: int,
    test_every: int,
    recorders: Any,
    stop: Any,
) -> int:
    """Raise TypeError or ValueError for what cannot be trained; return the batch size."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch nn.Module, but is {type(model).__name__}; make one with MLP(...).")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(f"model must have parameters to train, but {type(model).__name__} has none.")
    if not isinstance(data, Digits):
        raise TypeError(
            f"data must be Digits, but is {type(data).__name__}; use load_mnist10() or "
            "Digits(x_train, y_train, x_test, y_test, classes)."
        )
    n = len(data.y_train)
    for name, whole, least in (
        ("epochs", epochs, 0),
        ("measure_every", measure_every, 1),
        ("test_every", test_every, 1),
        ("seed", seed, 0),
    ):
        if isinstance(whole, bool) or int(whole) != whole or whole < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, but is {whole!r}.")
    size = n if batch_size is None else batch_size
    if isinstance(size, bool) or int(size) != size or not 1 <= size <= n:
        raise ValueError(
            f"batch_size must be a whole number in 1 .. {n} (the training examples), but is {batch_size!r}; "
            "None takes all of them."
        )
    if size == 1 and any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        raise ValueError("batch_size must be at least 2 with BatchNorm, which has no variance of 1 example.")
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr must be positive and finite, but is {lr}.")
    for name, value in (("weight_decay", weight_decay), ("momentum", momentum), ("input_noise", input_noise)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and not negative, but is {value}.")
    if not 0 <= label_noise <= 1:
        raise ValueError(f"label_noise must lie in [0, 1], but is {label_noise}; it is the redrawn fraction.")
    if recorders and not (hasattr(recorders, "items") and all(callable(f) for f in recorders.values())):
        raise TypeError(f"recorders must map names to functions (model, epoch), but is {recorders!r}.")
    if not (stop is None or isinstance(stop, Stop)):
        raise TypeError(f"stop must be Stop(...) of nets.training, or None, but is {stop!r}.")
    return int(size)


def check_outputs(model: nn.Module, x: Tensor, classes: int) -> None:
    """Raise ValueError unless the model makes a logit for each class of some examples; torch's own error on sizes."""
    wanted = f"model must map inputs of shape (n, {x.shape[1]}) to logits of shape (n, {classes})"
    with measuring(model, "eval"):
        logits = forward(model, x)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(x) or logits.shape[1] < classes:
        made = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"{wanted}, but makes {made} of {tuple(x.shape)}.")
