"""A network as a function of one flat vector of weights: loss, gradient, Hessian products, outputs and their slopes.

Hessian products of k vectors take one linearisation. Plain feed-forward networks have them in closed form (`stack`);
of any other module it is the graph of the gradient, through which k vectors are carried back at once (H is symmetric).
Pearlmutter, Neural Computation 6 (1994) 147.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _NormBase

from .masks import Masks
from .stack import stack_of

Loss = Callable[[Tensor, Tensor], Tensor]


class Network:
    """A copy of a model in the precision of the run; the model itself is left alone.

    BatchNorm normalises by the statistics of the batch, which are thus part of the map; its running averages are not
    part of the state, since training never reads them. Dropout takes masks of the step.
    """

    def __init__(self, model: nn.Module, loss: Loss, dtype: torch.dtype, seed: int) -> None:
        self.module = copy.deepcopy(model).to(dtype).eval()
        for module in self.module.modules():
            if isinstance(module, _NormBase):
                module.training, module.track_running_stats = True, False  # buffers are neither read nor changed
        chosen = {name: p for name, p in self.module.named_parameters() if p.requires_grad}
        if not chosen:
            raise ValueError("the model has no parameters that require a gradient: nothing is trained.")
        self.shapes = [p.shape for p in chosen.values()]
        self.sizes = [p.numel() for p in chosen.values()]
        self.start = torch.cat([p.detach().reshape(-1) for p in chosen.values()])
        self._slots = slots(self.module, list(chosen.values()))
        if isinstance(loss, nn.Module):
            loss = copy.deepcopy(loss).to(dtype)  # class weights, say
        self.loss, self.stack = loss, stack_of(self.module, list(chosen.values()))
        self.masks = Masks(self.module, seed)

    @property
    def D(self) -> int:
        """Number of trained parameters."""
        return sum(self.sizes)

    def outputs(self, w: Tensor, x: Tensor) -> Tensor:
        """Outputs at weights w; dropout only within `masks.at`."""
        for part, shape, homes in zip(w.split(self.sizes), self.shapes, self._slots, strict=True):
            for home, name in homes:
                home[name] = part.view(shape)
        found: Tensor = self.module(x)
        return found

    def value(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The loss, a scalar tensor."""
        found = self.loss(self.outputs(w, x), y)
        if found.numel() != 1:
            raise ValueError(f"loss must return one number, a mean over the batch, but returns {tuple(found.shape)}.")
        return found.reshape(())

    def tangent_size(self, x: Tensor) -> int:
        """Numbers of a Hessian product of one vector: itself, a matrix of it, and a tangent of each layer's output."""
        count = 0

        def add(module: nn.Module, inputs: Any, out: Any) -> None:
            nonlocal count
            count += out.numel() if isinstance(out, Tensor) else 0

        leaves = [m for m in self.module.modules() if not any(True for _ in m.children())]
        hooks = [m.register_forward_hook(add) for m in leaves]
        try:
            with torch.no_grad():
                self.outputs(self.start, x)
        finally:
            for hook in hooks:
                hook.remove()
        return 2 * self.D + count

    def linearised(
        self, w: Tensor, x: Tensor, y: Tensor, step: int
    ) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
        """Loss, gradient (D,) and the function (k, D) -> (k, D) of Hessian products of the batch of a step."""
        if self.stack is not None and self.stack.takes(x):
            with torch.no_grad(), self.masks.at(step):
                return self.stack.linearised(w, x, y, self.loss, self.masks)
        return self.by_graph(w, x, y, step)

    def by_graph(self, w: Tensor, x: Tensor, y: Tensor, step: int) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
        """The same by automatic differentiation of whatever module it is."""
        leaf = w.detach().requires_grad_()
        with torch.enable_grad(), self.masks.at(step), sdpa_kernel(SDPBackend.MATH):  # fused attention bends only once
            value = self.value(leaf, x, y)
            (g,) = torch.autograd.grad(value, leaf, create_graph=True)

        def products(V: Tensor) -> Tensor:
            if not g.requires_grad:
                return torch.zeros_like(V)  # the loss is linear in the weights
            found: Tensor = torch.vmap(lambda v: torch.autograd.grad(g, leaf, v, retain_graph=True)[0])(V)
            return found

        return value.detach(), g.detach(), products

    def gradient(self, w: Tensor, x: Tensor, y: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Loss and gradient of the batch of a step."""
        leaf = w.detach().requires_grad_()
        with torch.enable_grad(), self.masks.at(step):
            value = self.value(leaf, x, y)
            (g,) = torch.autograd.grad(value, leaf)
        return value.detach(), g

    def slopes(self, w: Tensor, x: Tensor, W: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs (N, C) and their derivatives (k, N, C) along the rows of W (k, D), without dropout."""
        leaf = w.detach().requires_grad_()
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            f = self.outputs(leaf, x)
            u = torch.zeros_like(f).requires_grad_()
            (g,) = torch.autograd.grad(f, leaf, u, create_graph=True)  # J^T u, linear in u: its derivative is J
        along: Tensor = torch.vmap(lambda v: torch.autograd.grad(g, u, v, retain_graph=True)[0])(W)
        return f.detach().reshape(len(f), -1), along.reshape(len(W), len(f), -1)


def slots(module: nn.Module, parameters: list[nn.Parameter]) -> list[list[tuple[dict[str, Any], str]]]:
    """Where each parameter is read from: more than one place for tied weights.

    The module is ours alone and takes plain tensors there, at a fraction of what `torch.func.functional_call` costs.

    Raises
    ------
    ValueError
        For recurrent layers, which keep a second list of their weights.
    """
    found: dict[int, list[tuple[dict[str, Any], str]]] = {id(p): [] for p in parameters}
    for name, part in module.named_modules():
        if isinstance(part, nn.RNNBase):
            raise ValueError(
                f"{name} ({type(part).__name__}) keeps its weights in a list of its own; use cells instead."
            )
        for key, p in part._parameters.items():
            if p is not None and id(p) in found:
                found[id(p)].append((part._parameters, key))
    return list(found.values())
