"""Synthetic likelihood: the statistics of a data set as a normal vector whose mean and covariance are simulated.

    -2 log L(theta) = -2 log p(s; m(theta), Sigma(theta)),    m, Sigma from groups simulated at theta

p is the unbiased estimate of a normal density from n draws (Ghurye, Olkin), up to a constant

    log p = -(n - q - 2)/2 log|M| + (n - q - 3)/2 log|M - (s - m)(s - m)^T / (1 - 1/S)|,    M = (n - 1) Sigma

with S groups for the mean and n = S H independent histories dealt into groups for Sigma (`moments.dealt`): unbiased
where a group is one history, else nearly. Far from the data, where the second determinant ends, its logarithm goes on
as a straight line, so that a search can come from there. All parameters see the same noise.

Wood, Nature 466 (2010) 1102-1104; Price, Drovandi, Lee, Nott, J. Comput. Graph. Stat. 27 (2018) 1-11; Ghurye, Olkin,
Ann. Math. Stat. 40 (1969) 1261-1271.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.stats import chi2
from scipy.stats import f as f_distribution

from .moments import LEAST_SPREAD, Match, Read, Simulate, deal
from .noise_data import Array
from .objective import BAD

ENDS = 0.5  # of 1 - u in the second determinant: from there on its logarithm is a line
FIRST, LAST = 0.5, 0.1  # radius of the search in standard errors of the start
MOST = 250  # simulations of a search
NEAR = 2.5  # standard errors: the points that the curvature is read from
FLATTEST = 0.1  # curvature over that of the start: less is no valley


@dataclass(eq=False)
class SyntheticLikelihood:
    """-2 log synthetic likelihood of theta, an `Objective`.

    Parameters
    ----------
    names, lower, upper
        Of theta, shape (p,).
    measured : ndarray, shape (q,)
        Statistics of the data.
    simulate, read : callable
        As in `Matching`.
    groups : int
        S.
    root : ndarray, shape (p, p)
        Root of the covariance at the start of a search; rows of zeros hold a parameter.
    again : callable
        Statistics of a data set drawn at theta, from a number that names it.
    """

    names: tuple[str, ...]
    lower: Array
    upper: Array
    measured: Array
    simulate: Simulate
    read: Read
    groups: int
    root: Array
    again: Callable[[Array, int], Array]
    spent: int = 0
    seen: list[tuple[Array, float]] = field(default_factory=list, repr=False)

    def minus2(self, theta: Array) -> float:
        """-2 log likelihood up to a constant; BAD out of bounds."""
        if (theta < self.lower).any() or (theta > self.upper).any():
            return BAD
        self.spent += 1
        draws = self.simulate(theta, self.groups, 0)
        stats, independent = deal(draws, self.read)
        value = minus2_normal(self.measured, stats, self.groups, independent)
        if not np.isfinite(value):
            return BAD
        self.seen.append((theta.copy(), value))
        return value

    def search(self, theta: Array, root: Array) -> tuple[Array, float, bool]:
        """Least -2 log likelihood near theta, in units of the columns of root, and whether the search settled."""
        start = np.clip(theta, self.lower, self.upper)
        best: list[Any] = [start, self.minus2(start)]
        if not root.shape[1]:
            return start, best[1], True

        def at(z: Array) -> float:
            point = np.clip(start + root @ z, self.lower, self.upper)
            value = self.minus2(point)
            if value < best[1]:
                best[:] = point, value
            return value

        found = minimize(
            at, np.zeros(root.shape[1]), method="COBYLA", tol=LAST, options={"rhobeg": FIRST, "maxiter": MOST}
        )
        return best[0], best[1], bool(found.success)

    def curvature(self, theta: Array) -> Array | None:
        """Covariance (p, p) from the quadratic that fits -2 log likelihood around theta; None where it is no valley.

        Its points are those of the search within 2.5 standard errors and a star around theta: kinks of stick and slip
        average out over that width.
        """
        root = self.root[:, np.abs(self.root).max(axis=0) > 0]
        d = root.shape[1]
        inverse = np.linalg.pinv(root)
        one = np.eye(d)
        star = [sign * one[i] for i in range(d) for sign in (1.0, -1.0)]
        star += [sign * (one[i] + one[j]) / np.sqrt(2) for i in range(d) for j in range(i) for sign in (1.0, -1.0)]
        for z in star:
            self.minus2(np.clip(theta + root @ z, self.lower, self.upper))
        z = np.array([inverse @ (point - theta) for point, _ in self.seen])
        held = np.array(
            [np.abs(root @ z_i - (point - theta)).max() for z_i, (point, _) in zip(z, self.seen, strict=True)]
        )
        near = (np.linalg.norm(z, axis=1) < NEAR) & (held < 1e-9)
        z, f = z[near], np.array([value for _, value in self.seen])[near]
        pairs = [(i, j) for i in range(d) for j in range(i + 1)]
        columns = [np.ones(len(z)), *z.T, *(z[:, i] * z[:, j] for i, j in pairs)]
        coefficients = np.linalg.lstsq(np.stack(columns, axis=1), f, rcond=None)[0][1 + d :]
        H = np.zeros((d, d))
        for (i, j), c in zip(pairs, coefficients, strict=True):
            H[i, j] += 0.5 * c
            H[j, i] += 0.5 * c
        values = np.linalg.eigvalsh(H)
        if values[0] <= FLATTEST:
            return None
        more = 1 + 1 / self.groups
        return np.asarray(more * root @ np.linalg.inv(H) @ root.T)

    def refit(self, theta: Array, held: tuple[int, ...]) -> tuple[Array, float]:
        """Search with some parameters held; what the data leave open stays as well."""
        covariance = self.root @ self.root.T
        free = [i for i in range(len(theta)) if i not in held and covariance[i, i] > 0]
        root = np.zeros((len(theta), len(free)))
        if free:  # of the others given these: the inverse of a block of the inverse
            every = [i for i in range(len(theta)) if covariance[i, i] > 0]
            precision = np.linalg.inv(covariance[np.ix_(every, every)])
            inside = [every.index(i) for i in free]
            root[free] = np.linalg.cholesky(np.linalg.inv(precision[np.ix_(inside, inside)]))
        best, value, _ = self.search(theta, root)
        return best, value

    def threshold(self, level: float) -> float:
        """chi^2, times 1 + 1/S for the simulated mean."""
        return float(chi2.ppf(level, 1) * (1 + 1 / self.groups))

    def replicate(self, theta: Array, rng: np.random.Generator) -> Array:
        """Fitted to statistics of a data set that is simulated at theta."""
        drawn = replace(self, measured=self.again(theta, int(rng.integers(2**31))), seen=[], spent=0)
        best, _, settled = drawn.search(theta, self.root[:, np.abs(self.root).max(axis=0) > 0])
        return best if settled else np.full(len(theta), np.nan)


def minus2_normal(measured: Array, stats: Array, groups: int, independent: int) -> float:
    """-2 log of the estimated normal density at `measured`, from statistics (N, q), up to a constant.

    Parameters
    ----------
    groups, independent : int
        S and n above; without dealing both are N, and the estimate is unbiased.
    """
    q, n, S = len(measured), independent, groups
    off = measured - stats.mean(axis=0)
    covariance = np.cov(stats, rowvar=False) + LEAST_SPREAD**2 * np.eye(q)
    try:
        factor = cho_factor(covariance, lower=True)
    except np.linalg.LinAlgError:
        return np.inf
    log_det = 2 * np.log(np.diag(factor[0])).sum()
    u = float(off @ cho_solve(factor, off)) / ((n - 1) * (1 - 1 / S))
    rest = np.log1p(-u) if u < ENDS else np.log1p(-ENDS) - (u - ENDS) / (1 - ENDS)
    return float(log_det - (n - q - 3) * rest)


def likeliest(
    match: Match, names: tuple[str, ...], measured: Array, simulate: Simulate, read: Read, low: Array, high: Array,
    fresh: int, again: Callable[[Array, int], Array],
) -> tuple[Match, SyntheticLikelihood]:  # fmt: skip
    """The likeliest parameters near those of a match, what it leaves open held, and the likelihood itself.

    The curvature gives the covariance. `p_value` is Hotelling's test of what is left, in groups that no search saw.
    """
    groups, p = len(match.simulated), len(match.theta)
    variance = match.covariance.diagonal()
    free = np.flatnonzero(np.isfinite(variance) & (variance > 0) & ~match.at_bound)
    root = np.zeros((p, p))
    root[np.ix_(free, free)] = np.linalg.cholesky(match.covariance[np.ix_(free, free)])
    likelihood = SyntheticLikelihood(names, low, high, measured, simulate, read, groups, root, again)
    theta, _, settled = likelihood.search(match.theta, root[:, free])
    found = likelihood.curvature(theta)
    settled &= found is not None
    covariance = match.covariance.copy()
    if found is not None:
        covariance[np.ix_(free, free)] = found[np.ix_(free, free)]
    stats, n = deal(simulate(theta, groups, fresh), read)
    off = measured - stats.mean(axis=0)
    W = np.linalg.inv(np.cov(stats, rowvar=False) + LEAST_SPREAD**2 * np.eye(len(off)))
    T2, q = float(off @ W @ off) / (1 + 1 / groups), len(off) - len(free)
    p_value = float(f_distribution.sf(T2 * (n - q) / (q * (n - 1)), q, n - q))
    here = read(simulate(theta, groups, 0))
    return replace(
        match, theta=theta, covariance=covariance, simulated=here, spread=stats.std(axis=0, ddof=1), distance=T2 / q,
        p_value=p_value, simulations=match.simulations + likelihood.spent + 2, converged=settled,
    ), likelihood  # fmt: skip
