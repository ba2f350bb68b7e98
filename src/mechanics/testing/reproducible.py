"""Does the same call give the same bits: again, in two parts, in an ensemble, on any number of threads?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.methods import Method

from ._runs import Step, as_problem, changed, check_method, name_of, walk

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ReproducibleCheck:
    """Outcome of `check_reproducible`: what was compared, each bit for bit."""

    method: str
    compared: tuple[str, ...]


def check_reproducible(
    problem: Any,
    method: Method | Step,
    *,
    dt: float | None = None,
    members: int = 5,
    threads: tuple[int, ...] = (1, 2),
    **options: Any,
) -> ReproducibleCheck:
    """Check that results do not depend on how the work is done.

    Parameters
    ----------
    problem : Problem or System
        What to solve.
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> y1`.
    dt : float, optional
        Fixed step; needed without an error estimate and for plain functions.
    members : int
        Members of the ensemble; they start from y0 (1 + k / 1000).
    threads : tuple of int
        Thread counts to compare.
    **options
        Passed to `solve` and `ensemble`: rtol, atol, seed.

    Returns
    -------
    ReproducibleCheck
        `compared` lists "again", "in two parts", "member alone", "threads" as far as they apply.

    Raises
    ------
    AssertionError
        If any bit differs.
    ValueError
        If a plain function comes without dt.
    """
    check_method(method)
    name = name_of(method)
    if not isinstance(method, Method):
        if dt is None:
            raise ValueError(f"{name} is a plain function; give its step with dt=.")
        return _plain(problem, method, dt)
    from mechanics.solving import solve

    start = as_problem(problem)
    whole = solve(start, method, dt=dt, **options)
    again = solve(start, method, dt=dt, **options)
    _same(name, "again", whole.ts, again.ts, whole.ys, again.ys)
    compared = ["again"]
    if len(whole.ts) > 3:
        part = solve(start, method, dt=dt, max_steps=len(whole.ts) // 2, throw=False, **options)
        rest = solve(part.restart(t1=start.t1), method, dt=dt, **options)
        _same(name, "in two parts", whole.ts[-1:], rest.ts[-1:], whole.ys[-1], rest.ys[-1])
        compared.append("in two parts")
    compared += _ensembles(start, method, dt, members, threads, options)
    return ReproducibleCheck(name, tuple(compared))


def _ensembles(
    problem: Any, method: Method, dt: float | None, members: int, threads: tuple[int, ...], options: dict[str, Any]
) -> list[str]:
    from mechanics import ensemble, solve

    starts = problem.y0 * (1.0 + np.arange(members)[:, None] / 1000.0)
    runs = [
        ensemble(problem, method, y0=starts, dt=dt, saveat=[problem.t1], threads=k, **options).ys[:, -1]
        for k in threads
    ]
    for k, run in zip(threads[1:], runs[1:], strict=True):
        _same(name_of(method), f"on {k} threads", runs[0], run)
    if problem.diffusion is None:  # a single solve of noise is member 0, which starts from y0 itself
        singles = [solve(changed(problem, y0=y0), method, dt=dt, **options).ys[-1] for y0 in starts]
    else:
        runs[0], singles = runs[0][:1], [solve(problem, method, dt=dt, **options).ys[-1]]
    _same(name_of(method), "as a member of an ensemble", runs[0], np.array(singles))
    return ["member alone", "threads"]


def _plain(problem: Any, step: Step, dt: float) -> ReproducibleCheck:
    steps = max(2, round(abs(problem.t1 - problem.t0) / dt))
    whole, again = walk(step, problem, steps), walk(step, problem, steps)
    _same(name_of(step), "again", whole, again)
    # the second part in the same steps: t and dt must be the numbers of the whole run
    half, dt = steps // 2, (problem.t1 - problem.t0) / steps
    y = whole[half].copy()
    for i in range(half, steps):
        y = np.asarray(step(problem.t0 + i * dt, dt, y.copy(), problem.drift, problem.p), float)
    _same(name_of(step), "in two parts", whole[-1], y)
    return ReproducibleCheck(name_of(step), ("again", "in two parts"))


def _same(name: str, how: str, *pairs: Array) -> None:
    """Raise AssertionError unless a, b of each pair have equal bits (NaN equals NaN)."""
    for a, b in zip(pairs[::2], pairs[1::2], strict=True):
        if a.shape != b.shape:
            raise AssertionError(f"{name} run {how} has shape {b.shape} instead of {a.shape}.")
        if a.tobytes() != b.tobytes():
            where = np.argwhere((a != b) & ~(np.isnan(a) & np.isnan(b)))
            at = tuple(map(int, where[0])) if len(where) else ()
            worst = float(np.nanmax(np.abs(a - b)))
            raise AssertionError(f"{name} run {how} differs in its bits, by up to {worst:.1e}, first at index {at}.")
