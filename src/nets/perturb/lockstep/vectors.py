"""Any network as two flat vectors: its parameters, and its buffers with whatever type they have."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..same_network import difference

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Vectors:
    """Where the tensors of a network lie in its vectors.

    Attributes
    ----------
    names, buffer_names : tuple of str
        Parameters and buffers, in the order of the module.
    shapes, buffer_shapes : tuple of tuple of int
    dtype : numpy dtype
        Of the parameters, float32 or float64.
    trained : ndarray of bool, shape (P,)
        Entries whose parameter requires a gradient.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    buffer_names: tuple[str, ...]
    buffer_shapes: tuple[tuple[int, ...], ...]
    dtype: np.dtype
    trained: NDArray[np.bool_]

    @property
    def sizes(self) -> list[int]:
        """Numbers of entries of the parameters."""
        return [int(np.prod(shape)) for shape in self.shapes]

    @property
    def buffer_sizes(self) -> list[int]:
        """Numbers of entries of the buffers."""
        return [int(np.prod(shape)) for shape in self.buffer_shapes]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each parameter begins."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)

    def named(self, stacked: Tensor) -> dict[str, Tensor]:
        """Views (models, *shape) of stacked parameters (models, P), by name."""
        parts = stacked.split(self.sizes, dim=1)  # its gradient is one concatenation
        return {n: p.unflatten(1, s) if s else p[:, 0] for n, p, s in zip(self.names, parts, self.shapes, strict=True)}


def vectors_of(model: nn.Module) -> Vectors:
    """Layout of a network's vectors.

    Raises
    ------
    ValueError
        If it has no parameters to train, or they are not all float32 or all float64.
    """
    own = dict(model.named_parameters())
    kinds = {p.dtype for p in own.values()}
    if len(kinds) != 1 or not kinds <= {torch.float32, torch.float64}:
        raise ValueError(f"parameters must be all float32 or all float64, but are {sorted(map(str, kinds)) or 'none'}.")
    if not any(p.requires_grad for p in own.values()):
        raise ValueError("no parameter of the model requires a gradient: there is nothing to train.")
    buffers = dict(model.named_buffers())
    return Vectors(
        tuple(own),
        tuple(tuple(p.shape) for p in own.values()),
        tuple(buffers),
        tuple(tuple(b.shape) for b in buffers.values()),
        np.dtype(np.float64 if kinds == {torch.float64} else np.float32),
        np.concatenate([np.full(p.numel(), p.requires_grad) for p in own.values()]),
    )


def read_vectors(model: nn.Module) -> tuple[NDArray[Any], Array]:
    """Parameters (P,) in their type; buffers (R,) in double precision, which holds single ones and counters exactly."""
    parameters = [p.detach().cpu().numpy().ravel() for p in model.parameters()]
    buffers = [b.detach().cpu().numpy().ravel().astype(np.float64) for b in model.buffers()]
    return np.concatenate(parameters), np.concatenate([np.empty(0), *buffers])


@torch.no_grad()
def write_vectors(model: nn.Module, parameters: NDArray[Any], buffers: Array) -> None:
    """Put both vectors into the network's tensors."""
    for tensors, vector in ((list(model.parameters()), parameters), (list(model.buffers()), buffers)):
        at = 0
        for tensor in tensors:
            count = tensor.numel()
            tensor.copy_(torch.from_numpy(vector[at : at + count].copy()).view(tensor.shape))
            at += count


def check_same(model: nn.Module, other: nn.Module, who: str) -> None:
    """Raise ValueError unless both networks have the same tensors, and layers that print alike."""
    mine, theirs = (
        {name: (tuple(t.shape), t.dtype) for name, t in (*m.named_parameters(), *m.named_buffers())}
        for m in (model, other)
    )
    differ = [n for n in {**mine, **theirs} if mine.get(n) != theirs.get(n)]
    if differ:
        raise ValueError(
            f"{who} must have the tensors of the baseline (names, shapes and types), but differs in "
            f"{', '.join(differ[:6])}{' ...' if len(differ) > 6 else ''}; make it with the same arguments."
        )
    odd = difference(model, other)
    if odd:
        raise ValueError(f"{who} must compute as the baseline does, but has {odd}; it may differ in its weights alone.")
