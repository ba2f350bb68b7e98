"""Dropout whose masks are a function of (seed, step, layer, place in the batch): two copies of a network share them.

The numbers are those of `nets.ensembles.draws.kept_units`, with layers counted in the order in which they are passed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from ..ensembles.draws import kept_units
from ..models.dropout import Dropout


class Masks:
    """Hooks on the dropout layers of a network, which itself runs as in evaluation."""

    def __init__(self, network: nn.Module, seed: int) -> None:
        refuse_foreign(network)
        self.seed, self.step, self.passed = seed, -1, 0
        for module in network.modules():
            if isinstance(module, (Dropout, nn.Dropout)) and module.p > 0:
                module.register_forward_hook(self._mask)

    @contextmanager
    def at(self, step: int) -> Iterator[None]:
        """Masks of this step; outside no dropout."""
        self.step, self.passed = step, 0
        try:
            yield
        finally:
            self.step = -1

    def factor(self, module: nn.Module, h: Tensor) -> Tensor | None:
        """What the layer that is passed next multiplies h (batch, ...) by; None outside a step."""
        if self.step < 0:
            return None
        self.passed += 1
        keep, batch = 1.0 - float(module.p), len(h)  # type: ignore[arg-type]
        kept = kept_units(self.seed, self.step, self.passed, h[0].numel(), batch, keep)
        mask = torch.as_tensor(kept.T.copy(), device=h.device).reshape(h.shape)
        return mask.to(h.dtype).div_(keep)

    def _mask(self, module: nn.Module, inputs: Any, h: Tensor) -> Tensor:
        factor = self.factor(module, h)
        return h if factor is None else h * factor


def refuse_foreign(network: nn.Module) -> None:
    """Raise ValueError for random layers whose numbers cannot be fixed."""
    for name, module in network.named_modules():
        known = isinstance(module, (Dropout, nn.Dropout))
        p = getattr(module, "dropout", 0.0)
        inside = isinstance(module, nn.MultiheadAttention) and p > 0
        if inside or (isinstance(module, _DropoutNd) and not known and module.p > 0):
            raise ValueError(
                f"{name} ({type(module).__name__}) drops units by numbers of its own, which two copies would not "
                "share; use nn.Dropout or nets.models' Dropout, or set its probability to 0."
            )
