"""One optimiser step as a map of its state, and what the tangents of every optimiser are told of it."""

from typing import NamedTuple

from torch import Tensor

from ..ensembles.optimisers import Optimiser


class Step(NamedTuple):
    """Constants of a step."""

    optimiser: Optimiser
    n: int  # steps done before
    lr: float
    weight_decay: float
    dampening: float


class Point(NamedTuple):
    """Weights (D,) and what the optimiser remembers, arrays of the same shape."""

    w: Tensor
    memory: tuple[Tensor, ...]


Block = tuple[Tensor, ...]  # k tangent vectors: their parts along the weights and along each memory, (k, D)
