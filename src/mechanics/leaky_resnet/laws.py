"""Laws that a geodesic of a Leaky ResNet obeys, as defects to be near zero, and the bounds of Theorem 4.

    -2H/Lt = ||A||^2_(K+gI) - ||dA/Lt + g B||^2_(K+gI) + g ||B||_F^2        every g > 0, along the flow
    d/dp ||W||_F^2  = 2 Lt ||b||^2     sigma(c z) = c sigma(z); the last column b of W is the bias
    d/dp Tr(A B^T)  = ||b||^2 / Lt     the same

Jacot and Kaiser, arXiv:2405.17573, Theorem 4 and Proposition 9, which states Lt ||b||^2: half of what is true, by
||W||^2 / (2 Lt) = H + Lt Tr(A B^T). Activations of degree one (relu, leaky, identity) obey the last two laws;
softplus does not.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import cumulative_simpson, cumulative_trapezoid

from .energies import appended, norm_in_K, weights

Array = NDArray[np.float64]


def hamiltonian_from_norms(
    A: ArrayLike, B: ArrayLike, dA: ArrayLike, Lt: float, gamma: Any, act: Any = "relu", bias: bool = True
) -> Any:
    """H by the identity that Theorem 4 rests on, from dA and one gamma > 0; equals `hamiltonian(A, B)` iff dA = dH/dB.

    Parameters
    ----------
    A, B, dA : array_like, shape (..., w, N)
    Lt : float
    gamma : float, or ndarray of the shape in front
        Absolute, not relative to ||K||.
    act, bias
        As for `hamiltonian`.

    Returns
    -------
    H : float, or ndarray of the shape in front
    """
    A, B, dA = (np.asarray(x, float) for x in (A, B, dA))
    g = np.asarray(gamma, float)
    S = appended(A, act, bias)
    mixed = dA / Lt + g[..., None, None] * B
    norms = norm_in_K(A, S, gamma=g) - norm_in_K(mixed, S, gamma=g) + g * (B * B).sum((-2, -1))
    return -Lt / 2 * norms


class Bounds(NamedTuple):
    """lower <= value <= upper: Theorem 4 for -2H/Lt."""

    lower: float
    value: float
    upper: float
    """min_p COI_g + g c with c = max_p ||B||_F^2."""
    length: float
    """l_g = int ||dA||_(K+gI) dp, by the trapezoidal rule."""


def hamiltonian_bounds(
    p: ArrayLike,
    A: ArrayLike,
    B: ArrayLike,
    dA: ArrayLike,
    Lt: float,
    gamma: float,
    act: Any = "relu",
    bias: bool = True,
) -> Bounds:
    """min COI_g - (l_g/Lt + sqrt(g c))^2 <= -2H/Lt <= min COI_g + g c along a geodesic.

    Parameters
    ----------
    p : array_like, shape (m,)
    A, B, dA : array_like, shape (m, w, N)
    Lt : float
    gamma : float
        One for the whole path, absolute.
    act, bias
        As for `hamiltonian`.

    Notes
    -----
    Minima over p are taken over the given points, and H is the median over them; the bounds hold for a geodesic up to
    that sampling. The bound from below follows with ||gB||_(K+gI) <= sqrt(g) ||B||_F where the speed is least.
    """
    p = np.asarray(p, float)
    A, B, dA = (np.asarray(x, float) for x in (A, B, dA))
    S = appended(A, act, bias)
    M = B @ S.swapaxes(-1, -2)
    value = np.median(2 * (B * A).sum((-2, -1)) - (M * M).sum((-2, -1)))
    coi = norm_in_K(A, S, gamma=gamma).min()
    rest = gamma * (B * B).sum((-2, -1)).max()
    length = float(np.trapezoid(np.sqrt(norm_in_K(dA, S, gamma=gamma)), p))
    return Bounds(float(coi - (length / Lt + np.sqrt(rest)) ** 2), float(value), float(coi + rest), length)


def balancedness_defect(p: ArrayLike, W: ArrayLike, Lt: float) -> float:
    """Largest departure from ||W_p||^2 = ||W_0||^2 + 2 Lt int_0^p ||b||^2, relative to the largest ||W||^2.

    Parameters
    ----------
    p : array_like, shape (m,)
        Points in order; the integral is taken by Simpson's rule, the trapezoidal one for fewer than three points.
    W : array_like, shape (m, w, w + 1)
        Weights with the bias in their last column. Without bias append a column of zeros.
    Lt : float
    """
    p, W = np.asarray(p, float), np.asarray(W, float)
    norms = (W * W).sum((-2, -1))
    grown = _integral(2 * Lt * (W[..., -1] ** 2).sum(-1), p)
    return _relative(np.abs(norms - norms[0] - grown).max(), norms.max())


def trace_defect(p: ArrayLike, A: ArrayLike, B: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True) -> float:
    """Largest departure from Tr(A B^T)_p = Tr(A B^T)_0 + int_0^p ||b||^2 / Lt, relative to max ||A||_F ||B||_F."""
    p, A, B = (np.asarray(x, float) for x in (p, A, B))
    trace = (A * B).sum((-2, -1))
    rate = (weights(A, B, Lt, act, bias)[..., -1] ** 2).sum(-1) / Lt if bias else np.zeros(len(p))
    size = (np.linalg.norm(A, axis=(-2, -1)) * np.linalg.norm(B, axis=(-2, -1))).max()
    return _relative(np.abs(trace - trace[0] - _integral(rate, p)).max(), size)


def _relative(defect: Any, size: Any) -> float:
    return float(defect / size) if size > 0 else 0.0  # weights or costates that are zero throughout


def _integral(rate: Array, p: Array) -> Array:
    if len(p) < 3:
        return np.asarray(cumulative_trapezoid(rate, p, initial=0))
    return np.asarray(cumulative_simpson(rate, x=p, initial=0))
