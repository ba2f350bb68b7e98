"""What a perturbation is given besides the baseline."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ....ensembles import draws
from ....training.seeds import derived_seed
from ..losses import Loss
from ..member import Member


@dataclass(frozen=True, eq=False)
class Context:
    """The run that a copy belongs to.

    Attributes
    ----------
    model : nn.Module
        Scratch network of the architecture.
    classes : int
        Number of classes.
    seed : int
        A copy's draws are a function of (seed, kind, copy).
    relative : bool
        Sizes of weight perturbations are in units of |w0|.
    loss : Loss
    """

    model: nn.Module
    classes: int
    seed: int
    relative: bool
    loss: Loss

    def seed_of(self, kind: str, copy: int) -> int:
        """Seed of one copy."""
        return derived_seed(self.seed, f"{kind} {copy}")

    def order(self, kind: str, copy: int, n: int) -> NDArray[np.int64]:
        """Random order of n things."""
        return draws.random_order(self.seed_of(kind, copy), draws.ORDER, 0, n)


class Perturbed(NamedTuple):
    """A copy, and the size that its perturbation came to."""

    member: Member
    size: float


def count_of(kind: str, eps: float, most: int, what: str) -> int:
    """eps as a number of things; ValueError unless it is a whole number in 0 .. most."""
    if eps != int(eps) or not 0 <= eps <= most:
        raise ValueError(f"for perturb={kind!r}, eps is the number of {what}: 0 .. {most}, but it is {eps}.")
    return int(eps)
