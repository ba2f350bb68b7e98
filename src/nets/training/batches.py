"""Minibatches in random order, with noise in labels and inputs drawn anew for every batch."""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from .seeds import generator


class Batches:
    """Batches of a data set, shuffled every epoch.

    Parameters
    ----------
    x, y : Tensor, shapes (n, d) and (n,)
        On the training device.
    batch_size : int
        Examples a batch; the last one of an epoch may be smaller. A last batch of a single example joins the one
        before it: BatchNorm has no variance to normalise by.
    classes : int
        Number of classes.
    label_noise : float
        floor(label_noise * B) labels of each batch are drawn anew, uniformly over all classes: some stay true.
    input_noise : float
        Standard deviation of Gaussian noise added to every input number, in units of the standard deviation of all
        numbers of x.
    seed : int
        Order and noises have a generator each.
    """

    def __init__(
        self, x: Tensor, y: Tensor, batch_size: int, classes: int, label_noise: float, input_noise: float, seed: int
    ) -> None:
        self._x, self._y = x, y
        self._size = batch_size
        self._classes = classes
        self._label_noise = label_noise
        self._input_std = input_noise * float(x.std(correction=0)) if input_noise else 0.0
        self._order = generator(seed, "batch order")  # on the CPU: the same order on every device
        self._labels = generator(seed, "label noise")
        self._inputs = generator(seed, "input noise", x.device)

    def __len__(self) -> int:
        """Number of optimiser steps in an epoch."""
        return len(self._edges()) - 1

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (x, y) of one epoch."""
        n = len(self._y)
        order = torch.randperm(n, generator=self._order).to(self._y.device)
        edges = self._edges()
        for start, stop in itertools.pairwise(edges):
            index = order[start:stop]
            yield self._noisy_inputs(self._x[index]), self._noisy_labels(self._y[index])

    def _edges(self) -> list[int]:
        n = len(self._y)
        edges = [*range(0, n, self._size), n]
        if len(edges) > 2 and edges[-1] - edges[-2] == 1:
            del edges[-2]
        return edges

    def _noisy_labels(self, y: Tensor) -> Tensor:
        redrawn = int(self._label_noise * len(y))
        if redrawn == 0:
            return y
        new = torch.randint(self._classes, (redrawn,), generator=self._labels).to(y.device)
        return torch.cat([new, y[redrawn:]])  # the batch is shuffled: its first labels are a random choice

    def _noisy_inputs(self, x: Tensor) -> Tensor:
        if self._input_std == 0:
            return x
        return x + self._input_std * torch.empty_like(x).normal_(generator=self._inputs)
