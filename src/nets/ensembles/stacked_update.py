"""Optimiser steps of many networks at once, on parameters (models, P): the updates of torch.optim, term by term."""

import numpy as np
import torch
from torch import Tensor

from .draws import parameter_noise
from .optimisers import SGD, SGLD, Adam, AdamW, Optimiser, RMSProp


@torch.no_grad()
def update(
    optimiser: Optimiser, w: Tensor, g: Tensor, first: Tensor, second: Tensor, step: int, lr: Tensor, decay: Tensor,
    seeds: list[int],
) -> None:  # fmt: skip
    """One step in place.

    Parameters
    ----------
    optimiser : SGD, Adam, AdamW, RMSProp or SGLD
    w, g, first, second : Tensor, shape (models, P)
        Parameters, gradients, and the optimiser's memories.
    step : int
        Steps done before, 0 at first.
    lr, decay : Tensor, shape (models, 1)
        Learning rate and weight decay.
    seeds : list of int
        Of the models' noise, for SGLD.
    """
    if isinstance(optimiser, AdamW):
        w.mul_(1 - lr * decay)
    else:
        g = g + decay * w
    if isinstance(optimiser, Adam):
        first.lerp_(g, 1 - optimiser.beta1)
        second.mul_(optimiser.beta2).addcmul_(g, g, value=1 - optimiser.beta2)
        root = (second.sqrt() / (1 - optimiser.beta2 ** (step + 1)) ** 0.5).add_(optimiser.eps)
        w.sub_(lr / (1 - optimiser.beta1 ** (step + 1)) * (first / root))
    elif isinstance(optimiser, RMSProp):
        second.mul_(optimiser.decay).addcmul_(g, g, value=1 - optimiser.decay)
        direction = g / second.sqrt().add_(optimiser.eps)
        if optimiser.momentum > 0:
            direction = first.mul_(optimiser.momentum).add_(direction)
        w.sub_(lr * direction)
    elif isinstance(optimiser, SGLD):
        w.sub_(lr * g)
        if optimiser.temperature > 0:
            noise = np.stack([parameter_noise(seed, step, w.shape[1]) for seed in seeds])
            w.add_((2 * lr * optimiser.temperature).sqrt() * torch.from_numpy(noise).to(w))
    elif isinstance(optimiser, SGD):
        if optimiser.momentum > 0:
            first.copy_(g) if step == 0 else first.mul_(optimiser.momentum).add_(g)
            g = g + optimiser.momentum * first if optimiser.nesterov else first
        w.sub_(lr * g)
