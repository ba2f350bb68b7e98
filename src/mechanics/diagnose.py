"""Why a run failed: found afterwards, from the state where it stopped and a few calls of the plain drift.

Nothing here costs a run that succeeds.
"""

import contextlib
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from .engine import layout
from .methods import Method
from .methods.stochastic import DriftImplicit
from .problem import Problem
from .status import Status
from .trajectory import Trajectory

Array = NDArray[np.float64]
PRECISION = 2.3e-15  # ten rounding errors of 1
LARGE = 1e6  # growth beyond the initial size that counts as blowing up
STIFF_STEP = 0.5  # |eigenvalue| dt from which stability rather than accuracy is the likely limit
WIDEST = 200  # components up to which the Jacobian is estimated

Finding = tuple[Status, int | None, str]


def diagnose(
    problem: Problem, method: Method, run: Trajectory, outcome: int | Status, rtol: float, atol: Array
) -> Finding:
    """Status, responsible component, and remedy of a run that did not reach its end."""
    if outcome is Status.INTERRUPTED:
        return Status.INTERRUPTED, None, "Go on with solve(solution.restart(t1=...), method)."
    if outcome is Status.TOO_LARGE:
        return Status.TOO_LARGE, None, "Choose the times to keep with saveat=."
    point = _Point(problem, run)
    if outcome is Status.TOLERANCE:
        return _too_tight(point, rtol, atol) or (Status.TOLERANCE, None, "Raise rtol or atol.")
    if outcome == layout.NON_FINITE and np.isfinite(point.f).all() and not _diffusion_is_finite(problem, point):
        advice = "The diffusion is not finite here: check its divisions, roots and logarithms."
        return Status.NON_FINITE, None, advice
    if outcome == layout.NON_FINITE and isinstance(method.data, DriftImplicit) and np.isfinite(point.f).all():
        advice = f"Newton's iteration does not converge with dt = {abs(point.dt):.3g}: take a smaller dt."
        return Status.NO_CONVERGENCE, None, advice
    if outcome == layout.NON_FINITE:
        return _not_finite(point)
    if outcome == layout.NO_CONVERGENCE:
        if not np.isfinite(point.f).all():
            return _not_finite(point)
        return _fixed_point(point) if method.kind == "symplectic" else _no_convergence(problem, point)
    found = None
    if outcome is Status.MAX_STEPS or outcome is Status.MAX_SECONDS:
        found = _stiff(point) if method.kind != "implicit" else None
        advice = "max_steps" if outcome is Status.MAX_STEPS else "max_seconds"
        remedy = f"Raise {advice}, go on with solution.restart(t1=...), loosen rtol, or take a method of higher order."
        return found or (outcome, None, remedy)
    return (
        _blow_up(point)
        or _refused_values(point)
        or _too_tight(point, rtol, atol)
        or (_no_convergence(problem, point) if run.whole[layout.NEWTON_FAILED] else None)
        or (_stiff(point) if method.kind != "implicit" else None)
        or _jump(point)
        or (Status.DT_UNDERFLOW, point.steepest(), "Loosen rtol and atol, or look at the drift near this state.")
    )


class _Point:
    """The drift as plain Python near the state where a run stopped."""

    def __init__(self, problem: Problem, run: Trajectory) -> None:
        drift = problem.drift
        self._drift: Any = drift.py_func if isinstance(drift, Dispatcher) else drift
        self.p, self.t0, self.y0 = problem.p, problem.t0, problem.y0
        self.t, self.dt, self.y = float(run.real[layout.T]), float(run.real[layout.DT]), run.y
        self.fixed = bool(run.whole[layout.FIXED])
        self.nan_seen, self.accepted = int(run.whole[layout.NAN_SEEN]), int(run.whole[layout.ACCEPTED])
        self.f = self.slope(self.t, self.y)

    def slope(self, t: float, y: Array) -> Array:
        """f(t, y); NaN where the drift writes nothing or cannot be evaluated."""
        dy = np.full(len(y), np.nan)
        # plain Python raises where compiled code returns inf or nan
        with np.errstate(all="ignore"), contextlib.suppress(ArithmeticError, ValueError):
            self._drift(t, y.copy(), self.p, dy)
        return dy

    def steepest(self) -> int:
        return int(np.argmax(np.abs(np.nan_to_num(self.f))))


def _not_finite(point: _Point) -> Finding:
    bad = np.flatnonzero(~np.isfinite(point.f))
    component = int(bad[0]) if len(bad) else None
    if not len(bad):
        return Status.NON_FINITE, None, "A fixed step led to a state that is not finite: choose a smaller dt."
    if point.accepted == 0:
        return (
            Status.NON_FINITE,
            component,
            "Already at the start: check that the drift fills every component of dy, and its divisions, roots and "
            "logarithms there.",
        )
    return Status.NON_FINITE, component, "Check divisions, roots and logarithms in the drift near this state."


def _diffusion_is_finite(problem: Problem, point: _Point) -> bool:
    if problem.diffusion is None:
        return True
    n, function = len(point.y), problem.diffusion
    g = np.full((n, problem.wieners) if problem.noise == "general" else n, np.nan)
    with np.errstate(all="ignore"), contextlib.suppress(Exception):
        getattr(function, "py_func", function)(point.t, point.y.copy(), point.p, g)
    return bool(np.isfinite(g).all())


def _fixed_point(point: _Point) -> Finding:
    advice = f"Its fixed-point iteration does not converge with dt = {abs(point.dt):.3g}: choose a smaller dt."
    J = _jacobian(point)
    if J is None:
        return Status.NO_CONVERGENCE, None, advice
    eigenvalues, vectors = np.linalg.eig(J)
    fastest = int(np.argmax(np.abs(eigenvalues)))
    rate = float(abs(eigenvalues[fastest]))
    advice = f"{advice[:-1]} (the fastest motion has the rate {rate:.2g}, and dt times it should stay below about 1)."
    decay = eigenvalues.real * np.sign(point.dt)
    if decay[fastest] < -0.5 * rate and decay.max() < 0.5 * rate:  # saddles have partners that grow
        advice += " That motion decays: the problem is stiff, and a method for stiff problems takes longer steps."
    return Status.NO_CONVERGENCE, int(np.argmax(np.abs(vectors[:, fastest]))), advice


def _blow_up(point: _Point) -> Finding | None:
    size = np.abs(point.y)
    outward = np.sign(point.y) * np.sign(point.f) * np.sign(point.dt) > 0.0
    grown = (size > LARGE * max(1.0, float(np.abs(point.y0).max()))) & outward
    if not grown.any():
        return None
    component = int(np.argmax(np.where(grown, size, 0.0)))
    return (
        Status.BLOW_UP,
        component,
        f"It leaves every bound near t = {point.t:.10g}: end the solve before, or rescale.",
    )


def _refused_values(point: _Point) -> Finding | None:
    if not point.nan_seen:
        return None
    for exponent in range(-15, 3):
        dt = np.sign(point.dt) * 10.0**exponent * max(1.0, abs(point.t))
        bad = np.flatnonzero(~np.isfinite(point.slope(point.t + dt, point.y + dt * point.f)))
        if len(bad):
            break
    component = int(bad[0]) if len(bad) else None
    return (
        Status.NON_FINITE,
        component,
        "The solution runs into states where the drift is not finite: check divisions, roots and logarithms there.",
    )


def _too_tight(point: _Point, rtol: float, atol: Array) -> Finding | None:
    allowed = rtol * np.abs(point.y) + atol
    needed = PRECISION * np.abs(point.y)
    if not (allowed < needed).any():
        return None
    component = int(np.argmin(np.where(needed > 0.0, allowed / np.maximum(needed, 1e-300), np.inf)))
    return Status.TOLERANCE, component, f"Raise rtol above {PRECISION:.1e}, or atol above rtol times the size of y."


def _jacobian(point: _Point) -> Array | None:
    n = len(point.y)
    if n > WIDEST:
        return None
    J = np.empty((n, n))
    for j in range(n):
        y = point.y.copy()
        y[j] += 1e-7 * max(abs(y[j]), 1e-3)
        J[:, j] = (point.slope(point.t, y) - point.f) / (y[j] - point.y[j])
    return J if np.isfinite(J).all() else None


def _stiff(point: _Point) -> Finding | None:
    J = _jacobian(point)
    if J is None:
        return None
    eigenvalues = np.linalg.eigvals(J) * np.sign(point.dt)
    fastest = eigenvalues[np.argmax(np.abs(eigenvalues))]
    if not (fastest.real < -0.5 * abs(fastest) and abs(fastest * point.dt) > STIFF_STEP):
        return None
    vector = np.linalg.eig(J)[1][:, np.argmax(np.abs(eigenvalues))]
    return (
        Status.STIFF,
        int(np.argmax(np.abs(vector))),
        f"The fastest mode decays in {1.0 / abs(fastest):.2g} time units and dt is {abs(point.dt):.2g}: use an "
        "implicit method.",
    )


def _no_convergence(problem: Problem, point: _Point) -> Finding:
    if problem.jacobian is not None:
        J, given = _jacobian(point), np.zeros((len(point.y), len(point.y)))
        function: Any = problem.jacobian
        with np.errstate(all="ignore"), contextlib.suppress(Exception):
            getattr(function, "py_func", function)(point.t, point.y.copy(), point.p, given)
            if J is not None and np.abs(given - J).max() > 0.01 * np.abs(J).max():
                i, j = np.unravel_index(int(np.argmax(np.abs(given - J))), J.shape)
                return (
                    Status.NO_CONVERGENCE,
                    int(i),
                    f"The given Jacobian is wrong here: J[{i}, {j}] is {given[i, j]:.6g}, but differences of the drift "
                    f"give {J[i, j]:.6g}. Correct it, or leave jacobian out.",
                )
    advice = "Take a smaller dt" if point.fixed else "Loosen rtol and atol"
    band = f" Check that band={problem.band} holds all that couples components." if problem.band else ""
    return Status.NO_CONVERGENCE, point.steepest(), f"{advice}, or look at jumps of the drift near this state.{band}"


def _jump(point: _Point) -> Finding | None:
    scale = float(np.abs(point.f).max())
    for exponent in range(-14, -6):
        dt = point.dt / abs(point.dt) * 10.0**exponent * max(1.0, abs(point.t)) if point.dt else 10.0**exponent
        before = point.slope(point.t - dt, point.y - dt * point.f)
        after = point.slope(point.t + dt, point.y + dt * point.f)
        jump = np.abs(after - before)
        if np.isfinite(jump).all() and jump.max() > 1e-3 * max(scale, 1e-300):
            return (
                Status.DISCONTINUITY,
                int(np.argmax(jump)),
                "Stop there with a terminal Event and go on, switch with Event(apply=...), or use fixed steps.",
            )
    return None
