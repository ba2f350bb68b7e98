"""How the tangent dynamics of a system may be found, best first: what `job` tries to compile, one after the other.

jacobian      the matrix of the user
duals         the derivative of the formulas
differences   central differences: of the drift, and of a whole step where the scheme itself cannot take duals
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..engine.adopt import adopt
from ..engine.stack import STACK
from ..methods import Method
from ..problem import Problem
from . import implicit, linearised, tangents
from .map import Map
from .steps import IMPLICIT, Steps, adaptive_steps, nothing_drawn, steps_of_flow, steps_of_map

NAMES = ("jacobian", "duals", "differences")


class Backend(NamedTuple):
    """Kernels of one way."""

    name: str  # one of NAMES
    steps: Steps
    tangent: Any
    size: int  # of its working memory
    together: bool  # whether it takes all panels at once


def backends(system: Any, method: Method | None, width: int, wanted: str, tolerance: float | None) -> Iterator[Backend]:
    """The ways for a system; `wanted` is one of NAMES, or "auto" for all that there are.

    Raises
    ------
    ValueError
        If a Jacobian is wanted that there is not, or what uncompiled code cannot do.
    """
    if wanted == "jacobian" and system.jacobian is None:
        raise ValueError("tangent='jacobian' needs the system's jacobian=, but there is none; leave tangent out.")
    there = [name for name in NAMES if not (name == "jacobian" and system.jacobian is None)]
    make: Any = _of_map
    if method is not None and not isinstance(system, Map):
        make = _of_implicit if isinstance(method.data, IMPLICIT) else _of_flow
    if DISABLE_JIT:
        there = [name for name in there if name != "duals" and not (name == "jacobian" and make is _of_flow)]
        if tolerance is not None or wanted not in ("auto", *there):
            raise ValueError(
                "Uncompiled code has no duals, and so neither tangent='duals', nor the Jacobian of a flow in explicit "
                "steps, nor steps that choose their length: give dt= and leave tangent out."
            )
    if "jacobian" in there and getattr(system, "diffusion", None) is None:  # what is wrong with it is not covered up
        there = ["jacobian"]
    for name in there if wanted == "auto" else [wanted]:
        yield from make(name, system, method, width, tolerance)


def _of_map(name: str, system: Map, method: Any, width: int, tolerance: Any) -> Iterator[Backend]:
    n, steps = len(system.x0), steps_of_map(system)
    if name == "jacobian":
        yield Backend(name, steps, tangents.by_jacobian(system.f, system.jacobian, n, width), (3 + n) * n, False)
    elif name == "duals" and n == 2:
        yield Backend(name, steps, tangents.by_matrix(steps, width), 3, False)
    else:
        yield _by(name, steps, n, width)


def _of_flow(name: str, problem: Problem, method: Method, width: int, tolerance: float | None) -> Iterator[Backend]:
    n = len(problem.y0)
    if not DISABLE_JIT:
        if name == "jacobian":
            drift = linearised.drift_with_jacobian(problem.drift, problem.jacobian, n, width)
        elif name == "differences":
            drift = linearised.drift_with_differences(problem.drift, n, width)
        else:
            drift = adopt(problem.drift)
        if tolerance is None:
            steps = steps_of_flow(problem, method, drift, n if n <= STACK else None)
        else:
            steps = adaptive_steps(problem, method, drift, n, width, tolerance)
        yield _by("duals", steps, n, width)._replace(name=name)
    if name == "differences" and tolerance is None:  # lengths of steps that are chosen are not smooth functions
        steps = steps_of_flow(problem, method, adopt(problem.drift), n if n <= STACK else None)
        yield _by(name, steps, n, width)


def _by(name: str, steps: Steps, n: int, width: int) -> Backend:
    if name == "duals":
        size = ((steps.vectors + 1) * n + steps.more) * width
        return Backend(name, steps, tangents.by_duals(steps, n, width), size, False)
    return Backend(name, steps, tangents.by_differences(steps, n, width), (steps.vectors + 4) * n, False)


def _of_implicit(name: str, problem: Problem, method: Method, width: int, tolerance: Any) -> Iterator[Backend]:
    n, stages = len(problem.y0), implicit.stages_of(method.data)
    if name == "jacobian":
        fill = linearised.by_jacobian(problem.jacobian, n)
    else:
        by_duals, by_differences = linearised.by_duals, linearised.by_differences
        fill = by_duals(problem.drift, n, width) if name == "duals" else by_differences(problem.drift, n)
    tangent = implicit.by_stages(problem.drift, fill, stages, n, width)
    yield Backend(name, nothing_drawn(), tangent, implicit.size_of(stages, n, width), True)
