"""Explicit steps of controlled length as one step of a grid: the state chooses, its tangent vectors follow.

From t to t + dt the method takes the steps that its error estimate and its controller accept, the last one cut to end
at t + dt. Tangent vectors see the derivative of the same stages with the same lengths: the steps are frozen, and that
they would be others for a neighbour is no part of the derivative. Every start of an interval finds its first step
anew, so that a run in pieces has the bits of a whole one.
"""

import math
from typing import Any

import numpy as np

from ..engine.compile import inlined
from ..engine.control import log2_of, step_factor
from ..engine.controller import control_of
from ..engine.dual_memory import number
from ..engine.stack import part
from ..engine.stages import DOP853_WEIGHT, explicit_stages
from ..methods import Method
from .linearised import floats_of

MOST = 1_000_000  # attempts within a step of the grid
LAST = 1.01  # a step that would leave less than a hundredth of itself goes to the end
FIRST = 1e-3  # of the grid: the first step of an interval, which the controller lengthens


def adaptive_kernels(drift: Any, method: Method, n: int, size: int | None, width: int, rtol: float, atol: float) -> Any:
    """`prepare` and `step` of `steps.Steps`, on duals alone; K has stages + 1 vectors and two numbers."""
    tab = method.data
    stages, s, control = explicit_stages(tab, size).stages, tab.stages, control_of(method, math.inf).copy()
    E, estimates = np.ascontiguousarray(tab.e), len(tab.e)
    rtol, atol = float(rtol), float(atol)
    memory = (s + 1) * n

    @inlined
    def prepare(t, y, p, K):  # type: ignore[no-untyped-def]
        K[memory] = 0.0 * y[0]  # no step yet

    @inlined
    def mean_square(h, y, y1, K):  # type: ignore[no-untyped-def]
        before, after, slopes = floats_of(y), floats_of(y1), floats_of(K)  # type: ignore[call-arg, var-annotated]
        first, second = 0.0, 0.0
        for m in range(n):
            scale = 1.0 / (atol + rtol * max(abs(before[m * width]), abs(after[m * width])))
            for r in range(estimates):
                total = 0.0
                for j in range(s + 1):
                    if E[r, j] != 0.0:
                        total += E[r, j] * slopes[(j * n + m) * width]
                share = total * scale
                if r == 0:
                    first += share * share
                else:
                    second += share * share
            first += after[m * width] - after[m * width]
        if estimates > 1:  # as DOP853 combines them
            both = first + DOP853_WEIGHT * second
            return h * h * first * first / (both if both > 0.0 else 1.0) / n
        return h * h * first / n

    @inlined
    def step(index, t, dt, y, p, z, K, y1):  # type: ignore[no-untyped-def]
        h, log_before = number(K[memory]), number(K[memory + 1])  # type: ignore[call-arg, var-annotated]
        grow, at, done = control[4], t, False
        if h == 0.0:
            h, log_before = FIRST * dt, 0.0
        for _ in range(MOST):
            end = at + LAST * h >= t + dt
            length = t + dt - at if end else h
            drift(at, y, p, part(K, 0, n))
            stages(drift, at, length, y, p, K, y1)
            drift(at + length, y1, p, part(K, s * n, n))
            square = mean_square(length, y, y1, K)
            if square <= 1.0:
                log_square = log2_of(square)
                longer = length * min(step_factor(log_square, log_before, control), grow)
                h = max(longer, h) if end else longer  # a step that was cut says little
                log_before, grow, at = log_square, control[4], at + length
                if end:
                    done = True
                    break
                for i in range(n):
                    y[i] = y1[i]
            else:
                factor = step_factor(log2_of(square), log_before, control) if math.isfinite(square) else control[3]
                h, grow = length * min(factor, 1.0), 1.0
                if at + h == at:
                    break
        if not done:
            for i in range(n):
                y1[i] = math.nan * y[i]
        K[memory] = h + 0.0 * y[0]
        K[memory + 1] = log_before + 0.0 * y[0]

    return prepare, step
