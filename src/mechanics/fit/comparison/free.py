"""Plain curves with coefficients of their own at every epoch: as many parameters as that takes.

What such a curve says of epochs that were held out is a straight line between its coefficients at the neighbouring
epochs, by the epoch's place in the row (epochs spaced by their logarithm: straight in the logarithm); beyond the last
epoch they stay as they were.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..data import Array, ChainData
from .candidate import Fitted, mean_start
from .shapes import KAPPAS, Shape


@dataclass(frozen=True)
class FreeCurve:
    """A shape with free coefficients; theta is (m, coefficients), over the unit of length but for kappa."""

    shape: Shape
    blocks: int
    scale: float

    course: str = "free"
    family: Literal["chain", "curve"] = "curve"
    free: bool = True
    sees_end: bool = False

    @property
    def name(self) -> str:
        """Of the shape."""
        return self.shape.name

    def parameters(self, data: ChainData) -> int:
        """Coefficients times the epochs after the first that hold a measurement."""
        return self.shape.coefficients * int(data.measured[1:].any(axis=1).sum())

    def fit(self, data: ChainData, warm: Array | None = None) -> Fitted:
        """Least squares at each epoch by itself."""
        start, end = mean_start(data)
        x = data.mean[0] / self.scale
        theta = np.full((len(x), self.shape.coefficients), np.nan)
        for i in np.flatnonzero(data.measured.any(axis=1)):
            theta[i] = self._one(x[i], data.root_weight[i])
        known = np.flatnonzero(np.isfinite(theta[:, 0]))
        for column in theta.T:
            column[:] = np.interp(np.arange(len(x)), known, column[known])
        return Fitted(theta, self.predict(theta, start, end))

    def predict(self, theta: Array, start: Array, end: Array | None) -> Array:
        """The curves of all epochs; the first is given."""
        out = np.stack([self._curve(row) for row in theta])
        out[0] = start
        return out

    def tangent(self, data: ChainData, theta: Array) -> Array:
        """Of each epoch in its own columns."""
        m, n = data.measured.shape
        q = self.shape.coefficients
        J = np.zeros((m, n, m, q))
        for i in range(1, m):
            columns = self.shape.columns(float(theta[i, -1]), self._u).T
            if self.shape.curved:
                step = np.zeros(q)
                step[-1] = 1e-5
                slope = (self._curve(theta[i] + step) - self._curve(theta[i] - step)) / (2e-5 * self.scale)
                columns = np.column_stack([columns, slope])
            J[i, :, i] = data.root_weight[i][:, None] * columns
        return J[:, :, 1:].reshape(m * n, -1)

    @property
    def _u(self) -> Array:
        return np.arange(1, self.blocks + 1) / (self.blocks + 1)

    def _curve(self, row: Array) -> Array:
        kappa = float(row[-1]) if self.shape.curved else 0.0
        columns = self.shape.columns(kappa, self._u)
        return np.asarray(self.scale * row[: len(columns)] @ columns)

    def _one(self, x: Array, weight: Array) -> Array:
        """Coefficients of one epoch; the smallest ones where too few layers are measured to tell."""
        y = np.where(weight > 0, weight * x, 0.0)
        if not self.shape.curved:
            return np.asarray(np.linalg.lstsq((weight * self.shape.columns(0.0, self._u)).T, y, rcond=None)[0])
        C = weight * np.stack([self.shape.lead(kappa, self._u) for kappa in KAPPAS])
        norm = np.maximum((C**2).sum(axis=1), 1e-300)
        explained = (C @ y) ** 2 / norm
        i = int(np.argmax(explained))
        kappa = float(KAPPAS[i])
        if 0 < i < len(KAPPAS) - 1 and np.ptp(explained[i - 1 : i + 2]) > 0:
            kappa = _top(KAPPAS[i - 1 : i + 2], explained[i - 1 : i + 2])
        c = weight * self.shape.lead(kappa, self._u)
        return np.array([c @ y / max(float(c @ c), 1e-300), kappa])


def _top(places: Array, values: Array) -> float:
    """Where the parabola through three points is highest."""
    a, b, _ = np.polyfit(places - places[1], values, 2)
    return float(np.clip(places[1] - b / (2 * a), places[0], places[2])) if a < 0 else float(places[1])
