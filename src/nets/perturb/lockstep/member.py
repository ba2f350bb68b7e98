"""One network of a lockstep run: where it starts and what it is trained with. A perturbation returns another record."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...ensembles.optimisers import SGD, Adam, AdamW, Optimiser, RMSProp
from .order import Order

NAMED: dict[str, Optimiser] = {
    "sgd": SGD(), "momentum": SGD(0.9), "nesterov": SGD(0.9, nesterov=True), "adam": Adam(), "adamw": AdamW(),
    "rmsprop": RMSProp(),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Member:
    """A network and its training.

    Attributes
    ----------
    parameters, buffers : ndarray, shapes (P,) and (R,)
        At the start; see `vectors`.
    x, y : Tensor, shapes (n, ...) and (n,)
        Training data; copies whose data are the baseline's share its tensors.
    order : Order
    optimiser : SGD, Adam, AdamW or RMSProp
    lr, weight_decay : float
        lr is that of the first step.
    rates : ndarray, shape (steps,), optional
        Learning rates of all steps, where they change.
    smoothing : float
        Of the labels in the loss.
    memory : pair of ndarray (P,), optional
        The optimiser's memories at the start; 0 by default.
    """

    parameters: NDArray[Any]
    buffers: NDArray[np.float64]
    x: Tensor
    y: Tensor
    order: Order
    optimiser: Optimiser
    lr: float
    weight_decay: float
    rates: NDArray[np.float64] | None = None
    smoothing: float = 0.0
    memory: tuple[NDArray[Any], NDArray[Any]] | None = None

    def rate(self, step: int) -> float:
        """Learning rate of one step, 0 the first."""
        return self.lr if self.rates is None else float(self.rates[step])

    def same_rate_until(self, step: int, stop: int) -> int:
        """Step, at most `stop`, before which the learning rate stays what it is at `step`."""
        if self.rates is None:
            return stop
        other = np.flatnonzero(self.rates[step:stop] != self.rates[step])
        return step + int(other[0]) if len(other) else stop


def optimiser_of(optimiser: str | Optimiser) -> Optimiser:
    """The record of an optimiser.

    Raises
    ------
    ValueError
        If the name, or the kind of record, is unknown.
    """
    if isinstance(optimiser, str) and optimiser in NAMED:
        return NAMED[optimiser]
    if type(optimiser) in (SGD, Adam, AdamW, RMSProp):
        return optimiser  # type: ignore[return-value]
    raise ValueError(
        f"optimiser must be one of {', '.join(NAMED)}, or SGD(), Adam(), AdamW() or RMSProp() of nets.ensembles, but "
        f"is {optimiser!r}."
    )
