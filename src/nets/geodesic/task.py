"""A Leaky ResNet and its data as the arrays of `mechanics.geodesics.layers`, in double precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mechanics.checks import finite_number, finite_numbers
from mechanics.geodesics.layers import Task

from ..models.leaky_resnet import LeakyResNet


def task_of(model: LeakyResNet, x: Any, y: Any, lam: float) -> Task:
    """What the model is to represent: X = P_in x^T (width, N), Y = y^T (d_out, N), readout, price and steps.

    Raises
    ------
    ValueError
        If shapes do not match the model, a number is not finite, or lam is not positive.
    """
    if not isinstance(model, LeakyResNet):
        raise TypeError(f"model must be a LeakyResNet, but is {type(model).__name__}.")
    lam = finite_number("lam", lam)
    if lam <= 0:
        raise ValueError(f"lam must be positive, but is {lam}: costates are gradients divided by it.")
    x, y = _rows("x", x, model.d_in), _rows("y", y, model.d_out)
    if len(x) != len(y):
        raise ValueError(f"x and y must have as many rows, but have {len(x)} and {len(y)}.")
    P_in, P_out, rho = _numpy(model.P_in), _numpy(model.P_out), _numpy(model.rho)
    return Task(P_in @ x.T, np.ascontiguousarray(y.T), P_out, lam, model.Lt, rho, model.act, model.bias)


def weights_of(model: LeakyResNet) -> NDArray[np.float64]:
    """W (layers, width, width + 1) in double precision, a copy."""
    return _numpy(model.W).copy()


def _rows(name: str, values: Any, columns: int) -> NDArray[np.float64]:
    array = finite_numbers(name, _numpy(values) if isinstance(values, Tensor) else values)
    if array.ndim != 2 or array.shape[1] != columns or len(array) == 0:
        raise ValueError(f"{name} must have shape (N, {columns}), but has {array.shape}.")
    return array


def _numpy(values: Any) -> NDArray[np.float64]:
    return values.detach().cpu().double().numpy()
