"""Optimiser steps of a stack of networks whose constants differ from one to the next; formulas in `nets.ensembles`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...ensembles.optimisers import SGD, Adam, AdamW, RMSProp
from .member import Member


@dataclass(frozen=True, eq=False)
class Constants:
    """Constants of each network, shape (models, 1) each; what an optimiser does not have is 0.

    Attributes
    ----------
    kind : type
        SGD, Adam, AdamW or RMSProp, the same for all.
    """

    kind: type
    nesterov: bool
    lr: Tensor
    smoothing: Tensor
    decay: Tensor
    momentum: Tensor
    beta1: Tensor
    beta2: Tensor
    eps: Tensor

    def of(self, rows: np.ndarray | None) -> "Constants":
        """Those of some networks; None takes all."""
        if rows is None:
            return self
        at = torch.from_numpy(rows)
        names = ("lr", "smoothing", "decay", "momentum", "beta1", "beta2", "eps")
        return Constants(self.kind, self.nesterov, *(getattr(self, name)[at] for name in names))


def constants_of(members: Sequence[Member], dtype: torch.dtype) -> Constants:
    """Constants of these networks."""

    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64).to(dtype)[:, None]

    optimisers = [m.optimiser for m in members]
    second = "decay" if isinstance(optimisers[0], RMSProp) else "beta2"
    named = [
        column([float(getattr(o, name, 0.0)) for o in optimisers]) for name in ("momentum", "beta1", second, "eps")
    ]
    lr, smoothing, decay = (column([getattr(m, n) for m in members]) for n in ("lr", "smoothing", "weight_decay"))
    return Constants(type(optimisers[0]), getattr(optimisers[0], "nesterov", False), lr, smoothing, decay, *named)


def with_rates(k: Constants, members: Sequence[Member], step: int) -> Constants:
    """The constants with the learning rates of one step."""
    if all(m.rates is None for m in members):
        return k
    return replace(k, lr=torch.tensor([m.rate(step) for m in members], dtype=torch.float64).to(k.lr.dtype)[:, None])


def update(k: Constants, w: Tensor, g: Tensor, first: Tensor, second: Tensor, step: int) -> None:
    """One step in place, on (models, P); `step` counts those done before."""
    if k.kind is AdamW:
        w.mul_(1 - k.lr * k.decay)
    elif bool((k.decay != 0).any()):
        g = g + k.decay * w
    if issubclass(k.kind, Adam):
        first.mul_(k.beta1).add_((1 - k.beta1) * g)
        second.mul_(k.beta2).add_((1 - k.beta2) * g * g)
        root = (second / (1 - k.beta2 ** (step + 1))).sqrt_().add_(k.eps)
        w.sub_((k.lr / (1 - k.beta1 ** (step + 1))) * first.div(root))
    elif k.kind is RMSProp:
        second.mul_(k.beta2).add_((1 - k.beta2) * g * g)
        direction = g / second.sqrt().add_(k.eps)
        if bool((k.momentum > 0).any()):
            direction = first.mul_(k.momentum).add_(direction)
        w.sub_(k.lr * direction)
    elif k.kind is SGD:
        if bool((k.momentum > 0).any()):
            first.mul_(k.momentum).add_(g)
            g = g + k.momentum * first if k.nesterov else first
        w.sub_(k.lr * g)
