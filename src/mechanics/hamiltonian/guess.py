"""First guesses: from nothing, from points, from a function, or from an earlier result."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boundary import FixedEnds
from .flow import Flow
from .interpolant import interpolate

Array = NDArray[np.float64]
SMALL = 1e-8  # relative, of velocities that a guess has
Curve = Callable[[Array], tuple[Array, Array]]  # fractions tau -> states and their slopes by tau


def straight(flow: Flow, boundary: Any, t0: float, t1: float) -> Curve:
    """q on the line between its ends; p such that dH/dp = q' where Newton's method finds it, else zero."""
    n, d = flow.n, flow.n // 2
    ends = np.zeros((2, n))
    if isinstance(boundary, FixedEnds):
        ends[:, :d] = boundary.values.reshape(2, d)
        velocity = (boundary.q1 - boundary.q0) / (t1 - t0)
        if flow.hamiltonian:
            _momenta(flow, np.array([t0, t1]), ends, velocity)
        else:
            ends[:, d:] = velocity  # for second-order equations written as (q, q')
    y0, slope = ends[0], ends[1] - ends[0]

    def curve(tau: Array) -> tuple[Array, Array]:
        du = np.empty((len(tau), n))
        du[:] = slope
        return y0 + tau[:, None] * slope, du

    return curve


def _momenta(flow: Flow, times: Array, ends: Array, velocity: Array) -> None:
    """p with dH/dp(t, q, p) = velocity at both ends; zero where it is not found."""
    n, d = flow.n, flow.n // 2
    F, J, last = np.empty((2, n)), np.empty((2, n, n)), np.inf
    for _ in range(9):
        flow.slopes(times, ends, None, F)
        miss = F[:, :d] - velocity
        size = float(max(miss.max(), -miss.min()))
        if size <= SMALL * (1.0 + float(max(F.max(), -F.min()))):
            return
        if not size <= last:  # also where it is not a number
            break
        last = size
        flow.matrices(times, ends, None, J)
        try:
            ends[:, d:] -= np.linalg.solve(J[:, :d, d:], miss[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:  # degenerate noise
            for e in range(2):
                ends[e, d:] -= np.linalg.lstsq(J[e, :d, d:], miss[e], rcond=None)[0]
            return
    ends[:, d:] = 0.0


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
