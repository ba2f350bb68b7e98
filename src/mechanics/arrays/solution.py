"""The result of a solve on arrays."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solution import EventLog, Stats
from ..status import Report, SolveError, Status
from .output import KeepSteps

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MemberStats:
    """What each member cost and how it ended, where members have steps of their own.

    Attributes
    ----------
    accepted, refused : ndarray of int, shape (members,)
        Steps, and attempts that were discarded.
    t : ndarray, shape (members,)
        Time reached.
    failed : ndarray of int
        Members that did not reach the end.
    """

    accepted: NDArray[np.int64]
    refused: NDArray[np.int64]
    t: Vector
    failed: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ArraySolution:
    """Saved states of one trajectory, in arrays of the user's framework.

    Attributes
    ----------
    ts : array, shape (m,)
        Saved times: `saveat`, or the start and the end of every accepted step.
    ys : array, shape (m, ...)
        States at `ts`; they carry gradients.
    status : Status
        How the solve ended; `status.value` is a sentence.
    stats : Stats
        Steps, evaluations, seconds; steps of all members together, where these have their own.
    events : tuple of EventLog
        Times and states of each event, in the order in which the events were given.
    t : float
        Time reached; the earliest of the members'.
    y : array
        State reached.
    method : str
        Name of the method.
    members : MemberStats or None
        Where members have steps of their own.
    report : Report
        Time reached, last step, responsible component, remedy.
    """

    ts: Any
    ys: Any
    status: Status
    stats: Stats
    events: tuple[EventLog, ...]
    t: float
    y: Any
    method: str
    report: Report
    members: MemberStats | None = None
    dense: KeepSteps | None = dataclasses.field(default=None, repr=False)

    @property
    def message(self) -> str:
        """What happened, where, and what to do about it."""
        report = self.report
        where = f" At t = {report.t:.10g} after {report.step} steps"
        if self.members is not None:
            shown = self.members.failed[:10].tolist()
            where = f" Members {shown}:{where.lower()}" if shown else where + " of all members"
        if not self.status.ok:
            where += f", dt = {report.dt:.3g}"
        if report.component is not None:
            where += f", component {report.component}"
        return f"{self.status.value}{where}. {report.remedy}".rstrip()

    def raise_for_status(self) -> "ArraySolution":
        """Raise SolveError if the solve failed; else return the solution itself."""
        if not self.status.ok and self.status is not Status.INTERRUPTED:
            raise SolveError(self.message, self)
        return self

    def __call__(self, t: Any) -> Any:
        """State at any time of the solve, from the method's own interpolant.

        Parameters
        ----------
        t : float or array_like of the host, shape (k,)

        Returns
        -------
        array, shape (...) or (k, ...)

        Raises
        ------
        ValueError
            If the solve did not keep its interpolant (`dense=True`), or a time lies outside of it.
        """
        kept = self.dense
        if kept is None:
            raise ValueError("This solution kept no interpolant; solve with dense=True.")
        wanted = np.asarray(t.tolist() if hasattr(t, "tolist") else t, dtype=np.float64)
        if wanted.ndim > 1:
            raise ValueError(f"t must be a number or an array of shape (k,), but has shape {wanted.shape}.")
        low, high = sorted((kept.t0, self.t))
        outside = wanted.ravel()[~((wanted >= low) & (wanted <= high)).ravel()]
        if len(outside):
            raise ValueError(f"t must lie in [{low}, {high}], but {outside[0]} does not.")
        if wanted.ndim == 0:
            return kept.at(float(wanted), self.t, self.y)
        return kept.framework.stack([kept.at(float(each), self.t, self.y) for each in wanted])
