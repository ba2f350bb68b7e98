"""Maximum likelihood of a sum of terms, one a step of a series: search, information, block bootstrap.

    L(theta) = sum_i w_i l_i(theta),   s_i = dl_i/dtheta by central differences,   H = -d^2 L / dtheta^2

The terms are conditional densities, so that the scores s_i are differences of a martingale at the true parameters: the
errors follow from H. The bootstrap draws blocks of consecutive terms again and takes one Newton step from the best fit,
theta + H^{-1} sum_i w_i s_i (Davidson, MacKinnon, Int. Econ. Rev. 40 (1999) 471-487); blocks keep what correlation the
scores of a wrong model have.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2

from ..statistics import integrated_time
from .identifiability import Information, inform
from .objective import BAD

Array = NDArray[np.float64]
STEP = 1e-5  # of the scale, for first derivatives
SECOND = 1e-3  # for the derivatives of these
NEWTON = 8  # polishing steps
SETTLED = 1e-6  # standard errors that the last of them may have
BLOCKS = 5.0  # correlation times of the scores in a block
FEWEST = 20  # blocks in a series


@dataclass(eq=False)
class Likelihood:
    """`terms(theta)` gives l_i, shape (N,); not finite where the model does not exist."""

    terms: Callable[[Array], Array]
    names: tuple[str, ...]
    lower: Array
    upper: Array
    scale: Array
    block: int | None = None
    best: Array | None = None

    def minus2(self, theta: Array) -> float:
        """-2 log likelihood."""
        total = float(self.terms(theta).sum())
        return -2.0 * total if np.isfinite(total) else BAD

    def scores(self, theta: Array, free: Array | None = None) -> Array:
        """s_i, shape (N, d); one-sided at a bound."""
        out = []
        for i in range(len(theta)) if free is None else free:
            ends = []
            for side in (1.0, -1.0):
                moved = theta.copy()
                moved[i] = np.clip(theta[i] + side * STEP * self.scale[i], self.lower[i], self.upper[i])
                ends.append((moved[i], self.terms(moved)))
            with np.errstate(invalid="ignore"):
                out.append((ends[0][1] - ends[1][1]) / (ends[0][0] - ends[1][0]))
        return np.array(out).T

    def hessian(self, theta: Array, free: Array) -> Array:
        """H of the free parameters."""
        rows = []
        for i in free:
            ends = []
            for side in (1.0, -1.0):
                moved = theta.copy()
                moved[i] = np.clip(theta[i] + side * SECOND * self.scale[i], self.lower[i], self.upper[i])
                ends.append((moved[i], self.scores(moved, free).sum(axis=0)))
            rows.append((ends[1][1] - ends[0][1]) / (ends[0][0] - ends[1][0]))
        H = np.array(rows)
        return 0.5 * (H + H.T)

    def search(self, theta: Array, held: tuple[int, ...] = (), rough: bool = False) -> tuple[Array, float, bool]:
        """The best parameters near theta, their `minus2`, and whether the search settled."""
        free = np.array([i for i in range(len(theta)) if i not in held], dtype=int)
        theta = np.clip(theta, self.lower, self.upper)
        if self.minus2(theta) >= BAD or not len(free):
            return theta, self.minus2(theta), not len(free)
        scale = self.scale[free]

        def both(x: Array) -> tuple[float, Array]:
            point = theta.copy()
            point[free] = x * scale
            value = self.minus2(point)
            gradient = -2.0 * self.scores(point, free).sum(axis=0) * scale
            return value, np.where(np.isfinite(gradient), gradient, 0.0)

        bounds = list(zip(self.lower[free] / scale, self.upper[free] / scale, strict=True))
        found = minimize(
            both, theta[free] / scale, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 200, "ftol": 1e-10},
        )  # fmt: skip
        point = theta.copy()
        point[free] = found.x * scale
        return (point, float(found.fun), bool(found.success)) if rough else self._polish(point, free)

    def _polish(self, theta: Array, free: Array) -> tuple[Array, float, bool]:
        """Newton steps as long as they help; settled where the last is a small part of a standard error."""
        value = self.minus2(theta)
        inside = np.array([i for i in free if self.lower[i] < theta[i] < self.upper[i]], dtype=int)
        if not len(inside):
            return theta, value, True
        settled = False
        for _ in range(NEWTON):
            H, gradient = self.hessian(theta, inside), self.scores(theta, inside).sum(axis=0)
            unit = self.scale[inside]
            if not (np.isfinite(H).all() and np.isfinite(gradient).all()):
                break
            heights, V = np.linalg.eigh(H * np.outer(unit, unit))
            keep = heights > 1e-9 * max(heights[-1], 1e-300)
            along = V.T @ (gradient * unit)
            step = V[:, keep] @ (along[keep] / heights[keep]) * unit
            settled = bool((along[keep] ** 2 / heights[keep]).max(initial=0.0) < SETTLED)
            moved = theta.copy()
            moved[inside] = np.clip(theta[inside] + step, self.lower[inside], self.upper[inside])
            after = self.minus2(moved)
            if after <= value:
                theta, value = moved, after
            if settled or after > value:
                break
        return theta, value, settled

    def refit(self, theta: Array, held: tuple[int, ...]) -> tuple[Array, float]:
        """The best parameters near theta with some held."""
        found, value, _ = self.search(theta, held)
        return found, value

    def threshold(self, level: float) -> float:
        """By Wilks' theorem."""
        return float(chi2.ppf(level, 1))

    def information(self, theta: Array) -> Information:
        """Flat directions from the scores, the covariance from H."""
        self.best = theta
        size = np.maximum(np.abs(theta), 1e-3 * self.scale)
        info = inform(self.scores(theta), 1.0, size, theta, self.lower, self.upper)
        free = np.array([i for i in range(len(theta)) if np.isfinite(info.covariance[i, i])], dtype=int)
        if not len(free):
            return info
        H = self.hessian(theta, free)
        unit = self.scale[free]
        scaled = H * np.outer(unit, unit)
        if np.isfinite(H).all() and np.linalg.eigvalsh(scaled)[0] > 0.0:
            info.covariance[np.ix_(free, free)] = np.linalg.inv(scaled) * np.outer(unit, unit)
        return info

    @cached_property
    def _moves(self) -> tuple[Array, int]:
        """H^{-1} s_i of every term at the best fit, and the length of a block."""
        assert self.best is not None
        theta = self.best
        free = np.array([i for i in range(len(theta)) if self.lower[i] < theta[i] < self.upper[i]], dtype=int)
        scores = self.scores(theta, free)
        unit = self.scale[free]
        inverse = np.linalg.pinv(self.hessian(theta, free) * np.outer(unit, unit), rcond=1e-9, hermitian=True)
        moves = np.zeros((len(scores), len(theta)))
        moves[:, free] = (scores * unit) @ inverse * unit
        length = self.block
        if length is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                spread = scores.std(axis=0) > 0.0
                tau: Any = integrated_time(scores[None][:, :, spread]).tau if spread.any() else 1.0
            length = int(np.ceil(BLOCKS * float(np.max(tau))))
        return moves, max(1, min(length, len(scores) // FEWEST))

    @property
    def block_length(self) -> int:
        """Terms in a block of the bootstrap."""
        return self._moves[1]

    def replicate(self, theta: Array, rng: np.random.Generator) -> Array:
        """One Newton step towards the best fit of blocks drawn again."""
        moves, length = self._moves
        N = len(moves)
        first = rng.integers(0, N, -(-N // length))
        drawn = ((first[:, None] + np.arange(length)) % N).ravel()[:N]
        return np.clip(theta + moves[drawn].sum(axis=0) - moves.sum(axis=0), self.lower, self.upper)
