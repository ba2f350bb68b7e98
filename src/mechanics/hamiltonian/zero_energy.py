"""Most probable paths without a limit of time, by Newton's method: orbits of H = b . p + p^T a p / 2 with H = 0.

An end that is a rest point of the drift is reached in infinite time only. There the path lies on the unstable (stable)
manifold of (x, p) = (x0, 0), whose tangent is the graph of a symmetric matrix,

    p = V (x - x0),     V^-1 = Q,  B Q + Q B^T + a = 0,  B = db/dx     where x0 attracts

and what is left of the action is (x - x0)^T V (x - x0) / 2. So a finite time is enough: V replaces the end, with an
error of the action that falls as the cube of the distance. Between two rest points one of these conditions follows
from the others and H = 0, while the orbit may be shifted in time: its first distance is given, and y' = f + alpha
grad H with an unknown alpha, zero on the orbit, has as many unknowns as conditions.

W.-J. Beyn, IMA J. Numer. Anal. 10 (1990) 379-405 (projected boundary conditions).
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, schur

from ..engine.compile import kernel
from .boundary import Free, boundary_of
from .certificate import certify
from .flow import Flow
from .result import TwoPoint
from .solve_path import two_point

Array = NDArray[np.float64]
AT_REST = 1e-9  # of the largest drift along the guess
SMALL = 1e-9  # of the fastest rate: slower ones make a rest point that is not hyperbolic
LOOSE = 1e3  # units of alpha: Newton's damping takes numbers to be known to 1e-3
TRUNCATION = 1e-3, 1e-4  # distances from rest points over the length of the guess; the second one's action is returned


@dataclass(frozen=True, eq=False)
class Tangent:
    """Of a manifold of a rest point: p = V (x - x0), on which the slowest rate is `rate`."""

    x: Array
    V: Array
    rate: float

    def left_over(self, x: Array) -> float:
        """Action between x0 and x."""
        z = x - self.x
        return 0.5 * float(z @ self.V @ z)


def tangent_of(flow: Flow, x: Array, leaving: bool) -> Tangent | None:
    """Of the unstable manifold, or else of the stable one; None where the rest point is not hyperbolic."""
    d = len(x)
    A = flow.matrices(np.zeros(1), np.concatenate((x, np.zeros(d)))[None])[0]
    rates = np.abs(np.linalg.eigvals(A).real)
    _, U, count = schur(A, output="real", sort="rhp" if leaving else "lhp")
    if rates.min() <= SMALL * rates.max() or count != d:
        return None
    try:
        V = np.linalg.solve(U[:d, :d].T, U[d:, :d].T).T
    except LinAlgError:
        return None
    return Tangent(x, 0.5 * (V + V.T), float(rates.min()))


def zero_energy(flow: Flow, metric: Array, x: Array, tol: float) -> tuple[TwoPoint, float, float] | None:
    """The orbit near the path x (N + 1, d), its action, and the change of that from a coarser truncation.

    `flow` is that of H, `metric` the inverse of a. None where an end is a rest point that is not hyperbolic.
    """
    d, zero = x.shape[1], np.zeros(len(x))
    b = flow.slopes(zero, np.hstack((x, np.zeros_like(x))))[:, :d]
    speeds, length = np.sqrt((b * b).sum(axis=1)), float(np.sqrt((np.diff(x, axis=0) ** 2).sum(axis=1)).sum())
    ends: list[Tangent | None] = []
    for at, leaving in ((0, True), (-1, False)):
        rests = speeds[at] <= AT_REST * speeds.max()
        ends.append(tangent_of(flow, x[at], leaving) if rests else None)
        if rests and ends[-1] is None:
            return None
    first, last = ends
    found: TwoPoint | None = None
    actions = []
    for share in TRUNCATION if first or last else (1.0,):
        radius = share * length
        guess = timed(x, b, metric, first, last, radius)
        if found is not None and found.converged:
            guess = _longer(found, guess[0][-1] - guess[0][0], first, last)
        found = _solve(flow, x, first, last, radius, guess, tol)
        if not found.converged:
            break
        action = found.action()
        if first is not None:
            action += first.left_over(found.q[0])
        if last is not None:
            action -= last.left_over(found.q[-1])
        actions.append(action)
    assert found is not None
    if found.converged and max(found.defect, found.hamiltonian_drift) > tol:  # alpha is not zero
        reason = (
            f"mesh_limit: the orbit ends at a distance of {radius:.1e} from a rest point, with a defect of "
            f"{found.defect:.1e} and a drift of H of {found.hamiltonian_drift:.1e}, above tol={tol:g}; raise tol."
        )
        found = replace(found, converged=False, reason=reason)
    if not found.converged:
        return found, math.nan, math.nan
    return found, actions[-1], abs(actions[-1] - actions[0]) if len(actions) > 1 else tol * abs(actions[-1])


def _solve(
    flow: Flow, x: Array, first: Tangent | None, last: Tangent | None, radius: float, guess: Any, tol: float
) -> TwoPoint:
    d, ts = x.shape[1], guess[0]

    def conditions(y0: Array, y1: Array, p: Any) -> Array:
        near = y0[:d] - x[0]
        start = near if first is None else y0[d:] - first.V @ near
        end = y1[:d] - x[-1]
        if last is not None:
            end = y1[d:] - last.V @ end
        if first is not None and last is not None:  # where on the orbit the time begins
            start = np.append(start, 0.5 * (near @ near / radius - radius))
        if first is None and last is None:
            drift = flow.slopes(np.zeros(1), np.concatenate((y1[:d], np.zeros(d)))[None])[0, :d]
            start = np.append(start, 0.5 * y1[d:] @ (drift + flow.slopes(np.zeros(1), y1[None])[0, :d]))
        return np.concatenate((start, end))

    if first is not None and last is not None:
        loose = unfolded(flow)
        found = two_point(
            loose, conditions, (0.0, float(ts[-1])), guess=guess, unknown={"alpha": 0.0}, tol=tol, mesh=100,
            method="collocation",
        )  # fmt: skip
        if not found.converged:
            return found
        proof = certify(flow, boundary_of(conditions, 2 * d), found.ts, found.ys, tol)
        return replace(found, flow=flow, defect=proof.defect, hamiltonian_drift=proof.hamiltonian_drift)
    t1: Any = Free(float(ts[-1])) if first is None and last is None else float(ts[-1])
    return two_point(flow, conditions, (0.0, t1), guess=guess, tol=tol, mesh=100, method="collocation")


class Unfolded(NamedTuple):
    """Parameters of a flow that does not conserve H: those of the flow, and alpha."""

    inner: Any
    alpha: float


class Alone(NamedTuple):
    """The same where the flow has none."""

    alpha: float


def unfolded(flow: Flow) -> Flow:
    """y' = f(y) + alpha grad H: alpha, zero on the orbit, stands for the condition that H = 0 makes redundant."""
    has = flow.p is not None
    drift, jacobian = _unfolded(flow.drift, flow.jacobian, has)
    p = Unfolded(flow.p, 0.0) if has else Alone(0.0)
    return Flow(drift, jacobian, None, flow.n, p)


@kernel
def turned(v, alpha):  # type: ignore[no-untyped-def]
    """Add to one column of (x', p') that of alpha grad H = alpha (-p', x'), in units of alpha; in place."""
    d = len(v) // 2
    for i in range(d):
        up, down = v[i], v[d + i]
        v[i] = up - LOOSE * alpha * down
        v[d + i] = down + LOOSE * alpha * up


@cache
def _unfolded(f: Any, df: Any, has: bool) -> tuple[Any, Any]:
    def drift(t, y, p, dy):  # type: ignore[no-untyped-def]
        f(t, y, p.inner, dy)
        turned(dy, p.alpha)

    def jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
        df(t, y, p.inner, J)
        for c in range(len(y)):
            turned(J[:, c], p.alpha)

    def drift_alone(t, y, p, dy):  # type: ignore[no-untyped-def]
        f(t, y, None, dy)
        turned(dy, p.alpha)

    def jacobian_alone(t, y, p, J):  # type: ignore[no-untyped-def]
        df(t, y, None, J)
        for c in range(len(y)):
            turned(J[:, c], p.alpha)

    return (drift, jacobian) if has else (drift_alone, jacobian_alone)


def timed(
    x: Array, b: Array, metric: Array, first: Tangent | None, last: Tangent | None, radius: float
) -> tuple[Array, Array]:
    """The path as states at times, with |x'| = |b| as H = 0 demands, longer at rest points."""
    steps, middle = np.diff(x, axis=0), 0.5 * (b[1:] + b[:-1])
    lengths = np.sqrt(np.einsum("ia,ab,ib->i", steps, metric, steps))
    speeds = np.sqrt(np.einsum("ia,ab,ib->i", middle, metric, middle))
    dt = lengths / np.maximum(speeds, 1e-3 * speeds.max())
    t = np.concatenate(([0.0], np.cumsum(dt)))
    p = (np.gradient(x, t, axis=0) - b) @ metric
    inner = np.hstack((x, p))[1 if first else None : -1 if last else None]
    times = t[1 if first else None : -1 if last else None]
    if first is not None:
        inner, times = _tail(inner, times, first, radius, -1.0)
    if last is not None:
        inner, times = _tail(inner, times, last, radius, 1.0)
    return times - times[0], inner


def _tail(ys: Array, ts: Array, end: Tangent, radius: float, side: float) -> tuple[Array, Array]:
    """Longer at one side by the time in which the slowest rate brings the path to the radius."""
    d = len(end.x)
    z = (ys[0] if side < 0.0 else ys[-1])[:d] - end.x
    span = math.log(max(float(np.sqrt(z @ z)) / radius, 2.0)) / end.rate
    s = np.linspace(0.0, span, 33)[1:]
    more = z * np.exp(-end.rate * s)[:, None]
    more = np.hstack((end.x + more, more @ end.V.T))
    if side < 0.0:
        return np.vstack((more[::-1], ys)), np.concatenate((ts[0] - s[::-1], ts))
    return np.vstack((ys, more)), np.concatenate((ts, ts[-1] + s))


def _longer(path: TwoPoint, span: float, first: Tangent | None, last: Tangent | None) -> tuple[Array, Array]:
    """A path on the linear manifolds beyond its ends, to fill a longer time."""
    ts, ys = path.ts, path.ys
    extra = span - (ts[-1] - ts[0])
    parts = (first is not None) + (last is not None)
    for end, side in ((first, -1.0), (last, 1.0)):
        if end is not None and extra > 0.0:
            z = (ys[0] if side < 0.0 else ys[-1])[: len(end.x)] - end.x
            ys, ts = _tail(ys, ts, end, float(np.sqrt(z @ z)) * math.exp(-end.rate * extra / parts), side)
    return ts - ts[0], ys
