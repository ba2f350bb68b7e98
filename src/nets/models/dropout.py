"""Dropout whose masks come from a generator of its own.

`torch.nn.Dropout` draws from the global generator, so that training would depend on, and disturb, every other draw
in the process; runs in several threads would not be reproducible at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zero each number with probability p and divide the others by 1 - p, in training mode only.

    Parameters
    ----------
    p : float
        Probability of zero, 0 <= p < 1.

    Notes
    -----
    Without a generator (`generator` is None: a training loop that is not ours) it draws from the global one, as
    `torch.nn.Dropout` does. `nets.train` lends a generator for the time of the training.
    """

    generator: torch.Generator | None

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must lie in [0, 1), but is {p}; 1 would pass nothing on.")
        self.p = float(p)
        self.generator = None

    def forward(self, x: Tensor) -> Tensor:
        """Apply a fresh mask to x, of any shape."""
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        mask = torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)
        return x * mask

    def extra_repr(self) -> str:
        """Show the probability in the model's printout."""
        return f"p={self.p}"


@contextmanager
def dropout_generator(model: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Let every `Dropout` of the model draw from `generator` inside the context."""
    layers = [module for module in model.modules() if isinstance(module, Dropout)]
    before = [layer.generator for layer in layers]
    try:
        for layer in layers:
            layer.generator = generator
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.generator = own
