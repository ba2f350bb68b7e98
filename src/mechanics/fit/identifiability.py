"""What data determine: from a Jacobian or an information matrix to estimates, some of them open.

Columns are scaled by the size of their parameters, so that a direction is one of relative changes. A singular value
that is zero to the accuracy of the derivatives means a direction in which nothing observed changes: the parameters that
it moves have no interval, however small the residuals are. (Transtrum, Machta, Sethna, Phys. Rev. E 83 (2011) 036701.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .result import Estimate

Array = NDArray[np.float64]
FLAT = 1e-6  # of the largest singular value: derivatives are exact to the tolerance of the solve, 1e-8
MOVED = 0.1  # component of a flat direction beyond which a parameter is moved by it
WIDE = 3.0  # standard errors beyond so many times the parameter's size measure nothing
EDGE = 1e-6  # of the distance between bounds


@dataclass(frozen=True)
class Information:
    """Covariance (inf on the diagonal where open), spectrum, flat directions and bounds reached."""

    covariance: Array
    singular_values: Array
    singular_vectors: Array
    flat: tuple[int, ...]  # rows of singular_vectors
    at_bound: dict[int, str]


def inform(
    J: Array, variance: float, scale: Array, theta: Array, lower: Array, upper: Array, flat: float = FLAT
) -> Information:
    """Spectrum and covariance `variance` (J^T J)^{-1} of the directions that are determined.

    Parameters
    ----------
    J : ndarray, shape (N, d)
        Derivatives of weighted residuals; or a root of an information matrix, with variance 1.
    scale : ndarray, shape (d,)
        Size of each parameter.
    theta, lower, upper : ndarray, shape (d,)
        Fitted values and their bounds.
    flat : float
        Accuracy of the derivatives, relative to the largest singular value.
    """
    d = len(theta)
    _, values, vectors = np.linalg.svd(J * scale, full_matrices=False)
    values = np.r_[values, np.zeros(d - len(values))]
    if len(vectors) < d:
        vectors = np.linalg.svd(J * scale, full_matrices=True)[2]
    rows = tuple(int(i) for i in np.flatnonzero(values <= flat * max(values[0], 1e-300)))
    room = np.where(np.isfinite(upper - lower), upper - lower, np.maximum(np.abs(theta), scale))
    at_bound = {int(i): "lower" for i in np.flatnonzero(theta <= lower + EDGE * room)}
    at_bound |= {int(i): "upper" for i in np.flatnonzero(theta >= upper - EDGE * room)}
    free = np.array([i for i in range(d) if i not in at_bound], dtype=int)
    covariance = np.zeros((d, d))
    open_ = set(at_bound)
    if len(free):
        _, some, V = np.linalg.svd((J * scale)[:, free], full_matrices=False)
        keep = some > flat * max(some[0], 1e-300)
        root = (V[keep].T / some[keep]) * scale[free, None]
        covariance[np.ix_(free, free)] = variance * root @ root.T
        lost = (np.abs(V[~keep]) > MOVED).any(axis=0) if (~keep).any() else np.zeros(len(free), dtype=bool)
        open_ |= {int(i) for i in free[lost]}
    for i in open_:
        covariance[i, :] = covariance[:, i] = 0.0
        covariance[i, i] = np.inf
    return Information(covariance, values, vectors, rows, at_bound)


def estimates_of(
    names: tuple[str, ...], theta: Array, info: Information, quantile: float, scale: Array, lower: Array, upper: Array
) -> dict[str, Estimate]:
    """An estimate for each parameter; intervals are value +- quantile * standard error, within the bounds."""
    out = {}
    for i, name in enumerate(names):
        error = float(np.sqrt(info.covariance[i, i]))
        if not np.isfinite(error):
            note = f"at its {info.at_bound[i]} bound" if i in info.at_bound else "unidentified"
            out[name] = Estimate(float(theta[i]), np.inf, (-np.inf, np.inf), False, note)
            continue
        low, high = theta[i] - quantile * error, theta[i] + quantile * error
        interval = (float(max(low, lower[i])), float(min(high, upper[i])))
        known = bool(error <= WIDE * scale[i])
        out[name] = Estimate(float(theta[i]), error, interval, known, "" if known else "hardly determined")
    return out


def describe_flat(names: tuple[str, ...], info: Information) -> list[str]:
    """Each flat direction in words."""
    said = []
    for row in info.flat:
        v = info.singular_vectors[row]
        moved = [i for i in np.argsort(-np.abs(v)) if abs(v[i]) > MOVED]
        if len(moved) == 1:
            said.append(f"{names[moved[0]]} changes nothing that is observed")
        elif len(moved) == 2 and abs(abs(v[moved[0]]) - abs(v[moved[1]])) < 0.01:
            a, b = (names[i] for i in sorted(moved))
            what = f"the product {a} * {b}" if v[moved[0]] * v[moved[1]] < 0 else f"the ratio {a} / {b}"
            said.append(f"of {a} and {b} only {what} is determined, near these values")
        else:
            parts = ", ".join(f"{v[i]:+.2f} {names[i]}" for i in moved)
            said.append(f"relative changes along ({parts}) change nothing that is observed")
    return said
