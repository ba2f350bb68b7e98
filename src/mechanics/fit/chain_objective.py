"""-2 log likelihood of a chain whose residuals are correlated.

With r the weighted residuals of the mean history, f the curve and Q^T Q the covariance of r (over seeds, or of the
chain's own fluctuations in one history), both at the best fit:

    rise(theta) = (|r(theta)|^2 - |r_best|^2) / v,     v = |Q d|^2 / |d|^2,     d = f(theta) - f_best

This is -2 log L of as many independent observations as |r_best|^2 / v: of residuals whose variance is that of the data
along the change of curve that is to be rejected. For one parameter of a linear model |d|^2 / v is its squared move over
its squared standard error, so that profile and linearised interval agree. Kent, Biometrika 69 (1982) 19-27: the
likelihood ratio of a working model.
"""

from copy import copy
from itertools import product
from typing import cast

import numpy as np
from scipy.stats import t as student

from .chain_names import user_names
from .data import Array
from .friction_coordinates import FrictionModel
from .model import ChainModel
from .objective import BAD
from .search import SCAN_RTOL, Found, refine
from .source import Source

DOUBTED = 1.0  # rise of -2 log L from which a refit is tried from elsewhere too
ELSEWHERE = 2
AGAIN = 2  # searches from where one stopped unsettled: a refit has few steps
WEAK, LIFTED = np.log(0.02), np.log(0.1)  # friction and noise too weak for the curve to feel their derivative


class ChainObjective:
    """`Objective` of one chain fit over theta, or over z of `FrictionModel`.

    Parameters
    ----------
    source : Source
    friction : bool
        Whether mean friction takes the place of log c, and phi that of mu_eff/k.
    variance : float, optional
        The same v for all directions.
    """

    def __init__(self, source: Source, friction: bool = False, variance: float | None = None) -> None:
        self.data, self._best, self._variance = source.data, source.found, variance
        self._root, self._dof = source.scatter
        chain = source.found.model
        self._polar = FrictionModel(chain) if friction else None
        # a search asks for no more than FrictionModel has
        self.model = cast(ChainModel, self._polar) if friction else chain
        self.names: tuple[str, ...] = user_names(chain)
        self.lower, self.upper = self.model.bounds()
        self._looked: dict[tuple[object, ...], float] = {}
        self.best = self._polar.into(source.found.theta) if self._polar else source.found.theta

    def minus2(self, theta: Array) -> float:
        """-2 log likelihood less that of the best fit."""
        x, end = self.data.mean
        curve = self.model.curve(theta, x[0], end)
        return self._rise(self.data.weighed(x - curve)) if np.isfinite(curve).all() else BAD

    def refit(self, theta: Array, held: tuple[int, ...]) -> tuple[Array, float]:
        """The best parameters near theta with some held."""
        found = self.search(theta, held)
        rise = self._rise_of(found)
        if rise > DOUBTED and self._farther(theta, held):
            # a valley that the walk did not see may hold a better fit: no value is rejected before it was looked for
            for start in self._elsewhere(theta, held):
                other = self.search(start, held)
                if other.sum_of_squares < found.sum_of_squares:
                    found = other
            rise = self._rise_of(found)
        return found.theta, rise

    def search(self, theta: Array, held: tuple[int, ...] = ()) -> Found:
        """Least squares from theta, and from stronger friction and noise where these have all but vanished."""
        lifted = self._lifted(theta, held)
        starts = [theta] if lifted is None else [theta, lifted]
        return min((self._settled(start, held) for start in starts), key=lambda f: f.sum_of_squares)

    def _settled(self, theta: Array, held: tuple[int, ...]) -> Found:
        found = refine(self.data, self.model, theta, held)
        for _ in range(AGAIN):
            if found.converged or not np.isfinite(found.fitted).all():
                break
            found = refine(self.data, self.model, found.theta, held)
        return found

    def threshold(self, level: float) -> float:
        """Student's t squared, with the degrees of freedom of the residuals' covariance."""
        return float(student.ppf(0.5 + 0.5 * level, self._dof) ** 2)

    def replicate(self, theta: Array, rng: np.random.Generator) -> Array:
        """The parameters fitted to histories drawn again; see `chain_bootstrap`."""
        from .chain_bootstrap import redrawn

        other = copy(self)
        other.data = redrawn(self.data, self._best, self._root, rng)
        found = other.search(theta)
        return found.theta if np.isfinite(found.fitted).all() else np.full(len(theta), np.nan)

    def _lifted(self, theta: Array, held: tuple[int, ...]) -> Array | None:
        at = self.model.names.index
        out, moved = theta.copy(), False
        i = at("log s")
        if i not in held and theta[i] < WEAK:
            out[i], moved = LIFTED, True
        i = at("mu_eff/k") if self._polar else at("log c")
        if i not in held:
            c = self._polar.back(theta)[at("log c")] if self._polar else theta[i]
            if c < WEAK:
                out[i], moved = 0.5 * theta[i] if self._polar else LIFTED, True
        return out if moved else None

    def _farther(self, theta: Array, held: tuple[int, ...]) -> bool:
        """Whether no farther value of the held parameters was looked at on this side: a walk comes before its ends."""
        away = theta[list(held)] - self.best[list(held)]
        side, size = (held, *np.sign(away)), float(np.abs(away).max(initial=0.0))
        if size <= self._looked.get(side, 0.0):
            return False
        self._looked[side] = size
        return True

    def _elsewhere(self, theta: Array, held: tuple[int, ...]) -> list[Array]:
        """The best few of a coarse grid in rate and noise, at some friction, the held parameters kept."""
        names, (span, shortest) = self.model.names, self._best.model.intervals()
        grid = {"log k": np.log(np.geomspace(3 / span, 30 / shortest, 4)), "log s": np.log([0.03, 0.3, 1.0])}
        places = [i for i in map(names.index, grid) if i not in held]
        x, end = self.data.mean
        tried = []
        for point in product(*(grid[names[i]] for i in places)):
            start = theta.copy()
            start[places] = point
            if (c := names.index("log c")) not in held:
                start[c] = LIFTED
            start = np.clip(start, self.lower, self.upper)
            cost = float((self.data.weighed(self.model.curve(start, x[0], end, SCAN_RTOL) - x) ** 2).sum())
            tried.append((cost if np.isfinite(cost) else np.inf, start))
        tried.sort(key=lambda pair: pair[0])
        return [start for _, start in tried[:ELSEWHERE]]

    def _rise_of(self, found: Found) -> float:
        return self._rise(found.weighed) if np.isfinite(found.fitted).all() else BAD

    def _rise(self, weighed: Array) -> float:
        before = self._best.weighed
        gain = float(weighed @ weighed - before @ before)
        if self._variance is not None:
            return gain / max(self._variance, 1e-300)
        d = before - weighed
        length = float(d @ d)
        if length == 0.0:
            return 0.0
        v = float(((self._root @ d) ** 2).sum()) / length
        return float(np.clip(gain / max(v, 1e-300), -BAD, BAD))
