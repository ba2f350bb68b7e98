"""Transfer operator of training in a plateau, on a projection to a few dimensions.

    P_ij(lag) = probability of cell j one lag after cell i,   t_k(lag) = -lag / ln |mu_k|,   P(lag)^m = P(m lag) ?

Cells are those of `mechanics.statistics`. A transfer operator describes one fixed law of motion: during learning
there is none, and a matrix counted there mixes laws. Such stretches are refused, or marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from mechanics.statistics import (
    ChapmanKolmogorov,
    Partition,
    Transfer,
    Voronoi,
    chapman_kolmogorov,
    implied_times,
    stationary,
    transfer_operator,
    voronoi_centres,
)

from ._blocks import Array, check_times, even_step, window_of
from .plateaus import Stationarity, stationarity

SETS = 3  # of the Chapman-Kolmogorov test
FALSE_ALARM = 0.01  # of the Chapman-Kolmogorov test, over all its entries


@dataclass(frozen=True, eq=False)
class SlowMotion:
    """Transfer operators of a plateau at several lags; made by `slow_motion`.

    Attributes
    ----------
    lags : ndarray, shape (n,)
        In the unit of `times`.
    implied_times, stderr : ndarray, shape (n, k)
        Time scales at each lag, descending, and jackknife errors over copies; inf where a set is never left.
    transfer : Transfer
        At the lag of the test, the one of `lags` given by `test_lag`.
    test : ChapmanKolmogorov
        Of three sets of cells, of about equal probability, along the slowest eigenfunction.
    threshold : float
        Of `test.worst`, from Student's law with copies - 1 degrees, for a false alarm of 1 % over all entries.
    partition : Partition
    stationarity : Stationarity
    """

    lags: Array
    implied_times: Array
    stderr: Array
    transfer: Transfer
    test: ChapmanKolmogorov
    threshold: float
    partition: Partition
    stationarity: Stationarity

    @property
    def markovian(self) -> bool:
        """Whether the Chapman-Kolmogorov test found no difference."""
        return self.test.worst <= self.threshold

    @property
    def resolved(self) -> bool:
        """Whether the slowest time scale exceeds the lag of the test."""
        slowest = self.implied_times[int(abs(self.lags - self.transfer.lag).argmin()), 0]
        return bool(np.isfinite(slowest) and slowest > self.transfer.lag)

    @property
    def verdict(self) -> str:
        """A sentence."""
        faults = []
        if not self.stationarity.stationary:
            faults.append(self.stationarity.verdict)
        if not self.markovian:
            faults.append(
                f"not Markovian at lag {self.transfer.lag:g} (worst difference {self.test.worst:.1f} errors, allowed "
                f"{self.threshold:.1f})"
            )
        if not self.resolved:
            faults.append(f"the slowest time scale is infinite or below the lag {self.transfer.lag:g}")
        if self.transfer.kept < 0.9:
            faults.append(f"only {self.transfer.kept:.0%} of the transitions stay in the cells that communicate")
        return "not to be trusted: " + "; ".join(faults) if faults else f"Markovian at lag {self.transfer.lag:g}"


def slow_motion(
    series: ArrayLike,
    times: ArrayLike | None = None,
    *,
    start: float | None = None,
    stop: float | None = None,
    cells: int = 20,
    partition: Partition | None = None,
    lags: Sequence[int] = (1, 2, 4, 8),
    test_lag: int | None = None,
    k: int = 2,
    accept_drift: bool = False,
    alpha: float = 0.03,
    seed: int = 0,
) -> SlowMotion:
    """Implied time scales and the Chapman-Kolmogorov test of a projection of training.

    Parameters
    ----------
    series : array_like, shape (copies, times) or (copies, times, d)
        A statistic of training, or `principal_components(...).scores`; at least 8 copies with independent noise.
    times : array_like, shape (times,), optional
        Equally spaced; 0, 1, ... by default.
    start, stop : float, optional
        The plateau.
    cells : int
        Of k-means on components scaled to variance 1, if no partition is given.
    partition : Partition, optional
        Of `mechanics.statistics`, for the series as it is.
    lags : sequence of int
        In steps of `times`.
    test_lag : int, optional
        One of `lags`, at which the test is made; the first by default.
    k : int
        Number of time scales.
    accept_drift : bool
        Return a result, whose `verdict` says so, where the window is not stationary; by default that raises.
    alpha : float
        False alarms of `stationarity`.
    seed : int

    Returns
    -------
    SlowMotion

    Raises
    ------
    ValueError
        If the window is not stationary (unless accepted) or too short, or cells cannot be counted.

    Notes
    -----
    Pooling copies supposes one law for all. Copies that rest in different minima never meet: take a statistic that they
    share (loss, norms), or centre each copy by its mean. k-means sees all copies, so that cells are not independent of
    the data; errors leave this out.

    References
    ----------
    Prinz et al., J. Chem. Phys. 134 (2011) 174105.
    """
    x = np.asarray(series, np.float64)
    x = x[:, :, None] if x.ndim == 2 else x
    steps = sorted({int(lag) for lag in lags})
    test_lag = steps[0] if test_lag is None else test_lag
    if not steps or steps[0] < 1 or test_lag not in steps:
        raise ValueError(
            f"lags must be whole numbers of at least 1 with test_lag among them, but are {lags!r}, {test_lag!r}."
        )
    still = stationarity(x, times, start=start, stop=stop, alpha=alpha, seed=seed)
    if not still.stationary and not accept_drift:
        raise ValueError(
            f"{still.verdict}. A transfer operator needs one law of motion: choose a later window, or set "
            "accept_drift=True and read the result as a description only. Two-time correlations (two_time) need none."
        )
    t = check_times(times, x.shape[1])
    window = window_of(t, start, stop, 6 * steps[-1])
    dt, x = even_step(t[window]), x[:, window]
    if partition is None:
        scale = x.std(axis=(0, 1))
        if not (scale > 0).all():
            raise ValueError(f"component {int(scale.argmin())} of the series is constant; leave it out.")
        x = (x - x.mean(axis=(0, 1))) / scale
        partition = Voronoi(voronoi_centres(x.reshape(-1, x.shape[2]), cells, seed))
    found = np.array([implied_times(transfer_operator(x, partition, lag, dt=dt), k) for lag in steps])
    m = len(x)
    left = np.array(
        [
            [implied_times(transfer_operator(np.delete(x, i, axis=0), partition, lag, dt=dt), k) for lag in steps]
            for i in range(m)
        ]
    )
    left = np.where(np.isfinite(left), left, np.nan)
    stderr = np.sqrt((m - 1) * np.mean((left - left.mean(axis=0)) ** 2, axis=0))
    stderr = np.where(np.isfinite(stderr), stderr, np.inf)
    multiples = [j for j in (1, 2, 3, 4, 5) if j * test_lag < x.shape[1] // 2]
    transfer = transfer_operator(x, partition, test_lag, dt=dt)
    sets = _slow_sets(transfer, partition.size)
    test = chapman_kolmogorov(x, partition, test_lag, multiples, sets=sets, seed=seed)
    entries = max(1, int((test.stderr > 0).sum()))
    threshold = float(student.isf(FALSE_ALARM / (2 * entries), m - 1))
    return SlowMotion(dt * np.array(steps), found, stderr, transfer, test, threshold, partition, still)


def _slow_sets(transfer: Transfer, size: int) -> NDArray[np.int64]:
    """Set of each cell: thirds of the probability along the slowest eigenfunction.

    Single cells will not do: a transition seen in no trajectory has the bootstrap error 0, and a test of 20 cells of
    an autoregression at a Markovian lag failed in 15 of 20 runs.
    """
    values, vectors = np.linalg.eig(transfer.matrix.toarray())
    slowest = vectors[:, np.argsort(-abs(values))[min(1, len(values) - 1)]].real
    order = np.argsort(slowest, kind="stable")
    weight = stationary(transfer)[order]
    sets = np.zeros(size, np.int64)
    sets[transfer.cells[order]] = np.floor(SETS * (np.cumsum(weight) - weight / 2)).astype(np.int64)
    return sets
