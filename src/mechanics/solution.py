"""The result of a solve: saved states, how it ended, what it cost, and how to go on from it."""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .engine import layout
from .engine.interpolate import interpolate
from .files import read_npz, write_npz
from .problem import Problem, finite_time
from .status import Report, SolveError, Status
from .trajectory import CARRIED, Trajectory

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]
FORMAT = "mechanet-solution/1"


@dataclass(frozen=True)
class Stats:
    """Cost of a solve.

    Attributes
    ----------
    accepted, refused : int
        Steps, and attempts that were discarded.
    evaluations : int
        Calls of the drift.
    seconds : float
        Wall time of the solve, compilation included.
    compiled : int
        Functions compiled for this call (0 once the drift is known on this machine).
    engine : str
        "scalar": one trajectory.
    jacobians, factorisations : int
        Evaluations of the Jacobian (the drift's evaluations for its differences are in `evaluations`), and LU
        factorisations of implicit methods.
    switches, implicit_steps : int
        Of methods that change between explicit and implicit steps: changes, and accepted implicit steps.
    """

    accepted: int
    refused: int
    evaluations: int
    seconds: float
    compiled: int
    engine: str = "scalar"
    jacobians: int = 0
    factorisations: int = 0
    switches: int = 0
    implicit_steps: int = 0


@dataclass(frozen=True, eq=False)
class EventLog:
    """Occurrences of one event: times (k,) and states (k, n) before any change of state."""

    ts: Array
    ys: Array


@dataclass(frozen=True, eq=False)
class Dense:
    """Interpolant of a solution.

    Attributes
    ----------
    ts, ys : ndarray, shapes (m,) and (m, n)
        Ends of the steps.
    steps : ndarray, shape (m - 1, 1 + degree n)
        Length of each step and coefficients of its polynomial.
    """

    ts: Array
    ys: Array
    steps: Array


@dataclass(frozen=True, eq=False)
class Solution:
    """Saved states of one trajectory.

    Attributes
    ----------
    ts : ndarray, shape (m,)
        Saved times: `saveat`, or the start and the end of every accepted step.
    ys : ndarray, shape (m, n)
        States at `ts`.
    status : Status
        How the solve ended; `status.value` is a sentence.
    stats : Stats
        Steps, evaluations, compilations, seconds.
    events : tuple of EventLog
        Times and states of each event, in the order in which the events were given.
    t, y : float and ndarray, shape (n,)
        Time and state reached.
    method : str
        Name of the method.
    report : Report
        Time reached, last step, responsible component, remedy.
    calculus : str or None
        "Ito" or "Stratonovich": how the method read the diffusion; `seed` and `member` name the noise.
    """

    ts: Array
    ys: Array
    status: Status
    stats: Stats
    events: tuple[EventLog, ...]
    t: float
    y: Array
    method: str
    run: Trajectory = dataclasses.field(repr=False)
    component: int | None = dataclasses.field(default=None, repr=False)
    remedy: str = dataclasses.field(default="", repr=False)
    dense: Dense | None = dataclasses.field(default=None, repr=False)
    problem: Problem | None = dataclasses.field(default=None, repr=False)
    calculus: str | None = None

    @property
    def seed(self) -> int | None:
        """What names the noise of a stochastic solve; the word that a SeedSequence gives."""
        return int(self.run.whole[layout.SEED]) % 2**64 if self.run.whole[layout.REFINE] > 0 else None

    @property
    def member(self) -> int | None:
        """Whose noise a stochastic solve took."""
        return int(self.run.whole[layout.MEMBER]) if self.run.whole[layout.REFINE] > 0 else None

    @property
    def report(self) -> Report:
        """Where the solve ended: time, last step, responsible component, remedy."""
        dt = float(self.run.real[layout.DT])
        return Report(self.t, dt, self.stats.accepted, self.component, self.remedy)

    @property
    def message(self) -> str:
        """What happened, where, and what to do about it."""
        where = f" At t = {self.t:.10g} after {self.stats.accepted} steps"
        if self.stats.switches:
            where += f" ({self.stats.implicit_steps} implicit, {self.stats.switches} changes of method)"
        if not self.status.ok:
            where += f", dt = {self.report.dt:.3g}"
        if self.component is not None:
            where += f", component {self.component}"
        name = "a path" if self.seed is None else f"seed {self.seed}, member {self.member}"
        noise = f" {self.method} reads the diffusion in the sense of {self.calculus}; noise of {name}."
        return f"{self.status.value}{where}. {self.remedy}".rstrip() + (noise if self.calculus else "")

    def raise_for_status(self) -> "Solution":
        """Raise SolveError if the solve failed; else return the solution itself."""
        if not self.status.ok and self.status is not Status.INTERRUPTED:
            raise SolveError(self.message, self)
        return self

    def __call__(self, t: ArrayLike) -> Array:
        """State at any time of the solve, from the method's own interpolant.

        Parameters
        ----------
        t : float or array_like, shape (k,)

        Returns
        -------
        ndarray, shape (n,) or (k, n)

        Raises
        ------
        ValueError
            If the solve did not keep its interpolant (`dense=True`), or a time lies outside of it.
        """
        if self.dense is None:
            raise ValueError("This solution kept no interpolant; solve with dense=True.")
        return interpolate(self.dense.ts, self.dense.ys, self.dense.steps, np.asarray(t, dtype=np.float64))

    def restart(self, *, t1: float, problem: Problem | None = None) -> "Restart":
        """What `solve` takes to go on to `t1`, with the same bits as one uninterrupted solve.

        With `dense=True` the continued solution begins a little before this one ends: where the step begins that was
        cut to end here.

        Parameters
        ----------
        t1 : float
            New end, beyond the present one in the direction of the solve.
        problem : Problem, optional
            Needed only after `Solution.load`, which cannot store functions.
        """
        given = problem or self.problem
        if given is None:
            raise ValueError("A loaded solution has no functions; pass problem= with the same drift and parameters.")
        end = finite_time(t1, "t1")
        if (end - self.t) * (given.t1 - given.t0) < 0.0:
            raise ValueError(f"t1 = {end} lies before t = {self.t}, where the solution ended.")
        return Restart(dataclasses.replace(given, t1=end), self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write arrays, status and state to an .npz file (never pickle), whole or not at all."""
        about = {
            "format": FORMAT,
            "status": self.status.name,
            "component": self.component,
            "remedy": self.remedy,
            "stats": dataclasses.asdict(self.stats),
            "events": len(self.events),
            "method": self.method,
            "t": self.t.hex(),
            "calculus": self.calculus,
        }
        arrays = {"ts": self.ts, "ys": self.ys}
        arrays |= {f"run_{name}": getattr(self.run, name) for name in CARRIED}
        for i, log in enumerate(self.events):
            arrays |= {f"event{i}_ts": log.ts, f"event{i}_ys": log.ys}
        if self.dense is not None:
            arrays |= {f"dense_{name}": getattr(self.dense, name) for name in ("ts", "ys", "steps")}
        return write_npz(path, about=json.dumps(about), **arrays)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "Solution":
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is not a saved solution.
        """
        about, arrays = read_npz(path, FORMAT, "a saved solution")
        run = Trajectory(**{name: arrays[f"run_{name}"] for name in CARRIED})
        dense = Dense(*(arrays[f"dense_{name}"] for name in ("ts", "ys", "steps"))) if "dense_ts" in arrays else None
        return Solution(
            ts=arrays["ts"],
            ys=arrays["ys"],
            status=Status[about["status"]],
            stats=Stats(**about["stats"]),
            events=tuple(EventLog(arrays[f"event{i}_ts"], arrays[f"event{i}_ys"]) for i in range(about["events"])),
            t=float.fromhex(about["t"]),
            y=run.y,
            method=about["method"],
            run=run,
            component=about["component"],
            remedy=about["remedy"],
            dense=dense,
            calculus=about.get("calculus"),
        )

    def to_xarray(self) -> "xarray.Dataset":
        """Saved states as a labelled dataset (needs xarray: the extra `sweep`)."""
        try:
            import xarray
        except ImportError:
            raise ImportError("to_xarray needs xarray; install it with: pip install 'mechanet[sweep]'") from None
        return xarray.Dataset(
            {"y": (("time", "component"), self.ys)},
            coords={"time": self.ts, "component": np.arange(self.ys.shape[1])},
            attrs={"status": self.status.name, "method": self.method, **dataclasses.asdict(self.stats)},
        )


@dataclass(frozen=True, eq=False)
class Restart:
    """A solve to be continued: made by `Solution.restart`, taken by `solve`."""

    problem: Problem
    solution: Solution
