"""Measured load curves as chain positions: x_l(t) = D_0(t) - D_l(t), checked once, here; gaps become a mask."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import real_numbers

BACKWARD = 0.1  # of the largest displacement: a layer so far behind the one before it is worth a remark
MOST_EPOCHS = 200  # more are thinned: they cost time and, correlated as they are, add next to nothing

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChainData:
    """Positions of the blocks in S histories.

    Parameters
    ----------
    ts : ndarray, shape (m,)
    x : ndarray, shape (S, m, blocks)
        Positions of moving blocks; NaN where not measured.
    end : ndarray, shape (S, m), or None
        Position of the pulled end, where it was measured.
    notes : tuple of str
        What was left out or filled in, in sentences.
    weight : ndarray, shape (m, blocks), or None
        Of each entry of the mean history, mean 1; None for equal ones.
    unit : float or None
        Unit of length, where another data set's is kept; None for the largest displacement of this one.
    """

    ts: Array
    x: Array
    end: Array | None
    notes: tuple[str, ...]
    weight: Array | None = None
    unit: float | None = None

    @property
    def histories(self) -> int:
        """S, the number of independent histories (seeds)."""
        return self.x.shape[0]

    @cached_property
    def scale(self) -> float:
        """Largest displacement, or `unit`; the unit of length inside the fit."""
        return self.unit if self.unit is not None else float(np.nanmax(np.abs(self.x)))

    @property
    def known_target(self) -> float | None:
        """The end's position if it was measured and never moved."""
        if self.end is None or np.ptp(self.end) > 1e-9 * np.abs(self.end).max():
            return None
        return float(self.end.mean())

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Which entries (m, blocks) of the mean history any seed has measured."""
        return np.asarray(np.isfinite(self.x).any(axis=0))

    @cached_property
    def root_weight(self) -> Array:
        """Factor (m, blocks) of the residuals: 0 where nothing was measured."""
        return np.where(self.measured, 1.0 if self.weight is None else np.sqrt(self.weight), 0.0)

    @cached_property
    def mean(self) -> tuple[Array, Array | None]:
        """Mean positions (m, blocks) over the seeds that have them, and mean end (m,).

        The first row is complete: what is missing there lies on straight lines between its neighbours.
        """
        return _mean_of(self.x), None if self.end is None else self.end.mean(axis=0)

    def without(self, seed: int) -> tuple[Array, Array | None]:
        """The same over all histories but one."""
        keep = np.arange(self.histories) != seed
        return _mean_of(self.x[keep]), None if self.end is None else self.end[keep].mean(axis=0)

    def hidden(self, entries: NDArray[np.bool_]) -> "ChainData":
        """The data without some entries of every history; `entries` (m, blocks) is true there. The unit stays."""
        return replace(self, x=np.where(entries, np.nan, self.x), unit=self.scale)

    def chosen(self, seeds: NDArray[np.int64]) -> "ChainData":
        """The data of some histories, any of them several times. The unit stays."""
        return replace(self, x=self.x[seeds], end=None if self.end is None else self.end[seeds], unit=self.scale)

    def weighed(self, residuals: Array) -> Array:
        """Residuals (m, blocks) in the data's unit as the fit sees them: flat, over R, weighted, 0 where missing."""
        return np.where(self.root_weight > 0, self.root_weight * residuals / self.scale, 0.0).ravel()

    def weighted_by(self, spread: Array, floor: float) -> "ChainData":
        """Entries weighted by 1/max(spread, floor)^2, mean 1 over those measured."""
        weight = 1.0 / np.maximum(np.where(np.isfinite(spread), spread, floor), floor) ** 2
        return replace(self, weight=weight / weight[self.measured].mean())


SAME = "{} of {} histories repeat others, number by number; they tell nothing of scatter and were left out."


def _mean_of(x: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an entry that no seed has stays NaN
        mean: Array = np.nanmean(x, axis=0)
    known = np.flatnonzero(np.isfinite(mean[0]))
    if known.size < mean.shape[1]:
        # the input is at 0; beyond the last known layer the line goes on through it
        places, values = np.r_[0, known + 1], np.r_[0.0, mean[0, known]]
        n = mean.shape[1]
        if known.size == 0 or known[-1] < n - 1:
            slope = values[-1] / max(places[-1], 1)
            places, values = np.r_[places, n], np.r_[values, slope * n]
        mean[0] = np.interp(np.arange(1, n + 1), places, values)
    return mean


def spread_of(x: Array) -> Array:
    """Standard deviation over the first axis; NaN where fewer than two seeds have measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        spread: Array = np.nanstd(x, axis=0, ddof=1)
    return spread


def chain_data(
    load_curves: ArrayLike,
    epochs: ArrayLike,
    end: ArrayLike | None,
    last: Literal["auto", "block", "end"],
) -> ChainData:
    """Check the arguments of `fit_chain` and turn loads into positions."""
    D = real_numbers("load_curves", load_curves)
    if D.ndim == 2:
        D = D[None]
    if D.ndim != 3:
        raise ValueError(f"load_curves must be (epochs, layers) or (seeds, epochs, layers), but has shape {D.shape}.")
    ts = real_numbers("epochs", epochs)
    if ts.shape != D.shape[1:2]:
        raise ValueError(f"epochs must have shape {D.shape[1:2]}, one time a curve, but has {ts.shape}.")
    if np.isinf(D).any() or not np.isfinite(ts).all():
        bad = np.flatnonzero(~np.isfinite(ts) | np.isinf(D).any(axis=(0, 2)))
        shown = ", ".join(f"{ts[i]:g}" for i in bad[:5])
        raise ValueError(
            f"epochs must be finite and load_curves finite or NaN (not measured), but are not at epochs {shown}; leave "
            "those out."
        )
    if not (np.diff(ts) > 0).all():
        i = int(np.flatnonzero(np.diff(ts) <= 0)[0])
        raise ValueError(f"epochs must increase, but {ts[i + 1]:g} follows {ts[i]:g}; sort both arrays by epoch.")
    x, pulled, notes = positions(D, end, last)
    own = first_of_each(x if pulled is None else np.concatenate([x, pulled[..., None]], axis=-1))
    if len(own) < len(x):
        notes.append(SAME.format(len(x) - len(own), len(x)))
        x, pulled = x[own], None if pulled is None else pulled[own]
    empty = ~np.isfinite(x).any(axis=(0, 2))
    if empty.any():
        notes.append(f"{int(empty.sum())} of {len(ts)} epochs hold no measurement and were left out.")
        ts, x, pulled = ts[~empty], x[:, ~empty], None if pulled is None else pulled[:, ~empty]
    if len(ts) < 5:
        raise ValueError(f"epochs must be at least 5 to tell a rate from a rest state, but are {len(ts)}.")
    size = np.nanmax(np.abs(D))
    if np.nanmax(np.abs(x)) <= 1e-12 * max(size, 1e-300):
        raise ValueError("load_curves are level: no layer separates more than the first, so there is no chain to fit.")
    final = x[:, -1, np.isfinite(x[:, -1]).any(axis=0)]
    deepest = float(np.nanmean(final[:, -1]))
    if deepest <= 0:
        raise ValueError(
            f"load_curves rise with depth at the last epoch (D_0 - D_last = {deepest:.3g}): nothing was "
            "pulled. Order layers from input (D_0) to output, leave later epochs out, or check that D is a load "
            "(small = separated)."
        )
    if len(ts) > MOST_EPOCHS:
        since = ts - ts[0] + (ts[1] - ts[0])
        keep = np.unique(np.searchsorted(since, np.geomspace(since[0], since[-1], MOST_EPOCHS) * (1 - 1e-12)))
        notes.append(f"{len(keep)} of {len(ts)} epochs were used, spaced by their logarithm.")
        ts, x = ts[keep], x[:, keep]
        pulled = None if pulled is None else pulled[:, keep]
    notes += _gaps(x) + _order(x)
    return ChainData(ts, x, pulled, tuple(notes))


def first_of_each(x: Array) -> list[int]:
    """Indices of the histories that do not repeat an earlier one; equal is equal but for rounding."""
    slack = 1e-13 * float(np.nanmax(np.abs(x), initial=0.0))
    own: list[int] = []
    for i in range(len(x)):
        if not any(np.allclose(x[i], x[j], rtol=0.0, atol=slack, equal_nan=True) for j in own):
            own.append(i)
    return own


def positions(D: Array, end: ArrayLike | None, last: str) -> tuple[Array, Array | None, list[str]]:
    """Blocks (S, m, n), the pulled end (S, m) if it was measured, and what was filled in."""
    if last not in ("auto", "block", "end"):
        raise ValueError(f"last must be 'auto', 'block' or 'end', but is {last!r}.")
    x = D[..., :1] - D
    if not np.isfinite(x[..., 1:]).any():
        raise ValueError("load_curves hold no layer beside a measured D_0: every displacement D_0 - D_l is NaN.")
    if last == "auto":
        # a simulated chain carries its own end, whose load is zero but for rounding; a measured load never is
        column = D[..., -1]
        level = np.isfinite(column).any() and np.nanmax(np.abs(column)) <= 1e-9 * np.nanmax(np.abs(D))
        last = "end" if level else "block"
    pulled = _end(end, D, last, x)
    x = x[..., 1:-1] if last == "end" else x[..., 1:]
    if x.shape[-1] < 2:
        raise ValueError(f"load_curves must show at least 2 moving blocks, but shows {x.shape[-1]}; add layers.")
    notes = []
    if pulled is not None and not np.isfinite(pulled).all():
        pulled = pulled.copy()
        for row in pulled:
            known = np.isfinite(row)
            if not known.any():
                raise ValueError("end is NaN throughout a history; leave that history out, or fit without end=.")
            row[~known] = np.interp(np.flatnonzero(~known), np.flatnonzero(known), row[known])
        notes.append("Gaps of the measured end were bridged by straight lines.")
    return x, pulled, notes


def _gaps(x: Array) -> list[str]:
    """What is missing, in sentences."""
    missing = ~np.isfinite(x)
    if not missing.any():
        return []
    layers = np.flatnonzero(missing.all(axis=(0, 1))) + 1
    notes = []
    if layers.size == x.shape[-1]:
        raise ValueError("load_curves hold no layer beside a measured D_0: every displacement D_0 - D_l is NaN.")
    if layers.size:
        notes.append(f"Not measured: layer{'s' if layers.size > 1 else ''} {', '.join(map(str, layers))}.")
    rest = int(missing.sum()) - layers.size * x.shape[0] * x.shape[1]
    if rest:
        notes.append(f"{rest} of {missing.size} other displacements were missing (NaN) and were left out.")
    if missing[:, 0].all(axis=0).any():
        notes.append("The start of a layer without a first measurement lies on a straight line between its neighbours.")
    return notes


def _order(x: Array) -> list[str]:
    """A remark if layers at the last epoch lie clearly behind the one before them."""
    final = x[:, -1, np.isfinite(x[:, -1]).any(axis=0)]
    layers = np.flatnonzero(np.isfinite(x[:, -1]).any(axis=0)) + 1
    steps = np.diff(final, axis=1)
    behind = np.nanmean(final[:, 1:], axis=0) - np.nanmean(final[:, :-1], axis=0) < -BACKWARD * np.nanmax(np.abs(x))
    if len(x) > 1:
        seen = np.maximum(np.isfinite(steps).sum(axis=0), 2)
        behind &= np.nan_to_num(np.nanmean(steps, axis=0) + 3 * spread_of(steps) / np.sqrt(seen), nan=-1.0) < 0
    if not behind.any():
        return []
    places = ", ".join(f"{a} to {b}" for a, b in zip(layers[:-1][behind], layers[1:][behind], strict=True))
    return [f"At the last epoch D rises from layer {places}: check that layers are in order, from input to output."]


def _end(end: ArrayLike | None, D: Array, last: str, x: Array) -> Array | None:
    """Position (S, m) of the pulled end from its load, or from the last column."""
    if end is None:
        return x[..., -1] if last == "end" else None
    if last == "end":
        raise ValueError("end is given, but the last column of load_curves is the end already; give last='block'.")
    load = real_numbers("end", end)
    if load.shape not in (D.shape[:2], D.shape[1:2]):
        raise ValueError(f"end must have shape {D.shape[1:2]} or {D.shape[:2]} like load_curves, not {load.shape}.")
    if np.isinf(load).any():
        raise ValueError("end must be finite or NaN (not measured); leave those epochs out.")
    return D[..., 0] - np.broadcast_to(load, D.shape[:2])
