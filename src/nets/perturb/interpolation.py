"""Loss along the straight line between two networks, before and after alignment.

    w_a = (1 - a) w + a w',   excess(a) = L(w_a) - (1 - a) L(w) - a L(w')

The barrier is the largest excess, signed; the mean excess is its integral over a (trapezoids).

Entezari, Sedghi, Saukh, Neyshabur, "The role of permutation invariance in linear mode connectivity of neural networks",
ICLR 2022, arXiv:2110.06296; Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, arXiv:2209.04836, subtract the
mean of the two end losses instead.

The statistics of BatchNorm belong to no interpolated weights, and are computed afresh at every a: Jordan et al.,
"REPAIR", ICLR 2023, arXiv:2211.08403.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .alignment import Alignment, align

Array = NDArray[np.float64]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class LossLine:
    """Loss on a line in weight space.

    Attributes
    ----------
    a : ndarray, shape (points,)
        Share of the other network, 0 to 1.
    loss, excess : ndarray, shape (points,)
    distance : float
        |w - w'| over all parameters.
    """

    a: Array
    loss: Array
    excess: Array
    distance: float

    @property
    def barrier(self) -> float:
        """Largest excess; at least 0, its value at the ends."""
        return float(self.excess.max())

    @property
    def mean_excess(self) -> float:
        """Integral of the excess over a."""
        return float(np.trapezoid(self.excess, self.a))

    @property
    def line_integral(self) -> float:
        """Integral of the loss over the length of the line, |w - w'| times its mean."""
        return self.distance * float(np.trapezoid(self.loss, self.a))


@dataclass(frozen=True)
class Barrier:
    """Losses between two networks as they are and after alignment.

    Attributes
    ----------
    before, after : LossLine
    alignment : Alignment
    """

    before: LossLine
    after: LossLine
    alignment: Alignment


def barrier(
    model: nn.Module,
    other: nn.Module | Mapping[str, Tensor],
    x: Tensor,
    y: Tensor,
    loss: Loss,
    *,
    points: int = 25,
    recompute_batchnorm: bool = True,
    statistics_x: Tensor | None = None,
    alignment: Alignment | None = None,
) -> Barrier:
    """Loss barrier between two networks before and after permutation alignment; neither is changed.

    Parameters
    ----------
    model : nn.Module
    other : nn.Module or state dict
        Network of the same architecture.
    x, y : Tensor
        Inputs and targets, evaluated in one pass without dropout.
    loss : callable
        (outputs, targets) -> mean loss.
    points : int
        Of the line, both ends included, at least 3.
    recompute_batchnorm : bool
        Compute BatchNorm's running statistics anew at every point, the ends too; otherwise they are interpolated.
    statistics_x : Tensor, optional
        Inputs for these statistics (the training set, where x is a test set); x by default. Not read
        without `recompute_batchnorm`.
    alignment : Alignment, optional
        Of `align` with a spec, restarts or `normal_form`, which then is where the line after alignment begins; made
        with its defaults by default.

    Returns
    -------
    Barrier
        `before` and `after`, with `.barrier`, `.mean_excess` and `.line_integral`.

    Raises
    ------
    ValueError
        If there are fewer than 3 points, the networks differ in their tensors, or a loss is not finite.
    TypeError
        If `loss` is no function.
    """
    whole_numbers(points=(points, 3))
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)) or len(x) != len(y) or not len(x):
        raise ValueError(
            "x and y must be tensors (torch.as_tensor makes them of arrays) of as many inputs as targets, at least "
            "one, but are " + " and ".join(f"{type(a).__name__} {tuple(np.shape(a))}" for a in (x, y)) + "."
        )
    if not callable(loss):
        raise TypeError(f"loss must be a function (outputs, targets) -> mean loss, but is {loss!r}.")
    if alignment is None:
        alignment = align(model, other)
    state = other.state_dict() if isinstance(other, nn.Module) else dict(other)
    inputs = (x if statistics_x is None else statistics_x) if recompute_batchnorm else None
    a = np.linspace(0, 1, points)
    lines = []
    ends = ((model.state_dict(), state, alignment.raw),
            (alignment.reference(model), alignment.apply(state), alignment.aligned))  # fmt: skip
    for start, end, distance in ends:
        losses = _losses(model, start, end, a, x, y, loss, inputs)
        excess = losses - (1 - a) * losses[0] - a * losses[-1]
        lines.append(LossLine(a, losses, excess, distance))
    return Barrier(lines[0], lines[1], alignment)


@torch.no_grad()
def _losses(
    model: nn.Module,
    start: Mapping[str, Tensor],
    end: Mapping[str, Tensor],
    a: Array,
    x: Tensor,
    y: Tensor,
    loss: Loss,
    inputs: Tensor | None,
) -> Array:
    copy = deepcopy(model).eval()
    losses = np.empty(len(a))
    for k, share in enumerate(a.tolist()):
        between = {
            name: torch.lerp(tensor, end[name].to(tensor), share) if tensor.is_floating_point() else tensor
            for name, tensor in start.items()
        }
        copy.load_state_dict(between)
        if inputs is not None:
            _recompute_batchnorm(copy, inputs)
        value = loss(copy(x), y)
        if np.ndim(value):
            raise ValueError(f"loss must return one number, a mean over the examples, but returns {np.shape(value)}.")
        losses[k] = float(value)
        if not np.isfinite(losses[k]):
            raise ValueError(f"the loss at a = {share:g} is {losses[k]}; there is no barrier to measure.")
    return losses


def _recompute_batchnorm(model: nn.Module, x: Tensor) -> None:
    """Running statistics of all BatchNorm layers from one pass over x."""
    layers = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain average
        layer.train()
    model(x)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
