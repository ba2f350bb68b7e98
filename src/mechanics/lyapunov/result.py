"""A Lyapunov spectrum with its errors, its history and a verdict."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .dimension import entropy_bound, jackknife, kaplan_yorke_dimension
from .statistics import ROUNDING, Statistics, statistics, with_drift
from .verdict import Verdict, diverged, fixed_point, is_zero, judge, remarked

if TYPE_CHECKING:
    from .covariant import CovariantVectors
    from .event_driven import EventDriven, Events
    from .job import Job

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """Lyapunov exponents per unit time (maps: per iteration), largest first.

    Attributes
    ----------
    exponents : ndarray, shape (k,)
        Means over the run; NaN if it diverged, -infinity where the derivative lost rank.
    stderr : ndarray, shape (k,)
        Standard errors from block means.
    verdict : str
        Whether to trust them, and what to do if not.
    converged : bool
        Whether the verdict is good.
    blocks : ndarray, shape (blocks, k)
        Exponents of each block, in the order of `exponents`: local (finite-time) exponents of a block's length.
    times : ndarray, shape (blocks,)
        Averaging time at the end of each block.
    history : ndarray, shape (blocks, k)
        Running means at `times`.
    time : float
        Averaging time, without the transient.
    dt : float
        Step of a flow, or of the grid where the method chooses its steps; 1 for maps.
    interval : int
        Steps between orthonormalisations.
    resets : ndarray, shape (k,)
        How often a vector was replaced because nothing was left of it.
    growth_ratio : float
        Largest ratio of the growth of two vectors between orthonormalisations; beyond 1e10 the last digits suffer.
    tangent : {"jacobian", "duals", "differences", "exact"}
        How derivatives were found; "exact" from event to event.
    events : Events or None
        Of a chain that is solved from event to event: their number, how many shared their time with others, how many
        were passed too slowly for a derivative, and how many blocks were at rest at once at most.
    state : ndarray, shape (n,)
        Where the system is now.
    """

    job: "Job | EventDriven" = field(repr=False)
    p: Any = field(repr=False)
    V: Array = field(repr=False)
    step: int
    dt: float
    interval: int
    per_block: int
    sums: Array = field(repr=False)  # (blocks, k) of log R_jj, unsorted
    resets: NDArray[np.int64] = field(repr=False)
    growth_ratio: float = field(repr=False)
    rtol: float = field(repr=False)
    divergence: int | None = field(repr=False, default=None)  # step
    at_rest: bool = field(repr=False, default=False)
    events: "Events | None" = None

    @property
    def tangent(self) -> str:
        """How derivatives were found."""
        return self.job.backend

    @property
    def state(self) -> Array:
        """The state at the end."""
        state: Array = self.V[0, :, 0].copy()
        return state

    @property
    def block_time(self) -> float:
        """Length of a block in units of time."""
        return self.per_block * self.interval * self.dt

    @property
    def time(self) -> float:
        """Averaging time."""
        return len(self.sums) * self.block_time

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Columns of the sums by falling mean; windows are not sorted one by one, which would bias them."""
        means = self.sums.mean(axis=0) if len(self.sums) else np.zeros(self.job.k)
        return np.argsort(-means, kind="stable")

    @cached_property
    def blocks(self) -> Array:
        """Exponents of each block."""
        blocks: Array = self.sums[:, self.order] / self.block_time
        return blocks

    @property
    def times(self) -> Array:
        """Averaging times at the ends of blocks."""
        return self.block_time * np.arange(1.0, len(self.sums) + 1.0)

    @property
    def history(self) -> Array:
        """Running means."""
        means: Array = np.cumsum(self.blocks, axis=0) / np.arange(1.0, len(self.sums) + 1.0)[:, None]
        return means

    @cached_property
    def statistics(self) -> Statistics:
        """Means, errors, and what they come from."""
        return statistics(self.blocks)

    @property
    def exponents(self) -> Array:
        """Means over the run."""
        return np.full(self.job.k, np.nan) if self.divergence is not None else self.statistics.mean

    @property
    def stderr(self) -> Array:
        """Standard errors, rounding and drift included."""
        if self.divergence is not None:
            return np.full(self.job.k, np.nan)
        return with_drift(self._scatter, self.blocks)

    @property
    def _scatter(self) -> Array:
        """Standard errors of what does not drift, rounding included."""
        return np.sqrt(self.statistics.stderr**2 + (ROUNDING / (self.interval * self.dt)) ** 2)

    @cached_property
    def _verdict(self) -> Verdict:
        if self.divergence is not None:
            when = self.job.origin + self.divergence * self.dt
            return diverged(when, "iteration" if self.job.is_map else "t =", self.job.implicit)
        remarks = self.job.remarks(self.job.origin + self.step * self.dt)
        if self.at_rest:
            verdict = fixed_point(self.job.k)
        else:
            found = self.statistics._replace(stderr=self._scatter)
            unit = "iterations" if self.job.is_map else "units of time"
            verdict = judge(found, self.blocks, self.time, self.rtol, unit)
        return remarked(verdict, self.exponents, int(self.resets.sum()), self.events, remarks)

    @property
    def verdict(self) -> str:
        """Whether to trust the exponents."""
        return self._verdict.text

    @property
    def converged(self) -> bool:
        """Whether the verdict is good."""
        return self._verdict.converged

    @property
    def zeros(self) -> int:
        """Number of exponents that cannot be told from zero."""
        return int(is_zero(self.exponents, self.stderr, self.time).sum()) if self.divergence is None else 0

    @property
    def kaplan_yorke(self) -> float:
        """Kaplan and Yorke's dimension; NaN where more exponents are needed."""
        return kaplan_yorke_dimension(self.exponents, self.job.n)

    @property
    def kaplan_yorke_stderr(self) -> float:
        """Its standard error, from blocks."""
        return jackknife(self.statistics.groups, lambda mean: kaplan_yorke_dimension(mean, self.job.n))

    @property
    def entropy(self) -> float:
        """Sum of the positive exponents, a bound of the Kolmogorov-Sinai entropy."""
        return entropy_bound(self.exponents)

    @property
    def entropy_stderr(self) -> float:
        """Its standard error, from blocks."""
        return jackknife(self.statistics.groups, entropy_bound)

    @cached_property
    def checks(self) -> "dict[str, Any]":
        """Identities that the spectrum has to meet: see `mechanics.lyapunov.checks`."""
        from .checks import checks_of

        return checks_of(self)

    def proceed(self, total: float) -> "LyapunovSpectrum":
        """The spectrum of a longer run: go on until `total` units of averaging time.

        The result has the same bits as one run of that length with the same blocks.

        Raises
        ------
        ValueError
            If the run has diverged, or is as long already.
        """
        from .spectrum import proceed

        return proceed(self, total)

    def local(self, time: float) -> Array:
        """Finite-time exponents over successive windows of about this length, shape (windows, k).

        Windows are whole numbers of blocks, and their exponents in the order of `exponents`.
        """
        from .statistics import grouped

        return grouped(self.blocks, min(len(self.blocks), max(1, round(time / self.block_time))))

    def covariant(
        self, time: float | None = None, *, transient: float | None = None, seed: int | None = None
    ) -> "CovariantVectors":
        """Covariant Lyapunov vectors along the orbit from here on: see `mechanics.lyapunov.covariant_vectors`."""
        from .covariant import covariant_vectors

        return covariant_vectors(self, time, transient=transient, seed=seed)

    def __str__(self) -> str:
        unit = "per iteration" if self.job.is_map else "per unit time"
        rows = [f"Lyapunov exponents {unit}, {self.job.k} of {self.job.n}"]
        rows += [f"  {x:+.6g} +- {e:.2g}" for x, e in zip(self.exponents, self.stderr, strict=True)]
        if np.isfinite(self.kaplan_yorke):
            rows.append(f"Kaplan-Yorke dimension {self.kaplan_yorke:.5g} +- {self.kaplan_yorke_stderr:.2g}")
        return "\n".join([*rows, self.verdict])
