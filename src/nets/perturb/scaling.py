"""How the rate of divergence depends on a hyperparameter: log-log regression with a bootstrap, collapse of curves.

    q = C x^a,   ln q = ln C + a ln x

x is a learning rate, an effective one lr / (1 - beta), a batch size, a width, a depth at constant size, a weight decay;
q a number drawn from each setting's curves d(t): the slope of a line, the exponent of the early growth, the last value.
The same curves collapse onto one, d x^-b = F(t x^a), where time is measured in units of x^-a and distance in x^b.
Intervals come from resampling the *copies* of every setting, never points in time.

Bhattacharjee, Seno, J. Phys. A 34 (2001) 6375 (collapse as a measure of residuals).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mechanics.checks import finite_number, finite_numbers, whole_numbers

Array = NDArray[np.float64]
Quantity = Literal["slope", "exponent", "end"] | Callable[[Array, Array], float]

EARLY = 0.2  # share of the time range in which growth counts as early


@dataclass(frozen=True, eq=False)
class Scaling:
    """A power law between a hyperparameter and a quantity of the curves.

    Attributes
    ----------
    x, values : ndarray, shape (settings,)
        Settings, and the quantity of each setting's mean curve.
    intervals : ndarray, shape (settings, 2)
        95 %, over resampled copies.
    exponent, interval : float and (float, float)
        a, and its 95 % interval.
    prefactor : float
        C.
    residual : float
        Root mean square of ln q about the line.
    verdict : str
        In words.
    """

    x: Array
    values: Array
    intervals: Array
    exponent: float
    interval: tuple[float, float]
    prefactor: float
    residual: float
    verdict: str

    def predict(self, x: ArrayLike) -> Array:
        """C x^a."""
        return self.prefactor * np.asarray(x, dtype=float) ** self.exponent


@dataclass(frozen=True)
class Collapse:
    """How well curves fall onto each other after rescaling.

    Attributes
    ----------
    time_power, distance_power : float
        a and b of d x^-b = F(t x^a).
    spread, spread_before : float
        Root mean square of ln d about the mean curve, where at least two curves overlap, with and without rescaling.
    """

    time_power: float
    distance_power: float
    spread: float
    spread_before: float


def effective_lr(lr: ArrayLike, momentum: ArrayLike) -> Array:
    """lr / (1 - momentum): the step that a constant gradient comes to in the end."""
    rate, beta = finite_numbers("lr", lr), finite_numbers("momentum", momentum)
    if (beta < 0).any() or (beta >= 1).any():
        raise ValueError(f"momentum must lie in [0, 1), but is {momentum!r}.")
    return np.asarray(rate / (1 - beta))


def fit_scaling(
    x: ArrayLike,
    t: ArrayLike | Sequence[ArrayLike],
    curves: Sequence[ArrayLike],
    *,
    quantity: Quantity = "slope",
    name: str = "x",
    resamples: int = 500,
    seed: int = 0,
) -> Scaling:
    """Regress the logarithm of a quantity of d(t) on that of a hyperparameter.

    Parameters
    ----------
    x : array_like, shape (settings,)
        Positive, at least 3 different ones.
    t : array_like, shape (m,), or one for each setting
        Times.
    curves : sequence of array_like, shape (copies, m)
        Distances of each setting.
    quantity : {"slope", "exponent", "end"} or function (t, d) -> float
        Slope of the line through all times (least squares), of ln d in the first fifth of the time, or the last value;
        of the mean over copies (the geometric one for "exponent").
    name : str
        Of the hyperparameter, for the verdict.
    resamples : int
        Bootstrap samples of copies, at least 2.
    seed : int

    Returns
    -------
    Scaling

    Raises
    ------
    ValueError
        If shapes do not match, x is not positive or has fewer than 3 different values, or the quantity of a mean curve
        is not positive: a logarithm needs it.
    """
    settings = finite_numbers("x", x)
    whole_numbers(resamples=(resamples, 2), seed=(seed, 0))
    if settings.ndim != 1 or (settings <= 0).any() or len(np.unique(settings)) < 3:
        raise ValueError(f"x must hold at least 3 different positive numbers, but is {x!r}.")
    times, sets = _checked(t, curves, len(settings))
    measure = _measure(quantity)
    values = np.array([measure(a, d) for a, d in zip(times, sets, strict=True)])
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise ValueError(
            f"the {quantity} of each mean curve must be positive for its logarithm to be taken, but they are "
            f"{values.tolist()}: the curves of some settings do not grow."
        )
    logs = np.log(settings)
    exponent = _slope(logs, np.log(values))
    intercept = float(np.log(values).mean() - exponent * logs.mean())
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, len(settings)))
    for k, (a, d) in enumerate(zip(times, sets, strict=True)):
        for r in range(resamples):
            drawn[r, k] = measure(a, d[rng.integers(0, len(d), len(d))])
    good = (drawn > 0).all(1)
    slopes = np.array([_slope(logs, np.log(row)) for row in drawn[good]])
    low, high = np.percentile(slopes, [2.5, 97.5]) if len(slopes) else (np.nan, np.nan)
    intervals = np.percentile(drawn, [2.5, 97.5], axis=0).T
    residual = float(np.std(np.log(values) - intercept - exponent * logs))
    fewest = min(map(len, sets))
    verdict = _verdict(quantity, name, exponent, (low, high), residual, 1 - good.mean(), fewest)
    return Scaling(
        settings, values, intervals, exponent, (float(low), float(high)), float(np.exp(intercept)),
        residual, verdict,
    )  # fmt: skip


def collapse(
    x: ArrayLike,
    t: ArrayLike | Sequence[ArrayLike],
    curves: Sequence[ArrayLike],
    *,
    time_power: float = 1.0,
    distance_power: float = 0.0,
) -> Collapse:
    """Spread of mean curves about each other after t -> t x^a, d -> d x^-b.

    Raises
    ------
    ValueError
        If shapes do not match, x is not positive, or no two rescaled curves share a time.
    """
    settings = finite_numbers("x", x)
    time_power, distance_power = (
        finite_number("time_power", time_power),
        finite_number("distance_power", distance_power),
    )
    if settings.ndim != 1 or (settings <= 0).any():
        raise ValueError(f"x must hold positive numbers, but is {x!r}.")
    times, sets = _checked(t, curves, len(settings))
    before = _spread(times, [d.mean(0) for d in sets])
    scaled = _spread(
        [a * s**time_power for a, s in zip(times, settings, strict=True)],
        [d.mean(0) * s**-distance_power for d, s in zip(sets, settings, strict=True)],
    )
    return Collapse(float(time_power), float(distance_power), scaled, before)


def _spread(times: list[Array], curves: list[Array]) -> float:
    """Root mean square of ln d about the mean curve on a common logarithmic grid of times."""
    logs = [
        (np.log(t[good]), np.log(d[good])) for t, d in zip(times, curves, strict=True) for good in [(t > 0) & (d > 0)]
    ]
    low, high = min(t[0] for t, _ in logs), max(t[-1] for t, _ in logs)
    grid = np.linspace(low, high, 200)
    values = np.array([np.interp(grid, t, d, left=np.nan, right=np.nan) for t, d in logs])
    shared = np.isfinite(values).sum(0) >= 2
    if not shared.any():
        raise ValueError("no two curves share a time after rescaling; give longer curves or another time_power.")
    values = values[:, shared]
    return float(np.sqrt(np.nanmean((values - np.nanmean(values, axis=0)) ** 2)))


def _measure(quantity: Quantity) -> Callable[[Array, Array], float]:
    """Function (t, curves (copies, m)) -> number."""
    if callable(quantity):
        own = quantity
        return lambda t, d: float(own(t, d.mean(0)))
    if quantity == "slope":
        return lambda t, d: _slope(t, d.mean(0))
    if quantity == "end":
        return lambda t, d: float(d.mean(0)[-1])
    if quantity == "exponent":
        return _early_exponent
    raise ValueError(f"quantity must be 'slope', 'exponent', 'end' or a function (t, d), but is {quantity!r}.")


def _slope(t: Array, d: Array) -> float:
    """Of the line of least squares."""
    centred = t - t.mean()
    return float(centred @ d / (centred @ centred))


def _early_exponent(t: Array, d: Array) -> float:
    early = (t <= t[0] + EARLY * (t[-1] - t[0])) & (d > 0).all(0)
    if early.sum() < 3:
        raise ValueError(
            f"an exponent needs 3 positive records in the first {100 * EARLY:.0f} % of the time, but there are "
            f"{int(early.sum())}."
        )
    return _slope(t[early], np.log(d[:, early]).mean(0))


def _checked(
    t: ArrayLike | Sequence[ArrayLike], curves: Sequence[ArrayLike], n: int
) -> tuple[list[Array], list[Array]]:
    sets = [np.atleast_2d(finite_numbers("curves", d)) for d in curves]
    single = np.ndim(t[0] if isinstance(t, Sequence) else t) == (0 if isinstance(t, Sequence) else 1)
    times = [finite_numbers("t", t)] * len(sets) if single else [finite_numbers("t", a) for a in t]  # type: ignore[union-attr]
    if len(sets) != n or len(times) != n:
        raise ValueError(
            f"there must be curves (and times) for each of the {n} settings, but there are {len(sets)} "
            f"(and {len(times)})."
        )
    for a, d in zip(times, sets, strict=True):
        if a.ndim != 1 or d.ndim != 2 or d.shape[1] != len(a) or len(a) < 3 or (np.diff(a) <= 0).any():
            raise ValueError(
                f"curves must have shape (copies, m) for m >= 3 increasing times, but have {d.shape} for {a.shape}."
            )
    return times, sets


def _verdict(
    quantity: Quantity, name: str, a: float, interval: tuple[float, float], residual: float, lost: float, copies: int
) -> str:
    what = quantity if isinstance(quantity, str) else getattr(quantity, "__name__", "quantity")
    words = [f"{what} ~ {name}^{a:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]"]
    if interval[0] <= 0 <= interval[1]:
        words = [f"no dependence of the {what} on {name} is shown: the exponent {a:.2f} has an interval that holds 0"]
    else:
        near = [p for p in (-2, -1, -0.5, 0.5, 1, 2) if interval[0] <= p <= interval[1]]
        if near:
            words.append(f"compatible with the power {near[0]:g}")
    if residual > 0.2:
        words.append(f"but no power law: the points lie {100 * residual:.0f} % off the line")
    if lost > 0.05:
        words.append(f"{100 * lost:.0f} % of the resamples had a {what} that is not positive and are left out")
    if copies < 3:
        words.append("with fewer than 3 copies the interval is too narrow")
    return "; ".join(words) + "."
