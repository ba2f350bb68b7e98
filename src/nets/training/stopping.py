"""When training is done before its last epoch: the loss is small, or has stopped changing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stop:
    """Stop after the first epoch with loss < `loss`, or |loss - loss of the epoch before| < `change`.

    Parameters
    ----------
    loss, change : float
        Not negative and not nan; 0 switches a criterion off. The loss is the epoch's mean over its batches, with noise
        and dropout, as histories record it.

    Raises
    ------
    ValueError
        If a number is negative or nan.

    References
    ----------
    The defaults are those of the published code of arXiv:2407.19353.
    """

    loss: float = 1e-4
    change: float = 1e-10

    def __post_init__(self) -> None:
        for name, value in (("loss", self.loss), ("change", self.change)):
            if not value >= 0:
                raise ValueError(f"{name} must not be negative, but is {value}; 0 switches the criterion off.")

    def reason(self, losses: Sequence[float] | NDArray[np.float64]) -> str:
        """Why training is done after epochs with these losses, or "" if it is not."""
        if len(losses) and losses[-1] < self.loss:
            return f"loss {losses[-1]:.3g} < {self.loss:g}"
        if len(losses) > 1 and (change := abs(losses[-1] - losses[-2])) < self.change:
            return f"change of the loss {change:.3g} < {self.change:g}"
        return ""
