"""What a history says about its noise, in few numbers: the auxiliary statistics of a refinement.

    path          U^T C^{-1/2} (mean x - fitted mean field), C the covariance of one simulated history and U the
                  directions in which C^{-1/2} times the mean field's curve can move: its generalised least squares
    size          log variance of each block (few: of groups of neighbours), over all epochs after the first
    when          log share of the first and the second third of the epochs in that variance (few: half, or none)
    across        correlation of blocks 1 and 2 apart
    along         correlation of epochs 1 and 3 apart, in each of these parts

Deviations are taken from the mean over the H histories at each epoch, so slowly varying means do no harm; of one
history from the fitted mean field, without its part along U. The same function is applied to data and to each simulated
group of H histories: what few histories distort, they distort alike in both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from .noise_chain import NoiseChain
from .noise_data import Array, Histories

MOST_GROUPS = 7  # of blocks, for their variances
MOST_PARTS = 3
LEAST_EPOCHS = 5  # in a part
ACROSS = (1, 2)
ALONG = (1, 3)
FLAT = 1e-5  # of the largest singular value: directions that the mean field does not move in
FLOOR = 0.05  # of the mean variance, added to C: no epoch is trusted far beyond what the chain is a model of
QUIET = 1e-3  # of the data's variance, added to each: a block that hardly moves is quiet, not infinitely so
LEAST = 1e-7  # deviation, in units of R, that counts as none
NEARLY_ONE = 1 - 1e-9


@dataclass(frozen=True)
class Statistics:
    """The map from groups of histories to their statistics.

    Parameters
    ----------
    read : ndarray, shape (m n, r)
        C^{-1/2} U above: what a path is multiplied with.
    lift : ndarray, shape (m n, r)
        C^{1/2} U: the path that its statistics stand for.
    reference : ndarray, shape (m, n)
        The fitted mean field.
    scale : float
        R.
    quiet : float
        Added to variances, in units of R^2: the logarithm of a stuck block stays finite, and smooth where it sticks.
    """

    read: Array
    lift: Array
    reference: Array
    scale: float
    quiet: float = LEAST**2

    @property
    def names(self) -> tuple[str, ...]:
        """One for each statistic."""
        n = self.reference.shape[1]
        sizes = [f"size of block {g[0] + 1}" + (f"-{g[-1] + 1}" if len(g) > 1 else "") for g in _neighbours(n)]
        return (
            *(f"path {i + 1}" for i in range(self.read.shape[1])),
            *sizes,
            *(f"share of part {i + 1}" for i in range(len(self._parts) - 1)),
            *(f"across {r}" for r in ACROSS if r < n),
            *(f"along {lag}, part {i + 1}" for i in range(len(self._parts)) for lag in ALONG),
        )

    @property
    def paths(self) -> int:
        """Number of statistics that belong to the mean path; they come first."""
        return self.read.shape[1]

    def of(self, x: Array) -> Array:
        """Statistics (S, q) of S groups of H histories x (S, H, m, n)."""
        S, n = len(x), x.shape[-1]
        off = ((x.mean(axis=1) - self.reference) / self.scale).reshape(S, -1)
        path = off @ self.read
        d = self._deviations(x, off, path)[:, :, 1:]  # the first epoch is where the simulation starts
        square = d**2 + self.quiet
        total = square.mean(axis=(1, 2, 3))
        columns = [np.log(square[..., g].mean(axis=(1, 2, 3))) for g in _neighbours(n)]
        columns += [np.log(square[:, :, part].mean(axis=(1, 2, 3)) / total) for part in self._parts[:-1]]
        columns += [_correlation(d[..., r:], d[..., :-r]) for r in ACROSS if r < n]
        for part in self._parts:
            block = d[:, :, part]
            columns += [_correlation(block[:, :, lag:], block[:, :, :-lag]) for lag in ALONG]
        return np.concatenate([path, np.stack(columns, axis=1)], axis=1)

    @property
    def _parts(self) -> list[NDArray[np.int64]]:
        """Epochs after the first in parts of about equal number."""
        after = len(self.reference) - 1
        return np.array_split(np.arange(after), int(np.clip(after // LEAST_EPOCHS, 1, MOST_PARTS)))

    def misfit(self, x: Array) -> Array:
        """Squared distance (S,) of the mean path from the mean field, off the directions in which that can move."""
        off = ((x.mean(axis=1) - self.reference) / self.scale).reshape(len(x), -1)
        path = off @ self.read
        return ((off - path @ self.lift.T) ** 2).sum(axis=1)

    def _deviations(self, x: Array, off: Array, path: Array) -> Array:
        S, H, m, n = x.shape
        if H == 1:
            return (off - path @ self.lift.T).reshape(S, 1, m, n)
        return (x - x.mean(axis=1, keepdims=True)) * (np.sqrt(H / (H - 1)) / self.scale)


def statistics_of(data: Histories, chain: NoiseChain, theta: Array, groups: int, first: int) -> Statistics:
    """Statistics whose path directions are those of the mean field, and whose C is that of simulations, at theta.

    `first` names groups that the search does not see: statistics read with the C of their own noise look too quiet.
    """
    low, high = chain.bounds()
    columns = []
    for i, width in enumerate(chain.widths(theta)):
        up, down = theta.copy(), theta.copy()
        up[i], down[i] = min(theta[i] + width, high[i]), max(theta[i] - width, low[i])
        columns.append((chain.mean_path(up) - chain.mean_path(down)).ravel() / ((up[i] - down[i]) * data.scale))
    x = chain.simulate(theta, groups, first) / data.scale
    d = (x - x.mean(axis=0)).reshape(groups * len(data.x), -1)  # about the mean of those with the same start
    C = d.T @ d / (len(d) - len(data.x))
    C += (FLOOR * np.trace(C) / len(C) + LEAST**2) * np.eye(len(C))
    L = np.linalg.cholesky(C)
    U, values, _ = np.linalg.svd(solve_triangular(L, np.stack(columns, axis=1), lower=True), full_matrices=False)
    U = U[:, values > FLAT * values[0]]
    around = data.fitted if len(data.x) == 1 else data.x.mean(axis=0)
    quiet = QUIET * float(((data.x - around) ** 2).mean()) / data.scale**2 + LEAST**2
    return Statistics(solve_triangular(L, U, lower=True, trans="T"), L @ U, data.fitted, data.scale, quiet)


def _neighbours(n: int) -> list[NDArray[np.int64]]:
    """Blocks in at most MOST_GROUPS groups of neighbours."""
    return np.array_split(np.arange(n), min(n, MOST_GROUPS))


def _correlation(a: Array, b: Array) -> Array:
    """Fisher's transform of the correlation of a and b (S, ...), of mean zero each; 0 where nothing fluctuates."""
    axes = tuple(range(1, a.ndim))
    power = np.sqrt((a**2).sum(axis=axes) * (b**2).sum(axis=axes))
    r = (a * b).sum(axis=axes) / np.maximum(power, a[0].size * LEAST**2)
    return np.arctanh(np.clip(r, -NEARLY_ONE, NEARLY_ONE))
