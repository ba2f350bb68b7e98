"""Devices that can be computed on; the others are refused before anything is lost."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def usable_device(device: torch.device | str) -> torch.device:
    """The device; ValueError if its name is unknown, it is not there, or it holds no numbers."""
    try:
        where = torch.device(device)
        torch.empty(0, device=where)
    except (RuntimeError, AssertionError) as error:  # torch raises either, after what it was built with
        raise ValueError(f"device {str(device)!r} cannot be used here: {error}") from error
    if where.type == "meta":
        raise ValueError(
            "device 'meta' holds shapes and no numbers. Give device='cpu' or 'cuda'; a model made on 'meta' needs "
            "weights first: model.to_empty(device='cpu')."
        )
    return where


def tensor_of_numbers(value: Any, name: str) -> Tensor:
    """As a tensor; ValueError if it is on the device "meta", where there are no numbers."""
    tensor = as_tensor(value)
    if tensor.device.type == "meta":
        raise ValueError(f"{name} is on device 'meta', which holds shapes and no numbers; give it on 'cpu' or 'cuda'.")
    return tensor


def as_tensor(value: Any) -> Tensor:
    """`torch.as_tensor`; of arrays that PyTorch cannot share (read-only ones, those with negative strides) a copy."""
    if isinstance(value, np.ndarray) and (not value.flags.writeable or any(step < 0 for step in value.strides)):
        value = value.copy()
    return torch.as_tensor(value)
