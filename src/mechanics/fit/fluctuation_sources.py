"""From size and rate, or from steps, to friction and noise.

With k known the mobility m = r/k = 2 Phi(-beta) gives beta = b/s, b = (mu_right + mu_left)/2, and at rest, where the
force is (mu_right - mu_left)/2,

    q = Var sigma(F + s xi) = 2 s^2 [(1 + beta^2) Phi(-beta) - beta phi(beta)],    size * r = dt q/2

gives s; the bend of the mean splits b into its two sides.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from .friction_model import Steps
from .linear_noise import LinearFit, LinearNoise, modes
from .noise_data import Array
from .noise_estimates import QUANTILE, positive, symmetric, threshold, unknown
from .result import Estimate

FREE = 1e-4  # mobility lost to friction below which none is seen
STEP = 1e-3  # of the gradient, in the unit of each argument's own error
FRICTION = ("mu_right", "mu_left")


def size_and_rate(linear: LinearFit) -> dict[str, Estimate]:
    """Size, rate and power; a rate that is open leaves the size."""
    cov = linear.covariance
    size = positive(linear.size, float(np.sqrt(cov[0, 0])))
    if linear.open:
        low, high = linear.limits
        words = "no rate is resolved"
        if low > 0:
            words = f"only a lower bound: {low:.3g}"
        elif np.isfinite(high):
            words = f"only an upper bound: {high:.3g}"
        rate = Estimate(linear.rate, np.inf, linear.limits, False, words)
        return {"size": size, "rate": rate, "power": unknown("open with the rate")}
    rate = replace(positive(linear.rate, float(np.sqrt(cov[1, 1]))), interval=linear.limits)
    return {"size": size, "rate": rate, "power": positive(linear.rate * linear.size, float(np.sqrt(cov.sum())))}


def bend_of(x: Array, ends: Array | None, noise: LinearNoise, linear: LinearFit) -> Estimate:
    """mu_eff/k of the mean, x = Y l/L - (mu_eff/k) T^-1 1, by generalised least squares over modes and times."""
    if ends is None:
        return replace(symmetric(np.nan, np.inf), note="needs end")
    n = x.shape[-1]
    l = np.arange(1, n + 1)
    eigenvalues, V = modes(n)
    straight = ends[..., None] * l / (n + 1)
    mean, variance = noise.mean((x - straight) @ V, np.log(linear.rate), linear.size)
    w = V.sum(axis=0)
    weight = (w**2 / eigenvalues).sum()
    error = float(np.sqrt((w**2 * variance).sum()) / weight)
    # a mean over time is as uncertain as the chain is slow
    return symmetric(-float(w @ mean / weight), np.inf if linear.open else error)


def from_deviations(
    linear: LinearFit, bend: Estimate, dt: float | None, k: tuple[float, float] | None
) -> dict[str, Estimate]:
    """Mobility, friction and noise; k is given with the standard error of its logarithm."""
    rest = (*FRICTION, "eps_bar")
    if k is None:
        words = "needs k, as deviations show m k only"
        return {name: unknown(words) for name in ("k", "mobility", *rest)}
    given = replace(positive(*k), note="as given")
    if linear.open:
        return {"k": given} | {name: unknown("open with the rate") for name in ("mobility", *rest)}
    log_error = float(np.sqrt(linear.covariance[1, 1] + k[1] ** 2))
    m = linear.rate / k[0]
    out = {"k": given, "mobility": positive(m, log_error)}
    if dt is None:
        return out | {name: unknown("needs dt, as only s^2 dt shows") for name in rest}
    at = np.array([np.log(linear.size), np.log(linear.rate), np.log(k[0]), bend.value if bend.identified else 0.0])
    cov = np.zeros((4, 4))
    cov[:2, :2] = linear.covariance
    cov[2, 2], cov[3, 3] = k[1] ** 2, bend.stderr**2 if bend.identified else 0.0
    (mean, *sides, s), (mean_error, *side_errors, s_error) = _thresholds(at, dt), _errors(at, cov, dt)
    out["eps_bar"] = positive(s, s_error / s)
    if m * (1 + QUANTILE * log_error) >= 1 - FREE:  # a free chain is within the error: friction has no lower end
        return out | {name: unknown("none is seen: the mobility is 1 within its error") for name in FRICTION}
    if not bend.identified:
        words = f"mean friction {mean:.3g} +- {mean_error:.2g}; its two sides need end"
        return out | {name: unknown(words) for name in FRICTION}
    pairs = zip(FRICTION, sides, side_errors, strict=True)
    return out | {name: threshold(value, error, mean) for name, value, error in pairs}


def from_steps(steps: Steps) -> tuple[dict[str, Estimate], float]:
    """Mobility, friction, noise and stiffness from what sticks and what slides; the p value of the counts."""
    values, cov = steps.fit()
    errors, mean = np.sqrt(cov.diagonal()), 0.5 * float(values[1] + values[2])
    slides, N = float((~steps.stuck).mean()), len(steps.v)
    found = {
        "k": positive(max(values[0], 0.0), errors[0] / values[0] if values[0] > 0 else np.inf),
        "mu_right": threshold(values[1], errors[1], mean, "no block slides right"),
        "mu_left": threshold(values[2], errors[2], mean, "no block slides left"),
        "eps_bar": positive(values[3], errors[3] / values[3]),
        "mobility": positive(slides, float(np.sqrt((1 - slides) / (slides * N)))),
    }
    return found, steps.p_value(values)


def _thresholds(at: Array, dt: float) -> Array:
    """Mean friction, mu_right, mu_left, s from (log size, log rate, log k, bend); no friction at mobility 1."""
    size, rate, k = np.exp(at[:3])
    beta = max(-float(norm.ppf(min(rate / k, 1.0) / 2)), 0.0)
    q = 2 * size * rate / dt
    s = np.sqrt(q / (2 * ((1 + beta**2) * norm.cdf(-beta) - beta * norm.pdf(beta))))
    return np.array([beta * s, beta * s + k * at[3], beta * s - k * at[3], s])


def _errors(at: Array, cov: Array, dt: float) -> Array:
    """Standard errors of the thresholds by the delta method."""
    gradient = np.zeros((4, 4))
    for i in range(4):
        width = np.zeros(4)
        width[i] = STEP * max(float(np.sqrt(cov[i, i])), 1e-6)
        gradient[:, i] = (_thresholds(at + width, dt) - _thresholds(at - width, dt)) / (2 * width[i])
    return np.sqrt(np.einsum("ij,jk,ik->i", gradient, cov, gradient))
