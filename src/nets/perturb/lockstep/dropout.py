"""Dropout whose masks are functions of (seed, step, layer, unit, place in the batch): the same for every copy.

They are those of `train_ensemble` for its networks. What else a network draws (dropout inside an attention) comes from
the global generator, which is seeded for every step and given back as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, nn

from ...ensembles import draws
from ...models import Dropout
from ...training.seeds import derived_seed


class KeyedDropout(nn.Module):
    """Dropout with the mask of the step that `set_step` names."""

    def __init__(self, p: float, layer: int) -> None:
        super().__init__()
        self.p, self.layer = p, layer
        self.key = (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the mask in training mode; x (batch, ...)."""
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        seed, step = self.key
        units = x[0].numel()
        kept = draws.kept_units(seed, step, self.layer, units, len(x), keep)
        mask = torch.from_numpy(kept.T.copy()).to(x.dtype) / keep
        return x * mask.view(x.shape)


def with_keyed_dropout(model: nn.Module) -> nn.Module:
    """Copy of a network with every elementwise dropout keyed, numbered from 1 in the order of the modules."""
    copy = deepcopy(model)
    layer = 0
    for parent in list(copy.modules()):
        for name, child in parent.named_children():
            if type(child) in (Dropout, nn.Dropout):
                layer += 1
                setattr(parent, name, KeyedDropout(float(child.p), layer))  # type: ignore[arg-type]
    return copy


def set_step(model: nn.Module, seed: int, step: int) -> None:
    """Choose the draws of one step."""
    for module in model.modules():
        if isinstance(module, KeyedDropout):
            module.key = (seed, step)
    torch.default_generator.manual_seed(derived_seed(seed, f"step {step}"))  # of the CPU alone: all devices cost 1 ms


@contextmanager
def own_draws() -> Iterator[None]:
    """The global generator is afterwards as it was before."""
    with torch.random.fork_rng(devices=[]):
        yield
