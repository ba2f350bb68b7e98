"""A batch of features and labels, checked; the log ratio with its special values."""

import warnings

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ..devices import tensor_of_numbers


class NotFiniteError(ValueError):
    """Features are infinite or nan: no separation can be measured. `layer` is the layer's name, if it has one."""

    layer = ""

    def of_layer(self, name: str) -> "NotFiniteError":
        """The same about a layer."""
        named = NotFiniteError(f"layer {name!r}: {self}")
        named.layer = name
        return named


def checked_batch(x: Tensor | ArrayLike, y: Tensor | ArrayLike, n_classes: int) -> tuple[Tensor, Tensor]:
    """Features (N, d) in their own type and labels (N,) on one device, with checked shapes and labels."""
    x = tensor_of_numbers(x, "x").detach()
    x = x.cpu() if x.device.type == "mps" else x  # MPS has no float64
    y = tensor_of_numbers(y, "y").to(x.device)
    if y.ndim != 1 or x.ndim < 1 or len(x) != len(y):
        raise ValueError(f"x and y must have shapes (N, ...) and (N,), but have {tuple(x.shape)} and {tuple(y.shape)}.")
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise ValueError(f"y must hold whole numbers, but its type is {y.dtype}.")
    y = y.long()
    if len(y) and not 0 <= int(y.min()) <= int(y.max()) < n_classes:
        raise ValueError(f"y must lie in 0 .. {n_classes - 1}, but spans {int(y.min())} .. {int(y.max())}.")
    x = x.reshape(len(y), -1) if len(y) else x.reshape(0, 0)
    if x.is_complex():
        raise ValueError(f"x must be real, but its type is {x.dtype}.")
    return x, y


def log_ratio(within: float, between: float) -> float:
    """log(within / between) with its special values; nan comes with a warning."""
    if within == 0 and between == 0:
        warnings.warn(
            "the features are constant (a dead layer?): D is not defined there and is returned as nan.",
            UserWarning,
            stacklevel=3,
        )
        return float("nan")
    if within == 0:
        return float("-inf")
    if between == 0:
        return float("inf")
    return float(np.log(within) - np.log(between))
