"""Rank correlation of test accuracy with the size of the curvature over the cells of phase diagrams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .diagram import NetworkDiagram

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Correlation:
    """Rank correlation of accuracy with a measure of the load curve over cells, with a 95 % interval over seeds."""

    value: float
    low: float
    high: float
    cells: int


def correlation(
    diagrams: NetworkDiagram | Sequence[NetworkDiagram],
    measure: Literal["quadratic", "ends"] = "quadratic",
    *,
    slopes: Sequence[float] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Correlation:
    """Spearman's correlation between test accuracy and the size of the curvature, over the cells of diagrams.

    Parameters
    ----------
    diagrams : NetworkDiagram or sequence of them
        Cells of all are taken together.
    measure : {"quadratic", "ends"}
        Which curvature.
    slopes : sequence of float, optional
        Only cells with these slopes.
    resamples, seed : int
        Bootstrap over the seeds of each cell.

    Returns
    -------
    Correlation
        value < 0: networks with straighter load curves are more accurate. nan where all accuracies are the same.

    Raises
    ------
    ValueError
        If fewer than 4 cells have finished networks.
    """
    group = [diagrams] if isinstance(diagrams, NetworkDiagram) else list(diagrams)
    name = "curvature" if measure == "quadratic" else "curvature_ends"
    bends: list[Array] = []
    accuracies: list[Array] = []
    for diagram in group:
        runs = diagram.runs if slopes is None else diagram.runs.sel(slope=list(slopes))
        for bend, accuracy in zip(
            runs[name].values.reshape(-1, runs.sizes["seed"]),
            runs["test_accuracy"].values.reshape(-1, runs.sizes["seed"]),
            strict=True,
        ):
            good = np.isfinite(bend) & np.isfinite(accuracy)
            if good.any():
                bends.append(bend[good])
                accuracies.append(accuracy[good])
    if len(bends) < 4:
        raise ValueError(f"a correlation needs at least 4 cells with finished networks, but there are {len(bends)}.")
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, len(b), (resamples, len(b))) for b in bends]
    drawn = _rank_correlation(
        np.array([np.abs(b[i].mean(axis=1)) for b, i in zip(bends, picks, strict=True)]),
        np.array([q[i].mean(axis=1) for q, i in zip(accuracies, picks, strict=True)]),
    )
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    found = _rank_correlation(np.array([[abs(b.mean())] for b in bends]), np.array([[q.mean()] for q in accuracies]))
    return Correlation(float(found[0]), float(low), float(high), len(bends))


def _rank_correlation(a: Array, b: Array) -> Array:
    """Spearman's correlation of each column; nan where all numbers of one are the same."""
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=0) for values in (a, b)]
    x, y = (r - r.mean(axis=0) for r in ranks)
    size = np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
    return np.where(size > 0, (x * y).sum(axis=0) / np.where(size > 0, size, 1), np.nan)
