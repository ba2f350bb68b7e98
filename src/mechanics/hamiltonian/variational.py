"""Variational equations: the flow and its derivative with respect to the start, integrated by one scheme.

    y' = f(t, y),   Phi' = f_y(t, y) Phi,   Phi(t0) = 1

A Runge-Kutta method applied to both gives the exact derivative of its own numerical flow (for equal steps), so that the
monodromy matrix of a symplectic method is symplectic to rounding.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.jacobian import matrix_view
from ..engine.stack import STACK, part, workspace
from ..methods import DOP853, Method
from ..problem import Problem
from ..solving import solve
from .flow import CUBE_EPS, Flow

Array = NDArray[np.float64]


@cache
def variational_drift(drift: Callable[..., None], jacobian: Callable[..., None] | None, n: int) -> Any:
    """`drift(t, Y, p, dY)` of Y = (y, Phi), Phi row by row."""
    size = n if n <= STACK else None
    if jacobian is None:
        vectors: Any = workspace(size, 3)

        def by_differences(t, Y, p, dY):  # type: ignore[no-untyped-def]
            work = vectors(n)
            y, up, down = part(work, 0, n), part(work, n, n), part(work, 2 * n, n)
            drift(t, part(Y, 0, n), p, part(dY, 0, n))
            for b in range(n):
                length = 0.0
                for a in range(n):
                    length = max(length, abs(Y[n + a * n + b]) / (1.0 + abs(Y[a])))
                step = CUBE_EPS / length if length > 0.0 else 1.0
                for a in range(n):
                    y[a] = Y[a] + step * Y[n + a * n + b]
                drift(t, y, p, up)
                for a in range(n):
                    y[a] = Y[a] - step * Y[n + a * n + b]
                drift(t, y, p, down)
                for a in range(n):
                    dY[n + a * n + b] = (up[a] - down[a]) / (2.0 * step)

        return by_differences
    square: Any = workspace(size, 0, squares=1)

    def variational(t, Y, p, dY):  # type: ignore[no-untyped-def]
        work = square(n)
        for a in range(n * n):
            work[a] = 0.0
        y = part(Y, 0, n)
        drift(t, y, p, part(dY, 0, n))
        jacobian(t, y, p, matrix_view(work, n, n, 0))
        for a in range(n):
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += work[a * n + c] * Y[n + c * n + b]
                dY[n + a * n + b] = total

    return variational


def flow_and_monodromy(
    flow: Flow,
    y0: Array,
    t0: float,
    t1: float,
    method: Method = DOP853,
    *,
    dt: float | None = None,
    rtol: float = 1e-12,
    atol: float = 1e-12,
    max_steps: int | None = 100_000,
) -> tuple[Array, Array] | None:
    """y(t1) and Phi(t1); None where the solve fails."""
    n = flow.n
    start = np.concatenate((y0, np.eye(n).ravel()))
    problem = Problem(variational_drift(flow.drift, flow.jacobian, n), start, t0, t1, flow.p)
    control: dict[str, Any] = {"dt": dt} if dt is not None else {"rtol": rtol, "atol": atol, "max_steps": max_steps}
    try:
        solution = solve(problem, method, saveat=[t1], throw=False, **control)
    except NotImplementedError:  # a failed solve is diagnosed in plain Python, where the workspace does not exist
        return None
    if not solution.status.ok:
        return None
    return solution.y[:n].copy(), solution.y[n:].reshape(n, n).copy()
