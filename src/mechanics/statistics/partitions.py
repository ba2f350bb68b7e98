"""Partitions of a state space into cells: a box cut into a grid, or the Voronoi cells of centres."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.vq import kmeans2
from scipy.spatial import cKDTree

from ._series import Vector, as_points, whole

Labels = NDArray[np.int64]


class Partition(Protocol):
    """Cells 0..size-1; a point outside all of them has the label -1."""

    @property
    def size(self) -> int:
        """Number of cells."""
        ...

    def labels(self, points: ArrayLike) -> Labels:
        """Cell of each point (m, d)."""
        ...


@dataclass(frozen=True, eq=False)
class Boxes:
    """A box cut into equal cells, numbered in C order.

    Parameters
    ----------
    lower, upper : array_like, shape (d,)
        Corners of the box. The upper faces belong to the last cells.
    cells : int or sequence of int
        Cells per axis.

    Raises
    ------
    ValueError
        If the box is empty or not finite, or an axis has no cell.
    """

    lower: Vector
    upper: Vector
    cells: tuple[int, ...]

    def __init__(self, lower: ArrayLike, upper: ArrayLike, cells: int | Sequence[int]) -> None:
        low, high = np.broadcast_arrays(*(np.array(v, float, ndmin=1) for v in (lower, upper)))
        if low.ndim != 1 or not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
            raise ValueError(f"lower must be below upper and both finite, but they are {lower!r} and {upper!r}.")
        counts = tuple(whole(c, "cells", 1) for c in np.broadcast_to(np.asarray(cells), len(low)))
        object.__setattr__(self, "lower", low.copy())
        object.__setattr__(self, "upper", high.copy())
        object.__setattr__(self, "cells", counts)

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(np.prod(self.cells))

    @property
    def volume(self) -> float:
        """Length, area or volume of a cell."""
        return float(np.prod((self.upper - self.lower) / self.cells))

    @property
    def centres(self) -> Vector:
        """Centres of the cells, shape (size, d)."""
        axes = [
            a + (np.arange(c) + 0.5) * (b - a) / c for a, b, c in zip(self.lower, self.upper, self.cells, strict=True)
        ]
        return np.stack([c.ravel() for c in np.meshgrid(*axes, indexing="ij")], axis=1)

    def labels(self, points: ArrayLike) -> Labels:
        """Cell of each point (m, d); -1 outside the box."""
        x = as_points(points, "points")
        if x.shape[1] != len(self.cells):
            raise ValueError(f"points must have {len(self.cells)} components, but have {x.shape[1]}.")
        inside = np.all((x >= self.lower) & (x <= self.upper), axis=1)
        scaled = (np.where(inside[:, None], x, self.lower) - self.lower) / (self.upper - self.lower) * self.cells
        index = np.minimum(scaled.astype(np.int64), np.array(self.cells) - 1)
        return np.where(inside, np.ravel_multi_index(tuple(index.T), self.cells), -1)


@dataclass(frozen=True, eq=False)
class Voronoi:
    """Cells of the points that are nearest to one of the centres; they fill the whole space.

    Parameters
    ----------
    centres : array_like, shape (size, d)
        For instance from `voronoi_centres`.
    """

    centres: Vector
    _tree: cKDTree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "centres", as_points(self.centres, "centres"))
        object.__setattr__(self, "_tree", cKDTree(self.centres))

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.centres)

    def labels(self, points: ArrayLike) -> Labels:
        """Cell of each point (m, d)."""
        x = as_points(points, "points")
        if x.shape[1] != self.centres.shape[1]:
            raise ValueError(f"points must have {self.centres.shape[1]} components, but have {x.shape[1]}.")
        return self._tree.query(x)[1].astype(np.int64)


def voronoi_centres(points: ArrayLike, cells: int, seed: int = 0) -> Vector:
    """Centres of about `cells` clusters of the data by k-means.

    Parameters
    ----------
    points : array_like, shape (m,) or (m, d)
        Scale the components first: distances are Euclidean.
    cells : int
        Number of clusters asked for; empty ones are dropped.
    seed : int
        Of the first guess (k-means++).

    Returns
    -------
    ndarray, shape (at most cells, d)

    Raises
    ------
    ValueError
        If there are fewer points than cells.
    """
    cells = whole(cells, "cells", 1)
    x = as_points(points, "points", cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        centres, label = kmeans2(x, cells, minit="++", seed=np.random.default_rng(seed), missing="warn")
    return centres[np.unique(label)]
