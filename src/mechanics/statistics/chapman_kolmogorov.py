"""Whether a chain of cells is Markovian at its lag: P(lag)^m against P(m lag), with errors over trajectories."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_matrix, csr_matrix

from ._series import Vector, whole
from .partitions import Labels, Partition
from .transfer import discretise, from_counts, pairs

FEWEST = 8  # trajectories for a bootstrap


class ChapmanKolmogorov(NamedTuple):
    """Probability of staying in (or being back in) each set.

    Attributes
    ----------
    multiples : ndarray, shape (m,)
    estimated : ndarray, shape (m, sets)
        From transitions over that many lags.
    predicted : ndarray, shape (m, sets)
        From powers of the matrix at one lag.
    stderr : ndarray, shape (m, sets)
        Of the difference, by bootstrap over trajectories.
    worst : float
        Largest |difference| / stderr. With many entries 3 is common by chance.
    """

    multiples: Vector
    estimated: Vector
    predicted: Vector
    stderr: Vector
    worst: float


def chapman_kolmogorov(
    trajectories: ArrayLike | Sequence[ArrayLike],
    partition: Partition,
    lag: int = 1,
    multiples: Sequence[int] = (1, 2, 3, 4, 5),
    *,
    sets: ArrayLike | None = None,
    resamples: int = 100,
    seed: int = 0,
) -> ChapmanKolmogorov:
    """Compare P(lag)^m with P(m lag) in the probability to stay in sets of cells.

    Parameters
    ----------
    trajectories, partition, lag
        As in `transfer_operator`; at least 8 trajectories. Cut one long run into pieces of many correlation times.
    multiples : sequence of int
    sets : array_like of int, shape (partition.size,), optional
        Number of the set of each cell, from 0; by default every cell for itself.
    resamples, seed : int
        Of the bootstrap. Whole trajectories are drawn: transitions within one are not independent.

    Returns
    -------
    ChapmanKolmogorov
        NaN where a set is never visited.

    Raises
    ------
    ValueError
        If there are too few or too short trajectories, or sets do not fit.

    References
    ----------
    Prinz et al., J. Chem. Phys. 134 (2011) 174105, section IV.F.
    """
    labels = discretise(trajectories, partition)
    if len(labels) < FEWEST:
        raise ValueError(f"a bootstrap needs at least {FEWEST} trajectories, but got {len(labels)}; cut a long one.")
    lag, resamples, size = whole(lag, "lag", 1), whole(resamples, "resamples", 10), partition.size
    steps = [whole(m, "a multiple", 1) for m in multiples]
    group = np.arange(partition.size) if sets is None else np.asarray(sets)
    if group.shape != (partition.size,) or group.min() < 0:
        raise ValueError(f"sets must number each of the {partition.size} cells from 0, but has shape {group.shape}.")
    tables = {m: _table(labels, size, m * lag) for m in {1, *steps}}
    estimated, predicted = _stay(tables, np.ones(len(labels)), size, steps, group)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, len(labels), len(labels)), minlength=len(labels)).astype(float)
        a, b = _stay(tables, times, size, steps, group)
        draws.append(a - b)
    stderr = np.nanstd(draws, axis=0, ddof=1)
    gap = abs(estimated - predicted)
    sure = np.isfinite(gap) & np.isfinite(stderr) & (stderr > 0)
    worst = float((gap[sure] / stderr[sure]).max()) if sure.any() else 0.0
    return ChapmanKolmogorov(np.array(steps, float), estimated, predicted, stderr, worst)


def _table(labels: list[Labels], size: int, lag: int) -> csr_matrix:
    """Transitions of every trajectory, (trajectories, size * size): a bootstrap sample is one product with it."""
    rows, columns = [], []
    pairs(labels, lag)  # raises where a trajectory is too short
    for i, path in enumerate(labels):
        start, end = path[:-lag], path[lag:]
        inside = (start >= 0) & (end >= 0)
        columns.append(start[inside] * size + end[inside])
        rows.append(np.full(len(columns[-1]), i))
    row, column = np.concatenate(rows), np.concatenate(columns)
    return coo_matrix((np.ones(len(row)), (row, column)), shape=(len(labels), size * size)).tocsr()


def _stay(
    tables: dict[int, csr_matrix], times: Vector, size: int, steps: list[int], group: Labels
) -> tuple[Vector, Vector]:
    """Probabilities (multiples, sets) of being in the set again: counted over m lags, and from powers of one lag."""
    counts = {m: csr_matrix((table.T @ times).reshape(size, size)) for m, table in tables.items()}
    starts = np.asarray(counts[1].sum(axis=1)).ravel()
    base = from_counts(counts[1], starts, 1.0)
    member = (group[base.cells][:, None] == np.arange(group.max() + 1)).astype(float)
    weight = starts[base.cells][:, None] * member
    weight = weight / np.where(weight.any(axis=0), weight.sum(axis=0), np.nan)
    estimated, predicted = [], []
    for m in steps:
        chosen = counts[m][base.cells][:, base.cells]
        total = np.asarray(chosen.sum(axis=1))
        counted = (chosen @ member) / np.where(total > 0, total, np.nan)[:, None].reshape(len(base.cells), 1)
        later = member
        for _ in range(m):
            later = base.matrix @ later
        estimated.append(np.nansum(weight * counted, axis=0) + 0.0 * weight.sum(axis=0))
        predicted.append(np.sum(weight * later, axis=0))
    return np.array(estimated), np.array(predicted)
