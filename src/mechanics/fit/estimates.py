"""From fitted parameters and their covariance to estimates in the user's units, with open intervals where due."""

import numpy as np

from .data import Array, ChainData
from .limits import limit_of
from .result import Estimate
from .search import Found
from .uncertainty import Uncertainty

SHARP = 0.5  # standard error of a logarithm: beyond it (a factor 1.6) a rate or strength is not called measured
DOUBTFUL = 0.05  # from here on the ends of a linearised interval are tried: the data must reject them
DOUBLINGS = 3  # of a linearised half-width, in search of a value that is rejected: beyond it the side is open
EACH = 0.975  # level of each of the two ends
HOPELESS = 1.7  # a 95 % interval over a factor of 1000: left open

UNKNOWN = "unidentified"


def estimates(
    data: ChainData, found: Found, u: Uncertainty, *, limits: bool = True
) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """All estimates by name, those of the uniform chain and those that the model adds to it.

    `limits` False leaves out what takes refits: ends of open rates, checks of doubtful ends.
    """
    model, R = found.model, data.scale
    friction = _mean_friction(data, found, u, limits)
    as_good: list[Array] = []
    rate = _rate(data, found, u, not friction.identified, limits, as_good)
    # A slower chain with less friction and a faster one with more fit alike: the linearised errors of rate and noise,
    # taken at one of them, know nothing of the others.
    noise = (
        _logarithmic(data, found, u, "log s", R, limits)
        if friction.identified
        else _open(float(np.exp(found.theta[model.names.index("log s")])) * R)
    )

    def linear(name: str) -> Estimate:
        return _linear(found, u, name, R, as_good)

    def logarithmic(name: str, unit: float, words: str = UNKNOWN) -> Estimate:
        estimate = _logarithmic(data, found, u, name, unit, limits, words)
        return _widened(estimate, u, [float(np.exp(theta[model.names.index(name)])) * unit for theta in as_good])

    uniform = {
        "Y": linear("Y") if "Y" in model.names else _measured_target(data, u),
        "mu_eff_over_k": linear("mu_eff/k"),
        "k": rate,
        "noise_over_k": noise,
        "mean_friction_over_k": friction,
        "tau": logarithmic("log tau", 1.0, "any build-up fits")
        if "log tau" in model.names
        else Estimate(np.nan, np.nan, (np.nan, np.nan), False, "the pull is not ramped"),
    }
    extension = {
        extra.name: linear(extra.theta)
        if extra.kind == "length"
        else logarithmic(extra.theta, R if extra.kind == "log length" else 1.0)
        for extra in model.form.extras
    }
    return uniform, extension


def _linear(found: Found, u: Uncertainty, name: str, unit: float, as_good: list[Array]) -> Estimate:
    i = found.model.names.index(name)
    value, error = float(found.theta[i] * unit), float(np.sqrt(u.covariance[i, i]) * unit)
    estimate = length_estimate(value, error, u.quantile, found.model.scale)
    if not as_good or not np.isfinite(error):
        return estimate
    # where the rate is open the parameter differs along it: fits with other rates count as much
    others = [float(theta[i]) * unit for theta in as_good]
    low = min(value, *others) - u.quantile * error
    high = max(value, *others) + u.quantile * error
    sharp = max(high - value, value - low) < found.model.scale
    stderr = max(error, (high - low) / (2 * u.quantile))
    return Estimate(value, stderr, (low, high), sharp, "" if sharp else "hardly determined")


def _widened(estimate: Estimate, u: Uncertainty, others: list[float]) -> Estimate:
    """The same for a positive number."""
    if not others or not np.isfinite(estimate.interval[1]):
        return estimate
    low, high = (end / estimate.value for end in estimate.interval)
    low, high = min(estimate.value, *others) * low, max(estimate.value, *others) * high
    return _checked(estimate.value, estimate.stderr / estimate.value, u.quantile, low, high)


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


def _open(value: float, least: float = 0.0, words: str = UNKNOWN) -> Estimate:
    return Estimate(value, np.inf, (float(least), np.inf), False, words)


def _rate(
    data: ChainData, found: Found, u: Uncertainty, friction_open: bool, limits: bool, as_good: list[Array]
) -> Estimate:
    """The rate; where it is open its lower end, and in `as_good` fits with other rates."""
    if not friction_open:
        estimate = _logarithmic(data, found, u, "log k", 1.0, limits)
        if estimate.identified:
            return estimate
    value = float(np.exp(found.theta[found.model.names.index("log k")]))
    # the quasi-static chain, or one whose friction is open: any faster rate fits as well
    # away from a minimum the test has no meaning
    limit = limit_of(data, found, "log k", -1, kept=as_good) if limits and found.converged else None
    if limit is None:
        return Estimate(value, np.inf, (0.0, np.inf), False, "no rate is resolved")
    bound = float(np.exp(limit))
    return Estimate(value, np.inf, (bound, np.inf), False, f"only a lower bound: k > {bound:.3g}")


def _logarithmic(
    data: ChainData, found: Found, u: Uncertainty, name: str, unit: float, limits: bool, words: str = UNKNOWN
) -> Estimate:
    """Estimate of a parameter whose logarithm is fitted."""
    i = found.model.names.index(name)
    value, error = float(np.exp(found.theta[i]) * unit), float(np.sqrt(u.covariance[i, i]))
    if name in u.at_bound:
        return _open(value, words=f"{UNKNOWN}: as good at its {u.at_bound[name]} bound")
    if not error <= SHARP:
        return _open(value, words=words)
    if not (limits and error > DOUBTFUL and found.converged):
        return factor_estimate(value, error, u.quantile)
    ends = []
    for side in (-1, 1):
        end = limit_of(data, found, name, side, first=u.quantile * error, inward=False, level=EACH, doublings=DOUBLINGS)
        if end is None:
            return _open(value, words=words)
        ends.append(float(np.exp(end)) * unit)
    return _checked(value, error, u.quantile, ends[0], ends[1])


def _mean_friction(data: ChainData, found: Found, u: Uncertainty, limits: bool) -> Estimate:
    R, names = data.scale, found.model.names
    ia, ic = names.index("mu_eff/k"), names.index("log c")
    a, c = float(found.theta[ia]), float(np.exp(found.theta[ic]))
    b, least = float(np.hypot(a, c)), abs(a) * R
    gradient = np.zeros(len(found.theta))
    gradient[ia], gradient[ic] = a / b**2, c**2 / b**2  # of log b
    cov: Array = u.covariance
    parts = [i for i in (ia, ic) if abs(gradient[i]) > 1e-3]
    if "log c" in u.at_bound or not np.isfinite([cov[i, i] for i in (ia, ic)]).all():
        return _open(b * R, least)
    error = float(np.sqrt(gradient[parts] @ cov[np.ix_(parts, parts)] @ gradient[parts]))
    if not error <= SHARP:
        return _open(b * R, least)
    if not (limits and error > DOUBTFUL and found.converged):
        return factor_estimate(b * R, error, u.quantile)
    ends: list[float] = []
    for side in (-1, 1):
        end = b * np.exp(side * u.quantile * error)
        if end <= 1.001 * abs(a):
            ends.append(least)
            continue
        first = abs(0.5 * np.log(end**2 - a**2) - np.log(c))
        c_end = limit_of(data, found, "log c", side, first=first, inward=False, level=EACH, doublings=DOUBLINGS)
        if c_end is None:
            return _open(b * R, least)
        ends.append(float(np.hypot(a, np.exp(c_end))) * R)
    return _checked(b * R, error, u.quantile, ends[0], ends[1])


def _checked(value: float, error: float, quantile: float, low: float, high: float) -> Estimate:
    """Estimate of a positive number with ends that the data reject."""
    error = max(error, float(np.log(high / low)) / (2 * quantile))
    sharp = error <= SHARP
    return Estimate(value, value * error, (low, high), sharp, "" if sharp else "order of magnitude only")


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
