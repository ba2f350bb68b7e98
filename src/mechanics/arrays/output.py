"""What a run keeps of its accepted steps: nothing, their ends, their interpolants, or states at given times."""

# ruff: noqa: D102 - what a method does is said where it is declared

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trajectory import LARGEST
from .explicit import bernstein
from .framework import Framework, Vector
from .step import Step

Rows = NDArray[np.int64]


class Keep:
    """Nothing but the final state."""

    too_large = False  # whether what is kept goes beyond `LARGEST`

    def __init__(self, framework: Framework, t0: float, y0: Any) -> None:
        self.framework = framework
        self.ts: list[float] = []
        self.ys: list[Any] = []

    def step(
        self,
        step: Step,
        times: Any,
        dt: Any,
        start: Vector,
        length: Vector,
        end: Vector,
        accept: NDArray[np.bool_],
        y: Any,
        y1: Any,
    ) -> None:
        """Take note of the step from (start, y) to (end, y1), of those members that accept it.

        Where an event stopped it, the end lies before start + length.
        """

    def mark(self) -> Any:
        """What `back_to` needs to forget all later steps."""
        return len(self.ts)

    def back_to(self, mark: Any) -> None:
        """Forget all steps since the mark."""
        del self.ts[mark:], self.ys[mark:]

    def saved(self, t: Vector, y: Any) -> tuple[Vector, Any]:
        """Times and states, after a run that ended in (t, y)."""
        return np.array(self.ts), self.framework.stack(self.ys) if self.ys else empty_like(self.framework)


def empty_like(framework: Framework) -> Any:
    """No states."""
    return framework.stack([framework.y0])[:0, ...]


class KeepEnds(Keep):
    """The start and the end of every step."""

    def __init__(self, framework: Framework, t0: float, y0: Any) -> None:
        super().__init__(framework, t0, y0)
        self.ts.append(t0)
        self.ys.append(y0)
        self._most = LARGEST / max(1, framework.size * framework.itemsize)

    def step(self, step, times, dt, start, length, end, accept, y, y1):  # type: ignore[no-untyped-def]
        self.ts.append(float(end[0]))
        self.ys.append(y1)
        self.too_large = len(self.ys) > self._most


class KeepEnd(Keep):
    """The start and the end of the whole run: members have no steps in common."""

    def __init__(self, framework: Framework, t0: float, y0: Any) -> None:
        super().__init__(framework, t0, y0)
        self._start = t0, y0

    def saved(self, t: Vector, y: Any) -> tuple[Vector, Any]:
        t0, y0 = self._start
        return np.array([t0, t.max() if np.all(t >= t0) else t.min()]), self.framework.stack([y0, y])


class KeepTimes(Keep):
    """States at the requested times."""

    def __init__(self, framework: Framework, t0: float, y0: Any, wanted: Vector) -> None:
        super().__init__(framework, t0, y0)
        self.wanted = wanted.tolist()
        while len(self.ts) < len(self.wanted) and self.wanted[len(self.ts)] == t0:
            self.ts.append(t0)
            self.ys.append(y0)

    def step(self, step, times, dt, start, length, end, accept, y, y1):  # type: ignore[no-untyped-def]
        while len(self.ts) < len(self.wanted):
            t = self.wanted[len(self.ts)]
            if (t - end[0]) * length[0] > 0.0:
                break
            if t == end[0]:
                self.ys.append(y1)
            else:
                step.prepare(times, dt, y)
                self.ys.append(step.at((t - start[0]) / length[0], y))
            self.ts.append(t)


class KeepMemberTimes(Keep):
    """States at the requested times, which each member passes in a step of its own."""

    def __init__(self, framework: Framework, t0: float, y0: Any, wanted: Vector, sign: float) -> None:
        super().__init__(framework, t0, y0)
        self.wanted, self.members = wanted, framework.shape[0]
        self.sign = sign
        self._next = np.zeros(self.members, np.int64)
        self._pieces: list[Any] = []
        self._places: list[Rows] = []  # time * members + member, of each row of the pieces
        everyone = np.arange(self.members)
        for k in range(int(np.sum(wanted == t0))):
            self._add(y0, everyone, np.full(self.members, k))
            self._next = self._next + 1

    def _add(self, piece: Any, rows: Rows, k: Rows) -> None:
        self._pieces.append(piece)
        self._places.append(k * self.members + rows)

    def step(self, step, times, dt, start, length, end, accept, y, y1):  # type: ignore[no-untyped-def]
        ahead = np.searchsorted(self.sign * self.wanted, self.sign * end, "right")
        passed = np.where(accept, ahead - self._next, 0)
        if not passed.any():
            return
        rows = np.repeat(np.arange(self.members), passed)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(passed) - passed, passed)
        k = self._next[rows] + within
        at_end = self.wanted[k] == end[rows]
        if at_end.any():
            self._add(self._rows(y1, rows[at_end]), rows[at_end], k[at_end])
        rows, k = rows[~at_end], k[~at_end]
        if len(rows):
            step.prepare(times, dt, y)
            self._add(step.at_rows((self.wanted[k] - start[rows]) / length[rows], rows, y), rows, k)
        self._next = self._next + passed

    def mark(self) -> Any:
        return len(self._pieces), self._next

    def back_to(self, mark: Any) -> None:
        del self._pieces[mark[0] :], self._places[mark[0] :]
        self._next = mark[1]

    def _rows(self, y: Any, rows: Rows) -> Any:
        everyone = len(rows) == self.members and np.array_equal(rows, np.arange(self.members))
        return y if everyone else self.framework.take(y, rows)

    def saved(self, t: Vector, y: Any) -> tuple[Vector, Any]:
        framework, reached = self.framework, int(self._next.max(initial=0))
        if not reached:
            return self.wanted[:0], empty_like(framework)
        places = np.concatenate(self._places)
        nan = framework.stack([framework.y0[0, ...] * math.nan])  # the place of what a failed member did not reach
        order = np.full(reached * self.members, len(places))
        order[places] = np.arange(len(places))
        pieces = self._pieces if len(places) == len(order) else [*self._pieces, nan]
        together = framework.take(framework.concatenate(pieces), order)
        return self.wanted[:reached], framework.xp.reshape(together, (reached, *framework.shape))


class KeepSteps(Keep):
    """The end of every step and its interpolant, of one step for the whole state or one for each member."""

    def __init__(self, framework: Framework, t0: float, y0: Any, members: bool) -> None:
        super().__init__(framework, t0, y0)
        self.t0, self.members = t0, members
        self.starts: list[Vector] = []
        self.lengths: list[Vector] = []
        self.before: list[Any] = []
        self.coefficients: list[list[Any]] = []
        self._ends = KeepEnd(framework, t0, y0) if members else KeepEnds(framework, t0, y0)

    def step(self, step, times, dt, start, length, end, accept, y, y1):  # type: ignore[no-untyped-def]
        step.prepare(times, dt, y)
        self.starts.append(start.copy())
        self.lengths.append(np.where(accept, length, 0.0))
        self.before.append(y)
        self.coefficients.append(step.coefficients())
        self._ends.step(step, times, dt, start, length, end, accept, y, y1)
        self.too_large = self._ends.too_large

    def mark(self) -> Any:
        return len(self.starts), self._ends.mark()

    def back_to(self, mark: Any) -> None:
        for kept in (self.starts, self.lengths, self.before, self.coefficients):
            del kept[mark[0] :]
        self._ends.back_to(mark[1])

    def saved(self, t: Vector, y: Any) -> tuple[Vector, Any]:
        return self._ends.saved(t, y)

    def at(self, t: float, reached: float, y: Any) -> Any:
        """State at one time within what the run reached, in (reached, y)."""
        if not self.starts:
            return y
        if not self.members:
            starts = np.array([start[0] for start in self.starts])
            if t == reached:
                return y
            sign = math.copysign(1.0, self.lengths[0][0])
            i = max(int(np.searchsorted(sign * starts, sign * t, "right")) - 1, 0)
            beta = bernstein((t - starts[i]) / self.lengths[i][0], len(self.coefficients[i]))
            return self.framework.combine(self.before[i], self.coefficients[i], beta.tolist())
        return self._of_members(t)

    def _of_members(self, t: float) -> Any:
        framework = self.framework
        starts, lengths = np.array(self.starts), np.array(self.lengths)
        with np.errstate(all="ignore"):
            theta = (t - starts) / lengths
        within = (lengths != 0.0) & (theta >= 0.0) & (theta <= 1.0 + 1e-12)
        found = None
        for i in np.flatnonzero(within.any(axis=1)):
            rows = within[i]
            beta = bernstein(np.where(rows, theta[i], 0.0), len(self.coefficients[i]))
            shape = (-1,) + (1,) * (len(framework.shape) - 1)
            value = self.before[i]
            for b, q in zip(beta, self.coefficients[i], strict=True):
                value = value + framework.real(b.reshape(shape)) * q
            found = value if found is None else framework.where(framework.mask(rows.reshape(shape)), value, found)
        return found
