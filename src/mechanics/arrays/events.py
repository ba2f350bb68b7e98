"""Events of the array engine: roots of g(t, y(t), p) along the interpolant of an accepted step.

Sampled and narrowed as in `engine.events`; g is evaluated on the user's arrays, and its values are read on the host.
The times of events carry no gradient, the states there do.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..engine.events import NARROW, SAMPLES
from ..event import Event
from .framework import Framework
from .step import Step

Value = Callable[[float], float]


class Watch:
    """Looks for the events of each accepted step, and logs them."""

    def __init__(self, events: Sequence[Event], framework: Framework, t0: float, y0: Any, p: Any) -> None:
        self.events, self.framework, self.p = events, framework, p
        self.logs: list[list[tuple[float, Any]]] = [[] for _ in events]
        self._before = [self._value(e, t0, y0) for e in range(len(events))]

    def _value(self, e: int, t: float, y: Any) -> float:
        with self.framework.undifferentiated():
            found = self.events[e].g(self.framework.times(np.array([t]))[0], y, self.p)
            return float(found if isinstance(found, (int, float)) else self.framework.host(found))

    def look(
        self, step: Step, times: Any, dt: Any, t: float, length: float, t_end: float, y: Any, y1: Any
    ) -> tuple[float, Any, bool]:
        """Where the step must end (1: at its end), its state there, and whether the run stops."""
        step.prepare(times, dt, y)

        def state(theta: float) -> Any:
            return y1 if theta == 1.0 else y if theta == 0.0 else step.at(theta, y)

        roots = []
        for e in range(len(self.events)):
            after = self._value(e, t_end, y1)

            def value(theta: float, e: int = e) -> float:
                with self.framework.undifferentiated():
                    return self._value(e, t + theta * length, state(theta))

            roots += [(theta, e) for theta in self._roots(e, value, after)]
            self._before[e] = after
        for theta, e in sorted(roots):
            found = state(theta)
            self.logs[e].append((t_end if theta == 1.0 else t + theta * length, found))
            if self.events[e].terminal and len(self.logs[e]) >= int(self.events[e].terminal):
                return theta, found, True
        return 1.0, y1, False

    def _roots(self, e: int, value: Value, after: float) -> list[float]:
        """Roots of one event in the step."""
        before = self._before[e]
        thetas = [i / SAMPLES for i in range(SAMPLES + 1)]
        values = [before, *(value(theta) for theta in thetas[1:-1]), after]
        i = 1
        while i < len(thetas) - 1 and len(thetas) < 2 * SAMPLES + 1:
            vertex = _vertex(thetas[i - 1 : i + 2], values[i - 1 : i + 2])
            if vertex is not None:
                place = i + 1 if vertex > thetas[i] else i
                thetas.insert(place, vertex)
                values.insert(place, value(vertex))
                i += 1
            i += 1
        found = []
        for (left, a), (right, b) in pairwise(zip(thetas, values, strict=True)):
            direction = self.events[e].direction
            if (a < 0.0 <= b and direction >= 0) or (a > 0.0 >= b and direction <= 0):
                found.append(right if b == 0.0 else _narrow(value, left, right, a, b))
        return found


def _vertex(thetas: Sequence[float], values: Sequence[float]) -> float | None:
    """Where three samples of one sign that bend towards zero have the vertex of their parabola."""
    a, b, c = values
    same = (a > 0.0 and b > 0.0 and c > 0.0) or (a < 0.0 and b < 0.0 and c < 0.0)
    if not same or abs(b) > abs(a) or abs(b) > abs(c):
        return None
    left, right = thetas[1] - thetas[0], thetas[2] - thetas[1]
    u, v = (b - a) / left, (c - b) / right
    if u == v:
        return None
    vertex = 0.5 * (thetas[0] + thetas[1]) - u * 0.5 * (left + right) / (v - u)
    return vertex if thetas[0] < vertex < thetas[2] and vertex != thetas[1] else None


def _narrow(value: Value, left: float, right: float, f_left: float, f_right: float) -> float:
    """The end behind the root between two samples of opposite sign; Chandrupatla, Adv. Eng. Software 28 (1997) 145."""
    a, b, fa, fb = right, left, f_right, f_left
    c, fc, split = b, fb, 0.5
    for _ in range(100):
        x = a + split * (b - a)
        f = value(x)
        if (f > 0.0) == (fa > 0.0) and f != 0.0:
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, f
        if abs(b - a) <= NARROW or fa == 0.0:
            break
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        split = 0.5
        if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
            split = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        least = 0.5 * NARROW / abs(b - a)
        split = min(max(split, least), 1.0 - least)
    return a if fa == 0.0 or (fa > 0.0) == (f_right > 0.0) else b
