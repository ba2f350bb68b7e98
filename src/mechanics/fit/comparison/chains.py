"""The chain models of `fit_chain` as candidates."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..data import Array, ChainData
from ..model import ChainModel
from ..search import refine, search
from ..uncertainty import NEAR_BOUND
from .candidate import Fitted, mean_start

# Of a fit that starts from one to nearly the same data: predictions settle long before flat directions do.
MOST = 20
ROUGH = 1e-5


@dataclass(frozen=True)
class ChainCandidate:
    """A named chain with one kind of pull."""

    model: ChainModel

    family: Literal["chain", "curve"] = "chain"
    free: bool = False

    @property
    def name(self) -> str:
        """Of the chain's form."""
        return self.model.form.name

    @property
    def course(self) -> str:
        """The pull."""
        return self.model.pull

    @property
    def sees_end(self) -> bool:
        """A measured pull uses the end's load at every epoch, held out or not."""
        return self.model.pull == "measured"

    def parameters(self, data: ChainData) -> int:
        """Of the chain and its pull."""
        return len(self.model.names)

    def fit(self, data: ChainData, warm: Array | None = None) -> Fitted:
        """A scan and a search, or a search from `warm`."""
        found = search(data, self.model) if warm is None else refine(data, self.model, warm, most=MOST, ftol=ROUGH)
        return Fitted(found.theta, found.fitted, found.converged, found.message)

    def predict(self, theta: Array, start: Array, end: Array | None) -> Array:
        """The mean field from this first curve."""
        return self.model.curve(theta, start, end)

    def tangent(self, data: ChainData, theta: Array) -> Array:
        """By the tangent flow; parameters at a bound cannot move."""
        start, end = mean_start(data)
        low, high = self.model.bounds()
        inside = (theta > low + NEAR_BOUND) & (theta < high - NEAR_BOUND)
        _, J = self.model.curve_and_jacobian(theta, start, end)
        return data.root_weight.ravel()[:, None] * np.nan_to_num(J[:, inside], nan=0.0)
