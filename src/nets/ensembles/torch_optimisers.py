"""The records of optimisers as PyTorch's own, for plain loops; and Langevin dynamics, which PyTorch does not have."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .draws import parameter_noise
from .optimisers import SGLD, Adam, AdamW, Optimiser, RMSProp


def torch_optimiser(
    optimiser: Optimiser, parameters: list[nn.Parameter], *, lr: float, weight_decay: float, seed: int
) -> torch.optim.Optimizer:
    """PyTorch's optimiser of a record; the seed is that of the noise of `SGLD`."""
    o: Any = optimiser
    both: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
    if isinstance(o, SGLD):
        return Langevin(parameters, temperature=o.temperature, seed=seed, **both)
    if isinstance(o, Adam):
        kind = torch.optim.AdamW if isinstance(o, AdamW) else torch.optim.Adam
        return kind(parameters, betas=(o.beta1, o.beta2), eps=o.eps, **both)
    if isinstance(o, RMSProp):
        return torch.optim.RMSprop(parameters, alpha=o.decay, eps=o.eps, momentum=o.momentum, **both)
    return torch.optim.SGD(parameters, momentum=o.momentum, nesterov=o.nesterov, **both)


def memory_names(optimiser: Optimiser) -> tuple[str | None, str | None]:
    """Names of the first and second memory in the state of PyTorch's optimiser."""
    if isinstance(optimiser, SGLD):
        return None, None
    if isinstance(optimiser, Adam):
        return "exp_avg", "exp_avg_sq"
    first = "momentum_buffer" if optimiser.momentum > 0 else None
    return first, "square_avg" if isinstance(optimiser, RMSProp) else None


class Langevin(torch.optim.Optimizer):
    """`SGLD`, its noise a function of (seed, step, place among all parameters): a torch optimiser.

    Parameters
    ----------
    parameters : list of Parameter
        In their order the noise is dealt out, also to those without a gradient, which do not move.
    lr, temperature, weight_decay : float
        As in `SGLD`.
    seed : int
        Of the noise.
    """

    def __init__(
        self, parameters: list[nn.Parameter], *, lr: float, temperature: float, weight_decay: float, seed: int
    ) -> None:
        defaults = {"lr": lr, "temperature": temperature, "weight_decay": weight_decay, "seed": seed, "steps": 0}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step; a closure is not called."""
        (group,) = self.param_groups
        lr, sizes = group["lr"], [p.numel() for p in group["params"]]
        amplitude = math.sqrt(2 * lr * group["temperature"])
        noise = torch.from_numpy(parameter_noise(group["seed"], group["steps"], sum(sizes)))
        for p, xi in zip(group["params"], noise.split(sizes), strict=True):
            if p.grad is not None:
                p.sub_(lr * (p.grad + group["weight_decay"] * p)).add_(amplitude * xi.view(p.shape).to(p))
        group["steps"] += 1
