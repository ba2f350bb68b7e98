"""What is minimised: cross-entropy, mean squares against one-hot labels, or a function of outputs and labels.

    target  t = (1 - s) onehot(y) + s / C,   s the label smoothing
    cross_entropy  - sum_c t_c ln p_c          mse  (1/C) sum_c (f_c - t_c)^2          means over the batch

Szegedy et al., CVPR 2016, arXiv:1512.00567, Section 7 (smoothing).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn import functional as F

NAMES = ("cross_entropy", "mse")


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss; `function` (outputs (N, C), labels (N,)) -> scalar, or None for those of `NAMES`."""

    name: str
    function: Callable[[Tensor, Tensor], Tensor] | None = None


def loss_of(loss: Any, label_smoothing: float) -> Loss:
    """The checked loss.

    Raises
    ------
    ValueError
        If it is unknown, or labels are to be smoothed for a function.
    """
    if loss is F.cross_entropy:
        loss = "cross_entropy"
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must lie in [0, 1), but is {label_smoothing}.")
    if isinstance(loss, str) and loss in NAMES:
        return Loss(loss)
    if callable(loss):
        if label_smoothing:
            raise ValueError("label_smoothing goes with a named loss; smooth the labels inside your function.")
        return Loss(f"function {getattr(loss, '__qualname__', type(loss).__name__)}", loss)
    raise ValueError(
        f"loss must be 'cross_entropy', 'mse' or a function (outputs, labels) -> mean loss, but is {loss!r}."
    )


def mean_loss(loss: Loss, outputs: Tensor, y: Tensor, smoothing: float = 0.0) -> Tensor:
    """Loss of one network, a scalar; outputs (N, C), labels (N,)."""
    if loss.function is not None:
        found = loss.function(outputs, y)
        if not isinstance(found, Tensor) or found.ndim:
            raise ValueError("loss must return one number, a mean over the batch, as a tensor of shape ().")
        return found
    if loss.name == "mse":
        return F.mse_loss(outputs, _targets(outputs, y, smoothing))
    return F.cross_entropy(outputs, y, label_smoothing=smoothing)


def stacked_losses(loss: Loss, outputs: Tensor, y: Tensor, smoothing: Tensor) -> Tensor:
    """Loss of each network, (models,); outputs (models, N, C), labels (models, N), smoothing (models, 1)."""
    if loss.function is not None:
        of_each: Tensor = vmap(lambda f, labels: mean_loss(loss, f, labels))(outputs, y)
        return of_each
    if loss.name == "mse":
        return (outputs - _targets(outputs, y, smoothing[..., None])).square().mean((1, 2))
    if not bool(smoothing.any()):
        return F.cross_entropy(outputs.flatten(0, 1), y.flatten(), reduction="none").view(y.shape).mean(1)
    logp = F.log_softmax(outputs, -1)
    own = -logp.gather(-1, y[..., None])[..., 0]
    return ((1 - smoothing) * own - smoothing * logp.mean(-1)).mean(1)


def _targets(outputs: Tensor, y: Tensor, smoothing: float | Tensor) -> Tensor:
    classes = outputs.shape[-1]
    return (1 - smoothing) * torch.eye(classes, dtype=outputs.dtype)[y] + smoothing / classes
