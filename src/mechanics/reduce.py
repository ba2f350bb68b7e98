"""Reductions of an ensemble while it runs: what is kept does not grow with the number of members, or of times.

Over `"members"`, a reduction keeps numbers for each requested time and component; over `"time"`, for each member and
component.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .engine.adopt import adopt
from .engine.collect import keep_all, keep_counts, keep_moments, keep_states, keep_user
from .problem import check_arguments

Array = NDArray[np.float64]
Over = Literal["members", "time"]


@dataclass(frozen=True)
class Final:
    """Only each member's last state; it is kept in any case."""

    over: Over = field(default="time", init=False)


def _check_over(over: str) -> None:
    if over not in ("members", "time"):
        raise ValueError(f'over must be "members" or "time", but is {over!r}.')


@dataclass(frozen=True)
class Mean:
    """Arithmetic mean."""

    over: Over = "members"

    def __post_init__(self) -> None:
        _check_over(self.over)


@dataclass(frozen=True)
class Variance:
    """Variance, with `ddof` degrees of freedom taken off."""

    over: Over = "members"
    ddof: int = 1

    def __post_init__(self) -> None:
        _check_over(self.over)


@dataclass(frozen=True)
class Histogram:
    """Counts in equal bins of [low, high), the same for all components; two more for what lies below and above."""

    low: float
    high: float
    bins: int = 64
    over: Over = "members"

    def __post_init__(self) -> None:
        _check_over(self.over)
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise ValueError(f"low must lie below high, both finite, but they are {self.low} and {self.high}.")
        if int(self.bins) != self.bins or self.bins < 1:
            raise ValueError(f"bins must be a whole number of at least 1, but is {self.bins!r}.")


@dataclass(frozen=True)
class Quantiles:
    """Quantiles from a histogram of equal bins of [low, high): exact to a bin width, NaN where they lie outside."""

    q: tuple[float, ...]
    low: float
    high: float
    bins: int = 4096
    over: Over = "members"

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", tuple(np.atleast_1d(np.asarray(self.q, float)).tolist()))
        if not all(0.0 <= q <= 1.0 for q in self.q):
            raise ValueError(f"quantiles lie in [0, 1], but q is {self.q}.")
        Histogram(self.low, self.high, self.bins, self.over)


@dataclass(frozen=True)
class Custom:
    """A function of the user, applied to every member at every requested time.

    Parameters
    ----------
    update : callable
        `update(t, y, kept) -> None` changes kept (rows, n), which starts at zero. Plain Python; it is compiled.
    rows : int
    """

    update: Callable[..., None]
    rows: int = 1
    over: Over = field(default="time", init=False)

    def __post_init__(self) -> None:
        check_arguments(self.update, "update", "t, y, kept")


Reduction = Final | Mean | Variance | Histogram | Quantiles | Custom


@dataclass(frozen=True)
class Keeping:
    """What the engine keeps of each member: a collector, its rows, and whose rows they are.

    `rows` maps None (the states themselves) and indices of reductions over time to slices.
    """

    collect: Any
    total: int
    rows: dict[int | None, slice]


def keeping(reductions: Sequence[Reduction], m: int) -> Keeping:
    """Collectors of all reductions over time, and the states where they are wanted or reduced over members."""
    pieces: list[tuple[int | None, Any, int]] = []
    if not reductions or any(r.over == "members" for r in reductions):
        pieces.append((None, keep_states, m))
    for i, reduction in enumerate(reductions):
        if reduction.over == "time" and not isinstance(reduction, Final):
            pieces.append((i, *_collector(reduction)))
    rows, at = {}, 0
    for owner, _, count in pieces:
        rows[owner] = slice(at, at + count)
        at += count
    return Keeping(keep_all(tuple((kernel, count) for _, kernel, count in pieces)), at, rows)


def _collector(reduction: Reduction) -> tuple[Any, int]:
    if isinstance(reduction, (Histogram, Quantiles)):
        return keep_counts(float(reduction.low), float(reduction.high), reduction.bins), reduction.bins + 2
    if isinstance(reduction, Custom):
        return keep_user(adopt(reduction.update), reduction.rows), reduction.rows
    return keep_moments, 2


def over_time(reduction: Reduction, kept: Array, times: int) -> Array:
    """Results (members, ..., n) from what a collector kept (members, rows, n) of `times` states."""
    if isinstance(reduction, Mean):
        return kept[:, 0]
    if isinstance(reduction, Variance):
        return kept[:, 1] / (times - reduction.ddof) if times > reduction.ddof else np.full_like(kept[:, 1], np.nan)
    if isinstance(reduction, Quantiles):
        return _quantiles(reduction, kept)
    return kept


class OverMembers:
    """A reduction over members, fed with blocks of members (b, m, n) in their order."""

    def __init__(self, reduction: Reduction, m: int, n: int) -> None:
        self.reduction, self.count = reduction, 0
        bins = reduction.bins + 2 if isinstance(reduction, (Histogram, Quantiles)) else 0
        self.counts = np.zeros((m, bins, n)) if bins else None
        self.mean, self.squares = np.zeros((m, n)), np.zeros((m, n))

    def add(self, ys: Array) -> None:
        """Take in a block; pairwise sums inside a block, blocks merged in order (Chan, Golub, LeVeque 1983)."""
        if not len(ys):
            return
        if self.counts is not None:
            self._bin(ys)
            return
        size = len(ys)
        mean = ys.mean(axis=0)
        squares = ((ys - mean) ** 2).sum(axis=0)
        total = self.count + size
        apart = mean - self.mean
        self.mean = self.mean + apart * (size / total)
        self.squares = self.squares + squares + apart**2 * (self.count * size / total)
        self.count = total

    def _bin(self, ys: Array) -> None:
        law: Any = self.reduction
        assert self.counts is not None
        position = np.floor((ys - law.low) * (law.bins / (law.high - law.low)))
        row = np.where(position < 0, law.bins, np.where(position < law.bins, position, law.bins + 1)).astype(np.int64)
        m, n = ys.shape[1:]
        np.add.at(self.counts, (np.arange(m)[None, :, None], row, np.arange(n)[None, None, :]), 1.0)

    def result(self) -> Array:
        """Results (m, ..., n)."""
        if isinstance(self.reduction, Mean):
            return self.mean
        if isinstance(self.reduction, Variance):
            left = self.count - self.reduction.ddof
            return self.squares / left if left > 0 else np.full_like(self.squares, np.nan)
        assert self.counts is not None
        return _quantiles(self.reduction, self.counts) if isinstance(self.reduction, Quantiles) else self.counts


def _quantiles(law: Quantiles, counts: Array) -> Array:
    """Quantiles (..., q, n) of counts (..., bins + 2, n), linear inside a bin."""
    inside, below = counts[..., : law.bins, :], counts[..., law.bins, :]
    edges = np.linspace(law.low, law.high, law.bins + 1)
    cumulative = np.concatenate([below[..., None, :], below[..., None, :] + np.cumsum(inside, axis=-2)], axis=-2)
    total = counts.sum(axis=-2)
    out = np.empty((*counts.shape[:-2], len(law.q), counts.shape[-1]))
    for index in np.ndindex(*counts.shape[:-2], counts.shape[-1]):
        where, component = index[:-1], index[-1]
        steps = cumulative[(*where, slice(None), component)]
        targets = np.maximum(np.array(law.q) * total[(*where, component)], 1e-9)
        right = np.searchsorted(steps, targets)  # the first edge below which lies as much as wanted
        seen = (right > 0) & (right <= law.bins)
        i = np.where(seen, right, 1)
        part = (targets - steps[i - 1]) / np.maximum(steps[i] - steps[i - 1], 1e-300)
        values = edges[i - 1] + part * (edges[i] - edges[i - 1])
        out[(*where, slice(None), component)] = np.where(seen, values, np.nan)
    return out


def as_reductions(reduce: Reduction | Sequence[Reduction] | None) -> tuple[Reduction, ...]:
    """One reduction or several; TypeError for anything else."""
    if reduce is None:
        return ()
    given = tuple(reduce) if isinstance(reduce, (list, tuple)) else (reduce,)
    for one in given:
        if not isinstance(one, Reduction):
            raise TypeError(f"reduce takes reductions such as mechanics.reduce.Mean(), but got {one!r}.")
    return given
