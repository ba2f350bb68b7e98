"""Which examples each step takes: one order for all copies, with the few changes that a perturbation makes to it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...ensembles import draws
from ...ensembles.edges import batch_edges

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """Batches of every epoch, a pure function of (seed, epoch).

    Parameters
    ----------
    seed : int
    examples, batch : int
        Training examples, and how many a step takes; a last batch of one joins the one before it.
    swaps : tuple of (epoch, i, j)
        Batches i and j of an epoch change places.
    redrawn : (epochs, seed)
        So many first epochs have the order of another seed.
    dropped : frozenset of int
        Examples that no batch holds.
    """

    seed: int
    examples: int
    batch: int
    swaps: tuple[tuple[int, int, int], ...] = ()
    redrawn: tuple[int, int] = (0, 0)
    dropped: frozenset[int] = field(default_factory=frozenset)
    _kept: dict[int, tuple[Index, Index]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return len(batch_edges(self.examples, self.batch)) - 1

    def epoch(self, epoch: int) -> tuple[Index, Index]:
        """Order of the examples in an epoch, and where its batches begin and end."""
        found = self._kept.get(epoch)
        if found is None:
            found = self._draw(epoch)
            self._kept.clear()  # only the present epoch is asked for again
            self._kept[epoch] = found
        return found

    def at(self, step: int) -> Index:
        """Examples of one step, 0 the first."""
        order, edges = self.epoch(step // self.steps)
        k = step % self.steps
        return order[edges[k] : edges[k + 1]]

    def _draw(self, epoch: int) -> tuple[Index, Index]:
        epochs, other = self.redrawn
        edges = batch_edges(self.examples, self.batch)
        order = draws.epoch_order(other if epoch < epochs else self.seed, epoch, self.examples)
        batches = np.split(order, edges[1:-1])
        for at, i, j in self.swaps:
            if at == epoch:
                batches[i], batches[j] = batches[j], batches[i]
        if self.dropped:
            batches = [b[~np.isin(b, list(self.dropped))] for b in batches]
        return np.concatenate(batches), np.cumsum([0, *map(len, batches)]).astype(np.int64)
