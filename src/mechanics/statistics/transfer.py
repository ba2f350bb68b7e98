"""The transfer operator on a partition: Ulam's method for maps, and counted transitions of trajectories.

    P_ij = probability of cell j one lag after cell i,     pi P = pi,     t_k = -lag / ln |mu_k|

Ulam, A Collection of Mathematical Problems (1960), VI.4; Prinz et al., J. Chem. Phys. 134 (2011) 174105.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigs

from ._series import Vector, whole
from .partitions import Boxes, Labels, Partition

DENSE = 400  # cells up to which the dense eigensolver is as fast, and surer, than Arnoldi


@dataclass(frozen=True, eq=False)
class Transfer:
    """A Markov chain of cells.

    Attributes
    ----------
    matrix : csr_matrix, shape (m, m)
        Row-stochastic.
    cells : ndarray, shape (m,)
        Numbers of the cells in the partition: those of the largest set between which transitions go both ways.
    lag : float
        Time of one transition.
    kept : float
        Part of the transitions that start in `cells` and end there.
    """

    matrix: csr_matrix
    cells: Labels
    lag: float
    kept: float


def ulam(
    step: Callable[[Vector], ArrayLike], boxes: Boxes, samples: int = 100, *, lag: float = 1.0, seed: int | None = None
) -> Transfer:
    """Ulam's approximation of the transfer operator of a map or a noisy step.

    Parameters
    ----------
    step : function
        Takes points (m, d), returns where they go, (m, d).
    boxes : Boxes
    samples : int
        Starting points per cell and axis: a regular grid inside each cell (midpoints).
    lag : float
        Time that the step takes.
    seed : int, optional
        Places the points at random in the cell instead.

    Returns
    -------
    Transfer

    Raises
    ------
    ValueError
        If images have another shape or are not finite, or all leave the box.

    Notes
    -----
    The partition acts as noise of one cell: the second eigenvalue is that of a blurred map, not of the map (a
    deterministic chaotic map has none in L1), and finer cells need not remove it. Noise in `step` wider than a cell
    gives it a meaning. A density with singularities converges slowly (4 x (1 - x), 1000 cells: L1 error 0.040).

    References
    ----------
    Ulam (1960); Li, J. Approx. Theory 17 (1976) 177.
    """
    samples = whole(samples, "samples", 1)
    d, size = len(boxes.cells), boxes.size
    if seed is None:
        offsets = (
            np.stack(np.meshgrid(*[np.arange(samples)] * d, indexing="ij"), axis=-1).reshape(-1, d) + 0.5
        ) / samples
        places = np.broadcast_to(offsets, (size, *offsets.shape))
    else:
        places = np.random.default_rng(seed).random((size, samples**d, d))
    width = (boxes.upper - boxes.lower) / boxes.cells
    start = (boxes.centres[:, None, :] + (places - 0.5) * width).reshape(-1, d)
    images = np.asarray(step(start), float)
    if images.shape != start.shape:
        raise ValueError(
            f"step must return points of the shape {start.shape} it was given, but returns {images.shape}."
        )
    return counted(np.repeat(np.arange(size), places.shape[1]), boxes.labels(images), size, lag)


def transfer_operator(
    trajectories: ArrayLike | Sequence[ArrayLike], partition: Partition, lag: int = 1, *, dt: float = 1.0
) -> Transfer:
    """Transition matrix from trajectories.

    Parameters
    ----------
    trajectories : array_like (time, d) or (members, time, d), or sequence of (time,) or (time, d)
        Equally spaced states. Transitions between different members are not counted.
    partition : Boxes, Voronoi, or any `Partition`
    lag : int
        Samples per transition; all overlapping windows are counted.
    dt : float
        Time between samples.

    Returns
    -------
    Transfer

    Raises
    ------
    ValueError
        If a trajectory is not longer than the lag, or no transition stays in the partition.
    """
    labels = discretise(trajectories, partition)
    lag = whole(lag, "lag", 1)
    return counted(*pairs(labels, lag), partition.size, lag * dt)


def discretise(trajectories: ArrayLike | Sequence[ArrayLike], partition: Partition) -> list[Labels]:
    """Cell of every state, one array (time,) for each trajectory; arguments as in `transfer_operator`."""
    if isinstance(trajectories, np.ndarray) and trajectories.ndim < 3:
        trajectories = [trajectories]
    return [partition.labels(path) for path in trajectories]  # type: ignore[union-attr]


def stationary(transfer: Transfer) -> Vector:
    """Stationary probabilities of the cells, shape (m,), all positive."""
    return _rest(transfer.matrix)


def eigenvalues(transfer: Transfer, k: int = 5) -> NDArray:
    """The k eigenvalues of largest modulus, descending; the first is 1."""
    k = whole(k, "k", 1)
    m = transfer.matrix.shape[0]
    if k > m:
        raise ValueError(f"k must be at most the number of cells, {m}, but is {k}.")
    if m <= DENSE or k > m - 2:
        values = np.linalg.eigvals(transfer.matrix.toarray())
    else:
        values = eigs(transfer.matrix.T.tocsc(), k, v0=np.cos(np.arange(m)), return_eigenvectors=False)
    values = values[np.lexsort((-values.imag, -abs(values).round(12)))][:k]
    return values.real if abs(values.imag).max() < 1e-12 else values


def implied_times(transfer: Transfer, k: int = 4) -> Vector:
    """Implied time scales -lag / ln |mu_i| of eigenvalues 2..k+1, descending; 0 where |mu| is 0.

    Trust those that stay constant as the lag grows, and that exceed the lag.
    """
    size = abs(eigenvalues(transfer, k + 1))[1:]
    with np.errstate(divide="ignore"):
        return np.where(size >= 1.0, np.inf, -transfer.lag / np.log(np.minimum(size, np.nextafter(1.0, 0.0))))


def counted(start: Labels, end: Labels, size: int, lag: float) -> Transfer:
    """The chain of transitions between labels, -1 being outside."""
    inside = (start >= 0) & (end >= 0)
    counts = coo_matrix((np.ones(inside.sum()), (start[inside], end[inside])), shape=(size, size)).tocsr()
    return from_counts(counts, np.bincount(start[start >= 0], minlength=size), lag)


def from_counts(counts: csr_matrix, starts: NDArray[Any], lag: float) -> Transfer:
    """Row-normalised counts on the largest strongly connected set; `starts` includes transitions that end outside."""
    if not (lag > 0 and math.isfinite(lag)):
        raise ValueError(f"the time of a transition must be positive and finite, but is {lag!r}.")
    if not counts.nnz:
        raise ValueError("no transition starts and ends in the partition; enlarge it.")
    cells = _largest(counts)
    counts = counts[cells][:, cells]
    total = np.asarray(counts.sum(axis=1)).ravel()
    matrix = (diags(1.0 / total) @ counts).tocsr()
    return Transfer(matrix, cells, float(lag), float(total.sum() / starts[cells].sum()))


def pairs(labels: list[Labels], lag: int) -> tuple[Labels, Labels]:
    """Labels before and after one lag, over all trajectories."""
    short = [len(path) for path in labels if len(path) <= lag]
    if short or not labels:
        raise ValueError(
            f"every trajectory must be longer than the lag, {lag}, but one has {min(short, default=0)} times."
        )
    return np.concatenate([path[:-lag] for path in labels]), np.concatenate([path[lag:] for path in labels])


def _largest(counts: csr_matrix) -> Labels:
    """Cells of the strongly connected set that holds the most transitions."""
    _, member = connected_components(counts, directed=True, connection="strong")
    links = counts.tocoo()
    same = member[links.row] == member[links.col]
    weight = np.bincount(member[links.row[same]], links.data[same], minlength=member.max() + 1)
    if not weight.any():
        raise ValueError("no cell is ever visited again: a partition of fewer cells, or longer trajectories.")
    return np.flatnonzero(member == np.argmax(weight)).astype(np.int64)


def _rest(matrix: csr_matrix) -> Vector:
    """Stationary vector of an irreducible chain: dense elimination without subtraction, else the eigenvector of 1."""
    m = matrix.shape[0]
    if m > DENSE:
        vector = abs(eigs(matrix.T.tocsc(), 1, sigma=1.0 + 1e-9, v0=np.ones(m))[1][:, 0])
        return vector / vector.sum()
    A = matrix.toarray()  # Grassmann, Taksar, Heyman, Oper. Res. 33 (1985) 1107
    for n in range(m - 1, 0, -1):
        A[:n, n] /= A[n, :n].sum()
        A[:n, :n] += np.outer(A[:n, n], A[n, :n])
    p = np.ones(m)
    for n in range(1, m):
        p[n] = p[:n] @ A[:n, n]
    return p / p.sum()
