"""Where the copies of a lockstep run ended, up to permutations of hidden units: aligned distances and loss barriers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..alignment import Alignment, align
from ..interpolation import Barrier, barrier
from .examples import inputs_of
from .losses import NAMES, loss_of, mean_loss

if TYPE_CHECKING:
    from .result import Divergence

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AlignedCopies:
    """Distances of the end points before and after alignment, shape (copies,); nan for failed copies.

    Attributes
    ----------
    raw, aligned : ndarray
        |w - w'| over all parameters, and after the units of the copy were permuted.
    alignments : tuple of Alignment or None
    """

    raw: Array
    aligned: Array
    alignments: tuple[Alignment | None, ...]


@dataclass(frozen=True, eq=False)
class CopyBarriers:
    """Loss barriers between the baseline and each copy, shape (copies,); nan for failed copies.

    Attributes
    ----------
    before, after : ndarray
        Largest excess of the loss on the straight line, without and with alignment.
    mean_excess_before, mean_excess_after : ndarray
        Its integral over the line.
    line_integral_before, line_integral_after : ndarray
        |w - w'| times the mean loss on the line.
    lines : tuple of Barrier or None
    """

    before: Array
    after: Array
    mean_excess_before: Array
    mean_excess_after: Array
    line_integral_before: Array
    line_integral_after: Array
    lines: tuple[Barrier | None, ...]


def aligned_copies(found: "Divergence", model: nn.Module | None, **options: Any) -> AlignedCopies:
    """Align every copy with the baseline; see `Divergence.aligned`."""
    base = found.network(0, model)
    alignments = _each(found, lambda i: align(base, found.network(i, model), **options))
    raw, aligned = (
        np.array([np.nan if a is None else getattr(a, name) for a in alignments]) for name in ("raw", "aligned")
    )
    return AlignedCopies(raw, aligned, alignments)


def copy_barriers(
    found: "Divergence",
    x: Any,
    y: Any,
    model: nn.Module | None,
    *,
    statistics_x: Any,
    points: int,
    alignments: AlignedCopies | None,
    loss: Any,
) -> CopyBarriers:
    """Barriers of every copy; see `Divergence.barriers`."""
    trained = found.settings.get("loss", "cross_entropy")
    if loss is None and trained not in NAMES:
        raise ValueError(f"the run's loss was a {trained}; give it as loss=.")
    own = loss_of(trained if loss is None else loss, 0.0)
    base = found.network(0, model)
    if not (alignments is None or isinstance(alignments, AlignedCopies)):
        raise TypeError(f"alignments must be what aligned() of the run returns, but are a {type(alignments).__name__}.")
    if alignments is not None and len(alignments.alignments) != found.copies:
        raise ValueError(
            f"alignments must be those of the {found.copies} copies, but are {len(alignments.alignments)}."
        )
    classes = found.settings["classes"]
    if not len(y) or not 0 <= int(np.min(np.asarray(y))) <= int(np.max(np.asarray(y))) < classes:
        raise ValueError(f"y must hold labels in 0 .. {classes - 1}, but does not.")
    inputs, labels = inputs_of(x, found.parameters.dtype, "x"), torch.as_tensor(y).long()
    statistics = None if statistics_x is None else inputs_of(statistics_x, found.parameters.dtype, "statistics_x")
    known = aligned_copies(found, model) if alignments is None else alignments

    def one(i: int) -> Barrier:
        return barrier(
            base, found.network(i, model), inputs, labels, partial(mean_loss, own), points=points,
            statistics_x=statistics, alignment=known.alignments[i - 1],
        )  # fmt: skip

    lines = _each(found, one)
    columns = {
        f"{name}{side}": np.array([np.nan if b is None else getattr(getattr(b, side), of) for b in lines])
        for name, of in (("", "barrier"), ("mean_excess_", "mean_excess"), ("line_integral_", "line_integral"))
        for side in ("before", "after")
    }
    return CopyBarriers(lines=lines, **columns)


def _each(found: "Divergence", of: Callable[[int], Any]) -> tuple[Any, ...]:
    if found.failed_step[0] >= 0:
        raise ValueError(f"the baseline failed ({found.reasons[0]}); there is nothing to compare its copies with.")
    return tuple(None if failed >= 0 else of(1 + i) for i, failed in enumerate(found.failed_step[1:]))
