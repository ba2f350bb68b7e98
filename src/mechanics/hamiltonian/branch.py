"""Branches of solutions as a parameter changes, around folds: pseudo-arclength continuation on collocation meshes.

    F(x, lambda) = 0,   <t, (x, lambda) - (x, lambda)_predicted> = 0

t is the tangent of the branch at the point before, in the norm of the path (an integral over time) and lambda. The
arclength condition is one dense row of the structured linear system, so folds are ordinary points.

H. B. Keller, in Applications of Bifurcation Theory, Academic Press 1977, 359-384.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..checks import finite_number, whole_numbers
from . import reasons
from .boundary import Unknowns, boundary_of
from .by_collocation import curve_through, error_of, report, start_of
from .certificate import certify
from .collocation import Collocation, DenseRows
from .mesh import refined
from .newton import Newton, newton
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

    def correct(self, tau: Array, x: Array, t: tuple[Array, float]) -> tuple[Collocation, Newton]:
        """Newton from a prediction, in the plane through it."""
        D, Dp = self.rows(tau, *t)
        M, n = len(tau) - 1, self.flow.n
        y, value = x[: (M + 1) * n].reshape(-1, n), x[-1:]
        dense = DenseRows(D, Dp, np.einsum("kin,in->k", D, y) + Dp @ value)
        discrete = self.discrete(tau, float(value[0]), dense)
        found = newton(
            discrete.residual,
            discrete.linearise,
            discrete.size,
            x,
            tol=max(1e-2 * self.tol, 1e-13),
            max_iterations=MANY,
        )
        return discrete, found

    def tangent(self, discrete: Collocation, x: Array, ahead: Array | None) -> tuple[Array, float]:
        """Unit tangent at a point, not against `ahead`."""
        r = np.zeros(len(x))
        r[-1] = 1.0
        v = discrete.linearise(x).solve(r)
        y, slope = discrete.split(v)[0], float(v[-1])
        D, Dp = self.rows(discrete.tau, y, slope)
        length = np.sqrt(float(np.einsum("kin,in->", D, y)) + Dp[0, 0] * slope)
        v = v / length
        if ahead is not None and v[: ahead.size] @ ahead < 0.0:
            v = -v
        return v, float(v[-1])

    def run(self, first: TwoPoint, origin: float, to: float, step: float, most: float, max_points: int) -> Branch:
        self.scale = np.maximum(np.abs(first.ys).max(axis=0), 1e-3 * np.abs(first.ys).max()) + 1e-12
        tau = (first.ts - first.ts[0]) / (first.ts[-1] - first.ts[0])
        tau[-1] = 1.0
        M, n = len(tau) - 1, self.flow.n
        start = DenseRows(np.zeros((1, M + 1, n)), np.ones((1, 1)), np.array([origin]))
        discrete = self.discrete(tau, origin, start)
        span = first.ts[-1] - first.ts[0]

        def along(at: Array) -> tuple[Array, Array]:
            u, du = first.sol.with_slope(first.ts[0] + span * at)
            return u, span * du

        found = newton(
            discrete.residual, discrete.linearise, discrete.size,
            start_of(discrete, along, np.array([origin])), tol=max(1e-2 * self.tol, 1e-13), max_iterations=MANY,
        )  # fmt: skip
        x = found.x
        v, slope = self.tangent(discrete, x, None)
        if slope * (to - origin) < 0.0:
            v, slope = -v, -slope
        points, slopes, folds = [first], [slope], []
        ds, least = min(step, most), LEAST * step
        reason, reached = f"{max_points} points were used up; raise max_points or max_step.", False
        while len(points) < max_points:
            t = v[: (M + 1) * n].reshape(-1, n), slope
            trial, found = self.correct(tau, x + ds * v, t)
            good = found.outcome == "ok"
            if good:
                new_v, new_slope = self.tangent(trial, found.x, v)
                D, Dp = self.rows(tau, *t)
                good = float(np.einsum("kin,in->", D, trial.split(new_v)[0]) + Dp[0, 0] * new_slope) > WIDEST_TURN
            if not good:
                ds *= SHRINK
                if ds < least:
                    reason = f"No point was found near {self.name} = {float(x[-1]):.6g}: steps fell below {least:g}."
                    break
                continue
            if slope * new_slope < 0.0:
                folds.append(self.fold(tau, x, v, slope, ds, new_slope))
            old = float(x[-1])
            x, v, slope, discrete = found.x, new_v, new_slope, trial
            value = float(x[-1])
            back = (value - origin) * (to - origin) < 0.0 and bool(folds)
            if (value - to) * (old - to) <= 0.0 or back:
                end = two_point(
                    self.flow.with_p(self.flow.p._replace(**{self.name: origin if back else to})), self.boundary,
                    self.t_span, guess=(discrete.times(x[-1:]), discrete.split(x)[0]), tol=self.tol, order=self.order,
                    max_mesh=self.max_mesh, method="collocation",
                )  # fmt: skip
                points.append(end)
                slopes.append(slope)
                reached = not back
                turns = f" after folds at {', '.join(f'{f:.6g}' for f in folds)}" if folds else ""
                reason = f"{self.name} = {to:g} was reached{turns}."
                if back:
                    reason = f"The branch came back to {self.name} = {origin:g}{turns}; {to:g} was not reached."
                break
            point, tau, x, v = self.certified(discrete, found, x, v)
            M = len(tau) - 1
            if not point.converged:
                reason = f"The point at {self.name} = {value:.6g} misses the tolerance. {point.reason}"
                break
            points.append(point)
            slopes.append(slope)
            ds = min(most, ds * GROW) if found.iterations <= FEW else ds
        values = np.array([origin] + [point.unknown.get(self.name, to) for point in points[1:]])
        if points[-1].unknown.get(self.name) is None and len(points) > 1:
            values[-1] = float(getattr(points[-1].flow.p, self.name))
        return Branch(self.name, values, tuple(points), tuple(folds), np.array(slopes), reached, reason)

    def certified(
        self, discrete: Collocation, found: Newton, x: Array, v: Array
    ) -> tuple[TwoPoint, Array, Array, Array]:
        """The point as a result, on a finer mesh if it needs one; mesh, point and tangent for the next step."""
        iterations = found.iterations
        for _ in range(12):
            tau, value = discrete.tau, x[-1:]
            ts = discrete.times(value)
            p, _ = discrete.unknowns.apply(value)
            proof = certify(self.flow.with_p(p), self.boundary, ts, discrete.split(x)[0])
            if proof.meets(self.tol):
                lines = discrete.linearise(x)
                error = error_of(discrete, lines, x, proof)
                return report(discrete, found, proof, reasons.CONVERGED, iterations, self.tol, lines, error), tau, x, v
            if len(tau) - 1 >= self.max_mesh:
                break
            new = refined(tau, proof.defects, min(self.tol, 0.5 * proof.defect), self.order, self.max_mesh)
            ty = discrete.split(v)[0]
            t = np.stack([np.interp(new, tau, ty[:, a]) for a in range(self.flow.n)], axis=1), float(v[-1])
            finer = self.discrete(new, float(value[0]), None)
            discrete, found = self.correct(new, start_of(finer, curve_through(proof, ts), value), t)
            iterations += found.iterations
            if found.outcome != "ok":
                reason = reasons.of_newton(found.outcome, found.smallest)
                return report(discrete, found, None, reason, iterations, self.tol), tau, x, v
            x = found.x
            # the old tangent points the way; K is not interpolated, only y and lambda decide the direction
            ahead = np.concatenate((t[0].ravel(), np.zeros(discrete.ends[1] - discrete.ends[0]), [t[1]]))
            v = self.tangent(discrete, x, ahead)[0]
        reason = reasons.mesh_limit(len(discrete.tau) - 1, proof, self.tol)
        return report(discrete, found, None, reason, iterations, self.tol), discrete.tau, x, v

    def fold(self, tau: Array, x: Array, v: Array, slope: float, ds: float, beyond: float) -> float:
        """Value of the parameter where its slope along the branch is zero, by the Illinois method."""
        t = v[: (len(tau)) * self.flow.n].reshape(-1, self.flow.n), slope
        a, fa, b, fb, value, side = 0.0, slope, ds, beyond, float(x[-1]), 0
        for _ in range(20):
            s = (a * fb - b * fa) / (fb - fa)
            discrete, found = self.correct(tau, x + s * v, t)
            if found.outcome != "ok":
                return value
            value = float(found.x[-1])
            now = self.tangent(discrete, found.x, v)[1]
            if abs(now) < 1e-7 * self.width or b - a < 1e-9:
                return value
            if now * fb > 0.0:
                b, fb = s, now
                fa, side = fa * (0.5 if side == 1 else 1.0), 1
            else:
                a, fa = s, now
                fb, side = fb * (0.5 if side == -1 else 1.0), -1
        return value
