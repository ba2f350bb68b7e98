"""What can be compared: anything that fits the mean history and foretells curves from a first curve and an end."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from ..data import Array, ChainData


@dataclass(frozen=True)
class Fitted:
    """Parameters of one fit, the curve (m, blocks) that they make of the data's own start and end, and how it went.

    `theta` has any shape that its candidate understands; `converged` False comes with a reason in `status`.
    """

    theta: Array
    curve: Array
    converged: bool = True
    status: str = "Solved."


class Candidate(Protocol):
    """A model with its pull, or a curve with its time course."""

    @property
    def name(self) -> str:
        """Of the model or the shape."""
        ...

    @property
    def family(self) -> Literal["chain", "curve"]:
        """Chains know of springs, curves do not."""
        ...

    @property
    def course(self) -> str:
        """The pull or the time course."""
        ...

    @property
    def sees_end(self) -> bool:
        """Whether predictions use the measured end."""
        ...

    @property
    def free(self) -> bool:
        """Whether every epoch has coefficients of its own."""
        ...

    def parameters(self, data: ChainData) -> int:
        """How many numbers are fitted to these data."""
        ...

    def fit(self, data: ChainData, warm: Array | None = None) -> Fitted:
        """Least squares to the mean history, from `warm` (another fit's theta) or from a scan."""
        ...

    def predict(self, theta: Array, start: Array, end: Array | None) -> Array:
        """Curve (m, blocks) from a first curve (blocks,) and, where it is used, an end (m,); NaN where it fails."""
        ...

    def tangent(self, data: ChainData, theta: Array) -> Array:
        """Derivative of the weighted curve by the parameters that are not at a bound, (m blocks, q), any scaling."""
        ...


def label(candidate: Candidate) -> str:
    """Name of a candidate in tables and words."""
    return f"{candidate.name}, {candidate.course}"


def mean_start(data: ChainData) -> tuple[Array, Array | None]:
    """First curve (blocks,) of the mean history, gaps filled, and its end (m,)."""
    x, end = data.mean
    return np.asarray(x[0]), end
