"""How far the data fix the parameters: covariance from seeds or from serial correlation, open intervals at bounds.

Residuals of one history are correlated over time and layers, so that residual variance times (J^T J)^{-1} is far too
small. With S seeds each history gives its own linearised move of the parameters, theta_s - theta ~ J^+ (x_s - f), whose
scatter over seeds is the truth, misfit and correlations included: the sandwich covariance

    cov = (1/S) J^+ Cov_s(x_s - f) J^+^T,

taken here in its delete-one (jackknife) form, so that measured starts and pulls vary with the seed too. With one
history the residuals are taken as the chain's own fluctuations (`fluctuations`): approximate, as one history was seen.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .data import Array, ChainData
from .fluctuations import one_history_scatter
from .model import RTOL
from .search import FLAT, Found

NEAR_BOUND = 0.02  # e-folds (or units of R)
LEVEL = 0.95


@dataclass(frozen=True)
class Uncertainty:
    """Covariance of theta (inf on the diagonal: undetermined), t quantile, spectrum, parameters at a bound."""

    covariance: Array
    quantile: float
    singular_values: Array
    singular_vectors: Array
    at_bound: dict[str, str]


def quantify(data: ChainData, found: Found) -> Uncertainty:
    """Linearised uncertainty of a fit."""
    J = jacobian_of(data, found)
    _, values, vectors = np.linalg.svd(J, full_matrices=False)
    at_bound = parameters_at_bound(found)
    inverse, flat = inverse_at(found, J)
    cov, dof = covariance_of(data, found, J, inverse)
    cov[flat, flat] = np.inf
    for i, name in enumerate(found.model.names):
        if name in at_bound:
            cov[i, i] = np.inf
    return Uncertainty(cov, float(student.ppf(0.5 + LEVEL / 2, dof)), values, vectors, at_bound)


def parameters_at_bound(found: Found) -> dict[str, str]:
    """Name -> "lower" or "upper", of the parameters that ended there."""
    theta, (low, high) = found.theta, found.model.bounds()
    return {
        name: "lower" if theta[i] < low[i] + NEAR_BOUND else "upper"
        for i, name in enumerate(found.model.names)
        if theta[i] < low[i] + NEAR_BOUND or theta[i] > high[i] - NEAR_BOUND
    }


def inverse_at(found: Found, J: Array) -> tuple[Array, list[int]]:
    """Pseudo-inverse of J over the parameters inside their bounds, and those that flat directions move."""
    at_bound = parameters_at_bound(found)
    return inverse_of(J, np.array([i for i, name in enumerate(found.model.names) if name not in at_bound]))


def residual_scatter(data: ChainData, found: Found) -> tuple[Array, float]:
    """Root Q (r, m blocks) of the covariance Q^T Q of the weighted residuals, and its degrees of freedom."""
    if data.histories > 1:
        S = data.histories
        return np.sqrt((S - 1) / S) * _left_out(data, found), S - 1.0
    J = jacobian_of(data, found)
    covariance, dof = one_history_scatter(data, found, J, inverse_at(found, J)[0])
    w, V = np.linalg.eigh(covariance)
    return np.sqrt(np.maximum(w, 0.0))[:, None] * V.T, dof


def common_variance(data: ChainData, found: Found, root: Array) -> float:
    """Variance of the residuals along the directions in which the parameters move the curve, their mean.

    The factor of a likelihood of correlated residuals that has the right width on average over the parameters: Pauli,
    Racugno, Ventura, Statistica Sinica 21 (2011) 149-164.
    """
    U, values, _ = np.linalg.svd(jacobian_of(data, found), full_matrices=False)
    inside = U[:, values > FLAT * max(values[0], 1e-300)]
    return float(((root @ inside) ** 2).sum() / inside.shape[1])


def effective_observations(residuals: Array) -> float:
    """Independent numbers in residuals (m, blocks): epochs over their correlation time, times a rank over layers."""
    m = residuals.shape[0]
    epochs = m * (1 - _memory(residuals)) / (1 + _memory(residuals))
    scatter = residuals.T @ residuals
    layers = np.trace(scatter) ** 2 / (scatter**2).sum() if scatter.any() else residuals.shape[1]
    return float(epochs * layers)


def jacobian_of(data: ChainData, found: Found, rtol: float = RTOL) -> Array:
    """Of the weighted residuals, (m blocks, p)."""
    x, end = data.mean
    _, J = found.model.curve_and_jacobian(found.theta, x[0], end, rtol)
    return data.root_weight.ravel()[:, None] * np.nan_to_num(J, nan=0.0)


def inverse_of(J: Array, free: Array) -> tuple[Array, list[int]]:
    """Pseudo-inverse of the free columns (zero rows elsewhere), and the parameters that flat directions move."""
    inverse = np.zeros(J.T.shape)
    U, values, Vt = np.linalg.svd(J[:, free], full_matrices=False)
    keep = values > FLAT * max(values[0], 1e-300)
    inverse[free] = (Vt[keep].T / values[keep]) @ U[:, keep].T
    moved = (np.abs(Vt[~keep]) > 0.1).any(axis=0)
    return inverse, [int(i) for i in free[moved]]


def covariance_of(data: ChainData, found: Found, J: Array, inverse: Array, rtol: float = RTOL) -> tuple[Array, float]:
    """Covariance of theta and degrees of freedom."""
    if data.histories > 1:
        S = data.histories
        moves = _left_out(data, found, rtol) @ inverse.T
        return (S - 1) / S * moves.T @ moves, S - 1.0
    scatter, dof = one_history_scatter(data, found, J, inverse)
    return inverse @ scatter @ inverse.T, dof


def _left_out(data: ChainData, found: Found, rtol: float = RTOL) -> Array:
    """Weighted residuals (S, m blocks) of the means without one seed each, less their mean."""
    start, pulled = data.mean
    residuals = []
    for s in range(data.histories):
        x, end = data.without(s)
        # seeds that start and are pulled alike have the fitted curve in common
        alike = np.array_equal(x[0], start[0]) and (end is None or pulled is None or np.array_equal(end, pulled))
        curve = found.fitted if alike else found.model.curve(found.theta, x[0], end, rtol)
        # what only this seed has measured says nothing without it
        residuals.append(np.nan_to_num(data.weighed(x - curve), nan=0.0))
    return np.array(residuals) - np.mean(residuals, axis=0)


def _memory(residuals: Array) -> float:
    """Correlation of neighbouring epochs, within [0, 0.97]."""
    power = (residuals**2).sum()
    if power == 0:
        return 0.0
    return float(np.clip((residuals[1:] * residuals[:-1]).sum() / power, 0.0, 0.97))
