"""Runs (copies, times, D), checked and read in blocks of D: a file mapped into memory is never held as a whole."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Runs = ArrayLike | Iterable[ArrayLike]
BLOCK = 2**22  # numbers of a block: 32 MB in double precision


def blocks(runs: Runs) -> Iterator[Array]:
    """Blocks (copies, times, d) of `runs` in double precision; all of the first two axes each time.

    `runs` is an array, or yields such blocks.
    """
    if hasattr(runs, "shape"):
        source: Any = runs
        if source.ndim == 2:
            source = source[:, :, None]
        if source.ndim != 3 or 0 in source.shape:
            raise ValueError(
                f"runs must have the shape (copies, times) or (copies, times, D), but have {source.shape}; give one "
                "run as run[None]."
            )
        step = max(1, BLOCK // (source.shape[0] * source.shape[1]))
        parts: Iterable[Any] = (source[:, :, a : a + step] for a in range(0, source.shape[2], step))
    else:
        parts = runs  # type: ignore[assignment]
    shape, at = None, 0
    for part in parts:
        block = np.asarray(part, np.float64)
        if block.ndim != 3 or (shape is not None and block.shape[:2] != shape):
            raise ValueError(
                f"blocks of runs must have the shape {shape or '(copies, times)'} + (d,), but one has {block.shape}."
            )
        shape = block.shape[:2]
        bad = np.argwhere(~np.isfinite(block))
        if len(bad):
            i, t, d = bad[0].tolist()
            raise ValueError(
                f"runs must be finite, but copy {i} at time {t} is not (component {at + d}); leave diverged copies out."
            )
        at += block.shape[2]
        yield block
    if shape is None:
        raise ValueError("runs hold no block.")


def check_times(times: ArrayLike | None, count: int) -> Array:
    """Times (count,), increasing; 0, 1, ... if not given."""
    if times is None:
        return np.arange(count, dtype=np.float64)
    t = np.asarray(times, np.float64)
    if t.shape != (count,) or not np.isfinite(t).all() or (np.diff(t) <= 0).any():
        raise ValueError(f"times must be {count} increasing numbers, one for each state of a run, but are {times!r}.")
    return t


def window_of(times: Array, start: float | None, stop: float | None, least: int) -> slice:
    """Places of the times in [start, stop]."""
    low, high = (times[0] if start is None else start), (times[-1] if stop is None else stop)
    inside = np.flatnonzero((times >= low) & (times <= high))
    if len(inside) < least:
        raise ValueError(
            f"the window from {low:g} to {high:g} holds {len(inside)} times; at least {least} are needed. Times reach "
            f"from {times[0]:g} to {times[-1]:g}."
        )
    return slice(int(inside[0]), int(inside[-1]) + 1)


def even_step(times: Array) -> float:
    """Distance of equally spaced times."""
    gaps = np.diff(times)
    if gaps.max() - gaps.min() > 1e-9 * gaps.max():
        raise ValueError(
            f"times must be equally spaced, but their distances reach from {gaps.min():g} to {gaps.max():g}; measure "
            "at every k-th epoch, or choose a window where they are."
        )
    return float(gaps.mean())
