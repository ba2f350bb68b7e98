"""Most probable paths of dx = b(x) dt + sqrt(eps) sigma dW as eps -> 0, and their actions.

    S_T = 1/2 int_0^T |x' - b|_a^2 dt,   a = sigma sigma^T,  |v|_a^2 = v^T a^-1 v          (Freidlin-Wentzell)
    H   = b(x) . p + p^T a p / 2         whose paths between the ends are the stationary ones
    S   = int (|x'|_a |b|_a - x' . a^-1 b) ds = inf over T of S_T                          (geometric)

Freidlin, Wentzell, Random Perturbations of Dynamical Systems, 3rd ed., chapter 4; Heymann, Vanden-Eijnden, Comm. Pure
Appl. Math. 61 (2008) 1052-1117, (1.10) for the geometric action.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers, whole_numbers
from .descent import Search, equally_spaced
from .flow import Flow
from .hamiltonian import Hamiltonian
from .result import TwoPoint
from .solve_path import two_point
from .zero_energy import AT_REST, zero_energy

Array = NDArray[np.float64]
START_ROUNDS, START_GRADIENT = 5, 1e-3  # of a descent that only has to come near Newton's path
GRADIENT = 1e-5  # of a descent that has to do alone, relative to the mean drift
DEARER = 1.05  # times the action of the descent: Newton's path is another one
STRETCH, LEAST_STRETCH = 2.0, 1.02  # of the time, from one path to the next
HALVINGS, WAITS = 12, 20


def freidlin_wentzell(
    drift: Callable[..., None], d: int, par: Any = None, sigma: ArrayLike | None = None
) -> Hamiltonian:
    """H = b . p + p^T a p / 2 of a drift `drift(t, x, par, dx)` that is a formula; sigma is the identity by default."""
    noise = np.eye(d) if sigma is None else finite_numbers("sigma", sigma)
    if noise.ndim != 2 or len(noise) != d:
        raise ValueError(f"sigma must have shape ({d}, m), but has shape {noise.shape}.")
    a = tuple(map(tuple, (noise @ noise.T).tolist()))
    return Hamiltonian(_hamiltonian_of(drift, d, a), d, par)


@cache
def _hamiltonian_of(drift: Callable[..., None], d: int, a: tuple[tuple[float, ...], ...]) -> Callable[..., Any]:
    def H(t, q, p, par):  # type: ignore[no-untyped-def]
        b = [0.0] * d
        drift(t, q, par, b)
        total = 0.0
        for i in range(d):
            total = total + p[i] * b[i]
            for j in range(d):
                if a[i][j] != 0.0:
                    total = total + 0.5 * a[i][j] * p[i] * p[j]
        return total

    return H


def minimum_action(
    drift: Callable[..., None],
    x0: ArrayLike,
    x1: ArrayLike,
    T: float,
    *,
    par: Any = None,
    sigma: ArrayLike | None = None,
    **options: Any,
) -> TwoPoint:
    """The path from x0 to x1 in time T that noise takes most easily; `path.action()` is its action.

    Where a straight line is too far from it, shorter times are solved first, and their paths wait where they
    are slowest.

    Parameters
    ----------
    drift : callable
        `drift(t, x, par, dx)`, a formula of its arguments.
    x0, x1 : array_like, shape (d,)
        Ends.
    T : float
        Time.
    par : optional
        Parameters.
    sigma : array_like, shape (d, m), optional
        Noise; the identity by default. It may be degenerate.
    **options
        As for `two_point`.

    Returns
    -------
    TwoPoint
        A stationary path; no minimum where it has `conjugate_points`.
    """
    x0, x1 = np.atleast_1d(finite_numbers("x0", x0)), np.atleast_1d(finite_numbers("x1", x1))
    H = freidlin_wentzell(drift, len(x0), par, sigma)
    T = finite_number("T", T)

    def solve(time: float, **guess: Any) -> TwoPoint:
        return two_point(H, (x0, x1), (0.0, time), **{"method": "collocation", **options, **guess})

    asked = solve(T)
    if asked.converged or "guess" in options or not asked.reason.startswith(("no_progress", "max_iter", "singular")):
        return asked
    time, path = T, asked
    for _ in range(HALVINGS):
        time *= 0.5
        path = solve(time)
        if path.converged:
            break
    stretch = STRETCH
    while path.converged and time != T and stretch > LEAST_STRETCH:
        longer = time * stretch if abs(time * stretch) < abs(T) else T
        ts, ys = _waiting(path, longer - time)
        trial = solve(longer, guess=(ts, ys), mesh=(ts - ts[0]) / (ts[-1] - ts[0]))
        if trial.converged:
            time, path, stretch = longer, trial, min(stretch * stretch, STRETCH)
        else:
            stretch = float(np.sqrt(stretch))
    return path if path.converged and time == T else asked


def _waiting(path: TwoPoint, more: float) -> tuple[Array, Array]:
    """A path that takes more time: it waits at ends that are rest points, or where it is slowest.

    Near a rest point the action still to be saved falls as exp(-2 rate t), so that waits go as 1 / rate.
    """
    ts, ys, flow, d = path.ts, path.ys, path.flow, path.ys.shape[1] // 2
    speeds = np.sqrt(np.square(flow.slopes(ts, ys)).sum(axis=1))
    waits = np.zeros(len(ts))
    for i in (0, -1):
        at_rest = np.concatenate((ys[i, :d], np.zeros(d)))[None]
        if np.abs(flow.slopes(ts[:1], at_rest)).max() <= AT_REST * speeds.max():
            waits[i] = 1.0 / max(np.abs(np.linalg.eigvals(flow.matrices(ts[:1], at_rest)[0]).real).min(), 1e-3)
    if not waits.any():
        waits[speeds.argmin()] = 1.0
    waits *= more / waits.sum()
    places = np.repeat(np.arange(len(ts)), np.where(waits != 0.0, WAITS + 1, 1))
    shares = np.concatenate([np.linspace(0.0, 1.0, WAITS + 1) if wait != 0.0 else [0.0] for wait in waits])
    before = np.cumsum(waits) - waits
    return ts[places] + before[places] + shares * waits[places], ys[places]


@dataclass(frozen=True, eq=False)
class GeometricPath:
    """Result of `geometric_action`.

    Attributes
    ----------
    x : ndarray, shape (N + 1, d)
        Points at equal distances.
    action : float
        NaN unless converged.
    error : float
        How far the action is from that of a coarser truncation at rest points (or, of a descent, from its value before
        extrapolation); the action is more exact than that.
    gradient : float
        Largest component of the gradient of the discrete action across x, relative to the mean drift.
    path : TwoPoint or None
        The path in time with its certificate, a part of it where an end is a rest point; None if only a descent was
        possible.
    converged : bool
        Whether the certificate of the path is below tol; where there is no path, whether the gradient is below 1e-5.
    reason : str
        How it ended.
    """

    x: Array = field(repr=False)
    action: float
    error: float
    gradient: float
    path: TwoPoint | None = field(repr=False)
    converged: bool
    reason: str


def geometric_action(
    drift: Callable[..., None],
    x0: ArrayLike,
    x1: ArrayLike,
    *,
    par: Any = None,
    sigma: ArrayLike | None = None,
    jacobian: Callable[..., None] | None = None,
    guess: ArrayLike | None = None,
    intervals: int = 100,
    tol: float = 1e-9,
) -> GeometricPath:
    """The path from x0 to x1 of least action over all times.

    A descent on the geometric action comes near it; Newton's method on H = 0 (`zero_energy`) finds it to rounding.

    Parameters
    ----------
    drift : callable
        `drift(t, x, par, dx)`; it must not depend on t.
    x0, x1 : array_like, shape (d,)
        Ends; often rest points.
    par : optional
        Parameters.
    sigma : array_like, shape (d, m), optional
        Noise, of full rank; the identity by default.
    jacobian : callable, optional
        `jacobian(t, x, par, J)`; central differences without it.
    guess : array_like, shape (m, d), optional
        Points of a path; a straight line by default. Symmetric problems need a guess that is not.
    intervals : int
        Of the returned points, an even number.
    tol : float
        Bound of boundary residual, defect and Hamiltonian drift of the path.

    Returns
    -------
    GeometricPath

    Raises
    ------
    ValueError
        For arguments that make no sense.
    """
    from .formula import parameter_record

    x0, x1 = np.atleast_1d(finite_numbers("x0", x0)), np.atleast_1d(finite_numbers("x1", x1))
    d = len(x0)
    whole_numbers(intervals=(intervals, 4))
    noise = np.eye(d) if sigma is None else finite_numbers("sigma", sigma)
    a: Array = noise @ noise.T
    if a.shape != (d, d) or np.linalg.matrix_rank(a) < d:
        raise ValueError("The geometric action needs sigma of full rank; use minimum_action for degenerate noise.")
    path = np.stack((x0, x1)) if guess is None else finite_numbers("guess", guess)
    if path.ndim != 2 or path.shape[1] != d:
        raise ValueError(f"guess must have shape (m, {d}), but has shape {path.shape}.")
    path = np.concatenate((x0[None], path[1:-1], x1[None]))
    metric = np.asarray(np.linalg.inv(a), dtype=np.float64)
    flow, N = Flow(drift, jacobian, None, d, parameter_record(par)), 2 * (intervals // 2)
    line = equally_spaced(path, N // 2)
    near = Search(flow, metric, START_GRADIENT).minimise(line, START_ROUNDS)
    why = "the drift is no formula"

    def by_newton(start: Array) -> GeometricPath | None:
        nonlocal why
        try:
            hamilton = freidlin_wentzell(drift, d, par, sigma)._flow
        except ValueError:
            return None
        found = zero_energy(hamilton, metric, start, tol)
        if found is None:
            why = "a rest point at an end is not hyperbolic"
            return None
        orbit, action, error = found
        if not orbit.converged or action > DEARER * near[1]:
            why = f"Newton's path costs {action:.6g}" if orbit.converged else orbit.reason
            return None
        x = equally_spaced(np.concatenate((x0[None], orbit(_fine(orbit))[:, :d], x1[None])), N)
        return GeometricPath(x, action, error, Search(flow, metric, tol).across(x), orbit, True, orbit.reason)

    search = Search(flow, metric, GRADIENT)
    found = by_newton(near[0]) or by_newton(line)
    if found is None:
        half = search.minimise(near[0])
        found = by_newton(half[0])
    if found is not None:
        return found
    whole = search.minimise(equally_spaced(half[0], N))
    change, gradient = (whole[1] - half[1]) / 3.0, whole[2]
    if gradient <= GRADIENT:
        reason = f"converged: the gradient across the path is below {GRADIENT:g}, by descent alone ({why})."
        return GeometricPath(whole[0], whole[1] + change, abs(change), gradient, None, True, reason)
    reason = (
        f"no_progress: the gradient across the path is {gradient:.1e} after a descent; give a better guess, or fewer "
        f"intervals. Newton's method did not serve: {why}"
    )
    return GeometricPath(whole[0], np.nan, np.nan, gradient, None, False, reason)


def _fine(path: TwoPoint) -> Array:
    """Times at and between the mesh points."""
    return np.sort(np.concatenate((path.ts, *(path.ts[:-1] + s * np.diff(path.ts) for s in (0.25, 0.5, 0.75)))))
