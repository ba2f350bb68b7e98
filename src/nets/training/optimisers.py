"""Optimisers by name, in their quickest form for the device, by a record of ensembles, or by the caller's function."""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import nn

from ..ensembles.optimisers import KINDS
from ..ensembles.optimisers import Optimiser as Record

Optimiser = Literal["adam", "sgd"] | Record | Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]


def make_optimiser(
    optimiser: Optimiser, parameters: list[nn.Parameter], lr: float, weight_decay: float, momentum: float, seed: int = 0
) -> torch.optim.Optimizer:
    """Optimiser for the parameters; the seed is that of Langevin noise.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown, momentum is given beside a record, or a function returns something else.
    """
    if isinstance(optimiser, KINDS):
        if momentum:
            raise ValueError(f"momentum={momentum} is that of 'sgd'; give {type(optimiser).__name__} its own instead.")
        from ..ensembles.torch_optimisers import torch_optimiser

        return torch_optimiser(optimiser, parameters, lr=lr, weight_decay=weight_decay, seed=seed)
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
    raise ValueError(
        "optimiser must be 'adam', 'sgd', a record such as SGLD(temperature=1e-4) of nets.ensembles, or a function "
        f"(params, lr) -> Optimizer, but is {optimiser!r}."
    )


def optimiser_name(optimiser: Optimiser) -> str:
    """For the settings of a run."""
    if isinstance(optimiser, KINDS):
        return repr(optimiser)
    return optimiser if isinstance(optimiser, str) else getattr(optimiser, "__name__", "function")
