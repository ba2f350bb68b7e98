"""Steps of explicit Runge-Kutta methods on arrays.

The same sums as `engine.stages`, with the stages scaled by dt, so that members may have their own; see `stages`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.stages import DOP853_WEIGHT
from ..methods.tableau import Tableau
from .framework import Framework, Vector
from .step import Slope, Step


class ExplicitStep(Step):
    """One method on arrays of one framework.

    Attributes
    ----------
    nodes : ndarray
        Where in the step the drift is evaluated: stages, end, stages of the interpolant.
    cost, finish_cost, dense_cost : int
        Evaluations in an attempt, after acceptance, for an interpolant.
    """

    def __init__(self, tab: Tableau, framework: Framework, slope: Slope) -> None:
        self.tab, self.framework, self.slope = tab, framework, slope
        self.s = tab.stages
        self.nodes = np.concatenate([tab.c, [1.0], tab.extra_c])
        self.end_first = tab.error_needs_end and len(tab.e) > 0
        self.Z = framework.stages(len(tab.B))
        self._rows = [framework.weights(row) for row in tab.A[1:]]
        self._b = framework.weights(tab.b.tolist())
        self._extra = [framework.weights(row) for row in tab.extra_A]
        self._e = [framework.weights(row if self.end_first else row[:-1]) for row in tab.e.tolist()]
        self._columns = [framework.weights(column) for column in tab.B.T.tolist()]
        # an infinite y1 shows in the error only where each stage with a weight in y1 has one in the error
        self._blind = bool(np.any((tab.b != 0.0) & ~np.any(tab.e[:, :-1] != 0.0, axis=0)))
        self._with_extra = False

    def begin(self, t: Any, y: Any) -> tuple[Any, Any]:
        """The slope at the start of a run, which is the first stage."""
        k = self.framework.own(self.slope(t, y))
        return k, k

    def attempt(self, times: Sequence[Any], dt: Any, y: Any, k: Any) -> tuple[Any, Any]:
        """y1, and the slope there where the error needs it (else None); k is the slope at y."""
        Z, slope = self.Z, self.slope
        self._with_extra = False
        Z.put(0, k, dt)
        for i, row in enumerate(self._rows, start=1):
            Z.put(i, slope(times[i], Z.sum(y, row)), dt)
        y1 = Z.sum(y, self._b)
        return y1, self.finish(times, dt, y1) if self.end_first else None

    def finish(self, times: Sequence[Any], dt: Any, y1: Any) -> Any:
        """The slope at the end of the step."""
        k = self.slope(times[self.s], y1)
        self.Z.put(self.s, k, dt)
        return self.framework.own(k)

    def size(self, y: Any, y1: Any, rtol: float, atol: Any, members: bool) -> Vector:
        """Scaled error of the step, shape (1,), or (members,); not finite where y1 is not."""
        framework = self.framework
        with framework.undifferentiated():
            found = []
            for row in self._e:
                error = self.Z.sum(None, row)
                if self._blind:
                    error = error + (y1 - y1)
                found.append(framework.scaled(error, y, y1, rtol, atol, members))
        if len(found) == 1:
            return found[0]
        both = found[0] ** 2 + DOP853_WEIGHT * found[1] ** 2
        return found[0] ** 2 / np.sqrt(np.where(both == 0.0, 1.0, both))

    def prepare(self, times: Sequence[Any], dt: Any, y: Any) -> None:
        """The further stages of the interpolant, once in a step."""
        if not self._with_extra:
            self._with_extra = True
            for i, row in enumerate(self._extra, start=self.s + 1):
                self.Z.put(i, self.slope(times[i], self.Z.sum(y, row)), dt)

    def at(self, theta: float, y: Any) -> Any:
        """State inside the step, which must be prepared."""
        return self.Z.sum(y, self.framework.weights((self.tab.B @ bernstein(theta, self.tab.degree)).tolist()))

    def at_rows(self, thetas: Vector, rows: NDArray[np.int64], y: Any) -> Any:
        """States of some members, each at its own place inside its step."""
        framework = self.framework
        found = framework.take(y, rows)
        shape = (-1,) + (1,) * (len(framework.shape) - 1)
        weights = self.tab.B @ bernstein(thetas, self.tab.degree)
        for j, w in enumerate(weights):
            if np.any(w != 0.0):
                found = found + framework.real(w.reshape(shape)) * framework.take(self.Z.stage(j), rows)
        return found

    def coefficients(self) -> list[Any]:
        """Bernstein coefficients of the interpolant, times dt: y(theta) = y + sum_k Q_k beta_k(theta)."""
        return [self.Z.sum(None, column) for column in self._columns]


def bernstein(theta: float | Vector, degree: int) -> Vector:
    """Bernstein polynomials 1 .. degree at theta, shape (degree,) or (degree, thetas)."""
    theta = np.asarray(theta, np.float64)
    values = np.empty((degree, *theta.shape))
    binomial = 1.0
    for k in range(1, degree + 1):
        binomial = binomial * (degree - k + 1) / k
        values[k - 1] = binomial * theta**k * (1.0 - theta) ** (degree - k)
    return values
