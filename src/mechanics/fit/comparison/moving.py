"""Plain curves that move with few parameters, given the same as a chain: the first curve, and perhaps the end.

    relaxing    x_l(t) = e x_l(t_0) + (1 - e) (Y lead(u) + b tail(u)),    e = exp(-(t - t_0)/tau)
    measured    x_l(t) = y(t) lead(u) + b tail(u) for t > t_0,            y the measured end

A parabola with the measured end is the rest state (8) of a uniform chain: a chain that never leaves rest.
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from scipy.optimize import least_squares

from ..data import Array, ChainData
from .candidate import Fitted, mean_start
from .shapes import KAPPAS, STEEPEST, Shape

TAUS = 30  # build-up times that are tried
STEP = 1e-6  # of the difference quotients


@dataclass(frozen=True)
class MovingCurve:
    """A shape with a relaxing course or driven by the measured end; theta is (Y, b, kappa, log tau), what applies."""

    shape: Shape
    course: Literal["relaxing", "measured"]
    ts: Array
    blocks: int
    scale: float

    family: Literal["chain", "curve"] = "curve"
    free: bool = False

    @property
    def name(self) -> str:
        """Of the shape."""
        return self.shape.name

    @property
    def sees_end(self) -> bool:
        """The measured course uses the end's load at every epoch, held out or not."""
        return self.course == "measured"

    @property
    def _linear(self) -> int:
        return self.shape.coefficients - self.shape.curved - (self.course == "measured")

    def parameters(self, data: ChainData) -> int:
        """Coefficients of the shape, and tau or not the end."""
        return self._linear + self.shape.curved + (self.course == "relaxing")

    def fit(self, data: ChainData, warm: Array | None = None) -> Fitted:
        """Linear least squares for each kappa and tau of a grid, then a search over all."""
        start, end = mean_start(data)
        target = data.weighed(data.mean[0])
        theta = self._scan(data, start, end, target) if warm is None else warm
        if len(theta) > self._linear:
            low, high = self._bounds()

            def residual(part: Array) -> Array:
                return data.weighed(self.predict(part, start, end)) - target

            inside = np.clip(theta, low + 1e-9, high - 1e-9)
            theta = least_squares(residual, inside, bounds=(low, high), x_scale=1.0, xtol=1e-10, ftol=1e-10).x
        elif warm is not None:
            theta = self._scan(data, start, end, target)  # linear: nothing to start from
        return Fitted(theta, self.predict(theta, start, end))

    def predict(self, theta: Array, start: Array, end: Array | None) -> Array:
        """The course from this first curve, with this end."""
        given, columns = self._parts(theta[self._linear :], start, end)
        return np.asarray(given + np.tensordot(theta[: self._linear] * self.scale, columns, 1))

    def tangent(self, data: ChainData, theta: Array) -> Array:
        """By central differences."""
        start, end = mean_start(data)
        low, high = self._bounds()
        J = np.zeros((data.measured.size, 0))
        for i in range(len(theta)):
            if low[i] + STEP < theta[i] < high[i] - STEP:
                ahead, behind = theta.copy(), theta.copy()
                ahead[i] += STEP
                behind[i] -= STEP
                change = data.weighed(self.predict(ahead, start, end) - self.predict(behind, start, end)) / (2 * STEP)
                J = np.column_stack([J, change])
        return J

    def _parts(self, nonlinear: Array, start: Array, end: Array | None) -> tuple[Array, Array]:
        """What is given, (m, n), and what each linear coefficient multiplies, (q, m, n)."""
        u = np.arange(1, self.blocks + 1) / (self.blocks + 1)
        kappa = float(nonlinear[0]) if self.shape.curved else 0.0
        columns = self.shape.columns(kappa, u)
        if self.course == "relaxing":
            e = np.exp(-(self.ts - self.ts[0]) / np.exp(nonlinear[-1]))[:, None]
            return e * start, (1 - e) * columns[:, None, :]
        assert end is not None  # the course is offered only with an end
        later = (self.ts > self.ts[0])[:, None]
        return np.where(later, end[:, None] * columns[0], start), later * columns[1:, None, :]

    def _scan(self, data: ChainData, start: Array, end: Array | None, target: Array) -> Array:
        low, high = self._bounds()
        grid = [KAPPAS[::4]] if self.shape.curved else []
        grid += [np.linspace(low[-1], high[-1], TAUS)] if self.course == "relaxing" else []
        best, least = np.zeros(0), np.inf
        for point in product(*grid):
            given, columns = self._parts(np.array(point), start, end)
            A = np.stack([data.weighed(c * self.scale) for c in columns], axis=1) if len(columns) else None
            r = target - data.weighed(given)
            linear = np.zeros(0) if A is None else np.linalg.lstsq(A, r, rcond=None)[0]
            left = r if A is None else r - A @ linear
            if left @ left < least:
                best, least = np.r_[linear, point], float(left @ left)
        return best

    def _bounds(self) -> tuple[Array, Array]:
        span, shortest = float(self.ts[-1] - self.ts[0]), float(np.diff(self.ts).min())
        low, high = [-np.inf] * self._linear, [np.inf] * self._linear
        if self.shape.curved:
            low, high = [*low, -STEEPEST], [*high, STEEPEST]
        if self.course == "relaxing":
            low, high = [*low, np.log(0.1 * shortest)], [*high, np.log(30 * span)]
        return np.array(low), np.array(high)
