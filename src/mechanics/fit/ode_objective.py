"""Weighted residuals of trajectories of an ordinary equation, with exact derivatives, and their least squares.

r = w (y_seen - y),   RSS = |r|^2,   -2 log L = N log(RSS / N)  (common variance unknown)  or  RSS  (weights 1 / sd)
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, least_squares
from scipy.stats import chi2
from scipy.stats import f as fisher

from .bounds import strictly_inside
from .objective import BAD
from .sensitivities import Sensitive
from .trajectories import Trajectories

Array = NDArray[np.float64]
FINE = 1e-10  # relative change of cost and parameters at which a search ends


@dataclass(eq=False)
class OdeObjective:
    """theta = fitted parameters, then the initial state of each trajectory where it is fitted."""

    model: Sensitive
    data: Trajectories
    y0: Array  # (trajectories, n): given, or where the search begins
    fit_y0: bool
    known_noise: bool
    names: tuple[str, ...]
    lower: Array
    upper: Array
    scale: Array
    failures: dict[str, int] = field(default_factory=dict)
    _last: Any = None

    def split(self, theta: Array) -> tuple[Array, Array]:
        """Parameters, and initial states (trajectories, n)."""
        m = len(self.model.named)
        return theta[:m], theta[m:].reshape(self.y0.shape) if self.fit_y0 else self.y0

    def paths(self, theta: Array) -> list[Any]:
        """Every trajectory at these parameters."""
        parameters, y0 = self.split(theta)
        t0 = self.model.problem.t0
        return [self.model.run(parameters, y, t0, ts) for y, ts in zip(y0, self.data.ts, strict=True)]

    def evaluate(self, theta: Array) -> tuple[Array, Array]:
        """Weighted residuals (N,) and their Jacobian (N, d); inf where a trajectory does not reach its last time."""
        if self._last is not None and np.array_equal(self._last[0], theta):
            return self._last[1], self._last[2]
        m, n = len(self.model.named), self.y0.shape[1]
        parts, rows = [], []
        for s, path in enumerate(self.paths(theta)):
            w, y = self.data.weights[s], self.data.ys[s]
            there = w > 0
            J = np.zeros((int(there.sum()), len(theta)))
            if path.status.ok and len(path.seen) == len(y) and np.isfinite(path.dseen).all():
                parts.append((w * (path.seen - np.where(there, y, 0.0)))[there])
                J[:, :m] = (w[..., None] * path.dseen[..., :m])[there]
                if self.fit_y0:
                    J[:, m + s * n : m + (s + 1) * n] = (w[..., None] * path.dseen[..., m:])[there]
            else:
                self.failures[path.status.value] = self.failures.get(path.status.value, 0) + 1
                parts.append(np.full(len(J), np.inf))
            rows.append(J)
        r, jacobian = np.concatenate(parts), np.concatenate(rows)
        self._last = theta.copy(), r, jacobian
        return r, jacobian

    def minus2(self, theta: Array) -> float:
        """-2 log likelihood up to a constant."""
        r, _ = self.evaluate(theta)
        return self._minus2(float(r @ r))

    def _minus2(self, rss: float) -> float:
        if not np.isfinite(rss):
            return BAD
        return rss if self.known_noise else self.data.count * float(np.log(max(rss, 1e-300) / self.data.count))

    def least_squares(
        self, theta: Array, held: tuple[int, ...] = (), most: int = 200, tol: float = FINE
    ) -> OptimizeResult | None:
        """The search from theta by a trust region within the bounds; None where the start itself fails."""
        free = np.array([i for i in range(len(theta)) if i not in held], dtype=int)
        theta = np.clip(theta, self.lower, self.upper)
        if not np.isfinite(self.evaluate(theta)[0]).all():
            return None
        point = theta.copy()
        if not len(free):
            r = self.evaluate(point)[0]
            return OptimizeResult(x=point, cost=0.5 * float(r @ r), status=1, success=True)
        huge = 1e3 * (1.0 + float(np.abs(self.evaluate(theta)[0]).max()))

        def residuals(x: Array) -> Array:
            point[free] = x
            r = self.evaluate(point)[0]
            return np.where(np.isfinite(r), r, huge)  # a step to where no trajectory is gets refused

        def jacobian(x: Array) -> Array:
            point[free] = x
            return self.evaluate(point)[1][:, free]

        low, high = self.lower[free], self.upper[free]
        found = least_squares(
            residuals, strictly_inside(theta[free], low, high), jacobian, bounds=(low, high), x_scale=self.scale[free],
            max_nfev=most, ftol=tol, xtol=tol, gtol=tol * 1e-2,
        )  # fmt: skip
        point[free] = found.x
        return OptimizeResult(x=point.copy(), cost=float(found.cost), status=found.status, success=found.status > 0)

    def refit(self, theta: Array, held: tuple[int, ...]) -> tuple[Array, float]:
        """The best parameters near theta with some held."""
        found = self.least_squares(theta, held)
        return (theta, BAD) if found is None else (found.x, self._minus2(2.0 * found.cost))

    def threshold(self, level: float) -> float:
        """By the F distribution, or chi-square where the noise is known."""
        if self.known_noise:
            return float(chi2.ppf(level, 1))
        free = max(1, self.data.count - len(self.names))
        return float(self.data.count * np.log1p(fisher.ppf(level, 1, free) / free))

    def replicate(self, theta: Array, rng: np.random.Generator) -> Array:
        """Weighted residuals of each component drawn again, centred and freed of what the fit absorbed."""
        inflate = np.sqrt(self.data.count / max(1, self.data.count - len(theta)))
        paths = self.paths(theta)
        ys = [y.copy() for y in self.data.ys]
        for k in range(self.data.columns):
            pool = [
                (w[:, k] * (y[:, k] - path.seen[:, k]))[w[:, k] > 0]
                for path, y, w in zip(paths, self.data.ys, self.data.weights, strict=True)
            ]
            drawn = np.concatenate(pool)
            drawn = (drawn - drawn.mean()) * inflate
            for path, y, w in zip(paths, ys, self.data.weights, strict=True):
                there = w[:, k] > 0
                y[there, k] = path.seen[there, k] + rng.choice(drawn, int(there.sum())) / w[there, k]
        other = OdeObjective(
            self.model, Trajectories(self.data.ts, ys, self.data.weights, self.data.single), self.y0, self.fit_y0,
            self.known_noise, self.names, self.lower, self.upper, self.scale,
        )  # fmt: skip
        found = other.least_squares(theta, tol=1e-8)
        return np.full(len(theta), np.nan) if found is None or not found.success else found.x
