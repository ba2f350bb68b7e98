"""Strong and weak order of methods for stochastic equations.

Strong: the Brownian motion is carried along as a second component, dW = 1 dW, so that the exact solution on the very
path the method saw is known at its end, however the method draws its noise. Weak: exact mean and second moment.
Both fit a power of dt to Monte Carlo averages; their standard errors go into the verdict.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.methods import Method
from mechanics.systems import System
from mechanics.systems.stochastic import GEOMETRIC_BROWNIAN, NOISY_DOUBLE_WELL, Geometric

from ._runs import as_problem, check_method, claimed, name_of

Array = NDArray[np.float64]
SDEStep = Callable[..., Any]  # step(t, dt, y, drift, diffusion, p, dW) -> y1, members in columns
Z = 4.0  # standard errors granted: two-sided false-alarm rate 6.4e-5
FINER = 8  # steps of a solution that stands for the exact one
WIDEST = {"strong": 0.05, "weak": 0.12}  # a slope less certain than this cannot tell neighbouring claims apart


@dataclass(frozen=True)
class StochasticOrderCheck:
    """Outcome of `check_strong_order` and `check_weak_order`: slope, its standard error, and the fitted points."""

    method: str
    kind: str
    claim: float
    order: float
    stderr: float
    dts: tuple[float, ...]
    errors: tuple[float, ...]
    stderrs: tuple[float, ...]


def check_strong_order(
    method: Method | SDEStep,
    order: float | None = None,
    *,
    members: int = 4000,
    steps: Sequence[int] = (16, 32, 64, 128, 256),
    seed: int = 0,
    tolerance: float = 0.15,
) -> StochasticOrderCheck:
    """Fit E |Y(t1) - y(t1)| = C dt^order on geometric Brownian motion, path by path.

    In the sense of Stratonovich where the method says so. A method for additive noise alone is compared with itself at
    eight times more steps on the same paths, in a double well.

    Parameters
    ----------
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, diffusion, p, dW) -> y1` for many members at once: y has
        shape (2, members), dW (members,) has variance dt; drift(t, y, p, out) and diffusion(t, y, p, out) fill
        (2, members).
    order : float, optional
        The claim; by default `method.strong_order`.
    members : int
        Paths for each step length, independent ones; for a plain function in antithetic pairs (an even number).
    steps : sequence of int
        Numbers of steps on [0, 1].
    seed : int
        Names the noise: the same seed gives the same verdict.
    tolerance : float
        Systematic error granted to the slope, for steps that are not yet asymptotic.

    Returns
    -------
    StochasticOrderCheck

    Raises
    ------
    AssertionError
        If the slope differs from the claim by more than tolerance plus four standard errors (false alarms: 6.4e-5 per
        seed), or its standard error exceeds 0.05 (0.12 for the weak order), so that nothing is decided.
    """
    check_method(method)
    claim = claimed(method, order, "strong_order")
    system = replace(_with_path(GEOMETRIC_BROWNIAN), t1=1.0)
    finest = FINER * math.lcm(*steps)
    means, stderrs = [], []
    for k, n in enumerate(steps):
        if isinstance(method, Method) and method.noises == {"additive"}:
            errors = _differences(method, n, finest, members, seed + k)
        else:
            ends = _ends(method, system, n, members, seed + k)
            errors = np.abs(ends[0] - _exact(method, system, ends[1]))
        mean, stderr = _mean(errors, method)
        means.append(mean)
        stderrs.append(stderr)
    dts = [system.t1 / n for n in steps]
    return _judge(name_of(method), "strong", claim, dts, means, stderrs, tolerance)


def check_weak_order(
    method: Method | SDEStep,
    order: float | None = None,
    *,
    members: int = 200_000,
    steps: Sequence[int] = (4, 6, 8, 12, 16),
    seed: int = 0,
    tolerance: float = 0.35,
) -> StochasticOrderCheck:
    """Fit |E Y(t1)^k - E y(t1)^k| = C dt^order, k = 1 and 2, on geometric Brownian motion.

    Parameters
    ----------
    method : Method or function
        As in `check_strong_order`; y then has shape (1, members).
    order : float, optional
        The claim; by default `method.weak_order`.
    members : int
        As in `check_strong_order`.
    steps : sequence of int
        Numbers of steps: few, so that the bias shows over the Monte Carlo error.
    seed : int
        Names the noise.
    tolerance : float
        Systematic error granted to the slope.

    Returns
    -------
    StochasticOrderCheck

    Raises
    ------
    AssertionError
        As in `check_strong_order`.

    Notes
    -----
    Growth 1 and volatility 0.2 on [0, 1]: orders up to two show over the Monte Carlo error, higher ones do not. A
    Stratonovich method read as an Ito one fails by its drift of sigma^2 / 2. The record is that of the moment with the
    lower order.
    """
    check_method(method)
    claim = claimed(method, order, "weak_order")
    system = replace(GEOMETRIC_BROWNIAN, p=Geometric(1.0, 0.2), t1=1.0)
    runs = [_ends(method, system, n, members, seed + k)[0] for k, n in enumerate(steps)]
    dts, checks = [system.t1 / n for n in steps], []
    for power, what in ((1, "the mean"), (2, "the second moment")):
        rate = power * (system.p.mu + 0.5 * system.p.sigma**2 * (power - (not _stratonovich(method))))
        exact = system.y0[0] ** power * math.exp(rate * system.t1)
        means = [_mean(y**power, method) for y in runs]
        errors = [abs(mean - exact) for mean, _ in means]
        stderrs = [stderr for _, stderr in means]
        checks.append(_judge(name_of(method), "weak", claim, dts, errors, stderrs, tolerance, f" of {what}"))
    return min(checks, key=lambda check: check.order)


def _stratonovich(method: Any) -> bool:
    return isinstance(method, Method) and method.calculus == "stratonovich"


def _exact(method: Any, system: System, W: Array) -> Array:
    """Solutions at t1 on the paths that the method saw."""
    p, correction = system.p, 0.0 if _stratonovich(method) else 0.5 * system.p.sigma**2
    return system.y0[0] * np.exp((p.mu - correction) * system.t1 + p.sigma * W)


def _differences(method: Method, steps: int, finest: int, members: int, seed: int) -> Array:
    """|Y(t1) - Y'(t1)| in a double well with additive noise, Y' with `finest` steps on the same paths."""
    from mechanics import ensemble

    problem = as_problem(replace(NOISY_DOUBLE_WELL, t1=1.0))
    ends = [
        ensemble(problem, method, members=members, dt=1.0 / n, seed=seed, refine=finest // n, saveat=[1.0]).ys[:, 0, 0]
        for n in (steps, finest)
    ]
    return np.abs(ends[0] - ends[1])


def _with_path(system: System) -> System:
    """The system with its Brownian motion as a second component; one noise for both."""
    return replace(
        system,
        name=f"{system.name} with its path",
        drift=_geometric_with_path,
        diffusion=_geometric_noise_with_path,
        noise="scalar",
        y0=np.append(system.y0, 0.0),
        moments=None,
        path=None,
    )


def _geometric_with_path(t, y, p, dy):  # type: ignore[no-untyped-def]
    dy[0] = p.mu * y[0]
    dy[1] = 0.0


def _geometric_noise_with_path(t, y, p, g):  # type: ignore[no-untyped-def]
    g[0] = p.sigma * y[0]
    g[1] = 1.0


def _mean(values: Array, method: Any) -> tuple[float, float]:
    """Mean over members and its standard error; members of a plain function come in antithetic pairs."""
    if not isinstance(method, Method):
        values = values.reshape(2, -1).mean(axis=0)
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))


def _ends(method: Method | SDEStep, system: System, steps: int, members: int, seed: int) -> Array:
    """States at t1, shape (n, members)."""
    dt = (system.t1 - system.t0) / steps
    if isinstance(method, Method):
        import mechanics

        ensemble: Any = getattr(mechanics, "ensemble")  # noqa: B009 - merged later than this file
        run = ensemble(as_problem(system), method, members=members, dt=dt, seed=seed, saveat=[system.t1])
        return run.ys[:, -1].T
    if members % 2:
        raise ValueError(f"members must be even, they come in antithetic pairs, but is {members}.")
    rng = np.random.default_rng(seed)
    y = np.repeat(system.y0[:, None], members, axis=1)
    for i in range(steps):
        z = rng.standard_normal(members // 2)
        dW = math.sqrt(dt) * np.concatenate([z, -z])
        y = np.asarray(method(system.t0 + i * dt, dt, y.copy(), system.drift, system.diffusion, system.p, dW), float)
        if y.shape != (len(system.y0), members):
            raise ValueError(f"{name_of(method)} returned shape {y.shape} for {(len(system.y0), members)}.")
    return y


def _judge(
    method: str,
    kind: str,
    claim: float,
    dts: Sequence[float],
    errors: Sequence[float],
    stderrs: Sequence[float],
    tolerance: float,
    what: str = "",
) -> StochasticOrderCheck:
    """Weighted least squares of log error on log dt, and the verdict."""
    e, s = np.array(errors), np.array(stderrs)
    if not np.isfinite(e).all() or not (e > 0).all():
        raise AssertionError(
            f"{method} claims {kind} order {claim:g}, but its errors{what} {e.tolist()} have no slope."
        )
    x, weight = np.log(dts), (e / np.maximum(s, 1e-16 * e)) ** 2
    centre = np.average(x, weights=weight)
    spread = float(np.sum(weight * (x - centre) ** 2))
    slope = float(np.sum(weight * (x - centre) * np.log(e))) / spread
    check = StochasticOrderCheck(
        method, kind, claim, slope, 1.0 / math.sqrt(spread), tuple(dts), tuple(errors), tuple(stderrs)
    )
    where = f"between dt = {dts[0]:.3g} (error {e[0]:.1e}) and {dts[-1]:.3g} ({e[-1]:.1e} +- {s[-1]:.0e})"
    if check.stderr > WIDEST[kind]:
        raise AssertionError(
            f"{method} claims {kind} order {claim:g}, but the measured {slope:.2f}{what} is uncertain by "
            f"{check.stderr:.2f} {where}: give more members, or fewer steps."
        )
    if abs(slope - claim) > tolerance + Z * check.stderr:
        raise AssertionError(
            f"{method} claims {kind} order {claim:g}, but its error{what} falls as dt^{slope:.2f} "
            f"(+- {check.stderr:.2f}) {where}."
        )
    return check
