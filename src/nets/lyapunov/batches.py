"""Which examples a step sees, as a function of (seed, step): the batches of `train_ensemble` with the same seed."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.digits import Digits
from ..devices import as_tensor
from ..ensembles.draws import epoch_order
from ..ensembles.edges import batch_edges


class Batches:
    """Data in batches, shuffled every epoch; a last batch of one example joins the one before it.

    Parameters
    ----------
    x, y : Tensor
        As many inputs as targets, on the device of the training.
    batch_size : int, optional
        All examples, in their own order, by default.
    seed : int
        Of the order.
    """

    def __init__(self, x: Tensor, y: Tensor, batch_size: int | None, seed: int) -> None:
        n = len(y)
        if batch_size is not None and (
            isinstance(batch_size, bool) or int(batch_size) != batch_size or not 1 <= batch_size <= n
        ):
            raise ValueError(f"batch_size must be a whole number from 1 to the {n} examples, but is {batch_size!r}.")
        self.x, self.y, self.size = x, y, None if batch_size in (None, n) else int(batch_size or n)
        self.edges = batch_edges(n, self.size or n)
        self.seed, self._orders = seed, dict[int, NDArray[np.int64]]()

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of a step."""
        if self.size is None:
            return self.x, self.y
        epoch, b = divmod(step, len(self.edges) - 1)
        index = self._order(epoch)[self.edges[b] : self.edges[b + 1]]
        chosen = torch.as_tensor(index, device=self.x.device)
        return self.x[chosen], self.y[chosen]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Order of an epoch; the last two are kept."""
        if epoch not in self._orders:
            last = list(self._orders.items())[-1:]
            self._orders = dict([*last, (epoch, epoch_order(self.seed, epoch, len(self.y)))])
        return self._orders[epoch]


def tensors(data: Any, like: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets of `Digits` (the training images) or of a pair, floating numbers in the type of `like`.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or the numbers of examples differ.
    """
    if isinstance(data, Digits):
        data = (data.x_train, data.y_train)
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"data must be Digits or a pair (x, y) of arrays or tensors, but is a {type(data).__name__}.")
    x, y = (as_tensor(part).to(like.device) for part in data)
    if x.ndim < 1 or y.ndim < 1 or len(x) != len(y) or len(y) == 0:
        raise ValueError(
            f"x and y must hold the same number of examples, but have shapes {tuple(x.shape)} and {tuple(y.shape)}."
        )
    x, y = (part.to(like.dtype) if part.is_floating_point() else part for part in (x, y))
    for name, part in (("x", x), ("y", y)):
        if part.is_floating_point() and not part.isfinite().all():
            raise ValueError(f"{name} must be finite, but {int((~part.isfinite()).sum())} numbers are not.")
    return x, y
