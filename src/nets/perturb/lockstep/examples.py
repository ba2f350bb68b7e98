"""Data of a lockstep run: labelled examples of any shape, as tensors in the type of the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import Digits
from ...devices import as_tensor


@dataclass(frozen=True, eq=False)
class Examples:
    """Training and test examples.

    Attributes
    ----------
    x, x_test : Tensor, shapes (n, ...) and (n_test, ...)
        Real numbers in the network's type, or whole numbers (tokens) as int64. x_test may be empty.
    y, y_test : Tensor of int64, shapes (n,) and (n_test,)
        Labels.
    """

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor


def examples_of(data: Digits | Sequence[Any], dtype: np.dtype) -> Examples:
    """Data as given: `Digits`, (x, y), or (x, y, x_test, y_test) as arrays or tensors.

    Raises
    ------
    ValueError
        If shapes do not match, labels are no whole numbers, or an input is not finite.
    """
    if isinstance(data, Digits):
        parts: Sequence[Any] = (data.x_train, data.y_train, data.x_test, data.y_test)
    else:
        parts = tuple(data) if isinstance(data, (tuple, list)) else ()
        if len(parts) not in (2, 4):
            count = f" of {len(parts)} parts" if isinstance(data, (tuple, list)) else ""
            raise ValueError(
                f"data must be Digits, (x, y) or (x, y, x_test, y_test), but is a {type(data).__name__}{count}."
            )
    found = []
    for name, x, y in zip(("training", "test"), parts[::2], parts[1::2], strict=False):
        x, y = inputs_of(x, dtype, f"{name} inputs"), as_tensor(y)
        if y.is_floating_point() or y.ndim != 1 or len(y) != len(x):
            raise ValueError(
                f"{name} labels must be whole numbers, one for each of the {len(x)} inputs, but are of type {y.dtype} "
                f"and shape {tuple(y.shape)}."
            )
        found += [x, y.long().contiguous()]
    if len(found) == 2:
        found += [found[0][:0], found[1][:0]]
    return Examples(*found)


def inputs_of(x: Any, dtype: np.dtype, what: str) -> Tensor:
    """Inputs as a tensor of the network's type (whole numbers as int64)."""
    tensor = as_tensor(x).detach().cpu()
    if not tensor.is_floating_point():
        return tensor.long().contiguous()
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"{what} must be finite, but {int((~torch.isfinite(tensor)).sum())} numbers are not.")
    return tensor.to(torch.float64 if dtype == np.float64 else torch.float32).contiguous()
