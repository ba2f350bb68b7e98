"""Problems with another noise: coloured instead of white, or one that decays.

Both take a problem and give a problem, for every method that solves it. Their functions are plain ones around the
functions of the user, made once for each of these, so that nothing is compiled twice.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..problem import Problem


class ColouredParameters(NamedTuple):
    """Parameters of the problem, and the correlation time of its noise."""

    p: Any
    tau: float


class DecayingParameters(NamedTuple):
    """Parameters of the problem, the rate at which its noise decays, and the time of full noise."""

    p: Any
    rate: float
    t0: float


def with_coloured_noise(problem: Problem, tau: float, *, x0: ArrayLike = 0.0) -> Problem:
    """The problem driven by coloured noise of unit intensity instead of white noise.

        dy/dt = f(t, y, p) + g(t, y, p) x,    dx = -x/tau dt + (1/tau) dW

    Parameters
    ----------
    problem : Problem
        With a diffusion, and noise "diagonal" or "additive"; n components.
    tau : float
        Correlation time; <x(s) x(t)> = exp(-|t - s|/tau) / (2 tau).
    x0 : float or array_like, shape (n,)
        Start of the noise. For a stationary one draw it from the process,
        `OrnsteinUhlenbeck(tau, sigma=1/tau).sample([0.0], seed, components=n).x[0]`.

    Returns
    -------
    Problem
        State (y, x) of 2 n components with additive noise; parameters `ColouredParameters(p, tau)`: tau may vary
        between members (a record p is then shared by all), and new values compile nothing.

    Raises
    ------
    TypeError, ValueError
        If the problem has no diffusion or another kind of noise, or tau is not positive and finite.

    Notes
    -----
    x is as exact as the method that solves the problem: dt must resolve tau. `OrnsteinUhlenbeck` samples the process
    itself without error at any dt. As tau goes to 0, y tends to the Stratonovich solution of dy = f dt + g o dW (Wong,
    Zakai, Ann. Math. Stat. 36 (1965) 1560), which for additive noise is also the Ito one. A Jacobian is not carried
    over.
    """
    _check(problem)
    if problem.noise not in ("diagonal", "additive"):
        raise ValueError(
            f"with_coloured_noise takes diagonal or additive noise, but this problem's is {problem.noise}. Write its "
            "Ornstein-Uhlenbeck processes as further components of the state."
        )
    if not 0.0 < tau < math.inf:
        raise ValueError(f"tau must be positive and finite, but is {tau!r}.")
    n = len(problem.y0)
    start = np.empty(n)
    start[:] = x0
    drift, diffusion = _coloured(problem.drift, problem.diffusion, n)
    return replace(
        problem,
        drift=drift,
        diffusion=diffusion,
        noise="additive",
        noises=None,
        jacobian=None,
        band=None,
        y0=np.concatenate([problem.y0, start]),
        p=ColouredParameters(problem.p, float(tau)),
    )


def with_decaying_noise(problem: Problem, rate: float) -> Problem:
    """The problem with its diffusion multiplied by exp(-rate (t - t0)).

    Parameters
    ----------
    problem : Problem
        With a diffusion of any kind.
    rate : float
        Per unit time; negative for a noise that grows.

    Returns
    -------
    Problem
        Parameters `DecayingParameters(p, rate, t0)`: the rate may vary between members (a record p is then shared).

    Raises
    ------
    TypeError, ValueError
        If the problem has no diffusion, or the rate is not finite.
    """
    _check(problem)
    if not math.isfinite(rate):
        raise ValueError(f"rate must be finite, but is {rate!r}.")
    drift, diffusion = _passing(problem.drift), _decaying(problem.diffusion, problem.noise == "general")
    return replace(
        problem,
        drift=drift,
        diffusion=diffusion,
        jacobian=None if problem.jacobian is None else _passing(problem.jacobian),
        p=DecayingParameters(problem.p, float(rate), problem.t0),
    )


def _check(problem: Any) -> None:
    if type(problem) is not Problem:
        raise TypeError(f"problem must be a Problem, but is a {type(problem).__name__}.")
    if problem.diffusion is None:
        raise ValueError("The problem has no diffusion whose noise could change; give it one.")


@cache
def _coloured(drift: Callable[..., None], diffusion: Callable[..., None], n: int) -> tuple[Any, Any]:
    def coloured_drift(t, y, p, dy):  # type: ignore[no-untyped-def]
        drift(t, y[:n], p.p, dy[:n])
        diffusion(t, y[:n], p.p, dy[n:])  # g waits where dx/dt will be
        for i in range(n):
            dy[i] += dy[n + i] * y[n + i]
            dy[n + i] = -y[n + i] / p.tau

    def coloured_diffusion(t, y, p, g):  # type: ignore[no-untyped-def]
        for i in range(n):
            g[i] = 0.0
            g[n + i] = 1.0 / p.tau

    return coloured_drift, coloured_diffusion


@cache
def _passing(function: Callable[..., None]) -> Any:
    def passing(t, y, p, out):  # type: ignore[no-untyped-def]
        function(t, y, p.p, out)

    return passing


@cache
def _decaying(diffusion: Callable[..., None], matrix: bool) -> Any:
    def decaying_diffusion(t, y, p, g):  # type: ignore[no-untyped-def]
        diffusion(t, y, p.p, g)
        left = math.exp(-p.rate * (t - p.t0))
        for i in range(g.shape[0]):
            g[i] *= left

    def decaying_matrix(t, y, p, g):  # type: ignore[no-untyped-def]
        diffusion(t, y, p.p, g)
        left = math.exp(-p.rate * (t - p.t0))
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                g[i, j] *= left

    return decaying_matrix if matrix else decaying_diffusion
