"""The result of an ensemble."""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .members import member_parameters
from .methods import Method
from .problem import Problem
from .solution import EventLog, Solution
from .solving import solve
from .status import SolveError, Status

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EnsembleStats:
    """Cost of an ensemble.

    Attributes
    ----------
    accepted, refused : int
        Steps and discarded attempts of all members.
    seconds : float
        Wall time, compilation included.
    compiled : int
        Functions compiled for this call.
    engine : str
        "lanes": many members in each vector; "scalar": one by one.
    threads : int
    """

    accepted: int
    refused: int
    seconds: float
    compiled: int
    engine: str
    threads: int


@dataclass(frozen=True, eq=False)
class Ensemble:
    """States or reductions of many members.

    Attributes
    ----------
    ts : ndarray, shape (m,)
        Requested times.
    ys : ndarray, shape (members, m, n)
        States at `ts` (empty where reductions were asked for); NaN after a member's end.
    t, y : ndarray, shapes (members,) and (members, n)
        Time and state that each member reached.
    codes : ndarray of int, shape (members,)
        How each member ended; `status` has them as `Status`.
    steps, refused : ndarray of int, shape (members,)
        Accepted steps and discarded attempts.
    reduced : tuple of ndarray or None
        Results of the reductions, in the order given; over members (m, ..., n) of those that reached the end, over time
        (members, ..., n).
    members : ndarray of int, shape (members,)
        Index of each member in the ensemble that the seed names.
    stats : EnsembleStats
    events : tuple of tuple of EventLog
        For each member the log of each event, as `Solution.events`; empty without events.
    """

    ts: Array
    ys: Array
    t: Array
    y: Array
    codes: NDArray[np.int64]
    steps: NDArray[np.int64]
    refused: NDArray[np.int64]
    reduced: tuple[Array | None, ...]
    members: NDArray[np.int64]
    stats: EnsembleStats
    problem: Problem = dataclasses.field(repr=False)
    method: Method = dataclasses.field(repr=False)
    events: tuple[tuple[EventLog, ...], ...]
    plan: Any = dataclasses.field(repr=False)
    outcomes: dict[int, Status] = dataclasses.field(repr=False)

    @property
    def seed(self) -> int:
        """What names the noise; the word that a SeedSequence gives."""
        seed: int = self.plan.seed
        return seed

    def __len__(self) -> int:
        return len(self.members)

    @property
    def status(self) -> tuple[Status, ...]:
        """How each member ended."""
        return tuple(self.outcomes[code] for code in self.codes.tolist())

    @property
    def failed(self) -> NDArray[np.int64]:
        """Positions of the members that did not reach the end."""
        good = [code for code, status in self.outcomes.items() if status.ok]
        return np.flatnonzero(~np.isin(self.codes, good))

    def solve_member(self, i: int, **options: Any) -> Solution:
        """Solve the member at position `i` alone, with the same steps: for a diagnosis, a dense output, a longer run.

        Parameters
        ----------
        i : int
        **options
            For `solve`, instead of those of the ensemble.
        """
        plan, problem = self.plan, self.problem
        y0 = plan.states[i if len(plan.states) > 1 else 0]
        single = dataclasses.replace(problem, y0=y0, p=member_parameters(plan.varied, i))
        given = {
            "dt": plan.dt,
            "rtol": plan.rtol,
            "atol": plan.atol,
            "first_dt": plan.first_dt or None,
            "max_dt": plan.max_dt,
            "events": plan.events,
            "seed": plan.seed,
            "member": int(self.members[i]),
            "refine": plan.refine,
            "max_steps": None if plan.attempts == np.inf else int(plan.attempts),
        }
        return solve(single, self.method, **(given | options))

    def raise_for_status(self) -> "Ensemble":
        """Raise SolveError if a member failed; else return the ensemble itself."""
        failed = self.failed
        counts = Counter(self.outcomes[code] for code in self.codes[failed].tolist())
        if not len(failed) or Status.INTERRUPTED in counts:
            return self
        many = ", ".join(f"{count} {status.name}" for status, count in counts.items())
        first = int(failed[0])
        said = "The time budget was used up."
        if self.outcomes[int(self.codes[first])] is not Status.MAX_SECONDS:
            said = self.solve_member(first, saveat=(), throw=False).message
        raise SolveError(f"{len(failed)} of {len(self)} members failed ({many}). Member {first}: {said}", self)

    def to_xarray(self) -> "xarray.Dataset":
        """States as a labelled dataset (needs xarray: the extra `sweep`)."""
        try:
            import xarray
        except ImportError:
            raise ImportError("to_xarray needs xarray; install it with: pip install 'mechanet[sweep]'") from None
        component = np.arange(self.y.shape[1])
        data = {"y_final": (("member", "component"), self.y), "t_final": ("member", self.t)}
        if self.ys.size:
            data["y"] = (("member", "time", "component"), self.ys)
        return xarray.Dataset(
            data,
            coords={"member": self.members, "component": component, "time": self.ts},
            attrs={"method": self.method.name, **dataclasses.asdict(self.stats)},
        )
