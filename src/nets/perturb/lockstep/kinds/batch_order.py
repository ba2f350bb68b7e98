"""Order of the batches: two that change places, an epoch in another order, or another order altogether."""

from dataclasses import replace

import numpy as np

from ..member import Member
from .context import Context, Perturbed, count_of

MOST_EPOCHS = 10**9


def swap(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """eps pairs of batches of the first epoch change places; batches of equal size, chosen at random."""
    _, edges = base.order.epoch(0)
    sizes = np.diff(edges)
    equal = np.flatnonzero(sizes == sizes[0])
    count = count_of("swap", eps, len(equal) // 2, "pairs of batches that change places in the first epoch")
    chosen = equal[context.order("swap", copy, len(equal))[: 2 * count]].reshape(count, 2)
    return Perturbed(replace(base, order=replace(base.order, swaps=tuple((0, i, j) for i, j in chosen.tolist()))), eps)


def permute(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """The first eps epochs have another order."""
    count = count_of("permute", eps, MOST_EPOCHS, "first epochs with another order")
    seed = context.seed_of("permute", copy)
    return Perturbed(replace(base, order=replace(base.order, redrawn=(count, seed))), eps)


def order(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """All epochs have another order (eps = 1), or none (eps = 0)."""
    count = count_of("order", eps, 1, "1 for another order of every epoch, 0 for the same")
    if not count:
        return Perturbed(base, 0.0)
    return Perturbed(replace(base, order=replace(base.order, seed=context.seed_of("order", copy))), 1.0)
