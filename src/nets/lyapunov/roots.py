"""Derivatives of square roots and logarithms of a mean square v that may be zero."""

import torch
from torch import Tensor


def over_twice_root(v: Tensor) -> Tensor:
    """1 / (2 sqrt v), and 0 where v = 0: there all gradients have been zero, and so is what this multiplies."""
    return torch.where(v > 0, 0.5 / v.sqrt(), torch.zeros_like(v))


def warp(N: Tensor, v: Tensor, eps: float) -> Tensor:
    """Tangent of log(v + eps^2)."""
    return N / (v + eps * eps)


def unwarp(N: Tensor, v: Tensor, eps: float) -> Tensor:
    """And back."""
    return N * (v + eps * eps)
