"""First guesses: from nothing, from points, from a function, or from an earlier result."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boundary import FixedEnds
from .flow import Flow
from .interpolant import interpolate

Array = NDArray[np.float64]
Curve = Callable[[Array], tuple[Array, Array]]  # fractions tau -> states and their slopes by tau


def straight(flow: Flow, boundary: Any, t0: float, t1: float) -> Curve:
    """q on the line between its ends; p such that dH/dp = q' where Newton's method finds it, else zero."""
    n, d = flow.n, flow.n // 2
    y0, y1 = np.zeros(n), np.zeros(n)
    if isinstance(boundary, FixedEnds):
        y0[:d], y1[:d] = boundary.q0, boundary.q1
        velocity = (boundary.q1 - boundary.q0) / (t1 - t0)
        if flow.hamiltonian:
            for t, y in ((t0, y0), (t1, y1)):
                y[d:] = _momentum(flow, t, y, velocity)
        else:
            y0[d:] = y1[d:] = velocity  # for second-order equations written as (q, q')

    def curve(tau: Array) -> tuple[Array, Array]:
        return y0 + tau[:, None] * (y1 - y0), np.broadcast_to(y1 - y0, (len(tau), n)).copy()

    return curve


def _momentum(flow: Flow, t: float, y: Array, velocity: Array) -> Array:
    """p with dH/dp(t, q, p) = velocity."""
    d = flow.n // 2
    y, times = y.copy(), np.array([t])
    for _ in range(8):
        miss = flow.slopes(times, y[None])[0, :d] - velocity
        if not np.isfinite(miss).all():
            return np.zeros(d)
        mass = flow.matrices(times, y[None])[0, :d, d:]
        step = np.linalg.lstsq(mass, miss, rcond=None)[0]
        y[d:] -= step
        if np.abs(step).max() <= 1e-8 * (1.0 + np.abs(y[d:]).max()):
            return y[d:]
    return np.zeros(d)


def curve_of(guess: Any, flow: Flow, boundary: Any, t0: float, t1: float) -> tuple[Curve, Array | None]:
    """The guess as a curve, and its mesh in [0, 1] if it has one.

    Raises
    ------
    TypeError, ValueError
        If it is no guess, or of the wrong shape.
    """
    if guess is None:
        return straight(flow, boundary, t0, t1), None
    if hasattr(guess, "sol") and hasattr(guess, "converged"):
        if not guess.converged:
            raise ValueError(f"The result given as guess did not converge: {guess.reason}")
        inner, span = guess.sol, guess.ts[-1] - guess.ts[0]

        def warm(tau: Array) -> tuple[Array, Array]:
            u, du = inner.with_slope(inner.ts[0] + span * tau)
            return u, span * du

        mesh = (guess.ts - guess.ts[0]) / span
        mesh[-1] = 1.0
        return warm, mesh
    if callable(guess):
        ts = np.linspace(t0, t1, 65)
        ys = np.array([np.asarray(guess(t), dtype=float) for t in ts])
    elif isinstance(guess, tuple) and len(guess) == 2:
        ts, ys = (np.asarray(part, dtype=float) for part in guess)
    else:
        ys = np.asarray(guess, dtype=float)
        ts = np.linspace(t0, t1, len(ys)) if ys.ndim == 2 else np.empty(0)
    if ys.ndim != 2 or ys.shape != (len(ts), flow.n) or len(ts) < 2 or not np.isfinite(ys).all():
        raise ValueError(
            f"guess must be finite states of shape (m, {flow.n}), (times, states), a function of t, or an earlier "
            f"result, but its states have shape {ys.shape}."
        )
    tau = (ts - ts[0]) / (ts[-1] - ts[0])
    slopes = np.gradient(ys, tau, axis=0, edge_order=2 if len(tau) > 2 else 1)
    inside = interpolate(tau, ys, slopes, 2)
    return lambda tau: inside.with_slope(tau), None
