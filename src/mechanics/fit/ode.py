"""`fit_ode`: parameters of an ordinary differential equation from trajectories, by weighted least squares."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from ..checks import finite_numbers, whole_numbers
from ..methods import TSIT5, Method
from ..problem import Problem
from .bounds import bounds_of, sizes
from .identifiability import describe_flat, estimates_of, inform
from .multistart import best_of, start_points
from .ode_objective import OdeObjective
from .ode_words import status_of, verdict_of
from .parameter_names import select, values_of
from .sensitivities import Sensitive
from .shooting import shoot
from .trajectories import Trajectories, as_trajectories
from .trajectory_fit import TrajectoryFit, scores

Array = NDArray[np.float64]


def fit_ode(
    problem: Problem,
    ts: Any,
    ys: Any,
    *,
    parameters: Any = None,
    observe: Any = None,
    weights: Any = None,
    known_noise: bool = False,
    y0: Literal["given", "fit"] = "given",
    y0_start: ArrayLike | None = None,
    bounds: dict[str, tuple[float, float]] | None = None,
    starts: Any = 8,
    seed: int = 0,
    shooting: int | None = None,
    derivatives: Literal["auto", "exact", "differences"] = "auto",
    method: Method = TSIT5,
    rtol: float = 1e-8,
    atol: float = 1e-10,
) -> TrajectoryFit:
    """Fit parameters of dy/dt = f(t, y, p) to measured trajectories.

    Parameters
    ----------
    problem : Problem
        Without a diffusion. Its p is the first start; its y0 holds at t0, its t1 is not used.
    ts, ys : array_like
        Times (m,) from t0 on and values (m,) or (m, k), NaN where missing; for several trajectories lists of these, or
        ys of shape (trajectories, m, k).
    parameters : sequence of str, dict, or None
        Names of fields of p ("k"), of elements ("c[1]"; "p[0]" where p is an array), or a mapping {own name: one of
        these, or a place in the array}. None takes every number of p.
    observe : None, sequence of int, or callable
        What ys holds: all components, these, or `observe(t, y, p, out)`, written as a drift is.
    weights : array_like, optional
        1 / standard deviation of the values, up to a common factor: one a component, or of the shape of ys.
    known_noise : bool
        The weights are exact: residuals do not set the size of the errors.
    y0 : {"given", "fit"}
        Whether initial states are fitted too, as "y0[i]", or "y0[s][i]" for trajectory s of several.
    y0_start : array_like, shape (n,) or (trajectories, n), optional
        Initial states, given or to begin with, in place of the problem's.
    bounds : dict, optional
        Name -> (lower, upper).
    starts : int or array_like, shape (s, parameters)
        Searches, the first from the problem's p: the others fill finite bounds, else multiply by exp(0.7 z).
    seed : int
        Of the starts.
    shooting : int, optional
        Cut each trajectory into so many pieces first (multiple shooting): for long oscillating or chaotic series.
    derivatives : {"auto", "exact", "differences"}
        Of the drift's formulas, integrated with the state; or central differences of whole solves, where formulas
        cannot be differentiated.
    method, rtol, atol
        As in `solve`; the error control sees the derivatives too.

    Returns
    -------
    TrajectoryFit
        Its bootstrap draws residuals again within each component.

    Raises
    ------
    TypeError
        If the problem is not a Problem or its functions cannot be compiled.
    ValueError
        If arguments do not fit together, or no start can be solved.

    Notes
    -----
    Errors are taken as independent between times and components; serially correlated residuals are named in the
    verdict. Intervals are linearised, with Student's t; `profile` gives those of the likelihood.

    References
    ----------
    Seber, Wild, Nonlinear Regression (Wiley, 1989), chapters 2 and 5; see `sensitivities` and `shooting`.
    """
    _check(problem, y0, derivatives, shooting, seed)
    data = as_trajectories(ts, ys, weights)
    named = select(problem.p, parameters)
    observed, outputs = _observed(observe, len(problem.y0), data)
    begin = _initial(problem, data, observed, y0, y0_start)
    fit_y0 = y0 == "fit"
    names = tuple(one.name for one in named) + (_state_names(begin, data.single) if fit_y0 else ())
    theta = np.concatenate([values_of(problem.p, named), begin.ravel()]) if fit_y0 else values_of(problem.p, named)
    lower, upper = bounds_of(bounds, names, theta)
    scale = sizes(theta, lower, upper)
    if data.count < len(names):
        raise ValueError(f"{data.count} values cannot determine {len(names)} numbers: {', '.join(names)}.")
    model = Sensitive(
        problem, named, observed, outputs, fit_y0 or shooting is not None, method, rtol, atol,
        exact=derivatives != "differences",
    )  # fmt: skip
    model, exact_failed = _usable(model, theta, begin, data, derivatives)
    objective = OdeObjective(model, data, begin, fit_y0, known_noise, names, lower, upper, scale)
    points = start_points(starts, theta, lower, upper, scale, len(named), seed)
    if shooting is not None:
        shot = [shoot(objective, point, shooting) for point in points]
        points = np.vstack([points, *(row for row in shot if row is not None)])
    best, near, failed = best_of(objective, points)
    if best is None:
        reasons = "; ".join(objective.failures) or "the observed values are not finite"
        raise ValueError(f"No start reaches the last time: {reasons} Give other values of p, or bounds=.")
    return _result(objective, best, near, len(points), failed, shooting, exact_failed)


def _check(problem: Any, y0: Any, derivatives: Any, shooting: Any, seed: Any) -> None:
    whole_numbers(seed=(seed, 0))
    if type(problem) is not Problem or problem.engine != "compiled":
        raise TypeError("problem must be a Problem of the compiled engine, drift(t, y, p, dy).")
    if problem.diffusion is not None:
        raise ValueError("The problem has a diffusion: least squares would call its noise a misfit; use fit_sde.")
    if y0 not in ("given", "fit"):
        raise ValueError(f"y0 must be 'given' or 'fit', but is {y0!r}; states go to y0_start=.")
    if derivatives not in ("auto", "exact", "differences"):
        raise ValueError(f"derivatives must be 'auto', 'exact' or 'differences', but is {derivatives!r}.")
    if shooting is not None:
        whole_numbers(shooting=(shooting, 2))


def _observed(observe: Any, n: int, data: Trajectories) -> tuple[Any, int]:
    if observe is None or not callable(observe):
        at = np.arange(n) if observe is None else np.asarray(observe, dtype=int).reshape(-1)
        if not ((at >= 0) & (at < n)).all():
            raise ValueError(f"observe must hold components from 0 to {n - 1}, but is {at.tolist()}.")
        if len(at) != data.columns:
            raise ValueError(f"ys has {data.columns} columns, but {len(at)} components are observed; set observe=.")
        return (None if observe is None else at), len(at)
    return observe, data.columns


def _initial(problem: Problem, data: Trajectories, observed: Any, y0: str, y0_start: Any) -> Array:
    """Initial states (trajectories, n); where they are fitted and seen at t0, the first values."""
    t0, n, count = problem.t0, len(problem.y0), len(data.ts)
    early = min(float(t[0]) for t in data.ts)
    if early < t0:
        raise ValueError(f"The data begin at t = {early}, before the problem's t0 = {t0}.")
    if y0_start is not None:
        given = finite_numbers("y0_start", y0_start)
        if given.shape not in ((n,), (count, n)):
            raise ValueError(f"y0_start must have shape ({n},) or ({count}, {n}), but has {given.shape}.")
        return np.tile(given, (count, 1)) if given.ndim == 1 else given
    out = np.tile(problem.y0, (count, 1))
    if y0 == "fit" and not callable(observed):
        at = np.arange(n) if observed is None else observed
        for s in range(count):
            first = data.ys[s][0]
            if data.ts[s][0] == t0:
                out[s, at] = np.where(np.isfinite(first), first, out[s, at])
    return out


def _state_names(y0: Array, single: bool) -> tuple[str, ...]:
    return tuple(f"y0[{i}]" if single else f"y0[{s}][{i}]" for s in range(len(y0)) for i in range(y0.shape[1]))


def _usable(model: Sensitive, theta: Array, y0: Array, data: Trajectories, derivatives: str) -> tuple[Sensitive, bool]:
    """The model, with differences where its formulas do not compile for duals and that is left open."""
    if not model.exact:
        return model, False
    try:
        model.run(theta[: len(model.named)], y0[0], model.problem.t0, data.ts[0])
    except (TypeError, ValueError):
        if derivatives == "exact":
            raise
        return replace(model, exact=False, rtol=min(model.rtol, 1e-11), atol=min(model.atol, 1e-13)), True
    return model, False


def _result(
    objective: OdeObjective, best: Any, near: int, starts: int, failed: int, shooting: Any, by_differences: bool
) -> TrajectoryFit:
    theta, data, d = best.x, objective.data, len(best.x)
    r, J = objective.evaluate(theta)
    rss, free = float(r @ r), max(1, data.count - d)
    variance = 1.0 if objective.known_noise else rss / free
    size = np.where(theta != 0.0, np.maximum(np.abs(theta), 1e-3 * objective.scale), objective.scale)
    info = inform(J, variance, size, theta, objective.lower, objective.upper)
    quantile = float(student.ppf(0.975, np.inf if objective.known_noise else free))
    estimates = estimates_of(
        objective.names, theta, info, quantile, np.maximum(size, objective.scale), objective.lower, objective.upper
    )
    paths = objective.paths(theta)
    fitted = [path.seen for path in paths]
    separation = max(float(np.abs(path.dys[..., len(objective.model.named) :]).max(initial=0.0)) for path in paths)
    residuals = [np.where(w > 0, w * (y - f), np.nan) for w, y, f in zip(data.weights, data.ys, fitted, strict=True)]
    logs = sum(float(np.log(w[w > 0]).sum()) for w in data.weights)
    per = rss if objective.known_noise else data.count * (1.0 + np.log(max(rss, 1e-300) / data.count))
    log_likelihood = logs - 0.5 * (per + data.count * np.log(2.0 * np.pi))
    aicc, bic = scores(log_likelihood, d + (not objective.known_noise), data.count)
    status = status_of(best, near, starts, failed, objective.failures)
    words = verdict_of(
        estimates, describe_flat(objective.names, info), data, fitted, residuals, status, near, starts, shooting,
        rss, free, objective.known_noise, by_differences, separation,
    )  # fmt: skip
    return TrajectoryFit(
        "weighted least squares", estimates, info.covariance, info.singular_values, info.singular_vectors,
        data.as_given(data.ts), data.as_given(data.ys), data.as_given(fitted), data.as_given(residuals),
        float(log_likelihood), aicc, bic, float(np.sqrt(rss / free)), data.count, bool(best.success), status, words,
        objective, np.maximum(size, objective.scale),
    )  # fmt: skip
