"""The loss at the outputs of a stack: value, derivative, and second derivative along tangents of the outputs.

For the mean cross-entropy of class labels with p = softmax(f) in closed form,

    d = (p - onehot(y)) / N,   d' = p (f' - sum p f') / N,

for any other function by differentiating it twice.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]
Products = Callable[[Tensor], Tensor]


def at_outputs(loss: Loss, out: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Products]:
    """Value, derivative (C, N) at outputs (C, N), and the function (k, C, N) -> (k, C, N); tangents may be changed."""
    plain = loss is nn.functional.cross_entropy and y.ndim == 1 and not y.is_floating_point()
    if plain and bool((y >= 0).all()):  # a negative label may mean an example to be ignored
        return _cross_entropy(out, y)
    return _any(loss, out, y)


def _cross_entropy(out: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Products]:
    logarithms = torch.log_softmax(out, 0)
    value = nn.functional.nll_loss(logarithms.t(), y)
    p = logarithms.exp_()
    share = p / len(y)
    d = share.scatter_add(0, y[None], torch.full_like(out[:1], -1 / len(y)))

    def curved(df: Tensor) -> Tensor:
        return df.sub_((df * p).sum(1, keepdim=True)).mul_(share)

    return value, d, curved


def _any(loss: Loss, out: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Products]:
    f = out.t().contiguous().requires_grad_()
    with torch.enable_grad():
        value = loss(f, y).reshape(())
        (d,) = torch.autograd.grad(value, f, create_graph=True)

    def curved(df: Tensor) -> Tensor:
        if not d.requires_grad:
            return torch.zeros_like(df)  # the loss is linear in the outputs
        along = df.transpose(1, 2).contiguous()
        (found,) = torch.autograd.grad(d, f, along, retain_graph=True, is_grads_batched=True)
        return found.transpose(1, 2).contiguous()

    return value.detach(), d.detach().t().contiguous(), curved
