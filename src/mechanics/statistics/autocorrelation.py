"""Autocorrelation of stationary series, integrated autocorrelation times and errors of means.

    rho(k) = <(x_j - m)(x_{j+k} - m)> / <(x_j - m)^2>,   tau = 1 + 2 sum_{k=1}^{W} rho(k),   var(mean) = var(x) tau / N

Sokal, "Monte Carlo Methods in Statistical Mechanics", in Functional Integration (Plenum, 1997) 131-192;
Wolff, Comput. Phys. Commun. 156 (2004) 143 (hep-lat/0306017). Their tau_int is half of our tau.
"""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import irfft, next_fast_len, rfft

from ._series import Vector, as_series, whole

WINDOW = 5.0  # W >= WINDOW tau: an exponential decay is cut at exp(-10), and longer windows only add noise
TRUSTED = 50.0  # with fewer than so many tau the window closes too early, and tau comes out too small


class IntegratedTime(NamedTuple):
    """Integrated autocorrelation times; floats for one observable, else arrays (components,).

    Attributes
    ----------
    tau : float or ndarray
        1 + 2 sum rho, times `dt`: the time between two samples that count as independent.
    stderr : float or ndarray
        Its standard error.
    window : int or ndarray
        Lag W at which the sum ends.
    effective : float or ndarray
        Number of independent samples that give the mean the same error.
    mean, mean_stderr : float or ndarray
        Mean over chains and times, and its standard error sqrt(var tau / N).
    """

    tau: Vector | float
    stderr: Vector | float
    window: Vector | int
    effective: Vector | float
    mean: Vector | float
    mean_stderr: Vector | float


def _correlate(series: Vector, lags: int) -> Vector:
    """Autocovariance (lags + 1, components), about the common mean, averaged over chains; 1/(n - k) at lag k."""
    n = series.shape[1]
    x = series - series.mean(axis=(0, 1))
    size = next_fast_len(n + lags, real=True)  # zeros: no wrapping round up to `lags`
    power = np.abs(rfft(x, size, axis=1)) ** 2
    products = irfft(power.mean(axis=0), size, axis=0)[: lags + 1]
    return products / (n - np.arange(lags + 1))[:, None]


def autocorrelation(x: ArrayLike, lags: int | None = None) -> Vector:
    """Normalised autocorrelation function by FFT.

    Parameters
    ----------
    x : array_like, shape (time,), (chains, time) or (chains, time, components)
        Stationary series, equally spaced. Chains are independent samples of one process: they share the mean.
    lags : int, optional
        Largest lag, below the number of times; by default a quarter of it.

    Returns
    -------
    ndarray, shape (lags + 1,) or (lags + 1, components)
        rho, with rho[0] = 1.

    Raises
    ------
    ValueError
        If the series is too short, constant or not finite, or a lag is not below the number of times.

    Notes
    -----
    Subtracting the estimated mean lowers every value by about tau / N. Values beyond a few tau are noise: never sum
    the whole function; `integrated_time` cuts it.

    References
    ----------
    Sokal (1997), section 3.
    """
    series = as_series(x)
    lags = _lags(lags, series.shape[1])
    gamma = _correlate(series, lags)
    rho = gamma / gamma[0]
    return rho[:, 0] if np.ndim(x) < 3 else rho


def autocorrelation_error(x: ArrayLike, lags: int | None = None) -> Vector:
    """Standard error of each value of `autocorrelation`, by the formula of Bartlett and Luescher.

    Parameters
    ----------
    x, lags
        As in `autocorrelation`.

    Returns
    -------
    ndarray
        Shape as `autocorrelation` returns it; 0 at lag 0.

    Raises
    ------
    ValueError
        As in `autocorrelation`.

    Notes
    -----
    Valid for Gaussian fluctuations. Neighbouring errors are strongly correlated.

    References
    ----------
    Luescher, Comput. Phys. Commun. 165 (2005) 199 (hep-lat/0409106), appendix E, after Madras and Sokal (1988).
    """
    series = as_series(x)
    n = series.shape[1]
    lags = _lags(lags, n)
    widest = min(n - 1, 2 * lags + 100)
    gamma = _correlate(series, widest)
    rho = gamma / gamma[0]
    total = series.shape[0] * n
    errors = np.zeros((lags + 1, series.shape[2]))
    for c in range(series.shape[2]):
        window = sokal_window(rho[:, c], WINDOW)[0]
        for k in range(1, lags + 1):
            j = np.arange(1, min(k + window, widest - k) + 1)
            terms = rho[j + k, c] + rho[np.abs(j - k), c] - 2.0 * rho[k, c] * rho[j, c]
            errors[k, c] = np.sqrt(np.sum(terms**2) / total)
    return errors[:, 0] if np.ndim(x) < 3 else errors


def integrated_time(x: ArrayLike, dt: float = 1.0, *, window: float = WINDOW) -> IntegratedTime:
    """Integrated autocorrelation time with Sokal's automatic window, and the error of the mean.

    Parameters
    ----------
    x : array_like, shape (time,), (chains, time) or (chains, time, components)
        Stationary series, equally spaced; drop the transient before.
    dt : float
        Time between samples.
    window : float
        The sum ends at the least lag W >= window tau(W) / dt.

    Returns
    -------
    IntegratedTime

    Raises
    ------
    ValueError
        If the series is too short, constant or not finite, or dt or window is not positive.

    Warns
    -----
    RuntimeWarning
        If the data are shorter than 50 tau: tau is then too small, and so are the errors.

    Notes
    -----
    The relative error of tau is sqrt(2 (2 W + 1) / N) (Madras and Sokal 1988); the estimate carries the correction of
    the subtracted mean, 1 + (2 W + 1) / N (Wolff 2004, section 3). A correlation that oscillates or has a slow, weak
    tail can close the window early: look at `autocorrelation`.

    References
    ----------
    Sokal (1997), section 3; Madras and Sokal, J. Stat. Phys. 50 (1988) 109; Wolff (2004).
    """
    series = as_series(x)
    if not dt > 0 or not window > 0:
        raise ValueError(f"dt and window must be positive, but are {dt!r} and {window!r}.")
    chains, n, components = series.shape
    gamma = _correlate(series, n - 1)
    total = chains * n
    tau, stderr = np.empty(components), np.empty(components)
    width = np.empty(components, int)
    for c in range(components):
        W, raw = sokal_window(gamma[:, c] / gamma[0, c], window)
        tau[c] = raw * (1.0 + (2 * W + 1) / total)
        stderr[c] = abs(tau[c]) * np.sqrt(2.0 * (2 * W + 1) / total)
        width[c] = W
    positive = np.maximum(tau, 1.0 / total)  # of an anticorrelated series the sum may vanish or cross zero
    if (total < TRUSTED * tau).any() or (width >= n - 1).any():
        warnings.warn(
            f"The series holds {total / tau.max():.0f} correlation times, fewer than {TRUSTED:.0f}, or its window did "
            "not close: tau and the errors are too small. Run longer.",
            RuntimeWarning,
            stacklevel=2,
        )
    effective = total / positive
    error = np.sqrt(gamma[0] / effective)
    results = (tau * dt, stderr * dt, width, effective, series.mean(axis=(0, 1)), error)
    if np.ndim(x) < 3:
        return IntegratedTime(*(r[0].item() for r in results))
    return IntegratedTime(*results)


def effective_sample_size(x: ArrayLike) -> Vector | float:
    """Number of independent samples that would give the mean of `x` the same error; see `integrated_time`."""
    return integrated_time(x).effective


def sokal_window(rho: Vector, factor: float = WINDOW) -> tuple[int, float]:
    """Least lag W >= factor tau(W), and tau(W), of an autocorrelation function from lag 0; the last lag if none is."""
    tau = 2.0 * np.cumsum(rho) - 1.0
    closed = np.arange(len(rho)) >= factor * tau
    closed[0] = False  # at least one lag: an anticorrelation must be seen
    W = int(np.argmax(closed)) if closed.any() else len(rho) - 1
    return W, float(tau[W])


def _lags(lags: int | None, n: int) -> int:
    if lags is None:
        return n // 4
    lags = whole(lags, "lags", 1)
    if lags >= n:
        raise ValueError(f"lags must be below the number of times, {n}, but is {lags}.")
    return lags
