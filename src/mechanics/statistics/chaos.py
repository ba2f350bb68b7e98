"""Chaos from a measured series: the 0-1 test, and the largest exponent by the method of Rosenstein.

    0-1 test: (p, q)_n = sum_{j<=n} x_j (cos jc, sin jc) stays bounded for regular x, and diffuses for chaotic x
    Rosenstein: <ln |X_{i+k} - X_{n(i)+k}|> = const + lambda k dt, n(i) the nearest neighbour of X_i at another time

Gottwald, Melbourne, SIAM J. Appl. Dyn. Syst. 8 (2009) 129 (arXiv:0906.1418); Rosenstein, Collins, De Luca, Physica D 65
(1993) 117.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import fftconvolve
from scipy.spatial import cKDTree

from ._series import Vector, as_series, whole
from .autocorrelation import autocorrelation

SHORTEST = 200  # times: displacements up to a tenth of them must still show growth
BLOCKS = 10  # of reference points, for errors
RISE = 0.6  # part of the way from the first distance to the last in which the automatic fit ends


class ZeroOne(NamedTuple):
    """Result of the 0-1 test.

    Attributes
    ----------
    K : float
        Median of `values`: near 0 for regular, near 1 for chaotic series.
    values : ndarray, shape (frequencies,)
        Correlation of displacement and time for each frequency.
    frequencies : ndarray, shape (frequencies,)
    stderr : float
        Of the median, from the spread over frequencies (1.2533 sd/sqrt(n)).
    """

    K: float
    values: Vector
    frequencies: Vector
    stderr: float


class Divergence(NamedTuple):
    """Result of `rosenstein`.

    Attributes
    ----------
    exponent, stderr : float
        Slope in the window, per unit time, and its jackknife error over ten blocks of the series.
    times, curve : ndarray, shape (steps + 1,)
        Mean logarithm of the distance of neighbours. Look at it: without a straight part there is no exponent.
    window : tuple of float
        Times between which the slope was taken.
    straightness : float
        Coefficient of determination of the fit.
    dimension, delay, theiler : int
        Embedding, and the least difference of times of neighbours, in samples.
    """

    exponent: float
    stderr: float
    times: Vector
    curve: Vector
    window: tuple[float, float]
    straightness: float
    dimension: int
    delay: int
    theiler: int


def zero_one_test(x: ArrayLike, frequencies: int = 100, *, seed: int = 0) -> ZeroOne:
    """The 0-1 test for chaos, modified form, correlation method, median over frequencies.

    Parameters
    ----------
    x : array_like, shape (time,)
        Stationary; at least 200 times, better 2000.
    frequencies : int
        Drawn from (pi/5, 4 pi/5): away from the resonances at 0 and pi.
    seed : int

    Returns
    -------
    ZeroOne

    Raises
    ------
    ValueError
        If the series is short, constant, not finite or of more than one component.

    Notes
    -----
    It takes a *map*: of a flow, sample it once per period or on a section. A finely sampled chaotic flow looks
    regular (K near 0). Noise looks chaotic. The oscillating term <x>^2 (1 - cos nc)/(1 - cos c) is subtracted.

    References
    ----------
    Gottwald, Melbourne (2009), (2.1)-(2.4) and section 3.
    """
    series = _single(x)
    n = len(series)
    steps = n // 10
    m = n - steps
    c = np.random.default_rng(seed).uniform(np.pi / 5, 4 * np.pi / 5, whole(frequencies, "frequencies", 1))
    j = np.arange(1, n + 1)
    lag = np.arange(1, steps + 1)
    values = np.empty(len(c))
    for i, angle in enumerate(c):
        z = np.cumsum(series * np.exp(1j * angle * j))
        z -= z.mean()  # displacements do not see it, and squares lose fewer digits
        size = np.concatenate([[0.0], np.cumsum(abs(z) ** 2)])
        cross = fftconvolve(z, z[:m][::-1].conj())[m - 1 : n].real  # sum_{j<m} z_{j+k} conj z_j, k = 0..steps
        M = (size[lag + m] - size[lag] + size[m] - 2.0 * cross[lag]) / m
        D = M - series.mean() ** 2 * (1.0 - np.cos(lag * angle)) / (1.0 - np.cos(angle))
        values[i] = np.corrcoef(lag, D)[0, 1] if D.std() > 0 else 0.0
    return ZeroOne(float(np.median(values)), values, c, float(1.2533 * values.std() / np.sqrt(len(c))))


def rosenstein(
    x: ArrayLike,
    dt: float = 1.0,
    *,
    dimension: int = 3,
    delay: int | None = None,
    theiler: int | None = None,
    steps: int | None = None,
    window: tuple[float, float] | None = None,
) -> Divergence:
    """Largest Lyapunov exponent from one measured series.

    Parameters
    ----------
    x : array_like, shape (time,)
        Stationary, equally spaced; at least 200 times.
    dt : float
        Time between samples.
    dimension : int
        Of the embedding; enough that the exponent no longer changes.
    delay : int, optional
        In samples; by default where the autocorrelation falls below 1 - 1/e (Rosenstein et al.).
    theiler : int, optional
        Neighbours are further apart in time than so many samples; by default the mean period.
    steps : int, optional
        How far distances are followed; by default a tenth of the series, at most 500.
    window : (float, float), optional
        Times between which the slope is taken; by default from one step to where the curve has made 60 % of its rise.

    Returns
    -------
    Divergence

    Raises
    ------
    ValueError
        If the series is too short for the embedding, constant or not finite, or the window holds fewer than 3 points.

    Notes
    -----
    Noise of a size that neighbours feel hides the exponent. A regular series gives a slope near 0, not always 0.

    References
    ----------
    Rosenstein, Collins, De Luca (1993), (9)-(13); Theiler, Phys. Rev. A 34 (1986) 2427.
    """
    series = _single(x)
    n = len(series)
    if not (dt > 0 and np.isfinite(dt)):
        raise ValueError(f"dt must be positive and finite, but is {dt!r}.")
    dimension = whole(dimension, "dimension", 1)
    delay = _delay(series) if delay is None else whole(delay, "delay", 1)
    theiler = _mean_period(series) if theiler is None else whole(theiler, "theiler", 0)
    steps = min(n // 10, 500) if steps is None else whole(steps, "steps", 3)
    count = n - (dimension - 1) * delay
    followed = count - steps  # points whose distance can be followed to the end
    if followed < 10 * BLOCKS or followed <= 2 * theiler + 2:
        raise ValueError(
            f"{n} times are too few for dimension {dimension}, delay {delay}, Theiler window {theiler} and {steps} "
            "steps; give a longer series or smaller numbers."
        )
    X = np.stack([series[d * delay : d * delay + count] for d in range(dimension)], axis=1)
    near = _neighbours(X[:followed], theiler)
    start = np.flatnonzero(near >= 0)
    if len(start) < 10 * BLOCKS:
        raise ValueError("too few points have a neighbour at another time and another place; is the series periodic?")
    block = start * BLOCKS // followed
    curves = np.full((BLOCKS, steps + 1), np.nan)
    weight = np.zeros((BLOCKS, steps + 1))
    for k in range(steps + 1):
        gap = np.linalg.norm(X[start + k] - X[near[start] + k], axis=1)
        used = gap > 0
        logs = np.bincount(block[used], np.log(gap[used]), minlength=BLOCKS)
        weight[:, k] = np.bincount(block[used], minlength=BLOCKS)
        curves[:, k] = logs
    times = np.asarray(dt * np.arange(steps + 1), np.float64)
    total = weight.sum(axis=0)
    if (total - weight.max(axis=0) <= 0).any():
        raise ValueError("neighbours coincide exactly: the series repeats itself, and no distance can be followed.")
    curve = curves.sum(axis=0) / total
    chosen = _chosen(times, curve, window)
    exponent, straight = _slope(times[chosen], curve[chosen])
    left = [(curves.sum(axis=0) - curves[b]) / (total - weight[b]) for b in range(BLOCKS)]
    slopes = np.array([_slope(times[chosen], c[chosen])[0] for c in left])
    stderr = float(np.sqrt((BLOCKS - 1) * np.mean((slopes - slopes.mean()) ** 2)))
    span = (float(times[chosen][0]), float(times[chosen][-1]))
    return Divergence(exponent, stderr, times, curve, span, straight, dimension, delay, theiler)


def _single(x: ArrayLike) -> Vector:
    if np.ndim(x) != 1:
        raise ValueError(f"the series must have the shape (time,), but has {np.shape(x)}.")
    return as_series(x, SHORTEST)[0, :, 0]


def _delay(series: Vector) -> int:
    below = np.flatnonzero(autocorrelation(series) < 1.0 - 1.0 / np.e)
    return max(1, int(below[0])) if len(below) else max(1, len(series) // 50)


def _mean_period(series: Vector) -> int:
    """Reciprocal of the mean frequency of the power spectrum, in samples."""
    power = abs(np.fft.rfft(series - series.mean())) ** 2
    frequency = np.fft.rfftfreq(len(series))
    return int(np.ceil(power.sum() / (power @ frequency)))


def _neighbours(X: Vector, theiler: int) -> Vector:
    """Index of the nearest other point more than `theiler` samples away and not in the same place; -1 without one."""
    tree = cKDTree(X)
    n = len(X)
    near = np.full(n, -1)
    missing = np.arange(n)
    k = 8
    while len(missing) and k < 2 * n:
        k = min(k, n)
        distance, index = tree.query(X[missing], k)
        good = (abs(index - missing[:, None]) > theiler) & (distance > 0)
        found = good.any(axis=1)
        near[missing[found]] = index[found, np.argmax(good[found], axis=1)]
        missing = missing[~found]
        if k == n:
            break
        k *= 4
    return near


def _chosen(times: Vector, curve: Vector, window: tuple[float, float] | None) -> Vector:
    if window is None:
        level = curve[0] + RISE * (np.median(curve[-max(3, len(curve) // 4) :]) - curve[0])
        above = np.flatnonzero(curve >= level)
        end = max(int(above[0]) if len(above) else len(curve) - 1, 4)
        chosen = np.zeros(len(times), bool)
        chosen[1 : end + 1] = True
    else:
        chosen = (times >= window[0] - 1e-12) & (times <= window[1] + 1e-12)
    if chosen.sum() < 3:
        raise ValueError(f"the window must hold at least 3 times, but {window!r} holds {int(chosen.sum())}.")
    return chosen


def _slope(t: Vector, y: Vector) -> tuple[float, float]:
    fit = np.polyfit(t, y, 1)
    rest = y - np.polyval(fit, t)
    return float(fit[0]), float(1.0 - rest.var() / y.var()) if y.var() > 0 else 0.0
