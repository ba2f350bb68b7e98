"""How the residuals of one history hang together: the chain's own fluctuations around its mean field.

A deviation from the mean obeys the linearised chain, d(dx)/dt = -M T dx + noise, with M the mobilities, T the stiffness
matrix of the springs and noise of a strength proportional to the mobility. With S = M^{1/2} T M^{1/2} = V w V^T
the step from one epoch to the next, dt apart, has transition and noise

    E = M^{1/2} V e^{-w dt} V^T M^{-1/2},      Q = M^{1/2} V (1 - e^{-2 w dt})/(2 w) V^T M^{1/2},

up to one factor that the residuals themselves give. The slow modes live for many epochs: that is what makes one history
say so much less than its number of points, and what residuals, from which the fit took its share, hide. Blocks with
mass are taken as overdamped here.
"""

import numpy as np

from ..chain.mean_field_law import STEEP, MeanLaw
from ..chain.noisy_friction import mobility
from .data import Array, ChainData
from .search import Found

LEAST_MOBILITY = 1e-6  # a stuck block: its deviation neither grows nor decays


def fluctuation_covariance(data: ChainData, found: Found) -> Array:
    """Covariance (m n, m n) of deviations from the fitted curve over epochs and blocks, up to a factor; 0 at first."""
    model, x = found.model, found.fitted
    m, n = x.shape
    start, end = data.mean
    law = model.law(found.theta)
    full = np.concatenate([np.zeros((m, 1)), x, model.end(found.theta, start[0], end)[:, None]], axis=1)
    extension = np.diff(full, axis=1) / model.scale
    M = np.maximum(_mobility(data.ts, x / model.scale, extension, law), LEAST_MOBILITY)
    slopes = law.k / np.cosh(np.minimum(np.abs(extension / law.reach), STEEP)) ** 2
    covariance = np.zeros((m, n, m, n))
    here = np.zeros((n, n))
    for i in range(1, m):
        root = np.sqrt(0.5 * (M[i - 1] + M[i]))
        k = 0.5 * (slopes[i - 1] + slopes[i])
        T = np.diag(k[:-1] + k[1:]) - np.diag(k[1:-1], 1) - np.diag(k[1:-1], -1)
        w, V = np.linalg.eigh(root[:, None] * T * root)
        w = np.maximum(w, 1e-12)
        dt = data.ts[i] - data.ts[i - 1]
        E = (root[:, None] * V * np.exp(-w * dt)) @ (V.T / root)
        Q = (root[:, None] * V * (-np.expm1(-2 * w * dt) / (2 * w))) @ (V.T * root)
        for j in range(i):
            covariance[i, :, j] = E @ covariance[i - 1, :, j]
            covariance[j, :, i] = covariance[i, :, j].T
        here = E @ here @ E.T + Q
        covariance[i, :, i] = here
    return covariance.reshape(m * n, m * n)


def _tension(e: Array, law: MeanLaw) -> Array:
    return law.k * e if law.reach == np.inf else law.k * law.reach * np.tanh(e / law.reach)


def _mobility(ts: Array, x: Array, extension: Array, law: MeanLaw) -> Array:
    if law.mass > 0:
        speed = np.gradient(x, ts, axis=0)
        slope = (law.mu_right + law.mu_left) * np.exp(-0.5 * (speed / law.s) ** 2) / (np.sqrt(2 * np.pi) * law.s)
        return 1.0 / (1.0 + slope)
    force = np.diff(_tension(extension, law), axis=1)
    return mobility(force, law.mu_right, law.mu_left, law.s)


def one_history_scatter(data: ChainData, found: Found, J: Array, inverse: Array) -> tuple[Array, float]:
    """Covariance of the weighted residuals and Satterthwaite's degrees of freedom, its factor taken from the residuals.

    E |r|^2 = factor tr(P W P), with P the projection off the directions that the fit has absorbed.
    """
    weight = data.root_weight.ravel()
    W = weight[:, None] * fluctuation_covariance(data, found) * weight
    P = np.eye(len(W)) - J @ inverse
    left = P @ W @ P.T
    trace = np.trace(left)
    r = found.weighed
    factor = float(r @ r / trace) if trace > 0 else 0.0
    return factor * W, float(max(1.0, trace**2 / (left**2).sum())) if trace > 0 else 1.0
