"""A network as a function of one flat vector of weights: loss, gradient, Hessian products, outputs and their slopes.

Hessian products of k vectors take one linearisation: the graph of the gradient, through which k vectors are carried
back at once (H is symmetric). Pearlmutter, Neural Computation 6 (1994) 147.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _NormBase

from .masks import Masks

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
        self.names = list(chosen)
        self.shapes = [p.shape for p in chosen.values()]
        self.sizes = [p.numel() for p in chosen.values()]
        self.start = torch.cat([p.detach().reshape(-1) for p in chosen.values()])
        self.loss, self.masks = loss, Masks(self.module, seed)

    @property
    def D(self) -> int:
        """Number of trained parameters."""
        return sum(self.sizes)

    def outputs(self, w: Tensor, x: Tensor) -> Tensor:
        """Outputs at weights w; dropout only within `masks.at`."""
        parts = (part.view(shape) for part, shape in zip(w.split(self.sizes), self.shapes, strict=True))
        found: Tensor = functional_call(self.module, dict(zip(self.names, parts, strict=True)), (x,))
        return found

    def value(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The loss, a scalar tensor."""
        found = self.loss(self.outputs(w, x), y)
        if found.numel() != 1:
            raise ValueError(f"loss must return one number, a mean over the batch, but returns {tuple(found.shape)}.")
        return found.reshape(())

    def linearised(
        self, w: Tensor, x: Tensor, y: Tensor, step: int
    ) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
        """Loss, gradient (D,) and the function (k, D) -> (k, D) of Hessian products of the batch of a step."""
        leaf = w.detach().requires_grad_()
        with torch.enable_grad(), self.masks.at(step):
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
        with torch.enable_grad():
            f = self.outputs(leaf, x)
            u = torch.zeros_like(f).requires_grad_()
            (g,) = torch.autograd.grad(f, leaf, u, create_graph=True)  # J^T u, linear in u: its derivative is J
        along: Tensor = torch.vmap(lambda v: torch.autograd.grad(g, u, v, retain_graph=True)[0])(W)
        return f.detach().reshape(len(f), -1), along.reshape(len(W), len(f), -1)
