"""`fit_sde`: drift and noise of a stochastic differential equation, by the likelihood of its steps or by moments."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..methods import EULER_MARUYAMA, Method
from ..problem import Problem
from .bounds import bounds_of, sizes
from .identifiability import describe_flat, estimates_of
from .likelihood import Likelihood
from .likelihood_words import likelihood_verdict
from .multistart import start_points
from .objective import BAD
from .parameter_names import select, values_of, with_values
from .simulated_moments import fit_moments
from .trajectories import Trajectories, as_trajectories
from .trajectory_fit import TrajectoryFit, scores
from .transitions import Steps, make_steps

Array = NDArray[np.float64]


def fit_sde(
    problem: Problem,
    ts: Any,
    ys: Any,
    *,
    parameters: Any = None,
    method: Literal["likelihood", "moments"] = "likelihood",
    density: Literal["linearisation", "euler"] = "linearisation",
    bounds: dict[str, tuple[float, float]] | None = None,
    starts: Any = 4,
    seed: int = 0,
    block: int | None = None,
    dt: float | None = None,
    members: int | None = None,
    scheme: Method = EULER_MARUYAMA,
) -> TrajectoryFit:
    """Fit drift and noise of dy = f(t, y, p) dt + g(t, y, p) dW, read in the sense of Ito.

    Parameters
    ----------
    problem : Problem
        With a diffusion; its p is the first start.
    ts, ys : array_like
        Times (m,) and states (m,) or (m, n), all components; for several trajectories lists of these, or ys of shape
        (trajectories, m, n). Steps to or from a state with a NaN are left out.
    parameters : sequence of str, dict, or None
        As in `fit_ode`; of drift and diffusion alike.
    method : {"likelihood", "moments"}
        The likelihood of the observed steps; or means, variances and covariances of neighbouring times over an ensemble
        of trajectories with common times, compared with those of a simulated one.
    density : {"linearisation", "euler"}
        Of a step, see `transitions`: the linearised drift (exact for linear drifts and constant noise), or Euler's
        step, whose drift parameters have a bias of order dt.
    bounds : dict, optional
        Name -> (lower, upper).
    starts : int or array_like
        As in `fit_ode`.
    seed : int
        Of the starts, and of the simulated ensemble.
    block : int, optional
        Steps in a block of the bootstrap; by default five correlation times of the scores.
    dt : float
        Step of the simulated ensemble (moments), which must divide the distances of the times.
    members : int, optional
        Its members; by default four times the data's, at least 1000.
    scheme : Method
        With which it is simulated (moments).

    Returns
    -------
    TrajectoryFit
        `fitted` holds the mean of each state given the one before, `residuals` the standardised surprises: standard
        normal and uncorrelated where the model is right.

    Raises
    ------
    TypeError, ValueError
        If arguments do not fit together, or the likelihood does not exist at any start.

    Notes
    -----
    States are taken as measured without error: noise of the measurement would be counted as noise of the dynamics and
    as a faster drift. A path squared error is never used: it would shrink the noise to zero.
    """
    if type(problem) is not Problem or problem.engine != "compiled":
        raise TypeError("problem must be a Problem of the compiled engine, drift(t, y, p, dy).")
    if problem.diffusion is None:
        raise ValueError("The problem has no diffusion; use fit_ode.")
    if method not in ("likelihood", "moments") or density not in ("linearisation", "euler"):
        raise ValueError(
            "method must be 'likelihood' or 'moments', and density 'linearisation' or 'euler', but they are "
            f"{method!r} and {density!r}."
        )
    data = as_trajectories(ts, ys)
    if data.columns != len(problem.y0):
        raise ValueError(
            f"ys has {data.columns} components, but the state has {len(problem.y0)}: all must be seen. For a hidden "
            "velocity take fit_langevin(dynamics='underdamped')."
        )
    named = select(problem.p, parameters)
    names, theta = tuple(one.name for one in named), values_of(problem.p, named)
    lower, upper = bounds_of(bounds, names, theta)
    scale = sizes(theta, lower, upper)
    points = start_points(starts, theta, lower, upper, scale, len(named), seed)
    if method == "moments":
        return fit_moments(problem, data, named, points, lower, upper, scale, dt, members, scheme, seed)
    return _by_likelihood(problem, data, named, points, lower, upper, scale, density, block)


@dataclass(frozen=True, eq=False)
class _Observed:
    """The observed steps as a function of parameters, compiled at first use and after unpickling."""

    problem: Problem
    named: Any
    t: Array
    step: Array
    before: Array
    moved: Array
    linearised: bool

    @cached_property
    def compiled(self) -> Any:
        return make_steps(self.problem, self.linearised)

    def __call__(self, theta: Array) -> Steps:
        p = with_values(self.problem.p, self.named, theta)
        found: Steps = self.compiled(self.t, self.step, self.before, self.moved, p)
        return found

    def logs(self, theta: Array) -> Array:
        return self(theta).logs

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "compiled"}


def _by_likelihood(
    problem: Problem, data: Trajectories, named: Any, points: Array, lower: Array, upper: Array, scale: Array,
    density: str, block: int | None,
) -> TrajectoryFit:  # fmt: skip
    pairs = [np.isfinite(y[1:]).all(axis=1) & np.isfinite(y[:-1]).all(axis=1) for y in data.ys]
    t = np.concatenate([ts[:-1][ok] for ts, ok in zip(data.ts, pairs, strict=True)])
    step = np.concatenate([np.diff(ts)[ok] for ts, ok in zip(data.ts, pairs, strict=True)])
    before = np.ascontiguousarray(np.concatenate([y[:-1][ok] for y, ok in zip(data.ys, pairs, strict=True)]))
    moved = np.concatenate([np.diff(y, axis=0)[ok] for y, ok in zip(data.ys, pairs, strict=True)])
    names = tuple(one.name for one in named)
    if len(t) <= len(names):
        raise ValueError(f"{len(t)} steps cannot determine {len(names)} numbers: {', '.join(names)}.")
    steps = _Observed(problem, named, t, step, before, moved, density == "linearisation")
    objective = Likelihood(steps.logs, names, lower, upper, scale, block)
    found = [objective.search(point, rough=True) for point in points if objective.minus2(point) < BAD]
    if not found:
        raise ValueError(
            "The likelihood does not exist at any start: drift or diffusion are not finite at the data, or a step has "
            "a singular covariance" + (", as Euler's has where a component has no noise: take density='linearisation'."
            if density == "euler" else "; give other values of p.")
        )  # fmt: skip
    best, value, settled = objective.search(min(found, key=lambda one: one[1])[0])
    near = max(1, sum(one[1] <= value + 0.1 for one in found))
    best = _upright(objective, best, points[0], value)
    info = objective.information(best)
    estimates = estimates_of(names, best, info, float(norm.ppf(0.975)), np.maximum(np.abs(best), scale), lower, upper)
    mean, surprises, _, stiffness = steps(best)
    fitted, residuals, at = [], [], 0
    for y, ok in zip(data.ys, pairs, strict=True):
        f, r = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
        where, count = np.flatnonzero(ok) + 1, int(ok.sum())
        f[where], r[where] = (before + mean)[at : at + count], surprises[at : at + count]
        fitted.append(f)
        residuals.append(r)
        at += count
    count = len(t) * data.columns
    aicc, bic = scores(-0.5 * value, len(names), count)
    status = f"{near} of {len(points)} searches ended in the best maximum."
    if not settled:
        status = "The search did not settle: the likelihood may be flat or rough; give bounds or more starts. " + status
    kind = "likelihood of steps, " + ("linearised drift" if density == "linearisation" else "Euler")
    words = likelihood_verdict(
        estimates, describe_flat(names, info), surprises, status, density, float(np.median(stiffness))
    )
    return TrajectoryFit(
        kind, estimates, info.covariance, info.singular_values, info.singular_vectors,
        data.as_given(data.ts), data.as_given(data.ys), data.as_given(fitted), data.as_given(residuals),
        -0.5 * value, aicc, bic, float("nan"), count, settled, status, words, objective,
        np.maximum(np.abs(best), scale),
    )  # fmt: skip


def _upright(objective: Likelihood, best: Array, start: Array, value: float) -> Array:
    """Amplitudes that came out with the other sign than they began with, and act alike with either."""
    best = best.copy()
    for i in range(len(best)):
        if best[i] * start[i] < 0.0 and objective.lower[i] <= -best[i] <= objective.upper[i]:
            other = best.copy()
            other[i] = -best[i]
            if abs(objective.minus2(other) - value) < 1e-9 * max(1.0, abs(value)):
                best = other
    return best
