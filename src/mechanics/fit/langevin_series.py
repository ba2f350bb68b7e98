"""`fit_langevin`: a Langevin equation for one measured quantity, overdamped or with an unseen velocity.

overdamped     dx = F(x) dt + sigma dW
underdamped    dx = v dt,   dv = (F(x) - gamma v) dt + sigma dW
F(x) = sum_j f_j b_j(x),    b_j = x^j, or functions of the user
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from ..checks import whole_numbers
from .bounds import bounds_of
from .hidden_velocity import make_filter
from .identifiability import describe_flat
from .likelihood import Likelihood
from .likelihood_words import surprises_say
from .objective import BAD
from .result import Estimate
from .stationarity import stationarity
from .trajectories import as_trajectories
from .trajectory_fit import TrajectoryFit, scores

Array = NDArray[np.float64]
STEP = 1e-5  # of the range of x: differences of the user's basis functions
TINY = 1e-8  # of the first noise: its lower bound


class Basis(NamedTuple):
    """Names, values (N, k) and slopes (N, k) at the data."""

    names: tuple[str, ...]
    values: Array
    slopes: Array


def fit_langevin(
    ts: ArrayLike,
    x: ArrayLike,
    *,
    dynamics: Literal["overdamped", "underdamped"] = "overdamped",
    basis: Any = 3,
    bounds: dict[str, tuple[float, float]] | None = None,
    resamples: int = 400,
    block: int | None = None,
    seed: int = 0,
) -> TrajectoryFit:
    """Fit a Langevin equation with constant noise to a scalar time series.

    Parameters
    ----------
    ts, x : array_like, shape (m,)
        Times and values; overdamped, steps to or from a NaN are left out.
    dynamics : {"overdamped", "underdamped"}
        With a velocity that is not seen, x must have no gaps.
    basis : int, dict of callables, or sequence of callables
        Degree of the polynomial force ("f0", "f1", ...); or functions of an array x that return an array, by name.
    bounds : dict, optional
        Name -> (lower, upper), of the coefficients, "gamma" and "sigma".
    resamples : int
        Bootstrap resamples behind errors and intervals; 0 takes the curvature of the likelihood instead.
    block : int, optional
        Steps in a block; by default five correlation times of the scores.
    seed : int
        Of the resamples.

    Returns
    -------
    TrajectoryFit
        `fitted` predicts each value from those before; the verdict says whether the series is stationary.

    Raises
    ------
    ValueError
        If the series is too short, constant, or has gaps where it must not; if a basis function is not finite.

    Notes
    -----
    Maximum likelihood of the steps, the force linearised in each (`transitions`, `hidden_velocity`): exact for linear
    forces. Values are taken as measured without error. A training statistic is neither stationary nor free of memory in
    general: read the verdict.
    """
    if dynamics not in ("overdamped", "underdamped"):
        raise ValueError(f"dynamics must be 'overdamped' or 'underdamped', but is {dynamics!r}.")
    if resamples:
        whole_numbers(resamples=(resamples, 50), seed=(seed, 0))
    data = as_trajectories(ts, x)
    if not data.single or data.columns != 1:
        raise ValueError("x must be one series of numbers, shape (m,); for several components take fit_sde.")
    t, values = data.ts[0], data.ys[0][:, 0]
    seen = values[np.isfinite(values)]
    if len(seen) < 20 or seen.std() == 0.0:
        raise ValueError(f"x must hold at least 20 values that are not all equal, but has {len(seen)}.")
    under = dynamics == "underdamped"
    if under and len(seen) < len(values):
        raise ValueError("dynamics='underdamped' needs a series without NaN: fit the longest part without gaps.")
    ok = np.isfinite(values[1:]) & np.isfinite(values[:-1])
    begin, dt, moved = values[:-1][ok], np.diff(t)[ok], np.diff(values)[ok]
    made = _basis(basis, begin, float(np.ptp(seen)))
    theta, errors = (_rough_underdamped if under else _rough_overdamped)(made.values, values, dt, moved)
    names = (*made.names, "gamma", "sigma") if under else (*made.names, "sigma")
    lower, upper = (
        bounds_of(bounds, names, theta) if bounds else (np.full(len(names), -np.inf), np.full(len(names), np.inf))
    )
    lower[-1] = max(lower[-1], TINY * theta[-1])
    scale = np.maximum(np.abs(theta), errors)
    run = partial(_underdamped, values, dt, made) if under else partial(_overdamped, begin, dt, moved, made)
    objective = Likelihood(partial(_logs, run), names, lower, upper, scale, block)
    if objective.minus2(theta) >= BAD:
        raise ValueError("The likelihood is not finite at the first guess: basis functions may be too large; scale x.")
    best, value, settled = objective.search(theta)
    info = objective.information(best)
    covariance, estimates, how = _errors(objective, best, info, names, resamples, seed, lower, upper)
    _, surprise, predicted = run(best)
    fitted, residuals = np.full((len(values), 1), np.nan), np.full((len(values), 1), np.nan)
    fitted[1:][ok, 0], residuals[1:][ok, 0] = predicted, surprise
    steady = stationarity(seen)
    status = "The search settled." if settled else (
        "The search did not settle: the likelihood is flat or rough; take a smaller basis, or give bounds."
    )  # fmt: skip
    said = ["; ".join(f"{name} = {e}" for name, e in estimates.items()) + "."]
    said += [f"Not identifiable: {words}." for words in describe_flat(names, info)]
    said += [steady.words, *surprises_say(residuals[2:] if under else residuals), how, status]
    aicc, bic = scores(-0.5 * value, len(names), len(dt))
    return TrajectoryFit(
        f"likelihood of {dynamics} steps", estimates, covariance, info.singular_values, info.singular_vectors,
        t, data.ys[0], fitted, residuals, -0.5 * value, aicc, bic, float("nan"), len(dt), settled, status,
        " ".join(said), objective, scale,
    )  # fmt: skip


def _basis(basis: Any, x: Array, span: float) -> Basis:
    if isinstance(basis, (int, np.integer)) and not isinstance(basis, bool):
        whole_numbers(basis=(int(basis), 0))
        powers = np.arange(int(basis) + 1)
        slopes = np.where(powers > 0, powers * x[:, None] ** np.maximum(powers - 1, 0), 0.0)
        return Basis(tuple(f"f{j}" for j in powers), x[:, None] ** powers, slopes)
    named: dict[str, Callable[[Array], Any]] = (
        dict(basis) if isinstance(basis, Mapping) else {f"f{j}": b for j, b in enumerate(basis)}
    )
    h = STEP * span
    rows = [[np.broadcast_to(np.asarray(b(x + s), dtype=float), x.shape) for s in (0.0, h, -h)] for b in named.values()]
    if not rows or not np.isfinite(rows).all():
        raise ValueError("basis must hold functions that are finite at all values of x.")
    return Basis(
        tuple(map(str, named)), np.stack([r[0] for r in rows], axis=1),
        np.stack([(r[1] - r[2]) / (2.0 * h) for r in rows], axis=1),
    )  # fmt: skip


def _regress(A: Array, b: Array, weights: Array) -> tuple[Array, Array, float]:
    """Weighted least squares: values, errors, residual variance."""
    size = np.sqrt((A**2).mean(axis=0))
    size[size == 0.0] = 1.0
    root = np.sqrt(weights)
    scaled = A / size * root[:, None]
    found = np.linalg.lstsq(scaled, b * root, rcond=1e-12)[0]
    off = b * root - scaled @ found
    variance = float(off @ off) / max(1, len(b) - A.shape[1])
    errors = np.sqrt(variance * np.diag(np.linalg.pinv(scaled.T @ scaled)))
    return found / size, errors / size, variance


def _rough_overdamped(B: Array, values: Array, dt: Array, moved: Array) -> tuple[Array, Array]:
    found, errors, variance = _regress(B, moved / dt, dt)
    sigma = np.sqrt(variance)
    return np.r_[found, sigma], np.r_[errors, sigma]


def _rough_underdamped(B: Array, values: Array, dt: Array, moved: Array) -> tuple[Array, Array]:
    """From second differences; the factor 3/2 that they need for gamma and sigma^2."""
    v = moved / dt
    between = 0.5 * (dt[1:] + dt[:-1])
    A = np.concatenate([B[1:], -v[:-1, None]], axis=1)
    found, errors, variance = _regress(A, np.diff(v) / between, between)
    found[-1] *= 1.5
    sigma = np.sqrt(1.5 * variance)
    return np.r_[found, sigma], np.r_[errors, sigma]


def _logs(run: Callable[[Array], tuple[Array, Array, Array]], theta: Array) -> Array:
    return run(theta)[0]


def _overdamped(x: Array, dt: Array, moved: Array, basis: Basis, theta: Array) -> tuple[Array, Array, Array]:
    """Log densities, surprises and predictions of the steps."""
    F, a = basis.values @ theta[:-1], np.minimum((basis.slopes @ theta[:-1]) * dt, 300.0)
    mean, variance = F * dt * _phi(a), theta[-1] ** 2 * dt * _phi(2.0 * a)
    z = (moved - mean) / np.sqrt(variance)
    return -0.5 * (z**2 + np.log(2.0 * np.pi * variance)), z, x + mean


def _phi(a: Array) -> Array:
    """(e^a - 1) / a."""
    small = np.abs(a) < 1e-8
    return np.where(small, 1.0 + 0.5 * a, np.expm1(a) / np.where(small, 1.0, a))


def _underdamped(values: Array, dt: Array, basis: Basis, theta: Array) -> tuple[Array, Array, Array]:
    logs, surprise, predicted = _filter()(
        values, dt, basis.values @ theta[:-2], basis.slopes @ theta[:-2], theta[-2], theta[-1]
    )
    logs[0] = 0.0  # it measures the first velocity
    return logs, surprise, predicted


@cache
def _filter() -> Any:
    return make_filter()


def _errors(
    objective: Likelihood, best: Array, info: Any, names: tuple[str, ...], resamples: int, seed: int, lower: Array,
    upper: Array,
) -> tuple[Array, dict[str, Estimate], str]:  # fmt: skip
    """Covariance and estimates from the block bootstrap, or from the curvature."""
    covariance, how = info.covariance, "Errors from the curvature of the likelihood."
    if resamples:
        rng = np.random.default_rng(seed)
        drawn = np.array([objective.replicate(best, rng) for _ in range(resamples)])
        known = np.isfinite(np.diag(covariance))
        covariance = np.where(np.outer(known, known), np.cov(drawn.T).reshape(len(best), -1), covariance)
        how = f"Errors from {resamples} resamples of blocks of {objective.block_length} steps."
    quantile, out = float(norm.ppf(0.975)), {}
    for i, name in enumerate(names):
        error = float(np.sqrt(covariance[i, i]))
        if not np.isfinite(error):
            note = f"at its {info.at_bound[i]} bound" if i in info.at_bound else "unidentified"
            out[name] = Estimate(float(best[i]), np.inf, (-np.inf, np.inf), False, note)
            continue
        ends = float(max(best[i] - quantile * error, lower[i])), float(min(best[i] + quantile * error, upper[i]))
        # a coefficient may well be zero: it is measured all the same
        out[name] = Estimate(float(best[i]), error, ends, True)
    return covariance, out, how
