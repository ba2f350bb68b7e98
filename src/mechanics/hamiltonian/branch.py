"""Branches of solutions as a parameter changes, around folds: pseudo-arclength continuation on collocation meshes.

    F(x, lambda) = 0,   <t, (x, lambda) - (x, lambda)_predicted> = 0

t is the tangent of the branch at the point before, in the norm of the path (an integral over time) and lambda. The
arclength condition is one dense row of the structured linear system, so folds are ordinary points.

H. B. Keller, in Applications of Bifurcation Theory, Academic Press 1977, 359-384.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import finite_number, whole_numbers
from . import reasons
from .boundary import Unknowns, boundary_of
from .by_collocation import curve_through, error_of, put, report
from .certificate import certify
from .collocation import Collocation, DenseRows
from .mesh import refined
from .newton import Newton
from .result import TwoPoint
from .solve_path import components, flow_of, two_point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
GROW, SHRINK = 1.5, 0.5
FEW, MANY = 3, 8  # Newton iterations after which a step grows, or counts as failed
LEAST = 1e-6  # of the first step
WIDEST_TURN = 0.9  # cosine between tangents of neighbours: sharper turns are taken in smaller steps


@dataclass(frozen=True, eq=False)
class Branch:
    """Solutions along a branch; make it with `continuation`.

    Attributes
    ----------
    parameter : str
        What was changed.
    values : ndarray, shape (m,)
        Its values, in the order of the branch.
    points : tuple of TwoPoint
        The solutions, each certified.
    folds : tuple of float
        Values at which the branch turns around, located to about 1e-9.
    stability : ndarray, shape (m,)
        d lambda / d s along the branch: its sign changes at folds.
    reached : bool
        Whether the last point is at the value that was asked for.
    reason : str
        How the branch ended.
    """

    parameter: str
    values: Array
    points: tuple[TwoPoint, ...] = field(repr=False)
    folds: tuple[float, ...]
    stability: Array = field(repr=False)
    reached: bool
    reason: str

    def measure(self, function: Any) -> Array:
        """`function(point)` at every point of the branch."""
        return np.array([function(point) for point in self.points])

    def plot(self, measure: Any = None, ax: "Axes | None" = None) -> "Axes":
        """Draw `measure(point)`, the largest |y_0| by default, against the parameter; folds are marked."""
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        heights = self.measure(measure or (lambda point: np.abs(point.ys[:, 0]).max()))
        ax.plot(self.values, heights, ".-")
        for fold in self.folds:
            ax.axvline(fold, color="k", linestyle="--", linewidth=0.8)
        ax.set_xlabel(self.parameter)
        return ax


def continuation(
    system: Any,
    boundary: Any,
    t_span: tuple[float, float],
    parameter: str,
    to: float,
    *,
    par: Any = None,
    guess: Any = None,
    tol: float = 1e-6,
    order: int = 6,
    step: float | None = None,
    max_step: float | None = None,
    max_points: int = 200,
    max_mesh: int = 20_000,
    jacobian: Any = None,
    n: int | None = None,
) -> Branch:
    """Follow a solution from the present value of a parameter towards another one.

    Parameters
    ----------
    system, boundary, t_span, par, guess, tol, order, max_mesh, jacobian, n
        As for `two_point`, which finds the first point.
    parameter : str
        Field of the parameters that changes.
    to : float
        Value at which the branch ends. It also ends where it comes back to the first value, having turned at a fold.
    step, max_step : float, optional
        First and largest step along the branch, in a norm in which the parameter counts by its distance |to - start|
        and the path by its largest value: 0.05 and 0.3 by default.
    max_points : int
        Most points.

    Returns
    -------
    Branch

    Raises
    ------
    ValueError
        If the first point cannot be found, or arguments make no sense.
    """
    whole_numbers(max_points=(max_points, 2))
    flow = flow_of(system, par, jacobian, n if n is not None else components(boundary, guess))
    if parameter not in getattr(flow.p, "_fields", ()):
        raise ValueError(f"There is no parameter {parameter!r}; there are {getattr(flow.p, '_fields', ()) or 'none'}.")
    origin, to = float(getattr(flow.p, parameter)), finite_number("to", to)
    if origin == to:
        raise ValueError(f"to must differ from the present value {origin} of {parameter}.")
    first = two_point(flow, boundary, t_span, guess=guess, tol=tol, order=order, max_mesh=max_mesh)
    if not first.converged:
        raise ValueError(f"The branch has no first point at {parameter} = {origin}. {first.reason}")
    walk = _Walk(flow, boundary_of(boundary, flow.n), parameter, t_span, order, tol, max_mesh, abs(to - origin))
    return walk.run(first, origin, to, step or 0.05, max_step or 0.3, max_points)


class Tangent(NamedTuple):
    """Of a branch: of states, slopes and the parameter."""

    y: Array
    K: Array
    slope: float

    def __neg__(self) -> "Tangent":
        return Tangent(-self.y, -self.K, -self.slope)


class _Walk:
    """The state of a branch: mesh, point, tangent."""

    def __init__(
        self, flow: Any, boundary: Any, name: str, t_span: Any, order: int, tol: float, max_mesh: int, width: float
    ) -> None:
        self.flow, self.boundary, self.name, self.t_span = flow, boundary, name, t_span
        self.order, self.tol, self.max_mesh, self.width = order, tol, max_mesh, width
        self.scale = np.ones(flow.n)

    def discrete(self, tau: Array, value: float, dense: DenseRows | None) -> Collocation:
        unknowns = Unknowns(self.flow.p, {self.name: value}, self.t_span)
        return Collocation(self.flow, self.boundary, unknowns, tau, self.order, dense)

    def rows(self, tau: Array, ty: Array, slope: float) -> tuple[Array, Array]:
        """The functional <t, .>: trapezoidal weights in time, each component by its scale."""
        h = np.diff(tau)
        weights = 0.5 * (np.append(h, 0.0) + np.insert(h, 0, 0.0))
        return (weights[:, None] * ty / self.scale**2 / self.flow.n)[None], np.array([[slope / self.width**2]])

    def start(self, tau: Array, y: Array, K: Array, value: float, dense: DenseRows) -> Collocation:
        """A discrete problem at a point."""
        discrete = self.discrete(tau, value, dense)
        discrete.y[:], discrete.K[:], discrete.theta[:] = y, K, value
        return discrete

    def plane(self, tau: Array, t: Tangent, y: Array, value: float) -> DenseRows:
        """The plane through a point across a tangent."""
        D, Dp = self.rows(tau, t.y, t.slope)
        return DenseRows(D, Dp, np.einsum("kin,in->k", D, y) + Dp[:, 0] * value)

    def predicted(self, at: Collocation, t: Tangent, ds: float) -> tuple[Collocation, Newton]:
        """Newton from ds along the tangent, in the plane through there."""
        y, K, value = at.y + ds * t.y, at.K + ds * t.K, float(at.theta[0]) + ds * t.slope
        discrete = self.start(at.tau, y, K, value, self.plane(at.tau, t, y, value))
        return discrete, discrete.newton(max(1e-2 * self.tol, 1e-13), MANY)

    def tangent(self, discrete: Collocation, ahead: Tangent | None) -> Tangent:
        """Unit tangent at a point, not against `ahead`."""
        discrete.linearise()
        y, K, theta = (part.copy() for part in discrete.lines(dense=1.0))
        slope = float(theta[0])
        D, Dp = self.rows(discrete.tau, y, slope)
        length = np.sqrt(float(np.einsum("kin,in->", D, y)) + Dp[0, 0] * slope)
        if ahead is not None and float((ahead.y * y).sum()) + ahead.slope * slope < 0.0:
            length = -length
        return Tangent(y / length, K / length, slope / length)

    def run(self, first: TwoPoint, origin: float, to: float, step: float, most: float, max_points: int) -> Branch:
        self.scale = np.maximum(np.abs(first.ys).max(axis=0), 1e-3 * np.abs(first.ys).max()) + 1e-12
        tau = (first.ts - first.ts[0]) / (first.ts[-1] - first.ts[0])
        tau[-1] = 1.0
        M, n = len(tau) - 1, self.flow.n
        start = DenseRows(np.zeros((1, M + 1, n)), np.ones((1, 1)), np.array([origin]))
        discrete = self.discrete(tau, origin, start)

        def along(at: Array) -> tuple[Array, Array]:
            u, du = first.sol.with_slope(first.ts[0] + span * at)
            return u, span * du

        span = first.ts[-1] - first.ts[0]
        put(discrete, along, np.array([origin]))
        discrete.newton(max(1e-2 * self.tol, 1e-13), MANY)
        t = self.tangent(discrete, None)
        if t.slope * (to - origin) < 0.0:
            t = -t
        points, slopes, folds = [first], [t.slope], []
        ds, least = min(step, most), LEAST * step
        reason, reached = f"{max_points} points were used up; raise max_points or max_step.", False
        while len(points) < max_points:
            trial, found = self.predicted(discrete, t, ds)
            good = found.outcome == "ok"
            if good:
                new = self.tangent(trial, t)
                D, Dp = self.rows(discrete.tau, t.y, t.slope)
                good = float(np.einsum("kin,in->k", D, new.y)[0] + Dp[0, 0] * new.slope) > WIDEST_TURN
            old = float(discrete.theta[0])
            if not good:
                ds *= SHRINK
                if ds < least:
                    reason = f"No point was found near {self.name} = {old:.6g}: steps fell below {least:g}."
                    break
                continue
            if t.slope * new.slope < 0.0:
                folds.append(self.fold(discrete, t, ds, new.slope))
            t, discrete = new, trial
            value = float(discrete.theta[0])
            back = (value - origin) * (to - origin) < 0.0 and bool(folds)
            if (value - to) * (old - to) <= 0.0 or back:
                end = two_point(
                    self.flow.with_p(self.flow.p._replace(**{self.name: origin if back else to})), self.boundary,
                    self.t_span, guess=(discrete.times(), discrete.y), tol=self.tol, order=self.order,
                    max_mesh=self.max_mesh, method="collocation",
                )  # fmt: skip
                points.append(end)
                slopes.append(t.slope)
                reached = not back
                turns = f" after folds at {', '.join(f'{f:.6g}' for f in folds)}" if folds else ""
                reason = f"{self.name} = {to:g} was reached{turns}."
                if back:
                    reason = f"The branch came back to {self.name} = {origin:g}{turns}; {to:g} was not reached."
                break
            point, discrete, t = self.certified(discrete, found, t)
            if not point.converged:
                reason = f"The point at {self.name} = {value:.6g} misses the tolerance. {point.reason}"
                break
            points.append(point)
            slopes.append(t.slope)
            ds = min(most, ds * GROW) if found.iterations <= FEW else ds
        values = np.array([origin] + [point.unknown.get(self.name, to) for point in points[1:]])
        if points[-1].unknown.get(self.name) is None and len(points) > 1:
            values[-1] = float(getattr(points[-1].flow.p, self.name))
        return Branch(self.name, values, tuple(points), tuple(folds), np.array(slopes), reached, reason)

    def certified(self, discrete: Collocation, found: Newton, t: Tangent) -> tuple[TwoPoint, Collocation, Tangent]:
        """The point as a result, on a finer mesh if it needs one; discrete problem and tangent for the next step."""
        iterations = found.iterations
        for _ in range(12):
            tau, value = discrete.tau, float(discrete.theta[0])
            ts = discrete.times()
            proof = certify(discrete.flow_now(), self.boundary, ts, discrete.y)
            if proof.meets(self.tol):
                found = replace(found, smallest=discrete.linearise())
                error = error_of(discrete, proof)
                return report(discrete, found, proof, reasons.CONVERGED, iterations, self.tol, error), discrete, t
            if len(tau) - 1 >= self.max_mesh:
                break
            new = refined(tau, proof.defects, min(self.tol, 0.5 * proof.defect), self.order, self.max_mesh)
            ty = np.stack([np.interp(new, tau, t.y[:, a]) for a in range(self.flow.n)], axis=1)
            curve = curve_through(proof, ts)
            t = Tangent(ty, t.K, t.slope)  # K is not interpolated: y and the parameter decide the direction
            discrete = self.discrete(new, value, self.plane(new, t, curve(new)[0], value))
            put(discrete, curve, np.array([value]))
            found = discrete.newton(max(1e-2 * self.tol, 1e-13), MANY)
            iterations += found.iterations
            if found.outcome != "ok":
                reason = reasons.of_newton(found.outcome, found.smallest)
                return report(discrete, found, None, reason, iterations, self.tol), discrete, t
            t = self.tangent(discrete, t)
        reason = reasons.mesh_limit(len(discrete.tau) - 1, proof, self.tol)
        return report(discrete, found, None, reason, iterations, self.tol), discrete, t

    def fold(self, at: Collocation, t: Tangent, ds: float, beyond: float) -> float:
        """Value of the parameter where its slope along the branch is zero, by the Illinois method."""
        a, fa, b, fb, value, side = 0.0, t.slope, ds, beyond, float(at.theta[0]), 0
        for _ in range(20):
            s = (a * fb - b * fa) / (fb - fa)
            discrete, found = self.predicted(at, t, s)
            if found.outcome != "ok":
                return value
            value = float(discrete.theta[0])
            now = self.tangent(discrete, t).slope
            if abs(now) < 1e-7 * self.width or b - a < 1e-9:
                return value
            if now * fb > 0.0:
                b, fb = s, now
                fa, side = fa * (0.5 if side == 1 else 1.0), 1
            else:
                a, fa = s, now
                fb, side = fb * (0.5 if side == -1 else 1.0), -1
        return value
