"""The loop: training steps with tangent vectors, orthonormalised, in blocks; everything a function of its arguments.

A state is never changed, so that an interrupted block leaves the state before it, and a run that goes on from a state
on disk has the same bits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batches import Batches
from .frame import Factors, factors, first_frame, log_volumes
from .network import Network
from .product import Product, identity
from .rules import Rule, identity_chart
from .step import Block, Point, Step

Array = NDArray[np.float64]
LARGEST_CONDITION = 1e6  # of the vectors between orthonormalisations
LONGEST = 128  # steps between them
GROWN = 1e10  # times their first length (at least 1): weights that have diverged, though still finite


@dataclass(frozen=True, eq=False)
class Training:
    """A training run as a map: all that decides its bits, apart from the state. `k` vectors are carried along."""

    network: Network = field(repr=False)
    batches: Batches = field(repr=False)
    rule: Rule = field(repr=False)
    constants: Step  # of the first step
    lr: Callable[[int], float] = field(repr=False)
    k: int
    seed: int
    coordinates: str
    fixed: int | None  # steps between orthonormalisations, or as the vectors' condition allows
    probe: Tensor | None = field(repr=False, default=None)  # inputs of function-space exponents
    metric: str = "logit"
    chunk: int = 1  # vectors that go through the network at a time

    # what `mechanics.lyapunov.LyapunovSpectrum` asks of a job
    backend: ClassVar[str] = "exact"
    is_map: ClassVar[bool] = True
    implicit: ClassVar[bool] = False
    origin: ClassVar[float] = 0.0

    @property
    def n(self) -> int:
        """Components of the state."""
        return self.network.D * (1 + self.rule.memories)

    def remarks(self, end: float) -> list[str]:
        """Nothing: the verdict on a training has its own."""
        return []

    def step(self, n: int) -> Step:
        """Constants of the step after n."""
        return self.constants._replace(n=n, lr=float(self.lr(n)))

    def to_chart(self, V: Block, at: Point, n: int) -> Block:
        """Components in which lengths are measured."""
        return self._charts[0](V, at, self.step(n))

    def from_chart(self, V: Block, at: Point, n: int) -> Block:
        """And back."""
        return self._charts[1](V, at, self.step(n))

    def rows(self, k: int) -> list[slice]:
        """Which of k vectors are carried together."""
        return [slice(j, j + self.chunk) for j in range(0, k, self.chunk)]

    @property
    def _charts(self) -> tuple[Any, Any]:
        raw = self.coordinates == "raw"
        return (identity_chart,) * 2 if raw else (self.rule.to_chart, self.rule.from_chart)

    def point(self) -> Point:
        """Where the training begins: the model's weights, and memories of zero."""
        w = self.network.start
        return Point(w, tuple(torch.zeros_like(w) for _ in range(self.rule.memories)))

    def start(self) -> "State":
        """The state before the first step."""
        at = self.point()
        Q = first_frame(self.seed, self.k, self.network.D, 1 + self.rule.memories, at.w)
        product = None if self.probe is None else identity(self.k)
        return State(at, Q, 0, self.fixed or 1, self._boundary(Q), product)

    def _boundary(self, Q: Block) -> Array:
        """What lengths along the weights alone differ by from lengths in the chart, in logarithms."""
        return log_volumes(Q[0]) if self.coordinates == "weights" else np.zeros(self.k)


class State(NamedTuple):
    """Of a run, at the end of a block: the vectors Q are orthonormal in the chart."""

    at: Point
    Q: Block
    n: int
    interval: int  # until the next orthonormalisation, if vectors grow as they did
    boundary: Array
    product: Product | None  # of all triangles, for function space


class Kept(NamedTuple):
    """An orthonormalisation: step, point, frame (in the chart) and triangle."""

    n: int
    at: Point
    found: Factors


class Done(NamedTuple):
    """What a block adds to a run."""

    state: State
    sums: Array  # (k,) of log R_jj
    resets: NDArray[np.int64]
    condition: float
    loss: float  # mean over the block
    kept: list[Kept]


class DivergedError(Exception):
    """A step whose result is no training any more."""

    def __init__(self, n: int, reason: str) -> None:
        super().__init__(reason)
        self.n, self.reason = n, reason


def advance(job: Training, state: State, steps: int, keep: bool = False) -> Done:
    """A block of steps.

    Raises
    ------
    DivergedError
        If a number is not finite any more or the weights have grown beyond GROWN times their first length.
    """
    at, n, interval, product = state.at, state.n, state.interval, state.product
    V = tuple(part.clone() for part in state.Q)
    _rewrite(V, job, partial(job.from_chart, at=at, n=n))
    Q, sums, resets = state.Q, np.zeros(job.k), np.zeros(job.k, np.int64)
    condition, loss, since, kept = 1.0, 0.0, 0, []
    largest = GROWN * max(1.0, float(job.network.start.norm()))
    for i in range(steps):
        at, value = _step(job, at, V, n, largest)
        loss, n, since = loss + value / steps, n + 1, since + 1
        if since < interval and i < steps - 1:
            continue
        _rewrite(V, job, partial(job.to_chart, at=at, n=n))
        found = factors(V)
        if not np.isfinite(found.R).all():
            raise DivergedError(n, "the tangent vectors are not finite any more")
        Q, sums, resets = found.Q, sums + found.logs, resets + found.lost
        here = math.inf if found.lost.any() else float(np.linalg.cond(found.R)) if job.fixed != 1 else 1.0
        condition = max(condition, here)
        if job.fixed is None:
            interval = _next_interval(interval, since, here)
        product = product.then(found.R) if product is not None else None
        if keep:
            kept.append(Kept(n, at, found))
        since = 0
        if i < steps - 1:
            V = tuple(part.clone() for part in Q) if keep else Q
            _rewrite(V, job, partial(job.from_chart, at=at, n=n))
    boundary = job._boundary(Q)
    after = State(at, Q, n, interval, boundary, product)
    return Done(after, sums + (boundary - state.boundary), resets, condition, loss, kept)


def moved(job: Training, at: Point, V: Block, n: int, largest: float) -> tuple[Point, Block, float]:
    """Point, vectors and loss after one step."""
    V = tuple(part.clone() for part in V)
    after, value = _step(job, at, V, n, largest)
    return after, V, value


def _step(job: Training, at: Point, V: Block, n: int, largest: float) -> tuple[Point, float]:
    """Point and loss after one step; vectors are written over, some at a time, so that little else is in memory."""
    x, y = job.batches.at(n)
    value, g, products = job.network.linearised(at.w, x, y, n)
    step = job.step(n)
    after = checked(job.rule.advance(at, g, step), value, n, largest)
    _rewrite(V, job, lambda some: job.rule.tangent(some, products(some[0]), at, after, g, step))
    return after, float(value)


def _rewrite(V: Block, job: Training, function: Callable[[Block], Block]) -> None:
    """Put function(V) in the place of V, some vectors at a time."""
    for rows in job.rows(len(V[0])):
        some = tuple(part[rows] for part in V)
        for part, new in zip(some, function(some), strict=True):
            if new is not part:
                part.copy_(new)


def checked(after: Point, loss: Tensor, n: int, largest: float) -> Point:
    """The point, if the training has not diverged."""
    if not bool(torch.isfinite(loss)):
        raise DivergedError(n, "the loss is not finite any more")
    length = float(after.w.norm())
    if not math.isfinite(length):
        raise DivergedError(n, "the weights are not finite any more")
    if length > largest:
        raise DivergedError(n, f"the weights have grown to a length of {length:.2g}")
    return after


def _next_interval(interval: int, since: int, condition: float) -> int:
    """As many steps as keep the condition number below its bound, if it grows as it did; at most twice as many."""
    rate = math.log(max(condition, 1.0)) / since
    longest = min(2 * interval, LONGEST)
    return max(1, min(longest, int(math.log(LARGEST_CONDITION) / rate))) if rate > 0 else longest
