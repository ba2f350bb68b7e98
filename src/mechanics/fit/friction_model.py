"""Friction and noise from trajectories that show every step: the likelihood of steps that slide and that stick.

A step of (5) shows v = (x_new - x)/dt = sigma(k d + s xi), d = x_{l+1} - 2 x_l + x_{l-1}: a normal variable seen
through dry friction. With h = 1/s, kappa = k/s, rho = mu_right/s, lam = mu_left/s:

    slides right    log h - (h v + rho - kappa d)^2/2 - log(2 pi)/2
    slides left     log h - (h v - lam - kappa d)^2/2 - log(2 pi)/2
    sticks          log(Phi(rho - kappa d) - Phi(-lam - kappa d))

Rosett, "A statistical model of friction in economics", Econometrica 27 (1959) 263. In these parameters it is concave,
as for censored regression (Olsen, Econometrica 46 (1978) 1211): one maximum, and nothing that shrinks the noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr
from scipy.stats import chi2

from .noise_data import Array

BINS = 10  # of the force, for the counts of the test
LEAST_COUNT = 5.0  # expected in a cell of the test
NOT_MOVED = 1e-11  # of the largest position: rounding of loads
STEP = 1e-4

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Steps:
    """Steps of blocks: velocities, second differences before the step, and what each did."""

    v: Array
    d: Array
    right: Mask
    left: Mask
    stuck: Mask

    @classmethod
    def of(cls, x: Array, dt: float) -> "Steps":
        """From positions (H, m, n + 2) at successive steps, ends included."""
        v = (np.diff(x, axis=1)[..., 1:-1] / dt).ravel()
        d = np.diff(x[:, :-1], 2, axis=-1).ravel()
        least = NOT_MOVED * float(np.abs(x).max()) / dt
        return cls(v, d, v > least, v < -least, np.abs(v) <= least)

    def likelihood(self, theta: Array, scale: tuple[float, float]) -> tuple[float, Array]:
        """Minus the log-likelihood a step and its gradient by (h, kappa, rho, lam), h and kappa in units of `scale`."""
        h, kappa, rho, lam = theta
        v, d = self.v / scale[0], self.d / scale[1]
        right = h * v[self.right] + rho - kappa * d[self.right]
        left = h * v[self.left] - lam - kappa * d[self.left]
        upper, lower = rho - kappa * d[self.stuck], -lam - kappa * d[self.stuck]
        log_p = _log_between(lower, upper)
        slid = len(right) + len(left)
        value = -slid * np.log(h) + 0.5 * (right @ right + left @ left) - log_p.sum()
        high = np.exp(-0.5 * upper**2 - log_p) / np.sqrt(2 * np.pi)  # phi / probability
        low = np.exp(-0.5 * lower**2 - log_p) / np.sqrt(2 * np.pi)
        gradient = np.array([
            -slid / h + right @ v[self.right] + left @ v[self.left],
            -(right @ d[self.right]) - left @ d[self.left] + (high - low) @ d[self.stuck],
            right.sum() - high.sum(),
            -left.sum() - low.sum(),
        ])  # fmt: skip
        return float(value) / len(v), gradient / len(v)

    def fit(self) -> tuple[Array, Array]:
        """(k, mu_right, mu_left, s) and their covariance, inf on the diagonal where open."""
        moving = ~self.stuck
        if not moving.any():
            raise ValueError("No block moves in any step: nothing shows how strong friction or noise is.")
        scale = (float(self.v[moving].std()) or 1.0, float(self.d.std()) or 1.0)
        bounds = [(1e-3, 1e3), (-50.0, 50.0), (0.0, 12.0), (0.0, 12.0)]
        done = minimize(
            self.likelihood, np.array([1.0, 0.1, 0.5, 0.5]), (scale,), jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )  # fmt: skip
        theta = done.x
        H = np.stack([self._slope(theta, scale, i) for i in range(4)])
        H = 0.5 * (H + H.T) * len(self.v)
        h, kappa, rho, lam = theta
        s = scale[0] / h
        values = np.array([kappa * s / scale[1], rho * s, lam * s, s])
        J = np.zeros((4, 4))  # of (k, mu_right, mu_left, s) by (h, kappa, rho, lam)
        J[:, 0] = -values / h
        J[0, 1], J[1, 2], J[2, 3] = s / scale[1], s, s
        seen = np.array([True, bool(self.right.any()), bool(self.left.any()), True])
        kept = np.flatnonzero(seen[[3, 0, 1, 2]])  # a side to which nothing slides has a threshold without an end
        covariance = np.full((4, 4), np.inf)
        inner = J[:, kept] @ np.linalg.pinv(H[np.ix_(kept, kept)]) @ J[:, kept].T
        covariance[np.ix_(seen, seen)] = inner[np.ix_(seen, seen)]
        return values, covariance

    def _slope(self, theta: Array, scale: tuple[float, float], i: int) -> Array:
        """Row i of the second derivatives."""
        up, down = theta.copy(), theta.copy()
        up[i], down[i] = theta[i] + STEP, theta[i] - STEP
        return (self.likelihood(up, scale)[1] - self.likelihood(down, scale)[1]) / (2 * STEP)

    def p_value(self, values: Array) -> float:
        """Chi-square test of the counts of right, stuck and left over tenths of the force, at fitted `values`."""
        k, mu_right, mu_left, s = values
        edges = np.quantile(self.d, np.linspace(0, 1, BINS + 1))
        cell = np.clip(np.searchsorted(edges, self.d, side="right") - 1, 0, BINS - 1)
        goes_right = np.exp(log_ndtr((k * self.d - mu_right) / s))
        goes_left = np.exp(log_ndtr(-(k * self.d + mu_left) / s))
        expected = np.stack([
            np.bincount(cell, p, BINS) for p in (goes_right, 1 - goes_right - goes_left, goes_left)
        ])  # fmt: skip
        seen = np.stack([np.bincount(cell, which, BINS) for which in (self.right, self.stuck, self.left)])
        enough = expected >= LEAST_COUNT
        distance = (((seen - expected) ** 2)[enough] / expected[enough]).sum()
        freedom = enough.sum() - enough.any(axis=0).sum()  # counts of a tenth sum to its steps
        return float(chi2.sf(distance, max(freedom, 1)))


def _log_between(lower: Array, upper: Array) -> Array:
    """log(Phi(upper) - Phi(lower)), in the tail where it is largest; far apart ends do not cancel."""
    swap = lower > 0
    a, b = np.where(swap, -upper, lower), np.where(swap, -lower, upper)
    big, small = log_ndtr(b), log_ndtr(a)
    return big + np.log(-np.expm1(np.minimum(small - big, -1e-300)))
