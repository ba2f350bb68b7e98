"""Matching simulated statistics to measured ones: Gauss-Newton under common random numbers, and the errors that follow.

    theta = argmin g^T W g,    g = measured - mean over S simulated groups,    W = inverse covariance over the groups
    cov theta = (1 + 1/S) (J^T W J)^-1 J^T W Omega W J (J^T W J)^-1

Gourieroux, Monfort, Renault, J. Applied Econometrics 8 (1993) S85, theorem 3 (indirect inference: each simulated group
is as large as the data). J by wide difference quotients: simulated trajectories have kinks where blocks stick.
Overidentifying restrictions: g^T W g / (1 + 1/S) is Hotelling's T^2, as Omega comes from S groups.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as fisher

from .noise_data import Array

ROUNDS = 5  # each with its own Jacobian
CHORDS = 3  # steps with one Jacobian: a simulation each, where a Jacobian costs two for each parameter
SETTLED = 0.1  # standard errors: a step shorter than it changes nothing
NEAR = 1.0  # standard errors between where a Jacobian was taken and where it is used at the end
LONGEST = 0.5  # of a step, in units of what counts as open
AT_BOUND = 1e-9
MOVED = 0.1  # share of a parameter in a flat direction from which on it is open

Simulate = Callable[[Array, int], Array]  # (theta, groups) -> statistics (groups, q)


@dataclass(frozen=True)
class Match:
    """What was found.

    Parameters
    ----------
    theta : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)
        inf on the diagonal of open parameters.
    at_bound : ndarray of bool, shape (p,)
    simulated : ndarray, shape (S, q)
        Statistics of the simulated groups at theta.
    jacobian : ndarray, shape (q, p)
    distance : float
        g^T W g / (1 + 1/S).
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
    at_bound: Array
    simulated: Array
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
    groups: int
    low: Array
    high: Array
    open_beyond: Array
    widths: Callable[[Array], Array]
    spent: int = 0

    def run(self, theta: Array) -> Match:
        """Gauss-Newton from theta."""
        S = self.groups
        here = self._at(theta, S)
        converged = False
        for n in range(ROUNDS):
            W = np.linalg.inv(covariance_of(here))
            J = self._jacobian(theta, here, central=n > 0)
            cost, began, settled = self._cost(here, W), theta, False
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

    def _at(self, theta: Array, groups: int) -> Array:
        self.spent += groups
        return self.simulate(theta, groups)

    def _cost(self, here: Array, W: Array) -> float:
        g = self.measured - here.mean(axis=0)
        return float(g @ W @ g)

    def _try(self, theta: Array, here: Array, step: Array, cost: float, W: Array) -> tuple[Array, Array, float, bool]:
        """The step, or its half, if either comes nearer."""
        for part in (1.0, 0.4):
            new = np.clip(theta + part * step, self.low, self.high)
            there = self._at(new, self.groups)
            trial = self._cost(there, W)
            if trial < cost:
                return new, there, trial, True
        return theta, here, cost, False

    def _jacobian(self, theta: Array, here: Array, central: bool) -> Array:
        """Derivative (q, p) of the mean statistics; one-sided differences of half the groups unless central."""
        groups = self.groups if central else max(1, self.groups // 2)
        J = np.empty((len(self.measured), len(theta)))
        base = here[:groups].mean(axis=0)
        for i, width in enumerate(self.widths(theta)):
            up, down = theta.copy(), theta.copy()
            up[i] = min(theta[i] + width, self.high[i])
            if central or up[i] == theta[i]:
                down[i] = max(theta[i] - width, self.low[i])
            upper = base if up[i] == theta[i] else self._at(up, groups).mean(axis=0)
            lower = base if down[i] == theta[i] else self._at(down, groups).mean(axis=0)
            J[:, i] = (upper - lower) / (up[i] - down[i])
        return J

    def _step(self, theta: Array, here: Array, J: Array, W: Array) -> Array:
        """Gauss-Newton step within the bounds; open directions stay, long steps are shortened."""
        g = self.measured - here.mean(axis=0)
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
        S, q, p = self.groups, len(self.measured), len(theta)
        at_bound = (theta <= self.low + AT_BOUND) | (theta >= self.high - AT_BOUND)
        free = np.flatnonzero(~at_bound)
        root = np.linalg.cholesky(W)
        scaled = root.T @ J[:, free] * self.open_beyond[free]
        U, values, Vt = np.linalg.svd(scaled, full_matrices=False)
        known = values > 1.0
        inverse = (self.open_beyond[free][:, None] * Vt[known].T / values[known]) @ U[:, known].T @ root.T
        more = 1 + 1 / S
        covariance = np.zeros((p, p))
        covariance[np.ix_(free, free)] = more * inverse @ covariance_of(here) @ inverse.T
        vague = free[(np.abs(Vt[~known]) > MOVED).any(axis=0)]
        covariance[vague, vague] = np.inf
        Omega = covariance_of(here)
        g = self.measured - here.mean(axis=0)
        distance = float(g @ np.linalg.solve(Omega, g)) / more
        left = max(q - int(known.sum()), 1)
        p_value = float(fisher.sf(distance * (S - left) / (left * (S - 1)), left, S - left))
        return Match(
            theta, covariance, at_bound, here, J, distance, p_value, values, self.spent / S, converged
        )


def covariance_of(groups: Array) -> Array:
    """Covariance (q, q) over groups, with a trace of the diagonal so that it inverts."""
    Omega = np.cov(groups, rowvar=False)
    return Omega + np.diag(1e-9 * Omega.diagonal() + 1e-24)
