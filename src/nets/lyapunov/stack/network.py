"""A plain feed-forward network as a list of layers whose Hessian products are known in closed form.

For k directions: tangents through the layers forward, then the tangent of the backward pass (forward over reverse,
Pearlmutter, Neural Computation 6 (1994) 147). Values are shared by all directions, products are batched matrix
products, and nothing is traced.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...models import MLP
from ...models.dropout import Dropout
from ...models.initial import NTKLinear
from ..masks import Masks
from .activations import derivatives_of
from .batch_norm import BatchNorm
from .layers import Activation, Dropped, Layer, Linear, Passed, scale_of
from .outputs import Loss, Products, at_outputs


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers from inputs to outputs; inputs (N, ...) are flattened if `flat`, else they must be (N, features)."""

    layers: tuple[Layer, ...]
    sizes: Sequence[int]
    flat: bool

    def takes(self, x: Tensor) -> bool:
        """Whether inputs have the form that the layers are known for."""
        return x.ndim == 2 or (self.flat and x.ndim > 2)

    def outputs(self, w: Tensor, x: Tensor, masks: Masks) -> Tensor:
        """Outputs (N, C)."""
        passed = self._passed(w, x, masks)
        return passed[-1].out.t()

    def linearised(self, w: Tensor, x: Tensor, y: Tensor, loss: Loss, masks: Masks) -> tuple[Tensor, Tensor, Products]:
        """Loss, gradient (D,) and the function (k, D) -> (k, D) of Hessian products."""
        passed = self._passed(w, x, masks)
        value, d, curved = at_outputs(loss, passed[-1].out, y)
        g = torch.empty_like(w)
        parts, first = g.split(list(self.sizes)), self._first
        back: Tensor | None = d
        for i in range(len(passed) - 1, first - 1, -1):
            assert back is not None
            back = passed[i].back(back, parts, i > first)

        def products(V: Tensor) -> Tensor:
            HV = torch.empty_like(V)
            along, into = V.split(list(self.sizes), dim=1), HV.split(list(self.sizes), dim=1)
            h: Tensor | None = None
            kept, free = [], True
            for each in passed[first:]:
                h, own, free = each.along(along, h, free)
                kept.append(own)
            assert h is not None
            back: Tensor | None = curved(h if free else h.clone())
            for i in range(len(passed) - 1, first - 1, -1):
                assert back is not None
                back = passed[i].back_along(along, kept[i - first], back, into, i > first)
            return HV

        return value, g, products

    @property
    def _first(self) -> int:
        """The first layer with trained weights."""
        return next(i for i, layer in enumerate(self.layers) if any(s is not None for s in layer.slots))

    def _passed(self, w: Tensor, x: Tensor, masks: Masks) -> list[Passed]:
        h, parts, passed = x.flatten(1).t().contiguous(), w.split(list(self.sizes)), []
        for layer in self.layers:
            passed.append(layer.pass_on(parts, h, masks))
            h = passed[-1].out
        return passed


def stack_of(network: nn.Module, trained: Sequence[nn.Parameter]) -> Stack | None:
    """The layers of a `Sequential` or an `MLP`, or None where one of them, a hook or a shared weight is not known."""
    modules = _flattened(network)
    if modules is None:
        return None
    flat = bool(modules) and isinstance(modules[0], nn.Flatten)
    slots = {id(p): i for i, p in enumerate(trained)}
    layers: list[Layer] = []
    for module in modules[flat:]:
        if isinstance(module, nn.Identity) or (isinstance(module, (Dropout, nn.Dropout)) and module.p == 0):
            continue
        layer = _layer(module, slots)
        if layer is None:
            return None
        layers.append(layer)
    used = [s for layer in layers for s in layer.slots if s is not None]
    if sorted(used) != list(range(len(trained))) or not layers:
        return None  # tied weights, or weights outside the layers
    return Stack(tuple(layers), [p.numel() for p in trained], flat)


def _flattened(module: nn.Module) -> list[nn.Module] | None:
    if _hooked(module):
        return None
    if type(module) is MLP:
        within = [module.input, *module.hidden, module.output]
        found: list[nn.Module] | None = [nn.Flatten()]
    elif type(module) is nn.Sequential:
        within, found = list(module), []
    else:
        return [module]
    for each in within:
        inner = _flattened(each)
        found = None if inner is None or found is None else found + inner
    return found


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks
                or module._backward_pre_hooks) or "forward" in vars(module)  # fmt: skip


def _layer(module: nn.Module, slots: dict[int, int]) -> Layer | None:
    own = tuple(None if p is None else slots.get(id(p)) for p in module._parameters.values())
    kind = type(module)
    if isinstance(module, nn.Linear) and kind in (nn.Linear, NTKLinear):
        return Linear(own, module, scale_of(module, kind is NTKLinear))
    if isinstance(module, nn.BatchNorm1d) and kind is nn.BatchNorm1d:
        return BatchNorm(own, module)
    if kind in (Dropout, nn.Dropout):
        return Dropped(module)
    derivatives = derivatives_of(module)
    return None if derivatives is None else Activation(derivatives, module)
