"""Events of a stochastic equation: an event happens at the end of the step over which its function changes sign.

A path between two points of the grid is unknown, so nothing is interpolated; a path that crosses and returns within a
step is not seen. States may be changed there, and the grid stays what it is.
After a change of state the signs are those of the new state.
"""

from typing import Any

from .compile import inlined, kernel
from .layout import BEFORE, DIRECTION, FIRED, LOGGED, STOP, STOPPED_BY
from .stack import workspace


@inlined
def look_at_nothing(t, y, p, marks):  # type: ignore[no-untyped-def]
    """No events."""


@inlined
def watch_nothing(t, y, p, whole, log, marks):  # type: ignore[no-untyped-def]
    """No events."""


def make_watch(values: Any, apply: Any, count: int) -> tuple[Any, Any]:
    """Kernels `look(t, y, p, marks)`, which notes the signs of the start, and `watch(t, y, p, whole, log, marks)`."""
    make_row = workspace(count, 1)

    @kernel(forceinline=False)
    def look(t, y, p, marks):  # type: ignore[no-untyped-def]
        g = make_row(0)
        values(t, y, p, g, 0)
        for e in range(count):
            marks[BEFORE, e] = g[e]

    @kernel(forceinline=False)
    def watch(t, y, p, whole, log, marks):  # type: ignore[no-untyped-def]
        g = make_row(0)
        values(t, y, p, g, 0)
        changed = False
        for e in range(count):
            up = marks[BEFORE, e] < 0.0 and g[e] >= 0.0 and marks[DIRECTION, e] >= 0.0
            down = marks[BEFORE, e] > 0.0 and g[e] <= 0.0 and marks[DIRECTION, e] <= 0.0
            if not (up or down):
                continue
            row = log[whole[LOGGED]]
            row[0], row[1] = e, t
            for m in range(len(y)):
                row[2 + m] = y[m]
            whole[LOGGED] += 1
            marks[FIRED, e] += 1.0
            if marks[STOP, e] > 0.0 and marks[FIRED, e] >= marks[STOP, e] and whole[STOPPED_BY] < 0:
                whole[STOPPED_BY] = e
            changed = apply(e, t, y, p) or changed
        if changed:
            values(t, y, p, g, 0)
        for e in range(count):
            marks[BEFORE, e] = g[e]

    return look, watch
