"""Optimisers by name, in their quickest form for the device, or by the caller's function."""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import nn

Optimiser = Literal["adam", "sgd"] | Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]


def make_optimiser(
    optimiser: Optimiser, parameters: list[nn.Parameter], lr: float, weight_decay: float, momentum: float
) -> torch.optim.Optimizer:
    """Optimiser for the parameters; raises ValueError for an unknown name, TypeError for a wrong function."""
    if callable(optimiser):
        made = optimiser(parameters, lr)
        if not isinstance(made, torch.optim.Optimizer):
            raise TypeError(f"optimiser(params, lr) must return a torch Optimizer, but returns {type(made).__name__}.")
        return made
    # one fused kernel for all parameters: small networks spend their steps on overhead
    fused = all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
    if optimiser == "adam":
        return torch.optim.Adam(parameters, lr=lr, weight_decay=weight_decay, fused=fused)
    if optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay, momentum=momentum, fused=fused)
    raise ValueError(f"optimiser must be 'adam', 'sgd' or a function (params, lr) -> Optimizer, but is {optimiser!r}.")
