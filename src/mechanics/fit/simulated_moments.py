"""Moments of an ensemble against those of a simulated one, weighted by how uncertain they are.

    g = (mean, variance, covariance with the next time) of each component at each time
    r = W (g_data - g_model(theta)),   W^T W = the inverse of (1/M + 1/M') C,   C = covariance over members

C is cut to the K largest principal directions of its correlations (K <= M / 5), and W made smaller by
sqrt((M - K - 2) / (M - 1)), as the inverse of an estimated covariance is too large. All trial parameters see the same
noise, so that g_model is a smooth function of them. |r|^2 at the best fit is chi-square with K - d degrees of freedom.

McFadden, Econometrica 57 (1989) 995-1026 (simulated moments); Hartlap, Simon, Schneider, A&A 464 (2007) 399-404.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import chi2, norm

from ..ensembles import ensemble
from ..methods import Method
from ..problem import Problem
from .bounds import strictly_inside
from .identifiability import describe_flat, estimates_of, inform
from .objective import BAD
from .parameter_names import with_values
from .trajectories import Trajectories
from .trajectory_fit import TrajectoryFit

Array = NDArray[np.float64]
STEP = 1e-3  # of the scale: differences of simulated moments, whose noise is the same on both sides
SHARE = 5  # members for each direction that is kept
WEAK = 1e-6  # of the largest principal variance
FEWEST, TIMES = 1000, 4  # simulated members


def products_of(ys: Array) -> Array:
    """What each member adds to the moments, shape (M, 3 m n - n): y, (y - mean)^2, neighbouring products."""
    off = ys - ys.mean(axis=0)
    M = len(ys)
    return np.concatenate(
        [ys.reshape(M, -1), (off**2).reshape(M, -1), (off[:, 1:] * off[:, :-1]).reshape(M, -1)], axis=1
    )


@dataclass(eq=False)
class SimulatedMoments:
    """Whitened differences of moments."""

    problem: Problem
    named: Any
    times: Array
    data: Array  # (M, m, n)
    members: int
    dt: float
    scheme: Method
    seed: int
    names: tuple[str, ...]
    lower: Array
    upper: Array
    scale: Array

    def __post_init__(self) -> None:
        products = products_of(self.data)
        M = len(self.data)
        self.target = products.mean(axis=0)
        unit = products.std(axis=0, ddof=1)
        used = unit > 1e-12 * max(1.0, float(unit.max()))  # a given initial state has no spread
        variance, V = np.linalg.eigh(np.atleast_2d(np.corrcoef(products[:, used].T)))
        order = np.argsort(-variance)
        keep = [i for i in order if variance[i] > WEAK * variance[order[0]]][: max(len(self.names) + 1, M // SHARE)]
        K = len(keep)
        hartlap = max(0.1, (M - K - 2) / (M - 1))
        self.W = np.zeros((K, len(unit)))
        self.W[:, used] = np.sqrt(hartlap / (1.0 / M + 1.0 / self.members)) * (
            V[:, keep] / np.sqrt(variance[keep])
        ).T / unit[used]  # fmt: skip

    def simulated(self, theta: Array) -> Array | None:
        """States (members, m, n) at these parameters; None where a member fails."""
        run = ensemble(
            self._at(theta), self.scheme, members=self.members, seed=self.seed, saveat=self.times, dt=self.dt,
            throw=False,
        )  # fmt: skip
        return None if len(run.failed) or not np.isfinite(run.ys).all() else run.ys

    def _at(self, theta: Array) -> Problem:
        problem = self.problem
        return Problem(
            problem.drift, problem.y0, problem.t0, float(self.times[-1]), with_values(problem.p, self.named, theta),
            diffusion=problem.diffusion, noise=problem.noise, noises=problem.noises,
        )  # fmt: skip

    def residuals(self, theta: Array) -> Array:
        """r, shape (K,); inf where the simulation fails."""
        ys = self.simulated(theta)
        if ys is None:
            return np.full(len(self.W), np.inf)
        return self.W @ (products_of(ys).mean(axis=0) - self.target)

    def jacobian(self, theta: Array) -> Array:
        """Central differences with common noise."""
        columns = []
        for i in range(len(theta)):
            ends = []
            for side in (1.0, -1.0):
                moved = theta.copy()
                moved[i] = np.clip(theta[i] + side * STEP * self.scale[i], self.lower[i], self.upper[i])
                ends.append((moved[i], self.residuals(moved)))
            columns.append((ends[0][1] - ends[1][1]) / (ends[0][0] - ends[1][0]))
        return np.array(columns).T

    def minus2(self, theta: Array) -> float:
        """|r|^2."""
        r = self.residuals(theta)
        return float(r @ r) if np.isfinite(r).all() else BAD

    def search(self, theta: Array, held: tuple[int, ...] = ()) -> Any:
        """Least squares from theta with some parameters held; None where the start fails."""
        free = np.array([i for i in range(len(theta)) if i not in held], dtype=int)
        point = np.clip(theta, self.lower, self.upper)
        first = self.residuals(point)
        if not np.isfinite(first).all():
            return None
        if not len(free):
            return point, float(first @ first), True
        huge = 1e3 * (1.0 + float(np.abs(first).max()))

        def at(x: Array) -> Array:
            point[free] = x
            return point

        low, high = self.lower[free], self.upper[free]
        found = least_squares(
            lambda x: np.nan_to_num(self.residuals(at(x)), posinf=huge), strictly_inside(point[free], low, high),
            lambda x: self.jacobian(at(x))[:, free], bounds=(low, high), x_scale=self.scale[free], max_nfev=50,
            xtol=1e-6, ftol=1e-8,
        )  # fmt: skip
        return at(found.x).copy(), 2.0 * float(found.cost), found.status > 0

    def refit(self, theta: Array, held: tuple[int, ...]) -> tuple[Array, float]:
        """The best parameters near theta with some held."""
        found = self.search(theta, held)
        return (theta, BAD) if found is None else (found[0], found[1])

    def threshold(self, level: float) -> float:
        """Chi-square."""
        return float(chi2.ppf(level, 1))

    def replicate(self, theta: Array, rng: np.random.Generator) -> Array:
        """Members drawn again."""
        from dataclasses import replace

        drawn = replace(self, data=self.data[rng.integers(0, len(self.data), len(self.data))])
        found = drawn.search(theta)
        return np.full(len(theta), np.nan) if found is None or not found[2] else found[0]


def fit_moments(
    problem: Problem, data: Trajectories, named: Any, points: Array, lower: Array, upper: Array, scale: Array,
    dt: float | None, members: int | None, scheme: Method, seed: int,
) -> TrajectoryFit:  # fmt: skip
    """`fit_sde(method="moments")`."""
    if dt is None:
        raise ValueError("method='moments' simulates the problem: give the step with dt=.")
    M = len(data.ys)
    if M < 20 or any(not np.array_equal(t, data.ts[0]) for t in data.ts):
        raise ValueError(f"method='moments' needs at least 20 trajectories at common times, but there are {M}.")
    if not all(np.isfinite(y).all() for y in data.ys):
        raise ValueError("method='moments' needs all values: a member with a NaN has to be left out.")
    names = tuple(one.name for one in named)
    objective = SimulatedMoments(
        problem, named, data.ts[0], np.array(data.ys), max(FEWEST, TIMES * M) if members is None else members, dt,
        scheme, seed, names, lower, upper, scale,
    )  # fmt: skip
    found = [one for one in map(objective.search, points) if one is not None]
    if not found:
        raise ValueError("No start can be simulated: give a smaller dt, other values of p, or bounds.")
    best, value, settled = min(found, key=lambda one: one[1])
    J, K, d = objective.jacobian(best), len(objective.W), len(best)
    size = np.maximum(np.abs(best), 1e-3 * scale)
    info = inform(J, 1.0, size, best, lower, upper, flat=STEP)
    estimates = estimates_of(names, best, info, float(norm.ppf(0.975)), np.maximum(size, scale), lower, upper)
    ys = objective.simulated(best)
    assert ys is not None  # it was simulated in the search
    observed, fitted = objective.data.mean(axis=0), ys.mean(axis=0)
    chance = float(chi2.sf(value, max(1, K - d)))
    near = sum(one[1] <= 1.01 * value + 0.1 for one in found)
    status = f"{near} of {len(points)} searches ended in the best minimum."
    if not settled:
        status = "The search used up its evaluations: give better starts or bounds. " + status
    said = ["; ".join(f"{name} = {e}" for name, e in estimates.items()) + "."]
    said += [f"Not identifiable: {words}." for words in describe_flat(names, info)]
    said.append(
        f"{K} combinations of moments, chi-square {value:.4g} on {max(1, K - d)} degrees of freedom, p = {chance:.2g}."
    )
    if chance < 0.001:
        said.append("The simulated moments differ from the data's by more than chance.")
    return TrajectoryFit(
        "moments of an ensemble", estimates, info.covariance, info.singular_values, info.singular_vectors,
        data.ts[0], observed, fitted, observed - fitted, float("nan"), float("nan"), float("nan"), float("nan"), K,
        bool(settled), status, " ".join([*said, status]), objective, np.maximum(size, scale),
    )  # fmt: skip
