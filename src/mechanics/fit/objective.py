"""What a fit hands to its result, so that profiles, bootstraps and samples can ask for more."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BAD = 1e30  # -2 log likelihood where there is none


class Objective(Protocol):
    """A function of the parameters, smaller where they fit better."""

    names: tuple[str, ...]
    lower: Array
    upper: Array

    def minus2(self, theta: Array) -> float:
        """-2 log likelihood up to a constant, what is not a parameter fitted; `BAD` where it does not exist."""
        ...

    def refit(self, theta: Array, held: tuple[int, ...]) -> tuple[Array, float]:
        """The best parameters near theta with some of them held, and their `minus2`."""
        ...

    def threshold(self, level: float) -> float:
        """Rise of `minus2` along a profile at the ends of the interval of this level."""
        ...

    def replicate(self, theta: Array, rng: np.random.Generator) -> Array:
        """The parameters fitted to data that were drawn again."""
        ...
