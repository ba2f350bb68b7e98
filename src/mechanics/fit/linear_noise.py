"""Fluctuations of a sliding chain: independent Ornstein-Uhlenbeck modes with one size and one rate.

Near a mean that rests or moves slowly, a step of (5) is linear in the deviation d, with mobility m and variance q:

    d <- (1 - dt m k T) d + dt eta,    Var eta = q,    T = tridiag(-1, 2, -1),    lambda_j = 4 sin^2(j pi/2L)

so that mode j (a sine, eigenvector of T) has the factor phi_j = 1 - dt r lambda_j a step, r = m k, and the variance

    c_j = size / (lambda_j (1 - dt r lambda_j/2)),    size = dt q/(2 m k).

Exact for the scheme; without dt the limit phi_j^(t/dt) = exp(-r lambda_j t). The likelihood of modes seen at times t_i
is that of an autoregression, its mean over time eliminated where one history is all there is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from .noise_data import Array

TRIED = 60  # rates of the scan
BEYOND = 1e3  # the scan ends this factor past what the epochs resolve
RATIO = 1.920729  # half the 95 % quantile of chi^2 with one degree of freedom
STEP = 0.02  # of the second differences, in e-folds


def modes(n: int) -> tuple[Array, Array]:
    """Eigenvalues (n,) and orthonormal eigenvectors (n, n), one a column, of T."""
    j = np.arange(1, n + 1)
    angle = np.pi / (n + 1)
    return 4 * np.sin(j * angle / 2) ** 2, np.sqrt(2 / (n + 1)) * np.sin(np.outer(j, j) * angle)


@dataclass(frozen=True)
class LinearNoise:
    """Deviations as modes, with the likelihood of their size and rate.

    Parameters
    ----------
    ts : ndarray, shape (m,)
    y : ndarray, shape (copies, m, n)
        Independent copies of the modes.
    eigenvalues : ndarray, shape (n,)
    dt : float or None
    centred : bool
        Whether the mean over time is unknown (one history) and not zero (contrasts of several).
    """

    ts: Array
    y: Array
    eigenvalues: Array
    dt: float | None
    centred: bool

    @classmethod
    def of(cls, x: Array, ts: Array, dt: float | None) -> "LinearNoise":
        """Modes of histories x (H, m, n): H - 1 contrasts, which no mean enters, or the one history."""
        eigenvalues, V = modes(x.shape[-1])
        y = x @ V
        if len(y) > 1:
            # orthonormal contrasts: independent copies, whatever the mean at each epoch
            H = len(y)
            full, _ = np.linalg.qr(np.column_stack([np.ones(H), np.eye(H)[:, : H - 1]]))
            y = np.tensordot(full[:, 1:].T, y, axes=1)
        return cls(ts, y, eigenvalues, dt, len(x) == 1)

    def only(self, j: int) -> "LinearNoise":
        """Mode j alone."""
        return LinearNoise(self.ts, self.y[..., j : j + 1], self.eigenvalues[j : j + 1], self.dt, self.centred)

    @property
    def numbers(self) -> int:
        """Degrees of freedom of the data."""
        copies, m, n = self.y.shape
        return (copies * m - self.centred) * n

    def decay(self, rate: float) -> Array:
        """Factor (m - 1, n) of each mode from one epoch to the next."""
        gaps = np.diff(self.ts)[:, None]
        if self.dt is None:
            return np.exp(-rate * self.eigenvalues * gaps)
        return np.maximum(1 - self.dt * rate * self.eigenvalues, 0.0) ** (gaps / self.dt)

    def shape(self, rate: float) -> Array:
        """Variance (n,) of each mode over the size."""
        finite = 0.0 if self.dt is None else self.dt * rate * self.eigenvalues / 2
        return 1 / (self.eigenvalues * (1 - finite))

    def whitened(self, rate: float) -> tuple[Array, Array, Array]:
        """Innovations over their standard deviation at size 1 (copies, m, n), its logarithm, what a unit mean gives."""
        E, c = self.decay(rate), self.shape(rate)
        root = np.sqrt(np.concatenate([c[None], c * np.maximum(1 - E**2, 1e-300)]))
        y = self.y.copy()
        y[:, 1:] -= E * self.y[:, :-1]
        unit = np.concatenate([np.ones((1, len(c))), 1 - E]) / root
        return y / root, np.log(root), unit

    def profile(self, log_rate: float) -> tuple[float, float, Array]:
        """Log-likelihood at the best size, that size, and the sum of squares (n,) of each mode."""
        e, log_root, unit = self.whitened(float(np.exp(log_rate)))
        log_det = e.shape[0] * log_root.sum()
        if self.centred:
            weight = (unit**2).sum(axis=0)
            e = e - (e * unit).sum(axis=1, keepdims=True) / weight * unit
            log_det += 0.5 * np.log(weight).sum()
        squares = (e**2).sum(axis=(0, 1))
        size = float(squares.sum() / self.numbers)
        return -0.5 * self.numbers * float(np.log(size)) - log_det, size, squares

    def range(self) -> tuple[float, float]:
        """Logarithms of the rates that are searched: far beyond what the epochs resolve, below the stable limit."""
        gaps = np.diff(self.ts)
        span, shortest = (gaps.sum(), gaps.min()) if len(gaps) else (1.0, 1.0)
        low = np.log(1 / (BEYOND * self.eigenvalues.max() * span))
        high = np.log(BEYOND / (self.eigenvalues.min() * shortest))
        if self.dt is not None:
            high = min(high, np.log(0.99 / (self.dt * self.eigenvalues.max())))
        return float(low), float(high)

    def best_rate(self) -> tuple[float, float, float, float]:
        """Logarithm of the likeliest rate, its 95 % interval (ends of the range where open), the log-likelihood."""
        low, high = self.range()
        grid = np.linspace(low, high, TRIED)
        values = np.array([self.profile(g)[0] for g in grid])
        i = int(np.argmax(values))
        inside = (grid[max(i - 1, 0)], grid[min(i + 1, TRIED - 1)])
        best = float(minimize_scalar(lambda g: -self.profile(g)[0], bounds=inside, method="bounded").x)
        top = self.profile(best)[0]

        def above(g: float) -> float:
            return self.profile(g)[0] - top + RATIO

        lower = low if above(low) > 0 else float(brentq(above, low, best))
        upper = high if above(high) > 0 else float(brentq(above, best, high))
        return best, lower, upper, top

    def covariance(self, log_rate: float) -> Array:
        """Of (log size, log rate), by the curvature of the likelihood."""
        N = self.numbers

        def slope(g: float) -> float:
            return float(np.log(self.profile(g)[1]))

        top = self.profile(log_rate)[0]
        bend = (self.profile(log_rate + STEP)[0] - 2 * top + self.profile(log_rate - STEP)[0]) / STEP**2
        rate_variance = 1 / max(-bend, 1e-300)
        along = (slope(log_rate + STEP) - slope(log_rate - STEP)) / (2 * STEP)  # the best size at another rate
        return np.array(
            [[2 / N + along**2 * rate_variance, along * rate_variance], [along * rate_variance, rate_variance]]
        )

    def mean(self, x_modes: Array, log_rate: float, size: float) -> tuple[Array, Array]:
        """Mean over time (n,) of modes (H, m, n) by generalised least squares, and its variance."""
        whole = LinearNoise(self.ts, x_modes, self.eigenvalues, self.dt, False)
        e, _, unit = whole.whitened(float(np.exp(log_rate)))
        weight = len(x_modes) * (unit**2).sum(axis=0)
        return (e * unit).sum(axis=(0, 1)) / weight, size / weight


@dataclass(frozen=True)
class LinearFit:
    """Size and rate that fit best.

    Parameters
    ----------
    size, rate : float
    limits : (float, float)
        95 % interval of the rate by its profile likelihood; 0 and inf where open.
    covariance : ndarray, shape (2, 2)
        Of their logarithms; inf for an open rate.
    variances, theory, stderr : ndarray, shape (n,)
        Variance of each mode, as measured, as fitted, and the standard error of the first.
    p_value : float
        Of the likelihood ratio against modes with a size (and a rate, where it is not open) each of their own.
    """

    size: float
    rate: float
    limits: tuple[float, float]
    covariance: Array
    variances: Array
    theory: Array
    stderr: Array
    p_value: float

    @property
    def open(self) -> bool:
        """Whether the rate has no upper or no lower end."""
        return self.limits[0] == 0 or not np.isfinite(self.limits[1])


def fit_linear(noise: LinearNoise) -> LinearFit:
    """Maximum likelihood, and its test."""
    best, lower, upper, top = noise.best_rate()
    low, high = noise.range()
    _, size, squares = noise.profile(best)
    limits = (0.0 if lower <= low else float(np.exp(lower)), np.inf if upper >= high else float(np.exp(upper)))
    n, N = len(squares), noise.numbers
    if limits[0] == 0 or not np.isfinite(limits[1]):  # sizes alone: Bartlett's test of equal variances
        statistic, freedom = -float(np.log(squares * n / N / size).sum()) * N / n, n - 1
        covariance = np.diag([2 / N, np.inf])
    else:
        alone = sum(noise.only(j).best_rate()[3] for j in range(n))
        statistic, freedom = 2 * (alone - top), 2 * (n - 1)
        covariance = noise.covariance(best)
    rate = float(np.exp(best))
    y = noise.y - noise.y.mean(axis=1, keepdims=True) if noise.centred else noise.y
    theory, E = size * noise.shape(rate), noise.decay(rate)
    alone_like = 1 + ((1 - E**2) / (1 + E**2)).sum(axis=0)  # neighbouring times say the same
    return LinearFit(
        size,
        rate,
        limits,
        covariance,
        (y**2).mean(axis=(0, 1)),
        theory,
        theory * np.sqrt(2 / (len(y) * alone_like)),
        float(chi2.sf(max(statistic, 0.0), freedom)),
    )
