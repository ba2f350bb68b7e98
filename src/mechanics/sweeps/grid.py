"""The grid of a sweep: axes of cells, seeds, and its cut into blocks.

Run r = cell * len(seeds) + (place of the seed), cells in C order. A block is a contiguous range of runs that is also
one chunk of an array of shape (*axes, seeds): chunk lengths are (1, ..., 1, b, whole, ..., whole).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SEED = "seed"


@dataclass(frozen=True)
class Grid:
    """Axes (name -> values), seeds, and units of what has one."""

    axes: dict[str, NDArray[Any]]
    seeds: NDArray[np.int64]
    units: dict[str, str] = field(default_factory=dict)

    @property
    def cell_shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis, and of seeds."""
        return (*self.cell_shape, len(self.seeds))

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.cell_shape)

    @property
    def runs(self) -> int:
        """Number of runs: each cell with each seed."""
        return math.prod(self.shape)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes, then `seed`."""
        return (*self.axes, SEED)

    def columns(self, start: int, stop: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
        """Axis values and seeds of a range of runs, each of shape (stop - start,)."""
        *places, seed = np.unravel_index(np.arange(start, stop), self.shape)
        values = zip(self.axes.items(), places, strict=True)
        return {name: axis[place] for (name, axis), place in values}, self.seeds[seed]

    def describe(self, run: int) -> str:
        """The cell and seed of a run, for messages."""
        cells, seeds = self.columns(run, run + 1)
        return ", ".join([*(f"{name}={column[0]}" for name, column in cells.items()), f"seed={seeds[0]}"])


@dataclass(frozen=True)
class Blocks:
    """A grid cut into chunks of `chunk` values along each of its dimensions."""

    shape: tuple[int, ...]
    chunk: tuple[int, ...]

    @property
    def per_dim(self) -> tuple[int, ...]:
        """Number of chunks along each dimension."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunk, strict=True))

    @property
    def count(self) -> int:
        """Number of blocks."""
        return math.prod(self.per_dim)

    def region(self, block: int) -> tuple[slice, ...]:
        """The block in an array of the grid's shape."""
        places = np.unravel_index(block, self.per_dim)
        return tuple(
            slice(int(k) * c, min((int(k) + 1) * c, n)) for k, c, n in zip(places, self.chunk, self.shape, strict=True)
        )

    def runs(self, block: int) -> tuple[int, int]:
        """First run, and the one after the last."""
        region = self.region(block)
        start = int(np.ravel_multi_index([part.start for part in region], self.shape))
        return start, start + math.prod(part.stop - part.start for part in region)

    def shape_of(self, block: int) -> tuple[int, ...]:
        """Shape of the block's region."""
        return tuple(part.stop - part.start for part in self.region(block))


def cut(shape: tuple[int, ...], size: int) -> Blocks:
    """Blocks of about `size` runs, never more: whole trailing dimensions, and an even part of the next one."""
    chunk = [1] * len(shape)
    for i in reversed(range(len(shape))):
        if shape[i] > size:
            chunk[i] = -(-shape[i] // -(-shape[i] // max(1, size)))
            break
        chunk[i] = shape[i]
        size //= shape[i]
    return Blocks(shape, tuple(chunk))


def make_grid(
    axes: Mapping[str, ArrayLike], seeds: int | Sequence[int] | NDArray[Any], units: Mapping[str, str] | None
) -> Grid:
    """The grid of what the user gave; TypeError or ValueError says what is wrong with it."""
    if not isinstance(axes, Mapping):
        raise TypeError(f"axes must be a mapping of names to values, but is a {type(axes).__name__}.")
    units = dict(units or {})
    found = {}
    for name, given in axes.items():
        _check_name(name)
        values = _axis(name, given)
        unit = getattr(given, "attrs", {}).get("units")
        if unit is not None:
            units.setdefault(name, str(unit))
        found[name] = values
    return Grid(found, _seeds(seeds), {str(name): str(unit) for name, unit in units.items()})


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name or "/" in name or name.startswith("."):
        raise ValueError(f"The name of an axis must be a word without '/' or leading '.', but is {name!r}.")
    if name in (SEED, "status", "failed", "finished", "blocks"):
        raise ValueError(f"An axis cannot be called {name!r}: a sweep uses that name itself.")


def _axis(name: str, given: Any) -> NDArray[Any]:
    inner = getattr(given, "values", given)  # of an xarray coordinate
    values = np.asarray(given if callable(inner) else inner)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"axis {name!r} must be a 1-D array of at least one value, but has shape {values.shape}.")
    if values.dtype.kind in "OT":
        if not all(isinstance(value, str) for value in values):
            raise TypeError(f"axis {name!r} must hold numbers or strings, but holds {values.dtype} objects.")
        values = np.array(values.tolist(), dtype=np.str_)
    if values.dtype.kind not in "fiubU":
        raise TypeError(f"axis {name!r} must hold numbers or strings, but its type is {values.dtype}.")
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        if np.isnan(values).any():
            raise ValueError(f"axis {name!r} holds NaN.")
    if len(np.unique(values)) < len(values):
        kept, counts = np.unique(values, return_counts=True)
        raise ValueError(f"axis {name!r} holds {kept[counts > 1][0]} more than once.")
    return values


def _seeds(seeds: Any) -> NDArray[np.int64]:
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        if seeds < 1:
            raise ValueError(f"seeds must be a count of at least 1, or whole numbers, but is {seeds}.")
        return np.arange(seeds, dtype=np.int64)
    found = list(seeds) if not isinstance(seeds, (str, bytes)) and hasattr(seeds, "__iter__") else None
    if not found or any(isinstance(s, (bool, np.bool_)) or not isinstance(s, (int, np.integer)) for s in found):
        raise TypeError(f"seeds must be a count or a sequence of whole numbers, but is {seeds!r:.80}.")
    if min(found) < 0 or max(found) >= 2**63:
        raise ValueError("seeds must lie between 0 and 2^63 - 1.")
    if len(set(found)) < len(found):
        twice = next(s for i, s in enumerate(found) if s in found[:i])
        raise ValueError(f"seed {twice} is listed more than once: its runs would be the same.")
    return np.array(found, np.int64)
