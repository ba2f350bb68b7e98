"""How a solve ended, and what to do where it failed."""

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """Outcome of a solve; the value is the sentence for the user."""

    SUCCESS = "The end of the time interval was reached."
    EVENT = "A terminal event stopped the solve."
    MAX_STEPS = "The step budget was used up before the end."
    MAX_SECONDS = "The time budget was used up before the end."
    INTERRUPTED = "The solve was interrupted; what was done is returned."
    TOO_LARGE = "The saved steps would not fit into memory."
    DT_UNDERFLOW = "The step size fell below what the precision of time allows."
    NON_FINITE = "The drift returned a value that is not finite."
    BLOW_UP = "The solution grows without bound in finite time."
    STIFF = "The problem is probably stiff: stability, not accuracy, limits the step."
    DISCONTINUITY = "The drift is probably discontinuous here."
    NO_CONVERGENCE = "Newton's iteration for the stages of an implicit step did not converge."
    TOLERANCE = "The tolerance asks for more than double precision can give."

    @property
    def ok(self) -> bool:
        """Whether the solve did all that was asked for."""
        return self in (Status.SUCCESS, Status.EVENT)


@dataclass(frozen=True)
class Report:
    """Where a solve ended and why.

    Attributes
    ----------
    t : float
        Time reached.
    dt : float
        Length of the last step tried.
    step : int
        Accepted steps so far.
    component : int or None
        The component that caused the failure, or had the largest error.
    remedy : str
        What to do; empty after success.
    """

    t: float
    dt: float
    step: int
    component: int | None = None
    remedy: str = ""


class SolveError(RuntimeError):
    """A solve that failed; `solution` holds what was done, with `status` and `report`."""

    def __init__(self, message: str, solution: object) -> None:
        super().__init__(message)
        self.solution = solution
