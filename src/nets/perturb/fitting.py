"""Which law a divergence follows: fits of ln d, information criteria, bootstrap over copies, a held-out check.

Errors of ln d are Gaussian with the spread over copies as weights; residuals in time are correlated, so that criteria
count n / tau independent points, tau = (1 + r)/(1 - r) with the lag-one autocorrelation r of the residuals. Intervals
come from resampling *copies*, never points in time. Burnham, Anderson, "Model selection and multimodel inference"
(2002), eq. 2.4 (AICc); Schwarz (1978).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from mechanics.checks import whole_numbers

from .laws import HEIGHTS, LAWS, Law

Array = NDArray[np.float64]

TRAINED = 0.6  # share of the curve that the held-out check fits; the rest is predicted
FLAT = 0.1  # a rate times the range below this cannot tell an exponential from a line


class Score(NamedTuple):
    """How well one law does."""

    law: str
    rms: float
    """Root mean square of ln d - ln law, unweighted."""
    aicc: float
    bic: float
    weight: float
    """Akaike weight among the laws compared."""
    held_out: float
    """The same rms over the last 40 %, predicted from the first 60 %."""


@dataclass(frozen=True, eq=False)
class LawFit:
    """The law that a divergence follows best, and how sure that is.

    Attributes
    ----------
    law : str
        Name of the law of least AICc.
    parameters : dict of str to float
        In the units of t and d.
    intervals : dict of str to (float, float)
        95 % intervals: percentiles over resampled copies; from one curve, by linearised errors for tau-thinned points.
    scores : tuple of Score
        Every law compared, best first.
    tau : float
        Integrated autocorrelation time of the residuals, in points.
    copies : int
        Curves given.
    verdict : str
        In words.
    """

    law: str
    parameters: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    scores: tuple[Score, ...]
    tau: float
    copies: int
    verdict: str

    def predict(self, t: ArrayLike) -> Array:
        """The law at times t."""
        return np.asarray(LAWS[self.law].curve(np.asarray(t, dtype=float), *self.parameters.values()))


def fit_law(
    t: ArrayLike, d: ArrayLike, laws: str | Iterable[str] = "all", *, resamples: int = 500, seed: int = 0
) -> LawFit:
    """Compare laws of divergence on one curve or the curves of many copies.

    Parameters
    ----------
    t : array_like, shape (m,)
        Times, increasing; at least 8.
    d : array_like, shape (m,) or (copies, m)
        Distances, positive.
    laws : "all" or names
        Of `nets.perturb.laws.LAWS`.
    resamples : int
        Bootstrap samples of copies for the intervals, from at least 3 copies; 0 for linearised errors.
    seed : int
        Of the bootstrap.

    Returns
    -------
    LawFit

    Raises
    ------
    ValueError
        If shapes do not match, times do not increase, a distance is not positive and finite, or a law is unknown.
    """
    whole_numbers(resamples=(resamples, 0), seed=(seed, 0))
    times, curves = _checked(t, d)
    chosen = _laws(laws)
    scale, start = float(times[-1] - times[0]), float(times[0])
    unit = (times - start) / scale
    height = float(2.0 ** np.round(np.log2(curves).mean()))  # searches start and step as for distances near 1
    curves = curves / height
    mean, sigma = _summary(curves)
    fits = {law.name: _fit(law, unit, mean, sigma) for law in chosen}
    residuals = {name: (np.log(mean) - _log(LAWS[name], unit, theta)) for name, theta in fits.items()}
    least = min(residuals, key=lambda name: float((residuals[name] / sigma) @ (residuals[name] / sigma)))
    tau = _correlation_time(residuals[least])
    scores = _scores(chosen, fits, residuals, unit, mean, sigma, tau)
    best = LAWS[scores[0].law]
    theta = fits[best.name]
    if resamples and len(curves) >= 3:
        spread = _bootstrap(best, unit, curves, theta, resamples, seed)
        low, high = np.percentile(spread, [2.5, 97.5], axis=0)
    else:
        error = _linearised(best, unit, mean, sigma, theta, tau)
        low, high = theta - 1.96 * error, theta + 1.96 * error
    values, lows, highs = (_named(best, part, scale, height) for part in (theta, low, high))
    intervals = {name: (min(lows[name], highs[name]), max(lows[name], highs[name])) for name in values}
    verdict = _verdict(best, theta, scores, len(curves))
    return LawFit(best.name, values, intervals, scores, tau, len(curves), verdict)


def _checked(t: ArrayLike, d: ArrayLike) -> tuple[Array, Array]:
    times, curves = np.asarray(t, dtype=float), np.atleast_2d(np.asarray(d, dtype=float))
    if times.ndim != 1 or curves.ndim != 2 or curves.shape[1] != len(times) or len(times) < 8:
        raise ValueError(
            f"t and d must have shapes (m,) and (m,) or (copies, m) with m >= 8, but have {times.shape} and "
            f"{np.shape(d)}."
        )
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise ValueError("t must be finite and increase.")
    if not (np.isfinite(curves).all() and (curves > 0).all()):
        raise ValueError(
            "d must be positive and finite, since ln d is fitted; leave out the points where copies are equal "
            "(t = 0 of a perturbed batch order) or have diverged."
        )
    return times, curves


def _laws(laws: str | Iterable[str]) -> list[Law]:
    names = list(LAWS) if laws == "all" else [laws] if isinstance(laws, str) else list(laws)
    unknown = [name for name in names if name not in LAWS]
    if unknown or not names:
        raise ValueError(f"laws must be 'all' or some of {', '.join(LAWS)}, but are {names}.")
    return [LAWS[name] for name in names]


def _summary(curves: Array) -> tuple[Array, Array]:
    """Geometric mean over copies and the standard error of its logarithm; ones for a single curve."""
    logs = np.log(curves)
    mean = np.exp(logs.mean(0))
    if len(curves) < 3:
        return mean, np.ones(len(mean))
    sigma = logs.std(0, ddof=1) / np.sqrt(len(curves))
    return mean, np.maximum(sigma, 0.1 * np.median(sigma) + 1e-12)  # copies start equal: no point weighs infinitely


def _log(law: Law, t: Array, theta: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        d = law.curve(t, *_values(law, theta))
        found = np.log(np.clip(d, 1e-300, 1e300))
    return np.where(np.isfinite(found), found, 700.0)


def _values(law: Law, theta: Array) -> list[float]:
    """Parameters from fitted numbers: logarithms of those that are positive."""
    return [
        float(np.exp(np.clip(v, -300, 300))) if name in law.positive else float(v)
        for name, v in zip(law.parameters, theta, strict=True)
    ]


def _fit(law: Law, t: Array, d: Array, sigma: Array, start: Array | None = None) -> Array:
    """Least squares of (ln d - ln law) / sigma from several starts; the best."""
    if start is None:
        raw = [np.array(guess, dtype=float) for guess in law.starts(t, d)]
        positive = np.array([name in law.positive for name in law.parameters])
        starts = [np.where(positive, np.log(np.maximum(guess, 1e-12)), guess) for guess in raw]
    else:
        starts = [start]
    fits = [
        least_squares(lambda theta: (_log(law, t, theta) - np.log(d)) / sigma, s, x_scale="jac", max_nfev=200)
        for s in starts
    ]
    return np.asarray(min(fits, key=lambda fit: fit.cost).x)


def _correlation_time(residual: Array) -> float:
    """(1 + r) / (1 - r), r the lag-one autocorrelation: exact for a first-order process, steady for short series."""
    size = float(residual @ residual)
    if size < 1e-24:
        return 1.0
    r = float(residual[1:] @ residual[:-1]) / size
    return float(np.clip((1 + r) / max(1 - r, 1e-3), 1.0, len(residual) / 8))


def _scores(
    chosen: list[Law],
    fits: dict[str, Array],
    residuals: dict[str, Array],
    t: Array,
    d: Array,
    sigma: Array,
    tau: float,
) -> tuple[Score, ...]:
    n = len(t) / tau
    relative = sigma / np.sqrt((sigma**2).mean())
    cut = max(int(TRAINED * len(t)), 5)
    rows = []
    for law in chosen:
        rss = max(float(((residuals[law.name] / relative) ** 2).mean()), 1e-300)
        k = len(law.parameters) + 1  # and the variance
        aicc = n * np.log(rss) + 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1e-3)
        bic = n * np.log(rss) + k * np.log(n)
        early = _fit(law, t[:cut], d[:cut], sigma[:cut])
        held_out = float(np.sqrt(((_log(law, t[cut:], early) - np.log(d[cut:])) ** 2).mean()))
        rows.append((law.name, float(np.sqrt((residuals[law.name] ** 2).mean())), float(aicc), float(bic), held_out))
    best = min(row[2] for row in rows)
    weights = np.exp([-(row[2] - best) / 2 for row in rows])
    found = [
        Score(name, rms, aicc, bic, float(w), held)
        for (name, rms, aicc, bic, held), w in zip(rows, weights / weights.sum(), strict=True)
    ]
    return tuple(sorted(found, key=lambda s: s.aicc))


def _bootstrap(law: Law, t: Array, curves: Array, theta: Array, resamples: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    found = np.empty((resamples, len(theta)))
    for i in range(resamples):
        mean, sigma = _summary(curves[rng.integers(0, len(curves), len(curves))])
        found[i] = _fit(law, t, mean, sigma, theta)
    return found


def _linearised(law: Law, t: Array, d: Array, sigma: Array, theta: Array, tau: float) -> Array:
    fit = least_squares(lambda x: (_log(law, t, x) - np.log(d)) / sigma, theta, x_scale="jac", max_nfev=50)
    variance = 2 * fit.cost / max(len(t) - len(theta), 1) * tau
    return np.asarray(np.sqrt(np.diag(np.linalg.pinv(fit.jac.T @ fit.jac)) * variance))


def _named(law: Law, theta: Array, scale: float, height: float) -> dict[str, float]:
    """Parameters by name in the units of the caller's t and d, from those in units of the range of t and of height."""
    values = dict(zip(law.parameters, _values(law, theta), strict=True))
    powers = dict(zip(law.parameters, law.powers, strict=True))
    if law.name in ("power", "sqrt"):
        values["a"] *= scale ** -(values["p"] if law.name == "power" else 0.5)
    return {
        name: value * scale ** powers[name] * (height if name in HEIGHTS else 1.0) for name, value in values.items()
    }


def _verdict(law: Law, theta: Array, scores: tuple[Score, ...], copies: int) -> str:
    values = dict(zip(law.parameters, _values(law, theta), strict=True))
    rivals = [s.law for s in scores[1:] if s.aicc - scores[0].aicc < 2]
    words = [f"{law.name} (Akaike weight {scores[0].weight:.2f})"]
    if "l" in values and abs(values["l"]) < FLAT:
        words = [f"not identified: the rate times the range is {values['l']:.2g}, a line as well as an exponential"]
    elif rivals:
        words = [f"not identified: {', '.join([law.name, *rivals])} do equally well (AICc within 2)"]
    held = min(scores, key=lambda s: s.held_out)
    if held.law != law.name and held.held_out < 0.5 * scores[0].held_out:
        words.append(f"but {held.law} predicts the last {100 * (1 - TRAINED):.0f} % better")
    if copies < 3:
        words.append("errors assume that points further apart than tau are independent: give the curves of copies")
    return "; ".join(words) + "."
