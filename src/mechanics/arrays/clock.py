"""Times and lengths of the steps that are tried, in the form that drifts and sums take.

One step for the whole state: t a number, dt a float. One for each member: both of shape (members, 1, ..., 1), so that
they broadcast against y. Step lengths carry no gradient, but the ends of the interval do where they were given as
arrays: the first step begins at t0, the last one ends at t1.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .control import ACCEPTED, LAST, LENGTH, START
from .framework import Framework, Vector


class Clock:
    """Turns the plan of `control` into arguments of a step."""

    def __init__(self, framework: Framework, t0: Any, t1: Any, nodes: Vector, members: bool) -> None:
        self.framework, self.nodes, self.members = framework, nodes, members
        self.shape = (-1,) + (1,) * (len(framework.shape) - 1)
        self._shift0, self._shift1 = _shift(framework, t0), _shift(framework, t1)

    def begin(self, t: Vector) -> Any:
        """The time of the first evaluation."""
        time = self.at(t)
        return time if self._shift0 is None else time + self._shift0

    def at(self, t: Vector) -> Any:
        """One time for each member, or for all."""
        if self.members:
            return self.framework.real(t.reshape(self.shape))
        return self.framework.times(t)[0]

    def length(self, dt: Vector) -> Any:
        """One length for each member, or for all."""
        return self.framework.real(dt.reshape(self.shape)) if self.members else float(dt[0])

    def plan(self, real: Vector, whole: Any) -> tuple[Sequence[Any], Any]:
        """Times of the evaluations of the next attempt, and its length."""
        if self.members:
            rows = np.empty((len(self.nodes) + 1, len(real)))
            rows[:-1] = real[:, START] + self.nodes[:, None] * real[:, LENGTH]
            rows[-1] = real[:, LENGTH]
            together = self.framework.real(rows.reshape(-1, len(real), *self.shape[1:]))
            times: Sequence[Any] = [together[i, ...] for i in range(len(self.nodes))]
            dt = self.framework.spread(together[len(self.nodes), ...])
        else:
            times, dt = self.common(float(real[0, START]), float(real[0, LENGTH]))
        if self._shift0 is None and self._shift1 is None:
            return times, dt
        return self.attached(times, dt, whole[:, ACCEPTED] == 0, whole[:, LAST] == 1)

    def common(self, t: float, dt: float) -> tuple[Sequence[Any], Any]:
        """Times of the evaluations of a step for the whole state."""
        return self.framework.times(t + self.nodes * dt), dt

    def attached(self, times: Sequence[Any], dt: Any, first: Any, last: Any) -> tuple[Sequence[Any], Any]:
        """The same numbers, carrying the gradients of t0 and t1."""
        if self._shift0 is not None and np.any(first):
            shift = self._shift0 * self._share(first)
            dt = dt - shift
            times = [time + (1.0 - float(c)) * shift for c, time in zip(self.nodes, times, strict=True)]
        if self._shift1 is not None and np.any(last):
            shift = self._shift1 * self._share(last)
            dt = dt + shift
            times = [time + float(c) * shift for c, time in zip(self.nodes, times, strict=True)]
        return times, dt

    def _share(self, rows: Any) -> Any:
        return self.framework.real(np.asarray(rows, np.float64).reshape(self.shape)) if self.members else 1.0


def _shift(framework: Framework, t: Any) -> Any:
    """Zero, with the gradient of t; None where t is a plain number."""
    return None if isinstance(t, float) else t - float(framework.host(t))
