"""Why a run on arrays failed: the member that failed, as numbers of the host, before the questions of `diagnose`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..diagnose import Finding, diagnose
from ..engine import layout
from ..methods import Method
from ..status import Status
from ..trajectory import new_trajectory
from . import control
from .framework import Vector
from .run import Run

CODES = {control.UNDERFLOW: layout.UNDERFLOW, control.NON_FINITE: layout.NON_FINITE}
NO_TIMES, NO_MARKS = np.empty(0), np.empty((layout.MARKS, 0))


@dataclass(frozen=True)
class _Asked:
    """What `diagnose` asks of a problem."""

    drift: Any
    p: Any
    t0: float
    y0: Vector


def diagnose_arrays(problem: Any, method: Method, run: Run, found: Status | int, member: int) -> Finding:
    """Status, responsible component (of the flattened state), and remedy."""
    if found is Status.INTERRUPTED:
        return Status.INTERRUPTED, None, "Go on with a Problem that starts from solution.y at solution.t."
    framework, (reached, y, _) = run.framework, run.reached
    if framework.complex:
        return _plainly(found)
    parts = (member,) if run.members else ()

    def numbers(x: Any) -> Vector:
        found: Vector = np.array(framework.host(x)[parts]).reshape(-1)
        return found

    everyone = framework.host(y)

    def drift(t: float, state: Vector, p: Any, dy: Vector) -> None:
        whole = everyone.copy()
        whole[parts] = state.reshape(whole[parts].shape)
        with framework.undifferentiated():
            dy[:] = numbers(problem.drift(run.clock.at(np.full(len(reached), t)), framework.real(whole), p))

    state = numbers(y)
    trajectory = new_trajectory(
        state, float(reached[member]), run.t1, "nothing", NO_TIMES, method.degree, NO_MARKS, 0.0
    )
    trajectory.real[layout.DT] = run.real[member, control.DT]
    trajectory.whole[layout.NAN_SEEN] = run.whole[member, control.NAN_SEEN]
    trajectory.whole[layout.ACCEPTED] = run.whole[member, control.ACCEPTED]
    asked: Any = _Asked(drift, problem.p, run.t0, numbers(run.y0))
    atol = run.atol if isinstance(run.atol, float) else framework.host(run.atol + 0.0 * run.y0)[parts].reshape(-1)
    floor = np.broadcast_to(np.asarray(atol, np.float64), state.shape)
    code = found if isinstance(found, Status) else CODES[found]
    status, component, remedy = diagnose(asked, method, trajectory, code, run.rtol, floor)
    return status, component, remedy.replace("go on with solution.restart(t1=...), ", "")


def _plainly(found: Status | int) -> Finding:
    if isinstance(found, Status):
        return found, None, "Raise the budget, or loosen rtol."
    if found == control.NON_FINITE:
        return Status.NON_FINITE, None, "Check divisions, roots and logarithms in the drift."
    return Status.DT_UNDERFLOW, None, "Loosen rtol and atol, or look at the drift near this state."
