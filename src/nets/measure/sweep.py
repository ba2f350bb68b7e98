"""One pass of a model over data in batches, every selected layer's features handed on as they appear."""

import itertools
from collections.abc import Callable, Iterator

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ..devices import tensor_of_numbers, usable_device
from ._batch import NotFiniteError
from .hooks import OUTPUT, Layers, hooked
from .modes import Mode, measuring
from .reduce import features


def sweep(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    size: int,
    mode: Mode,
    seed: int,
    layers: Layers,
    rows: Callable[[Tensor], Tensor],
    consume: Callable[[str, Tensor, slice], object],
) -> float:
    """Call consume(layer, features (n, d), slice of the data) for each layer and batch; return the accuracy.

    The accuracy is nan if the outputs are no scores of classes. Labels y (N,) are needed for it alone.
    """
    at = slice(0, 0)
    correct = 0.0

    def take(name: str, h: Tensor) -> None:
        nonlocal correct
        if name == OUTPUT:
            n = at.stop - at.start
            scores = y.ndim == 1 and not y.is_floating_point() and h.ndim == 2 and len(h) == n
            scores = scores and h.shape[1] > int(y.max())
            correct += float((h.argmax(1) == y[at]).sum()) if scores else float("nan")
        try:
            consume(name, features(h, at.stop - at.start, rows, name), at)
        except NotFiniteError as error:
            raise error.of_layer(name) from None

    own_statistics = mode != "eval" and any(isinstance(module, _NormBase) for module in model.modules())
    if own_statistics and size == 1:
        raise ValueError(f"batch_size must be at least 2 in mode {mode!r}: BatchNorm has no variance of 1 example.")
    with measuring(model, mode, seed), hooked(model, layers, take, include_output=True):
        for at in _slices(len(y), size, none_alone=own_statistics):
            forward(model, x[at])
    return correct / len(y)


def forward(model: nn.Module, x: Tensor) -> Tensor:
    """What the model makes of x; an error of torch or of the model itself is told what it was given."""
    try:
        output: Tensor = model(x)
    except RuntimeError as error:
        error.add_note(f"{type(model).__name__} cannot take inputs of shape {tuple(x.shape)}, {x.dtype} on {x.device}.")
        raise
    return output


def batch_length(batch_size: int | None, n: int) -> int:
    """Examples of a forward pass; ValueError unless batch_size is None (all n) or a whole number of at least 1."""
    if batch_size is None:
        return n
    if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1, or None, but is {batch_size!r}.")
    return int(batch_size)


def labelled(model: nn.Module, x: Tensor | ArrayLike, y: Tensor | ArrayLike) -> tuple[Tensor, Tensor]:
    """Inputs on the model's device, in its floating type if they are floating, and labels (N,)."""
    labels = tensor_of_numbers(y, "y")
    if labels.ndim != 1 or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f"y must hold whole numbers of shape (N,), but is {labels.dtype} of {tuple(labels.shape)}.")
    inputs, labels = paired(model, x, labels)
    return inputs, labels.long()


def by_class(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Classes that occur, ascending, and each label's place among them; ValueError if there are fewer than two."""
    values, index = torch.unique(labels, return_inverse=True)
    if len(values) < 2:
        raise ValueError(f"y must name at least 2 classes, but names {len(values)}: {values.tolist()}.")
    return values, index


def paired(model: nn.Module, x: Tensor | ArrayLike, y: Tensor | ArrayLike) -> tuple[Tensor, Tensor]:
    """Inputs and targets of any kind, as many of one as of the other, on the model's device."""
    inputs, targets = tensor_of_numbers(x, "x"), tensor_of_numbers(y, "y")
    if inputs.ndim < 1 or targets.ndim < 1 or len(inputs) != len(targets) or len(targets) == 0:
        raise ValueError(
            f"x and y must hold the same number of examples, but have shapes {tuple(inputs.shape)} and "
            f"{tuple(targets.shape)}."
        )
    parameter = next(model.parameters(), None)
    if parameter is None:
        return inputs, targets
    usable_device(parameter.device)
    if inputs.is_floating_point():
        inputs = inputs.to(parameter.dtype)
    return inputs.to(parameter.device), targets.to(parameter.device)


def _slices(n: int, size: int, *, none_alone: bool) -> Iterator[slice]:
    """Batches; `none_alone`: a last one of a single example joins the one before it."""
    edges = [*range(0, n, size), n]
    if none_alone and len(edges) > 2 and edges[-1] - edges[-2] == 1:
        del edges[-2]
    for start, stop in itertools.pairwise(edges):
        yield slice(start, stop)
