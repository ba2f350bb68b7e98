"""Activations of a Leaky ResNet with their first two derivatives, on arrays of NumPy, torch or the array API standard.

relu(z) = max(z, 0);   leaky(z) = max(z, alpha z);   softplus(z) = log(1 + exp(beta z)) / beta;   identity

At their kink relu and leaky have the slope from below, as a flow that leaves an entry at zero inactive.
"""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..checks import finite_number


class Activation(NamedTuple):
    """An activation; each function maps an array to an array of its shape."""

    name: str
    parameter: float
    """beta of softplus, the lower slope of leaky; not used by the others."""
    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    curvature: Callable[[Any], Any]
    homogeneous: bool
    """Whether value(c z) = c value(z) for c > 0: laws of the bias in the paper need it."""
    kinked: bool


def activation_of(choice: Any) -> Activation:
    """The activation for "relu", "identity", ("softplus", beta), ("leaky", alpha), or an Activation itself.

    Raises
    ------
    ValueError
        If the choice is none of these, beta is not positive or alpha not in [0, 1].
    """
    if isinstance(choice, Activation):
        return choice
    name, parameter = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, None)
    if name == "relu" and parameter is None:
        return _bent("relu", 0.0)
    if name == "identity" and parameter is None:
        return Activation("identity", 0.0, lambda z: z, _ones, _zeros, True, False)
    if name == "leaky" and parameter is not None:
        alpha = finite_number("the slope of a leaky activation", parameter)
        if 0 <= alpha <= 1:
            return _bent("leaky", alpha)
        raise ValueError(f"the slope of a leaky activation must lie in [0, 1], but is {alpha}.")
    if name == "softplus" and parameter is not None:
        beta = finite_number("beta of softplus", parameter)
        if beta > 0:
            return _softplus(beta)
        raise ValueError(f"beta of softplus must be positive, but is {beta}.")
    raise ValueError(
        f"activation must be 'relu', 'identity', ('softplus', beta) or ('leaky', slope), but is {choice!r}."
    )


def functions_of(z: Any) -> Any:
    """The module whose functions take z: torch, numpy, or the array's own namespace."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(z, torch.Tensor):
        return torch
    return z.__array_namespace__() if hasattr(z, "__array_namespace__") else np


def _bent(name: str, alpha: float) -> Activation:
    def value(z: Any) -> Any:
        xp = functions_of(z)
        return xp.where(z > 0, z, alpha * z)

    def slope(z: Any) -> Any:
        xp = functions_of(z)
        return xp.where(z > 0, xp.ones_like(z), xp.full_like(z, alpha))

    return Activation(name, alpha, value, slope, _zeros, True, True)


def _softplus(beta: float) -> Activation:
    def value(z: Any) -> Any:
        xp = functions_of(z)
        size = xp.abs(z)
        return (z + size) / 2 + xp.log1p(xp.exp(-beta * size)) / beta

    def slope(z: Any) -> Any:
        xp = functions_of(z)
        small = xp.exp(-beta * xp.abs(z))
        return xp.where(z > 0, xp.ones_like(z), small) / (1 + small)

    def curvature(z: Any) -> Any:
        xp = functions_of(z)
        small = xp.exp(-beta * xp.abs(z))
        return beta * small / (1 + small) ** 2

    return Activation("softplus", beta, value, slope, curvature, False, False)


def _ones(z: Any) -> Any:
    return functions_of(z).ones_like(z)


def _zeros(z: Any) -> Any:
    return functions_of(z).zeros_like(z)
