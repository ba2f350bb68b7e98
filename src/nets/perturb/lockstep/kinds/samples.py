"""Training data: examples replaced or left out, noise in the inputs, labels flipped; fixed for the whole run."""

from dataclasses import replace

import numpy as np
import torch

from mechanics.noise import normals

from ....ensembles import draws
from ..member import Member
from .context import Context, Perturbed, count_of


def replaced(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """eps training examples become copies of eps others."""
    n = len(base.x)
    count = count_of("replace", eps, n // 2, "training examples that become copies of others")
    chosen = torch.from_numpy(context.order("replace", copy, n)[: 2 * count])
    x, y = base.x.clone(), base.y.clone()
    x[chosen[:count]], y[chosen[:count]] = base.x[chosen[count:]], base.y[chosen[count:]]
    return Perturbed(replace(base, x=x, y=y) if count else base, eps)


def drop(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """eps training examples are missing from their batches, which are smaller by that; the others stay in place."""
    n = len(base.x)
    least = int(np.diff(base.order.epoch(0)[1]).min())
    count = count_of("drop", eps, max(least - 2, 0), "training examples left out, with two left in each batch")
    chosen = frozenset(context.order("drop", copy, n)[:count].tolist())
    return Perturbed(replace(base, order=replace(base.order, dropped=chosen)), eps)


def input_noise(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Normal noise in every training input, of standard deviation eps in units of that of all numbers of x."""
    if not base.x.is_floating_point():
        raise ValueError("perturb='input_noise' needs inputs that are real numbers, but they are whole numbers.")
    if not eps >= 0:
        raise ValueError(f"eps must be at least 0 for perturb='input_noise', but is {eps}.")
    if eps == 0:
        return Perturbed(base, 0.0)
    z = normals(context.seed_of("input_noise", copy), 0, 0, np.arange(base.x.numel())).reshape(base.x.shape)
    std = float(base.x.double().std(correction=0))
    return Perturbed(replace(base, x=base.x + torch.from_numpy(eps * std * z).to(base.x)), eps)


def flip(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """eps training labels become another class, all others equally likely."""
    n = len(base.y)
    count = count_of("flip", eps, n, "training labels that become another class")
    if not count:
        return Perturbed(base, 0.0)
    chosen = torch.from_numpy(context.order("flip", copy, n)[:count])
    shift = 1 + draws.uniform_labels(context.seed_of("flip to", copy), draws.LABELS, 0, count, context.classes - 1)
    y = base.y.clone()
    y[chosen] = (y[chosen] + torch.from_numpy(shift)) % context.classes
    return Perturbed(replace(base, y=y), eps)
