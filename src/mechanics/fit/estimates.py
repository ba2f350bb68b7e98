"""From fitted parameters and their covariance to estimates in the user's units, with open intervals where due."""

import numpy as np

from .data import Array, ChainData
from .models import Extra
from .result import Estimate
from .search import Found
from .uncertainty import Uncertainty, lower_limit

SHARP = 0.5  # standard error of a logarithm: beyond it (a factor 1.6) a rate or strength is not called measured
HOPELESS = 1.7  # a 95 % interval over a factor of 1000: left open

UNKNOWN = "unidentified"


def estimates(data: ChainData, found: Found, u: Uncertainty, *, limits: bool = True) -> dict[str, Estimate]:
    """All estimates by name; `limits` False leaves an open rate open on both sides, which saves many refits."""
    model, R = found.model, data.scale
    v = dict(zip(model.names, found.theta, strict=True))
    at = {name: i for i, name in enumerate(model.names)}
    a = v["mu_eff/k"]
    # With friction open, a slower chain with less of it and a faster one with more fit alike: the linearised errors of
    # rate and noise, taken where the friction has run into its lower end, know nothing of the faster ones.
    friction_open = "log c" in u.at_bound or not np.isfinite(u.covariance[at["log c"], at["log c"]])
    out = {
        "Y": _linear(found, u, at["Y"], R) if "Y" in at else _measured_target(data, u),
        "mu_eff_over_k": _linear(found, u, at["mu_eff/k"], R),
        "k": _rate(data, found, u, friction_open, limits),
        "noise_over_k": _open(float(np.exp(v["log s"]) * R))
        if friction_open
        else _logarithmic(found, u, "log s", R, UNKNOWN),
        "mean_friction_over_k": _open(float(np.hypot(a, np.exp(v["log c"])) * R), abs(a) * R)
        if friction_open
        else _mean_friction(found, u, at["mu_eff/k"], at["log c"], a, float(np.exp(v["log c"])), R),
        "tau": _logarithmic(found, u, "log tau", 1.0, "any build-up fits")
        if "log tau" in at
        else Estimate(np.nan, np.nan, (np.nan, np.nan), False, "the pull is not ramped"),
    }
    return out


def extension_estimates(data: ChainData, found: Found, u: Uncertainty) -> dict[str, Estimate]:
    """Estimates of the parameters that the model adds to the uniform chain, by name."""
    return {extra.name: _extra(extra, data.scale, found, u) for extra in found.model.form.extras}


def _extra(extra: Extra, R: float, found: Found, u: Uncertainty) -> Estimate:
    if extra.kind == "length":
        return _linear(found, u, found.model.names.index(extra.theta), R)
    return _logarithmic(found, u, extra.theta, R if extra.kind == "log length" else 1.0, UNKNOWN)


def _linear(found: Found, u: Uncertainty, i: int, unit: float) -> Estimate:
    return length_estimate(
        float(found.theta[i] * unit), float(np.sqrt(u.covariance[i, i]) * unit), u.quantile, found.model.scale
    )


def length_estimate(value: float, error: float, quantile: float, largest: float) -> Estimate:
    """Estimate of a length, in displacements of which the largest is known."""
    if not np.isfinite(error):
        return Estimate(value, np.inf, (-np.inf, np.inf), False, UNKNOWN)
    # an interval wider than the largest displacement itself has measured nothing
    sharp = quantile * error < largest
    note = "" if sharp else "hardly determined"
    return Estimate(value, error, (value - quantile * error, value + quantile * error), sharp, note)


def factor_estimate(value: float, error: float, quantile: float, words: str = UNKNOWN) -> Estimate:
    """Estimate of a positive number from the standard error of its logarithm."""
    if not np.isfinite(error) or error > HOPELESS:
        return Estimate(value, np.inf, (0.0, np.inf), False, words)
    factor = float(np.exp(quantile * error))
    sharp = error <= SHARP
    note = "" if sharp else "order of magnitude only"
    return Estimate(value, value * error, (value / factor, value * factor), sharp, note)


def _open(value: float, least: float = 0.0) -> Estimate:
    return Estimate(value, np.inf, (float(least), np.inf), False, UNKNOWN)


def _rate(data: ChainData, found: Found, u: Uncertainty, friction_open: bool, limits: bool) -> Estimate:
    i = found.model.names.index("log k")
    value, error = float(np.exp(found.theta[i])), float(np.sqrt(u.covariance[i, i]))
    if not (friction_open or "log k" in u.at_bound or error > SHARP):
        return _logarithmic(found, u, "log k", 1.0, UNKNOWN)
    # the quasi-static chain, or one whose friction is open: any faster rate fits as well
    # away from a minimum the test has no meaning
    limit = lower_limit(data, found, "log k") if limits and found.converged else None
    if limit is None:
        return Estimate(value, np.inf, (0.0, np.inf), False, "no rate is resolved")
    bound = float(np.exp(limit))
    return Estimate(value, np.inf, (bound, np.inf), False, f"only a lower bound: k > {bound:.3g}")


def _logarithmic(found: Found, u: Uncertainty, name: str, unit: float, words: str) -> Estimate:
    i = found.model.names.index(name)
    value, error = float(np.exp(found.theta[i]) * unit), float(np.sqrt(u.covariance[i, i]))
    if name in u.at_bound:
        return Estimate(value, np.inf, (0.0, np.inf), False, f"{UNKNOWN}: as good at its {u.at_bound[name]} bound")
    return factor_estimate(value, error, u.quantile, words)


def _mean_friction(found: Found, u: Uncertainty, ia: int, ic: int, a: float, c: float, R: float) -> Estimate:
    b = float(np.hypot(a, c))
    gradient = np.zeros(len(found.theta))
    gradient[ia], gradient[ic] = a / b**2, c**2 / b**2  # of log b
    cov: Array = u.covariance
    parts = [i for i in (ia, ic) if abs(gradient[i]) > 1e-3]
    if not np.isfinite([cov[i, i] for i in parts]).all():
        return _open(b * R)
    error = float(np.sqrt(gradient[parts] @ cov[np.ix_(parts, parts)] @ gradient[parts]))
    return factor_estimate(b * R, error, u.quantile)


def _measured_target(data: ChainData, u: Uncertainty) -> Estimate:
    if data.known_target is not None:
        y = data.known_target
        return Estimate(y, 0.0, (y, y), True, "measured: the end never moved")
    assert data.end is not None  # only a known or measured end leaves Y out of the fit
    final = data.end[:, -1]
    if data.histories == 1:
        return Estimate(float(final[0]), np.inf, (-np.inf, np.inf), False, "measured once, at the last epoch")
    y, error = float(final.mean()), float(final.std(ddof=1) / np.sqrt(len(final)))
    return Estimate(y, error, (y - u.quantile * error, y + u.quantile * error), True, "measured at the last epoch")
