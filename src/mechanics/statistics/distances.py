"""Distances between ensembles: Wasserstein, Kullback-Leibler, Jensen-Shannon; their errors and what bias alone gives.

    W_q(a, b) = (int_0^1 |F_a^-1(u) - F_b^-1(u)|^q du)^(1/q) in one dimension; its mean over directions in more (sliced)

Peyre, Cuturi, Found. Trends Mach. Learn. 11 (2019) 355, (2.36); Bonneel et al., J. Math. Imaging Vis. 51 (2015) 22;
bias of plug-in entropies: Paninski, Neural Comput. 15 (2003) 1191.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._series import Vector, as_points, whole


class Distance(NamedTuple):
    """A distance of two samples and how far to trust it.

    Attributes
    ----------
    value : float
        Between the samples as they are.
    stderr : float
        Standard deviation over bootstrap samples of both ensembles.
    floor : float
        Mean distance of two samples of these sizes from one law, by permutation: what the bias alone gives.
    p_value : float
        Part of the permutations that are at least as far apart, (1 + count) / (1 + resamples).
    """

    value: float
    stderr: float
    floor: float
    p_value: float


def wasserstein(a: ArrayLike, b: ArrayLike, order: float = 1.0) -> float:
    """Wasserstein distance of two samples of one number each, exact.

    Parameters
    ----------
    a, b : array_like, shape (members,)
    order : float
        1 or more.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a sample is empty, not finite, or of more than one component, or order < 1.

    Notes
    -----
    Samples of one law are about n^(-1/2) apart, not 0: see `compare`.
    """
    x, y = as_points(a, "a"), as_points(b, "b")
    if x.shape[1] != 1 or y.shape[1] != 1:
        raise ValueError("wasserstein takes one number per member; use sliced_wasserstein for more.")
    return float(_quantile_gaps(x, y, _order(order))[0] ** (1.0 / order))


def sliced_wasserstein(
    a: ArrayLike, b: ArrayLike, order: float = 1.0, *, directions: int = 100, seed: int = 0
) -> float:
    """Sliced Wasserstein distance: the root mean `order`-th power over projections on random directions.

    Parameters
    ----------
    a, b : array_like, shape (members, d)
        Scale the components first: a direction weighs them as they are.
    order : float
    directions : int
        Uniform on the sphere; the Monte Carlo error falls as directions^(-1/2).
    seed : int

    Returns
    -------
    float
        In d dimensions smaller than the true distance: of a shift c it sees only the mean of |c . direction|.

    Raises
    ------
    ValueError
        If samples differ in dimension, are empty or not finite, or order < 1.
    """
    x, y = as_points(a, "a"), as_points(b, "b")
    _same(x, y)
    axes = np.random.default_rng(seed).normal(size=(x.shape[1], whole(directions, "directions", 1)))
    axes /= np.linalg.norm(axes, axis=0)
    return float(_quantile_gaps(x @ axes, y @ axes, _order(order)).mean() ** (1.0 / order))


def kl_divergence(a: ArrayLike, b: ArrayLike, bins: int | None = None) -> float:
    """Kullback-Leibler divergence KL(a | b), in nats, between histograms.

    Parameters
    ----------
    a, b : array_like, shape (members,) or (members, d)
    bins : int, optional
        Bins per axis, of equal count in the pooled sample; by default (members)^(1/(d + 2)), rounded up to 2.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If samples differ in dimension, are empty or not finite.

    Notes
    -----
    Half a member is added to every bin (Krichevsky-Trofimov): without it one empty bin of b makes it infinite. Bias:
    upward about (bins - 1)/2 (1/n_a + 1/n_b) for like samples, downward where bins hide the difference.
    """
    p, q = _histograms(a, b, bins, 0.5)
    return float(np.sum(p * np.log(p / q)))


def jensen_shannon(a: ArrayLike, b: ArrayLike, bins: int | None = None) -> float:
    """Jensen-Shannon divergence in nats, between 0 and ln 2, between histograms; its root is a metric.

    Parameters
    ----------
    a, b, bins
        As in `kl_divergence`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As in `kl_divergence`.

    Notes
    -----
    Finite without any addition. Bias for like samples about (bins - 1)/8 (1/n_a + 1/n_b), upward.

    References
    ----------
    Lin, IEEE Trans. Inf. Theory 37 (1991) 145.
    """
    p, q = _histograms(a, b, bins, 0.0)
    m = 0.5 * (p + q)
    parts = [np.sum(r[r > 0] * np.log(r[r > 0] / m[r > 0])) for r in (p, q)]
    return float(0.5 * (parts[0] + parts[1]))


def compare(
    a: ArrayLike,
    b: ArrayLike,
    distance: Callable[[Vector, Vector], float] = wasserstein,
    *,
    resamples: int = 200,
    seed: int = 0,
) -> Distance:
    """A distance with its bootstrap error, its value for no difference, and a permutation test.

    Parameters
    ----------
    a, b : array_like, shape (members,) or (members, d)
        Independent members: copies at one time. States along one path are not independent; thin them to one per
        `integrated_time` first.
    distance : function
        `distance(a, b) -> float`, for instance `wasserstein` or a lambda around `kl_divergence`.
    resamples : int
        Of the bootstrap and of the permutation each.
    seed : int

    Returns
    -------
    Distance

    Raises
    ------
    ValueError
        If samples differ in dimension, have fewer than 2 members or are not finite.

    Notes
    -----
    The bootstrap error means little near the floor, where the distance is not normal: read the p value there.

    References
    ----------
    Efron, Tibshirani, An Introduction to the Bootstrap (1993), chapters 6 and 15.
    """
    x, y = as_points(a, "a", 2), as_points(b, "b", 2)
    _same(x, y)
    resamples = whole(resamples, "resamples", 10)
    rng = np.random.default_rng(seed)
    value = float(distance(x, y))
    spread, none = np.empty(resamples), np.empty(resamples)
    pool = np.concatenate([x, y])
    for r in range(resamples):
        spread[r] = distance(x[rng.integers(0, len(x), len(x))], y[rng.integers(0, len(y), len(y))])
        mixed = rng.permutation(pool)
        none[r] = distance(mixed[: len(x)], mixed[len(x) :])
    p_value = (1 + int(np.sum(none >= value))) / (1 + resamples)
    return Distance(value, float(spread.std(ddof=1)), float(none.mean()), p_value)


def _quantile_gaps(x: Vector, y: Vector, order: float) -> Vector:
    """int |F^-1 - G^-1|^order du for every column: quantile functions are steps, so the integral is a finite sum."""
    x, y = np.sort(x, axis=0), np.sort(y, axis=0)
    n, m = len(x), len(y)
    if n == m:
        return np.mean(abs(x - y) ** order, axis=0)
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # in units of 1/(n m): whole numbers
    width = np.diff(ends, prepend=0) / (n * m)
    i, j = (ends - 1) // m, (ends - 1) // n
    return width @ (abs(x[i] - y[j]) ** order)


def _order(order: float) -> float:
    if not (order >= 1 and np.isfinite(order)):
        raise ValueError(f"order must be 1 or more, but is {order!r}.")
    return float(order)


def _same(x: Vector, y: Vector) -> None:
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"both samples need the same components, but have {x.shape[1]} and {y.shape[1]}.")


def _histograms(a: ArrayLike, b: ArrayLike, bins: int | None, extra: float) -> tuple[Vector, Vector]:
    x, y = as_points(a, "a"), as_points(b, "b")
    _same(x, y)
    d = x.shape[1]
    fewest = min(len(x), len(y))
    bins = max(2, int(np.ceil(fewest ** (1.0 / (d + 2))))) if bins is None else whole(bins, "bins", 2)
    pool = np.concatenate([x, y])
    index = np.zeros(len(pool), np.int64)
    for axis in range(d):
        edges = np.unique(np.quantile(pool[:, axis], np.arange(1, bins) / bins))
        index = index * bins + np.searchsorted(edges, pool[:, axis], side="right")
    _, index = np.unique(index, return_inverse=True)  # bins that hold no member of either add nothing
    counts = [np.bincount(part, minlength=index.max() + 1) + extra for part in (index[: len(x)], index[len(x) :])]
    return counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
