"""Matching simulated statistics to measured ones: Gauss-Newton under common random numbers, and the errors that follow.

    theta = argmin g^T W g,    g = measured - mean over S simulated groups,    W = inverse covariance over the groups
    cov theta = (1 + 1/S) (J^T W J)^-1 J^T W Omega W J (J^T W J)^-1

Gourieroux, Monfort, Renault, J. Applied Econometrics 8 (1993) S85, theorem 3 (indirect inference: each simulated group
is as large as the data). J by wide difference quotients: simulated trajectories have kinks where blocks stick.
W is made from the groups of the search, correlations shrunk (Schaefer, Strimmer, Stat. Appl. Genet. Mol. Biol. 4 (2005)
32), Omega from S fresh ones: weights look better than they are in the groups that they were made from. Both come from
many groups, dealt anew from the same S H histories: with weights from S groups alone the estimates moved by half a
standard error with the seed of the simulation, where the factor 1/S leaves a tenth. For the same
reason the overidentifying restrictions are tested by what g^T W g is in the fresh groups, each fitted by a linear step
(I - J A) g, A = (J^T W J)^-1 J^T W: a multiple of chi^2 with the mean and variance of those (Satterthwaite).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from .noise_data import Array

ROUNDS = 5  # each with its own Jacobian
CHORDS = 3  # steps with one Jacobian: a simulation each, where a Jacobian costs two for each parameter
LEAST_SPREAD = 0.01  # of a statistic: one that is the same in all groups (a stuck block) must not rule the others
SETTLED = 0.1  # standard errors: a step shorter than it changes nothing
NEAR = 1.0  # standard errors between where a Jacobian was taken and where it is used at the end
LONGEST = 0.5  # of a step, in units of what counts as open
AT_BOUND = 1e-9
REJECTED = 2.706  # rise of the distance, chi^2 at 90 %: 95 % one-sided
HALVINGS = 5  # of the way to a lower bound
MOST_HANDS = 5  # times that the histories are dealt
MOVED = 0.1  # share of a parameter in a flat direction from which on it is open

Simulate = Callable[[Array, int, int], Array]  # (theta, groups, first group) -> histories (groups, H, ...)
Read = Callable[[Array], Array]  # histories (groups, H, ...) -> statistics (groups, q)


@dataclass(frozen=True)
class Match:
    """What was found.

    Parameters
    ----------
    theta : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)
        inf on the diagonal of open parameters.
    at_bound : ndarray of bool, shape (p,)
        Not of one-sided parameters, whose lower bound 0 is a value like any other.
    least : dict
        One-sided parameters that are open above, by index: what the data reject below.
    simulated : ndarray, shape (S, q)
        Statistics of the simulated groups at theta.
    spread : ndarray, shape (q,)
        Standard deviation of the statistics over groups at theta.
    jacobian : ndarray, shape (q, p)
    distance : float
        g^T W g, over its mean if the model is right.
    p_value : float
        Probability of a larger one if the model is right.
    singular_values : ndarray
        Of the Jacobian in standard errors of the statistics, by what counts as open: below 1 a direction is open.
    simulations : int
        Groups simulated in all, over S.
    converged : bool
    """

    theta: Array
    covariance: Array
    at_bound: NDArray[np.bool_]
    least: dict[int, float]
    simulated: Array
    spread: Array
    jacobian: Array
    distance: float
    p_value: float
    singular_values: Array
    simulations: float
    converged: bool


@dataclass
class Matching:
    """A search for the parameters whose simulated statistics are the measured ones."""

    measured: Array
    simulate: Simulate
    read: Read
    groups: int
    fresh: int  # first group of those that the errors come from
    low: Array
    high: Array
    open_beyond: Array
    widths: Callable[[Array], Array]
    far: Callable[[Array], dict[int, float]]  # one-sided parameters: a value so large that only an open one allows it
    spent: int = 0

    def run(self, theta: Array) -> Match:
        """Gauss-Newton from theta."""
        S = self.groups
        here = self._draw(theta, S)
        converged = False
        for n in range(ROUNDS):
            W = weights(*deal(here, self.read))
            J = self._jacobian(theta, here, central=n > 0)
            cost, began, settled = self._cost(self._gap(here), W), theta, False
            for _ in range(CHORDS):
                step = self._step(theta, here, J, W)
                settled = self._length(step, J, W) < SETTLED
                if settled:
                    break
                theta, here, cost, better = self._try(theta, here, step, cost, W)
                if not better:
                    break
            # a Jacobian from nearby serves as well: its errors move theta by a fraction of its own error
            if n > 0 and settled and self._length(theta - began, J, W) < NEAR:
                converged = True
                break
        return self._result(theta, here, J, W, converged)

    def _draw(self, theta: Array, groups: int, first: int = 0) -> Array:
        self.spent += groups
        return self.simulate(theta, groups, first)

    def _mean(self, theta: Array, groups: int) -> Array:
        return self.read(self._draw(theta, groups)).mean(axis=0)

    def _gap(self, draws: Array) -> Array:
        return self.measured - self.read(draws).mean(axis=0)

    def _cost(self, g: Array, W: Array) -> float:
        return float(g @ W @ g)

    def _try(self, theta: Array, here: Array, step: Array, cost: float, W: Array) -> tuple[Array, Array, float, bool]:
        """The step, or its half, if either comes nearer."""
        for part in (1.0, 0.4):
            new = np.clip(theta + part * step, self.low, self.high)
            there = self._draw(new, self.groups)
            trial = self._cost(self._gap(there), W)
            if trial < cost:
                return new, there, trial, True
        return theta, here, cost, False

    def _jacobian(self, theta: Array, here: Array, central: bool) -> Array:
        """Derivative (q, p) of the mean statistics, from half the groups: common noise leaves it little of its own."""
        groups = max(1, self.groups // 2)
        J = np.empty((len(self.measured), len(theta)))
        base = self.read(here[:groups]).mean(axis=0)
        for i, width in enumerate(self.widths(theta)):
            up, down = theta.copy(), theta.copy()
            up[i] = min(theta[i] + width, self.high[i])
            if central or up[i] == theta[i]:
                down[i] = max(theta[i] - width, self.low[i])
            upper = base if up[i] == theta[i] else self._mean(up, groups)
            lower = base if down[i] == theta[i] else self._mean(down, groups)
            J[:, i] = (upper - lower) / (up[i] - down[i])
        return J

    def _step(self, theta: Array, here: Array, J: Array, W: Array) -> Array:
        """Gauss-Newton step within the bounds; open directions stay, long steps are shortened."""
        g = self._gap(here)
        information, slope = J.T @ W @ J, J.T @ W @ g
        damping = np.diag(self.open_beyond**-2.0)
        free = np.ones(len(theta), dtype=bool)
        step = np.zeros(len(theta))
        for _ in range(len(theta)):  # a parameter that would leave its bound stays there
            step[:] = 0.0
            step[free] = np.linalg.solve((information + damping)[np.ix_(free, free)], slope[free])
            outward = (theta + step < self.low - AT_BOUND) & (theta <= self.low + AT_BOUND)
            outward |= (theta + step > self.high + AT_BOUND) & (theta >= self.high - AT_BOUND)
            if not outward.any():
                break
            free &= ~outward
        step = np.clip(theta + step, self.low, self.high) - theta
        longest = float(np.abs(step / self.open_beyond).max())
        return step if longest <= LONGEST else step * (LONGEST / longest)

    def _length(self, step: Array, J: Array, W: Array) -> float:
        """Of a step in standard errors."""
        moved = J @ step
        return float(np.sqrt(moved @ W @ moved))

    def _result(self, theta: Array, here: Array, J: Array, W: Array, converged: bool) -> Match:
        p, more = len(theta), 1 + 1 / self.groups
        far = self.far(theta)
        at_bound = (theta <= self.low + AT_BOUND) | (theta >= self.high - AT_BOUND)
        at_bound[list(far)] = False
        least = self._open_above(theta, here, W, far)
        free = np.flatnonzero(~at_bound)
        root = np.linalg.cholesky(W)
        U, values, Vt = np.linalg.svd(root.T @ J[:, free] * self.open_beyond[free], full_matrices=False)
        known = values > 1.0
        A = (self.open_beyond[free][:, None] * Vt[known].T / values[known]) @ U[:, known].T @ root.T
        fresh, _ = deal(self._draw(theta, self.groups, self.fresh), self.read)
        covariance = np.zeros((p, p))
        covariance[np.ix_(free, free)] = more * A @ np.cov(fresh, rowvar=False) @ A.T
        vague = free[(np.abs(Vt[~known]) > MOVED).any(axis=0)]
        covariance[vague, vague] = np.inf
        covariance[list(least), list(least)] = np.inf
        off = fresh - fresh.mean(axis=0)
        off -= off @ (J[:, free] @ A).T
        distances = more * np.einsum("si,ij,sj->s", off, W, off)
        usual, spread = distances.mean(), distances.var(ddof=1)
        distance = self._cost(self._gap(here), W)
        p_value = float(chi2.sf(2 * usual * distance / spread, 2 * usual**2 / spread))
        distance /= float(usual)
        spent, spread = self.spent / self.groups, fresh.std(axis=0, ddof=1)
        return Match(
            theta, covariance, at_bound, least, self.read(here), spread, J, distance, p_value, values, spent, converged
        )

    def _open_above(self, theta: Array, here: Array, W: Array, far: dict[int, float]) -> dict[int, float]:
        """One-sided parameters that could as well be far larger, with their lower bounds; the others stay."""
        groups = max(1, self.groups // 2)
        allowed = self._cost(self._gap(here[:groups]), W) + REJECTED

        def rejected(i: int, value: float) -> bool:
            trial = theta.copy()
            trial[i] = value
            return self._cost(self.measured - self._mean(trial, groups), W) > allowed

        least = {}
        for i, value in far.items():
            if rejected(i, value):
                continue
            low, high = self.low[i], theta[i]
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                low, high = (middle, high) if rejected(i, middle) else (low, middle)
            least[i] = float(low)
        return least


def dealt(draws: Array) -> Array:
    """Histories (S, H, ...) in up to 5 S groups, each history in its own place: history h of any two groups may change.

    The covariance over these groups is as certain as H S histories make it, not S groups.
    """
    S, H = draws.shape[:2]
    rng = np.random.default_rng(S)  # the same hands at all parameters
    hands = [np.tile(np.arange(S)[:, None], (1, H))]
    hands += [rng.permuted(hands[0], axis=0) for _ in range(min(H, MOST_HANDS) - 1)]
    return np.concatenate([draws[hand, np.arange(H)] for hand in hands])


def deal(draws: Array, read: Read) -> tuple[Array, int]:
    """Statistics of dealt histories, with the spread of independent groups, and how many histories there are."""
    S, H = draws.shape[:2]
    stats = read(dealt(draws))
    mean, N = stats.mean(axis=0), len(stats)
    return mean + (stats - mean) * np.sqrt((N - 1) / N * S / (S - 1)), S * H  # their common mean is that of S groups


def weights(groups: Array, independent: int) -> Array:
    """Inverse of the covariance (q, q) over groups, its correlations shrunk by as much as they are uncertain.

    That is told by the number of independent ones among what the groups are made from.
    """
    spread = np.maximum(groups.std(axis=0, ddof=1), LEAST_SPREAD)
    r = np.cov(groups / spread, rowvar=False)
    np.fill_diagonal(r, 0.0)
    uncertain = (((1 - r**2) ** 2).sum() - len(r)) / independent
    shrink = min(1.0, uncertain / max((r**2).sum(), 1e-300))
    return np.linalg.inv((1 - shrink) * r + np.eye(len(r))) / np.outer(spread, spread)
