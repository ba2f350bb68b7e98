"""The largest exponent of a training from two copies that see the same batches: no derivative of the step enters.

    d' = |Phi(S + d u) - Phi(S)|,   rate log(d'/d),   then u is renormalised and d is set to eps |w| again, each step

For the distance d there is a window: rounding adds about 1e-16 |w| / d to a rate, curvature d x (third derivatives).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mechanics.progress import progress_bar

from ..ensembles.optimisers import Optimiser
from .frame import first_frame
from .network import Loss
from .run import GROWN, DivergedError, Training, checked
from .setup import Coordinates, Rate, arranged, counted
from .step import Block, Point

Array = NDArray[np.float64]
DISTANCES = (1e-8,)
SCAN = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5)  # where rounding and curvature show at either end


@dataclass(frozen=True, eq=False)
class TwoCopies:
    """Rates at which copies at given distances part.

    Attributes
    ----------
    distances : ndarray, shape (m,)
        Distances relative to |w|.
    rates : ndarray, shape (m, steps)
        Logarithmic growth of the distance in each step.
    exponents : ndarray, shape (m,)
        Their means; NaN if the training diverged.
    divergence : int or None
        Step at which it did.
    reason : str
        Why.
    """

    distances: Array
    rates: Array
    divergence: int | None
    reason: str

    @property
    def exponents(self) -> Array:
        """Means over the run."""
        return np.full(len(self.distances), np.nan) if self.divergence is not None else self.rates.mean(axis=1)

    def local(self, steps: int) -> Array:
        """Means over successive windows of so many steps, shape (m, windows); the steps that fill none are left out."""
        count = self.rates.shape[1] // steps
        found: Array = self.rates[:, : count * steps].reshape(len(self.rates), count, steps).mean(axis=2)
        return found


def two_copies(
    model: nn.Module, data: Any, *, optimiser: Optimiser, lr: Rate, steps: int,
    loss: Loss = nn.functional.cross_entropy, batch_size: int | None = None, seed: int = 0, weight_decay: float = 0.0,
    dampening: float = 0.0, coordinates: Coordinates = "scaled", distances: Sequence[float] = DISTANCES,
    dtype: torch.dtype = torch.float64, progress: bool = False,
) -> TwoCopies:  # fmt: skip
    """Growth of small distances between copies of a training, as a check of `training_spectrum`.

    Parameters
    ----------
    model, data, optimiser, lr, steps, loss, batch_size, seed, weight_decay, dampening, coordinates, dtype, progress
        As for `training_spectrum`, whose first vector is the first direction here, so that rates can be compared step
        by step. Coordinates "weights" count as "scaled".
    distances : sequence of float
        Relative to |w|; `nets.lyapunov.copies.SCAN` covers the useful range.

    Returns
    -------
    TwoCopies

    Raises
    ------
    TypeError, ValueError
        As `training_spectrum`, and for distances outside (0, 0.1].
    """
    steps, sizes = counted("steps", steps, 1), np.atleast_1d(np.asarray(distances, float))
    if sizes.ndim != 1 or not len(sizes) or not ((sizes > 0) & (sizes <= 0.1)).all():
        raise ValueError(f"distances must lie in (0, 0.1], relative to |w|, but are {distances!r}.")
    job = arranged(
        model, data, 1, optimiser=optimiser, lr=lr, loss=loss, batch_size=batch_size, seed=seed,
        weight_decay=weight_decay, dampening=dampening, coordinates=coordinates, dtype=dtype, interval=1,
    )  # fmt: skip
    at, rates = job.point(), np.full((len(sizes), steps), np.nan)
    towards = [first_frame(seed, 1, job.network.D, 1 + job.rule.memories, at.w)] * len(sizes)
    largest = GROWN * max(1.0, float(at.w.norm()))
    with progress_bar(0, steps, progress, "step") as show:
        for n in range(steps):
            try:
                at, towards, rates[:, n] = _parted(job, at, towards, sizes, n, largest)
            except DivergedError as stop:
                return TwoCopies(sizes, rates[:, :n], stop.n, stop.reason)
            if show is not None:
                show(n + 1)
    return TwoCopies(sizes, rates, None, "")


def _parted(
    job: Training, at: Point, towards: list[Block], sizes: Array, n: int, largest: float
) -> tuple[Point, list[Block], Array]:
    """The base point, the directions of the copies and the growth of their distances after one step."""
    x, y = job.batches.at(n)
    step = job.step(n)

    def moved(point: Point) -> Point:
        value, g = job.network.gradient(point.w, x, y, n)
        return checked(job.rule.advance(point, g, step), value, n + 1, largest)

    after, directions, rates = moved(at), [], np.empty(len(sizes))
    length = float(at.w.norm()) or 1.0
    for i, (size, direction) in enumerate(zip(sizes, towards, strict=True)):
        shift = job.from_chart(direction, at, n)
        near = moved(_shifted(at, shift, size * length))
        apart = tuple((b - a)[None] for a, b in zip((after.w, *after.memory), (near.w, *near.memory), strict=True))
        apart = job.to_chart(apart, after, n + 1)
        distance = math.sqrt(sum(float(part.square().sum()) for part in apart))
        rates[i] = math.log(distance / (size * length)) if distance else -math.inf
        directions.append(tuple(part / distance for part in apart) if distance else direction)
    return after, directions, rates


def _shifted(at: Point, direction: Block, size: float) -> Point:
    w, *memory = (a + size * part[0] for a, part in zip((at.w, *at.memory), direction, strict=True))
    return Point(w, tuple(memory))
