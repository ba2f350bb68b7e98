"""Steps of splitting methods on arrays whose last axis holds positions, then velocities.

The same flows as `engine.words`, without fused multiply-adds. A step leaves to the next one the force at its end, where
the word begins with a kick, and the rounding errors of its sums, where they are compensated; these carry no gradient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.words import flows
from ..methods.splitting import Splitting
from .explicit import bernstein
from .framework import Framework
from .step import Slope, Step


class SplittingStep(Step):
    """One word; `plain` where dq/dt is v itself, so that positions move without the drift."""

    def __init__(self, data: Splitting, framework: Framework, slope: Slope, plain: bool) -> None:
        self.framework, self.slope, self.plain = framework, slope, plain
        self.compensated, self.keeps_force = data.compensated, data.word[0] == "B"
        self.d = framework.shape[-1] // 2
        self.first, self.pairs, self.left = flows(data)
        self.last_kick = data.weights[-1] if data.word[-1] == "B" else None
        between = [node for _, t_b, _, t_a in self.pairs for node in (t_b, t_a)]
        # then the A that is left over, the end, and the start
        self.nodes = np.array([*between, self.left[1] if self.left else 1.0, 1.0, 0.0])
        self._ends: tuple[Any, Any] = (None, None)
        self._cubic: list[Any] = []

    def begin(self, t: Any, y: Any) -> tuple[Any, Any]:
        """The slope at the start of a run, force and rounding errors."""
        k = self.framework.own(self.slope(t, y))
        return k, (k[..., self.d :] if self.keeps_force else None, (0.0, 0.0))

    def attempt(self, times: Sequence[Any], dt: Any, y: Any, k: Any) -> tuple[Any, Any]:
        """y1, and what the next step takes over."""
        (force, (low_q, low_v)), d = k, self.d
        q, v = y[..., :d], y[..., d:]
        if self.keeps_force:
            v, low_v = self._add(v, low_v, self.first * dt, force)
        for i, (a, _, b, _) in enumerate(self.pairs):
            q, low_q = self._add(q, low_q, a * dt, self._velocity(times[2 * i], q, v))
            v, low_v = self._add(v, low_v, b * dt, self._force(times[2 * i + 1], q, v))
        if self.left is not None:
            q, low_q = self._add(q, low_q, self.left[0] * dt, self._velocity(times[-3], q, v))
        force = None
        if self.keeps_force or self.last_kick is not None:
            force = self.framework.own(self._force(times[-2], q, v))
        if self.last_kick is not None:
            v, low_v = self._add(v, low_v, self.last_kick * dt, force)
        y1 = self.framework.join(q, v)
        self._ends, self._cubic = (y, y1), []
        return y1, (force, (low_q, low_v))

    def _velocity(self, t: Any, q: Any, v: Any) -> Any:
        return v if self.plain else self.slope(t, self.framework.join(q, v))[..., : self.d]

    def _force(self, t: Any, q: Any, v: Any) -> Any:
        return self.slope(t, self.framework.join(q, v))[..., self.d :]

    def _add(self, total: Any, low: Any, factor: Any, term: Any) -> tuple[Any, Any]:
        """Total + low + factor term, and its rounding error: Knuth, The Art of Computer Programming 2, 4.2.2."""
        increment = factor * term
        if not self.compensated:
            return total + increment, low
        increment = increment + low
        new = total + increment
        part = new - total
        return new, (total - (new - part)) + (increment - part)

    def prepare(self, times: Sequence[Any], dt: Any, y: Any) -> None:
        """The cubic Hermite polynomial through both ends."""
        if not self._cubic:
            start, end = self._ends
            before = self.framework.own(self.slope(times[-1], start)) * dt / 3.0
            after, mean = self.slope(times[-2], end) * dt / 3.0, end - start
            self._cubic = [before, mean - after, mean]

    def at(self, theta: float, y: Any) -> Any:
        """State inside the step, which must be prepared."""
        return self.framework.combine(y, self._cubic, bernstein(theta, 3).tolist())

    def coefficients(self) -> list[Any]:
        """Bernstein coefficients of the interpolant."""
        return self._cubic
