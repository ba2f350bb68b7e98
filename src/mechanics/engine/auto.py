"""Runs that change between an explicit and an implicit method: segments of compiled loops, joined in Python.

A segment is a run of the scalar engine by one method; all segments share the arrays of the run, so that output, events
and restarts know nothing of them. It ends where a counter in `whole` is full:

- explicit: steps in a row in which dt |lambda| was near the boundary of stability, lambda estimated from two stages at
  the end of the step, as the quotient of the differences of their slopes and of their arguments;
- implicit: steps until the Jacobian is looked at. If dt times a bound of its spectral radius is so small that the
  explicit method could take the same steps, that method goes on.

The counters are part of the state that is kept when the last step is cut: a run that is continued changes its method
where a whole one would.

Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.2.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..methods.auto import Automatic
from ..methods.method import Method
from ..methods.tableau import Tableau
from .compile import inlined
from .controller import control_of
from .layout import (
    ACCEPTED,
    CHECK,
    CUT,
    DENSE_EVALUATIONS,
    DT,
    EVALUATIONS,
    FACTORISATIONS,
    FULL,
    GROW,
    IMPLICIT,
    JACOBIANS,
    LEVEL,
    LIMIT,
    LOG_ERROR,
    MODE,
    REFUSED,
    RESUME_CHECK,
    RESUME_LEVEL,
    RESUME_MODE,
    RESUME_SCORE,
    SCORE,
    SWITCHES,
    T,
)
from .stack import workspace
from .step import Step, step_of

NEAR = 0.75  # part of the boundary of stability from which a step counts as limited by it
CONFIRMED = 12  # such steps before the implicit method is taken
FORGIVEN = 2  # by how much one other step lowers their number
FIRST_LOOK, LAST_LOOK = 25, 800  # implicit steps until the Jacobian is looked at, doubled each time
EASY = 0.5  # part of the boundary at which the explicit method takes over, halved at every return


def boundary(tab: Tableau) -> float:
    """Length of the stability interval on the negative real axis."""
    A = np.array([[*row, *[0.0] * (tab.stages - len(row))] for row in tab.A])
    one, identity = np.ones(tab.stages), np.eye(tab.stages)
    x = 0.0
    while x < 100.0 and abs(1.0 - (x + 0.01) * tab.b @ np.linalg.solve(identity + (x + 0.01) * A, one)) <= 1.0 + 1e-9:
        x += 0.01
    return x


def watch_stiffness(tab: Tableau, watch: Any) -> Any:
    """`watch` that also counts steps limited by stability, in whole[SCORE]."""
    s = tab.stages
    a = max(i for i in range(s) if tab.c[i] == 1.0)
    row = np.array([*tab.A[a], *[0.0] * (s - len(tab.A[a]))])
    weights, near = tuple(float(w) for w in tab.b - row), NEAR * boundary(tab)

    @inlined
    def watching(dense, drift, t, dt, y, y1, p, K, work, Q, degree, real, whole, log, marks):  # type: ignore[no-untyped-def]
        n = len(y)
        across, along = 0.0, 0.0
        for m in range(n):
            moved = 0.0
            for j in range(s):
                moved += weights[j] * K[j * n + m]
            across += moved * (K[s * n + m] - K[a * n + m])
            along += moved * moved
        # moved is the difference of arguments over dt
        if -across * dt > near * along * abs(dt):
            whole[SCORE] += 1
        else:
            whole[SCORE] = max(0, whole[SCORE] - FORGIVEN)
        if whole[CUT] == 0:
            whole[RESUME_SCORE] = whole[SCORE]
        return watch(dense, drift, t, dt, y, y1, p, K, work, Q, degree, real, whole, log, marks)

    return watching


def watch_duration(watch: Any) -> Any:
    """`watch` that also counts steps, in whole[SCORE]."""

    @inlined
    def watching(dense, drift, t, dt, y, y1, p, K, work, Q, degree, real, whole, log, marks):  # type: ignore[no-untyped-def]
        whole[SCORE] += 1
        if whole[CUT] == 0:
            whole[RESUME_SCORE] = whole[SCORE]
        return watch(dense, drift, t, dt, y, y1, p, K, work, Q, degree, real, whole, log, marks)

    return watching


def or_counted(is_full: Any, explicit: bool) -> Any:
    """Whether a buffer or the counter is full."""

    @inlined
    def full(whole, ts, log, marks):  # type: ignore[no-untyped-def]
        return whole[SCORE] >= CONFIRMED or is_full(whole, ts, log, marks)

    @inlined
    def full_or_due(whole, ts, log, marks):  # type: ignore[no-untyped-def]
        return whole[SCORE] >= whole[CHECK] or is_full(whole, ts, log, marks)

    return full if explicit else full_or_due


def of_degree(dense: Any, degree: int, wanted: int) -> Any:
    """The interpolant of a lower degree, written with more Bernstein coefficients."""
    if degree == wanted:
        return dense

    @inlined
    def raised(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        dense(drift, t, dt, y, p, K, work, Q)
        n = len(y)
        for d in range(degree, wanted):
            for m in range(n):
                Q[d * n + m] = Q[d * n - n + m]
            for k in range(d - 1, 0, -1):
                share = (k + 1.0) / (d + 1.0)
                for m in range(n):
                    Q[k * n + m] = share * Q[k * n - n + m] + (1.0 - share) * Q[k * n + m]
            for m in range(n):
                Q[m] = (1.0 - 1.0 / (d + 1.0)) * Q[m]

    return raised


# Names that the entry point leaves open; `compile_bound` fills them in.
drift: Any = None
fill: Any = None
size_J: Any = None
vector: Any = None


def largest_rate(t, y, p, rtol, atol):  # type: ignore[no-untyped-def]
    """A bound of the spectral radius of the Jacobian: its largest row sum or its Frobenius norm."""
    n = len(y)
    f, y1, work, J = vector(n), vector(n), vector(n), np.empty(size_J(n))
    drift(t, y, p, f)
    fill(drift, t, y, p, f, J, y1, work, rtol, atol)
    row = len(J) // n
    largest, squares = 0.0, 0.0
    for i in range(n):
        total = 0.0
        for j in range(row):
            total += abs(J[i * row + j])
            squares += J[i * row + j] * J[i * row + j]
        largest = max(largest, total)
    return min(largest, math.sqrt(squares))


def automatic_entry(
    data: Automatic,
    n: int | None,
    parts: Any,
    compiled: Callable[[Method, Callable[[dict[str, Any]], dict[str, Any]]], Any],
    looking: Callable[[], Any],
) -> Callable[..., int]:
    """An entry point like those of `scalar`, made of segments; each method is compiled when it is first needed.

    Parameters
    ----------
    data, n, parts
        The methods, the number of components that kernels know (None: open), and the parts of the problem.
    compiled : function
        `compiled(method, change) -> entry`, with the names of its kernels passed through `change`.
    looking : function
        Makes `largest_rate`.
    """
    made: dict[int, tuple[Any, Step, Method]] = {}
    limits = {k: boundary(method.data) for k, method in enumerate(data.methods) if isinstance(method.data, Tableau)}

    def single(k: int) -> tuple[Any, Step, Method]:
        if k not in made:
            method = data.methods[k]
            step = step_of(method, n, parts)

            def change(names: dict[str, Any]) -> dict[str, Any]:
                watch = names["watch"]
                return names | {
                    "watch": watch_stiffness(method.data, watch) if k in limits else watch_duration(watch),
                    "is_full": or_counted(names["is_full"], k in limits),
                    "dense": of_degree(names["dense"], method.degree, data.degree),
                    "degree": data.degree,
                    "coefficients": workspace(n, data.degree, data.degree),
                }

            made[k] = compiled(method, change), step, method
        return made[k]

    rate: Any = None

    def is_easy(k: int, y: Any, p: Any, rtol: float, atol: Any, real: Any, whole: Any) -> bool:
        """Whether the explicit method could take steps of this length."""
        nonlocal rate
        rate = rate or looking()
        whole[JACOBIANS] += 1
        whole[EVALUATIONS] += 1
        return bool(abs(real[DT]) * rate(real[T], y, p, rtol, atol) < EASY * limits[k] / 2 ** (whole[LEVEL] // 2))

    def run(  # type: ignore[no-untyped-def]
        y_now, y_resume, p, t1, rtol, atol, control, limit, real, whole, ts, ys, steps, saveat, log, marks, memory
    ):
        explicit, implicit = data.explicit_for(rtol), data.implicit_for(rtol, len(y_now))
        left = limit
        if whole[MODE] == 0:
            whole[MODE] = whole[RESUME_MODE] = explicit + 1
        while True:
            k = int(whole[MODE]) - 1
            entry, step, method = single(k)
            cut, accepted, refused, dense = whole[[CUT, ACCEPTED, REFUSED, DENSE_EVALUATIONS]].tolist()
            code = entry(
                y_now, y_resume, p, t1, rtol, atol, control_of(method, float(control[5])), left, real, whole,
                ts, ys, steps, saveat, log, marks, memory,
            )  # fmt: skip
            accepted = int(whole[ACCEPTED]) - accepted
            tried = accepted + int(whole[REFUSED]) - refused
            left -= tried
            whole[EVALUATIONS] += tried * step.cost + accepted * step.finish_cost
            whole[EVALUATIONS] += (int(whole[DENSE_EVALUATIONS]) - dense) * step.dense_cost
            whole[JACOBIANS] += tried * step.jacobians
            whole[FACTORISATIONS] += tried * step.factorisations
            if whole[CUT] and not cut:
                whole[RESUME_MODE], whole[RESUME_CHECK], whole[RESUME_LEVEL] = k + 1, whole[CHECK], whole[LEVEL]
            if k not in limits:
                whole[IMPLICIT] += accepted
            due = code == FULL and whole[SCORE] >= (CONFIRMED if k in limits else whole[CHECK])
            if not due:
                return code
            if k in limits:
                target, check = implicit, FIRST_LOOK
            elif real[DT] == 0.0 or not is_easy(explicit, y_now, p, rtol, atol, real, whole):
                whole[CHECK] += min(int(whole[CHECK]), LAST_LOOK)
                target, check = k, int(whole[CHECK])
            else:
                target, check = explicit, 0
            if target != k:
                whole[MODE], whole[SCORE], whole[CHECK] = target + 1, 0, check
                whole[LEVEL] += 1
                whole[SWITCHES] += 1
                real[GROW], real[LOG_ERROR] = method.controller.grow, 0.0
                memory[0] = 0.0
                if whole[CUT] == 0:
                    whole[RESUME_SCORE] = 0
            if left <= 0:
                return LIMIT

    return run
