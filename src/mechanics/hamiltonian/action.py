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
from scipy.optimize import minimize

from ..checks import finite_numbers, whole_numbers
from .flow import Flow
from .hamiltonian import Hamiltonian
from .result import TwoPoint
from .solve_path import two_point

Array = NDArray[np.float64]
ROUNDS = 40  # of descent and equal spacing
SPACING = 10.0  # weight of the penalty on unequal steps: it moves points along the path only
TINY = 1e-30  # added to squares under roots: lengths and drifts may vanish at rest points


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
    return two_point(freidlin_wentzell(drift, len(x0), par, sigma), (x0, x1), (0.0, float(T)), **options)


@dataclass(frozen=True, eq=False)
class GeometricPath:
    """Result of `geometric_action`.

    Attributes
    ----------
    x : ndarray, shape (N + 1, d)
        Points at equal distances.
    action : float
        Extrapolated from N / 2 and N intervals; the error of the midpoint rule falls as 1 / N^2. NaN unless converged.
    error : float
        How much the extrapolation changed the action.
    coarse : tuple of float
        Actions with N / 2 and N intervals.
    gradient : float
        Largest component of the gradient across the path, a length times the drift: zero at a minimum.
    converged : bool
        Whether gradient and spacing are below tol.
    reason : str
        How it ended.
    """

    x: Array = field(repr=False)
    action: float
    error: float
    coarse: tuple[float, float]
    gradient: float
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
    tol: float = 1e-5,
) -> GeometricPath:
    """The path from x0 to x1 of least action over all times: minimises the geometric action.

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
        Of the finer path, an even number.
    tol : float
        Of the gradient, relative to the mean drift along the path.

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
    search = _Search(
        Flow(drift, jacobian, None, d, parameter_record(par)), np.asarray(np.linalg.inv(a), dtype=np.float64), tol
    )
    half = search.minimise(equally_spaced(path, intervals // 2))
    whole = search.minimise(equally_spaced(half[0], 2 * (intervals // 2)))
    change = (whole[1] - half[1]) / 3.0
    converged = bool(whole[2] <= tol)
    reason = (
        "converged: the gradient across the path is below tol."
        if converged
        else f"max_iterations: the gradient across the path is {whole[2]:.1e}, above tol={tol:g}. Give a better guess, "
        "fewer intervals, or a larger tol."
    )
    action, error = (whole[1] + change, abs(change)) if converged else (np.nan, np.nan)
    return GeometricPath(whole[0], action, error, (half[1], whole[1]), whole[2], converged, reason)


class _Search:
    """Descent on the discrete geometric action, midpoint rule."""

    def __init__(self, flow: Flow, metric: Array, tol: float) -> None:
        self.flow, self.metric, self.tol = flow, metric, tol

    def value(self, x: Array) -> tuple[float, Array]:
        """Action and its gradient with respect to all points (N + 1, d)."""
        step, middle = np.diff(x, axis=0), 0.5 * (x[1:] + x[:-1])
        zero = np.zeros(len(step))
        b, J = self.flow.slopes(zero, middle), self.flow.matrices(zero, middle)
        step_a, b_a = step @ self.metric, b @ self.metric
        length, speed = (np.sqrt((u * v).sum(axis=1) + TINY) for u, v in ((step, step_a), (b, b_a)))
        action = float((length * speed - (step * b_a).sum(axis=1)).sum())
        by_step = (speed / length)[:, None] * step_a - b_a
        by_middle = np.einsum("iab,ia->ib", J, (length / speed)[:, None] * b_a - step_a)
        gradient = np.zeros_like(x)
        gradient[1:] += by_step + 0.5 * by_middle
        gradient[:-1] += -by_step + 0.5 * by_middle
        return action, gradient

    def across(self, x: Array) -> float:
        """Largest component of the gradient normal to the path, over the mean drift times the metric."""
        gradient = self.value(x)[1][1:-1]
        along = x[2:] - x[:-2]
        along /= np.sqrt((along * along).sum(axis=1, keepdims=True) + TINY)
        normal = gradient - (gradient * along).sum(axis=1, keepdims=True) * along
        b = self.flow.slopes(np.zeros(len(x)), x) @ self.metric
        return float(np.abs(normal).max(initial=0.0) / np.sqrt((b * b).sum(axis=1)).mean())

    def minimise(self, x: Array) -> tuple[Array, float, float]:
        """Points, action, gradient across the path."""
        N, d = len(x) - 1, x.shape[1]

        def penalised(inner: Array) -> tuple[float, Array]:
            y = x.copy()
            y[1:-1] = inner.reshape(-1, d)
            action, gradient = self.value(y)
            step = np.diff(y, axis=0)
            squares = (step * step).sum(axis=1)
            mean = squares.mean()
            weight = SPACING * scale / (N * mean0 * mean0)
            off = squares - mean
            slope = 4.0 * weight * off[:, None] * step
            gradient[1:] += slope
            gradient[:-1] -= slope
            return action + weight * float((off * off).sum()), gradient[1:-1].ravel()

        miss = np.inf
        for _ in range(ROUNDS):
            squares = (np.diff(x, axis=0) ** 2).sum(axis=1)
            mean0, scale = float(squares.mean()), max(self.value(x)[0], 1e-12)
            found = minimize(
                penalised, x[1:-1].ravel(), jac=True, method="L-BFGS-B",
                options={"maxiter": 400, "ftol": 0.0, "gtol": 1e-2 * self.tol * np.sqrt(scale), "maxcor": 40},
            )  # fmt: skip
            x = x.copy()
            x[1:-1] = found.x.reshape(-1, d)
            x = equally_spaced(x, N)
            miss = self.across(x)
            if miss <= self.tol:
                break
        return x, self.value(x)[0], miss


def equally_spaced(x: Array, N: int) -> Array:
    """N + 1 points at equal distances along the polygon x."""
    s = np.concatenate(([0.0], np.cumsum(np.sqrt((np.diff(x, axis=0) ** 2).sum(axis=1)))))
    at = np.linspace(0.0, s[-1], N + 1)
    new = np.stack([np.interp(at, s, x[:, a]) for a in range(x.shape[1])], axis=1)
    new[0], new[-1] = x[0], x[-1]
    return new
