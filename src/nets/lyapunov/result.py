"""Lyapunov exponents of a training, with their history and a verdict."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from mechanics.lyapunov import CovariantVectors, LyapunovSpectrum
from mechanics.lyapunov.verdict import Verdict

from .functions import Effect
from .measured import Measured, nothing
from .run import Kept, State, Training
from .verdict import judged

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainingSpectrum(LyapunovSpectrum):
    """Lyapunov exponents per step of the optimiser, largest first; time counts steps.

    As `mechanics.lyapunov.LyapunovSpectrum`, with

    Attributes
    ----------
    exponents, stderr : ndarray, shape (k,)
        Means over the whole run and their standard errors. A training is not stationary: read the verdict and
        `history`. NaN if it diverged.
    history : ndarray, shape (blocks, k)
        Finite-time exponents over the steps from 0 to `times`.
    blocks : ndarray, shape (blocks, k)
        Local exponents of each block; `local(time)` those of longer windows.
    losses : ndarray, shape (blocks,)
        Mean loss of the batches of each block.
    measured : Measured
        Loss, curvature and function-space exponents at the chosen steps.
    reason : str
        Why the run stopped at step `divergence`, if it diverged.
    interrupted : bool
        Whether Ctrl-C ended it; what was done is kept.
    growth_ratio : float
        Largest condition number of the vectors between orthonormalisations; 1 if they are made every step.
    end : State
        Weights, memories and frame after the last block; None before a run, whose first frame no one else should hold.
    """

    end: State = field(repr=False, default=cast(Any, None))
    losses: Array = field(repr=False, default_factory=lambda: np.empty(0))
    measured: Measured = field(repr=False, default_factory=nothing)
    wanted: tuple[int, ...] = field(repr=False, default=())  # steps at which to measure
    first_effect: Effect | None = field(repr=False, default=None)
    reason: str = ""
    interrupted: bool = False
    kept: tuple[Kept, ...] = field(repr=False, default=())
    kept_from: State | None = field(repr=False, default=None)

    @property
    def training(self) -> Training:
        """The training as a map."""
        return cast(Training, self.job)

    @property
    def state(self) -> Array:
        """Weights and memories at the end, one after the other."""
        return torch.cat([self.end.at.w, *self.end.at.memory]).double().cpu().numpy()

    @property
    def weights(self) -> "Tensor":
        """Weights at the end, (D,), in the order of the model's trained parameters."""
        return self.end.at.w

    @property
    def first(self) -> Array:
        """Rates of the first vector in each block, (blocks,): how fast a random direction grows, as in `two_copies`.

        The exponents are ordered by their means, and the largest need not be that of the first vector in a short run.
        """
        rates: Array = self.sums[:, 0] / self.block_time
        return rates

    @cached_property
    def checks(self) -> dict[str, Any]:
        """Orthonormality of the last frame, and the number of exponents that cannot be told from zero."""
        Q = torch.cat(self.end.Q, dim=1).double()
        one = torch.eye(self.job.k, dtype=Q.dtype, device=Q.device)
        return {"orthonormality": float((Q @ Q.T - one).abs().max()), "zeros": self.zeros}

    @cached_property
    def _verdict(self) -> Verdict:
        return judged(self)

    def proceed(self, total: float) -> "TrainingSpectrum":
        """The spectrum of a longer run: go on until `total` steps, with the same blocks and the same bits.

        Raises
        ------
        ValueError
            If the run has diverged, or is as long already.
        """
        from .follow import follow

        if self.divergence is not None:
            raise ValueError(f"The run has diverged at step {self.divergence} and cannot go on.")
        if int(total) != total:
            raise ValueError(f"total must be a whole number of steps, but is {total}.")
        blocks = -(-int(total) // self.per_block) - len(self.sums)
        if blocks < 1:
            raise ValueError(f"total must be longer than the {self.time:g} steps that are done, but is {total}.")
        return follow(self, blocks)

    def covariant(
        self, time: float | None = None, *, transient: float | None = None, seed: int | None = None
    ) -> CovariantVectors:
        """Covariant Lyapunov vectors, in the coordinates of the run.

        Of the run itself if it was made with keep=True, else of the steps after it. See
        `nets.lyapunov.covariant.covariant_vectors`.
        """
        from .covariant import covariant_vectors

        return covariant_vectors(self, time, transient=transient, seed=seed)

    def __str__(self) -> str:
        rows = [f"Lyapunov exponents per step of training, {self.job.k} of {self.job.n}"]
        rows += [f"  {x:+.6g} +- {e:.2g}" for x, e in zip(self.exponents, self.stderr, strict=True)]
        return "\n".join([*rows, self.verdict])
