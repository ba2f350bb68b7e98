"""Activations h = phi(z) with derivatives: h, phi', and how phi' bends, None where it does not.

The bend is phi''/phi', which multiplies tangents of h, where phi' has no zeros ("by output"), else phi''. At kinks and
thresholds it is PyTorch's convention.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Derivatives = tuple[Tensor, Tensor, Tensor | None, bool]


def tanh(z: Tensor, module: Any) -> Derivatives:
    """phi' = 1 - h^2, phi''/phi' = -2 h."""
    h = torch.tanh(z)
    return h, 1 - h * h, -2 * h, True


def sigmoid(z: Tensor, module: Any) -> Derivatives:
    """phi' = h (1 - h), phi''/phi' = 1 - 2 h."""
    h = torch.sigmoid(z)
    return h, h * (1 - h), 1 - 2 * h, True


def relu(z: Tensor, module: Any) -> Derivatives:
    """phi'(0) = 0."""
    return torch.relu(z), (z > 0).to(z.dtype), None, True


def leaky_relu(z: Tensor, module: Any) -> Derivatives:
    """phi'(0) is the slope."""
    s = torch.where(z > 0, torch.ones_like(z), module.negative_slope)
    return z * s, s, None, True


def elu(z: Tensor, module: Any) -> Derivatives:
    """alpha (e^z - 1) below 0."""
    tail = module.alpha * torch.exp(z.clamp(max=0))
    above = z > 0
    return nn.functional.elu(z, module.alpha), torch.where(above, 1.0, tail), (z <= 0).to(z.dtype), True


def softplus(z: Tensor, module: Any) -> Derivatives:
    """log(1 + e^(beta z)) / beta, linear beyond the threshold."""
    h, p = nn.functional.softplus(z, module.beta, module.threshold), torch.sigmoid(module.beta * z)
    linear = z * module.beta > module.threshold
    return h, torch.where(linear, 1.0, p), torch.where(linear, 0.0, module.beta * (1 - p)), True


def silu(z: Tensor, module: Any) -> Derivatives:
    """z times the sigmoid p: phi' = p (1 + z q), phi'' = p q (2 + z (q - p)), q = 1 - p."""
    p = torch.sigmoid(z)
    q = 1 - p
    return z * p, p * (1 + z * q), p * q * (2 + z * (q - p)), False


def gelu(z: Tensor, module: Any) -> Derivatives:
    """z times the normal distribution function P with density n: phi' = P + z n, phi'' = n (2 - z^2)."""
    P, n = torch.special.ndtr(z), torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return z * P, P + z * n, n * (2 - z * z), False


KNOWN: dict[type[nn.Module], Callable[[Tensor, Any], Derivatives]] = {
    nn.Tanh: tanh, nn.Sigmoid: sigmoid, nn.ReLU: relu, nn.LeakyReLU: leaky_relu, nn.ELU: elu, nn.Softplus: softplus,
    nn.SiLU: silu, nn.GELU: gelu,
}  # fmt: skip


def derivatives_of(module: nn.Module) -> Callable[[Tensor, Any], Derivatives] | None:
    """The function of a module, or None for a module that is not known exactly."""
    if type(module) is nn.GELU and module.approximate != "none":
        return None
    return KNOWN.get(type(module))
