"""Tangent dynamics of one panel: a state and several tangent vectors, advanced together.

    tangent(panel, work, Z, z, p, origin, dt, first, steps)

`by_duals` differentiates the step exactly, through duals; `by_matrix` does so for the matrix of a map of two
components, and multiplies; `by_differences` needs only the step itself and takes central
differences, (phi(x + h v) - phi(x - h v)) / 2h; `by_jacobian` multiplies with the matrix that the user of a map gives.
"""

from typing import Any

from ..engine.adopt import adopt
from ..engine.compile import inlined, kernel
from ..engine.noise_terms import as_matrix
from ..engine.stack import part
from .linearised import H
from .steps import Steps

SMALL = 4  # components whose steps are written into the loop
STACK = 8  # components whose working memory is taken apart into registers


def by_duals(steps: Steps, n: int, width: int) -> Any:
    """The derivative of the step itself."""
    from ..engine.dual_memory import duals_of, stack_duals

    prepare, step, draws = steps.prepare, steps.step, steps.draws
    size = (steps.vectors + 1) * n + steps.more

    @inlined
    def along(y, y1, K, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
        prepare(origin + first * dt, y, p, K)
        for s in range(steps):
            for c in range(draws):
                z[c] = Z[c, s]
            step(first + s, origin + (first + s) * dt, dt, y, p, z, K, y1)
            for i in range(n):
                y[i] = y1[i]

    if n <= STACK:

        @kernel(forceinline=n <= SMALL)
        def on_stack(panel, work, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
            y, room = duals_of(panel, n, width), stack_duals(size, width)  # type: ignore[call-arg, var-annotated]
            along(y, part(room, 0, n), part(room, n, size - n), Z, z, p, origin, dt, first, steps)

        return on_stack

    @kernel(forceinline=False)
    def tangent(panel, work, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
        y, room = duals_of(panel, n, width), duals_of(work, size, width)  # type: ignore[call-arg, var-annotated]
        along(y, part(room, 0, n), part(room, n, size - n), Z, z, p, origin, dt, first, steps)

    return tangent


def by_matrix(steps: Steps, width: int) -> Any:
    """The derivative of a map of two components, written out.

    State and matrix do not wait for the vectors, nor for their orthonormalisation: the state stays in the working
    memory from one interval to the next, with the step that it belongs to before it.
    """
    from ..engine.dual_memory import number, stack_duals
    from ..engine.elementary import fma
    from ..engine.lane_memory import load_lanes, store_lanes
    from .linearised import entry, seeded

    step, draws = steps.step, steps.draws

    @kernel
    def tangent(panel, work, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
        y, y1 = stack_duals(2, width), stack_duals(2, width)  # type: ignore[call-arg, var-annotated]
        a, b = work[1], work[2]
        if work[0] != first:
            a, b = panel[0], panel[width]
        v, w = load_lanes(panel, 0, width), load_lanes(panel, width, width)
        for s in range(steps):
            for c in range(draws):
                z[c] = Z[c, s]
            y[0], y[1] = seeded(a, 1, width), seeded(b, 2, width)
            step(first + s, origin + (first + s) * dt, dt, y, p, z, y, y1)
            f, g = y1[0], y1[1]
            top = fma(entry(f, 1), v, entry(f, 2) * w)
            w = fma(entry(g, 1), v, entry(g, 2) * w)
            v = top
            a, b = number(f), number(g)
        store_lanes(panel, 0, v)
        store_lanes(panel, width, w)
        panel[0], panel[width] = a, b
        work[0], work[1], work[2] = float(first + steps), a, b

    return tangent


def by_differences(steps: Steps, n: int, width: int) -> Any:
    """Central differences of the step."""
    prepare, step, draws = steps.prepare, steps.step, steps.draws
    size = (steps.vectors + 4) * n

    @kernel(forceinline=False)
    def tangent(panel, work, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
        x, y, above, below, K = (
            part(work, 0, n), part(work, n, n), part(work, 2 * n, n), part(work, 3 * n, n),
            part(work, 4 * n, size - 4 * n),
        )  # fmt: skip
        for s in range(steps):
            index = first + s
            t = origin + index * dt
            for c in range(draws):
                z[c] = Z[c, s]
            scale = 0.0
            for i in range(n):
                x[i] = panel[i * width + 0]
                scale = max(scale, abs(x[i]))
            scale = scale if scale > 0.0 else 1.0
            for l in range(1, width):
                length = 0.0
                for i in range(n):
                    length = max(length, abs(panel[i * width + l]))
                h = H * scale / length if length > 0.0 else H
                for i in range(n):
                    y[i] = x[i] + h * panel[i * width + l]
                prepare(t, y, p, K)
                step(index, t, dt, y, p, z, K, above)
                for i in range(n):
                    y[i] = x[i] - h * panel[i * width + l]
                prepare(t, y, p, K)
                step(index, t, dt, y, p, z, K, below)
                for i in range(n):
                    panel[i * width + l] = (above[i] - below[i]) / (2.0 * h)
            prepare(t, x, p, K)
            step(index, t, dt, x, p, z, K, above)
            for i in range(n):
                panel[i * width + 0] = above[i]

    return tangent


def by_jacobian(f: Any, jacobian: Any, n: int, width: int) -> Any:
    """The matrix of the user, times the vectors."""
    f, jacobian = adopt(f), adopt(jacobian)

    @kernel(forceinline=False)
    def tangent(panel, work, Z, z, p, origin, dt, first, steps):  # type: ignore[no-untyped-def]
        x, y, old = part(work, 0, n), part(work, n, n), part(work, 2 * n, n)
        J = as_matrix(work, 3 * n, n, n)
        for s in range(steps):
            for i in range(n):
                x[i] = panel[i * width + 0]
                for j in range(n):
                    J[i, j] = 0.0
            jacobian(first + s, x, p, J)
            f(first + s, x, p, y)
            for l in range(1, width):
                for i in range(n):
                    old[i] = panel[i * width + l]
                for i in range(n):
                    total = 0.0
                    for j in range(n):
                        total += J[i, j] * old[j]
                    panel[i * width + l] = total
            for i in range(n):
                panel[i * width + 0] = y[i]

    return tangent
