"""Energies of one layer of a Leaky ResNet, from its activations A, costates B, changes dA = dA/dp and weights W.

    S = (sigma(A); 1),   K = S^T S,   ||X||_K^2 = Tr(X K^+ X^T)
    H(A, B)    = Lt/2 ||B S^T||_F^2 - Lt Tr(B A^T),   W = Lt B S^T
    Lagrangian = 1/(2 Lt) ||Lt A + dA||_K^2 = 1/(2 Lt) ||W||_F^2
    COI        = ||A||_K^2,   potential -Lt/2 COI,   kinetic = 1/(2 Lt) ||dA||_K^2

Jacot and Kaiser, arXiv:2405.17573, Sections 1.3, 1.4 and 2.1. Stable versions have (K + gamma I)^-1 in place of K^+,
with gamma = gamma0 ||K||_op; ||sigma(A)||_op^2 of Section 2.1 is ||K||_op, not its square. The energies without gamma
are infinite where the rows of A or dA are no combinations of those of S, which is the rule for N > w + 1.

Arrays are (w, N), or have further axes in front, one energy for each (w, N). An N x N matrix is never formed.
For a network with layers A_l = (1 - rho Lt) A_{l-1} + rho W_l S_{l-1} take H at (A_{l-1}, B_l).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .activation import Activation, activation_of

Array = NDArray[Any]
SPANNED = 1e-10  # of the largest singular value, and of ||X||: far above rounding, far below what a network resolves
GRAM_LIMIT = 1e-10  # gamma0 below which S S^T + gamma I loses digits where S is of low rank; then S is decomposed


def appended(A: ArrayLike, act: Any = "relu", bias: bool = True) -> Array:
    """S = sigma(A), with a row of ones below it if there is a bias."""
    A, act = _arrays(A), _activation(act)
    value = act.value(A)
    return np.concatenate([value, np.ones_like(A[..., :1, :])], axis=-2) if bias else value


def weights(A: ArrayLike, B: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True) -> Array:
    """W = Lt B S^T, shape (..., w, w + 1); its last column is the bias. (..., w, w) without bias."""
    A, B = _pair(A, B)
    return Lt * (B @ appended(A, act, bias).swapaxes(-1, -2))


def hamiltonian(A: ArrayLike, B: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True) -> Any:
    """H(A, B) = Lt/2 ||B S^T||_F^2 - Lt Tr(B A^T), constant along a geodesic.

    Parameters
    ----------
    A, B : array_like, shape (..., w, N)
        Activations and costates; at a layer l of a network A_{l-1} and B_l.
    Lt : float
        Effective depth.
    act : str, tuple or Activation
        As `activation_of` takes it.
    bias : bool
        Whether S has the row of ones.

    Returns
    -------
    H : float, or ndarray of the shape in front of (w, N)
    """
    A, B = _pair(A, B)
    M = B @ appended(A, act, bias).swapaxes(-1, -2)
    return Lt * ((M * M).sum((-2, -1)) / 2 - (B * A).sum((-2, -1)))


def cost_of_identity(A: ArrayLike, act: Any = "relu", bias: bool = True, gamma0: float = 0.0) -> Any:
    """COI = ||A||_K^2, or with gamma0 > 0 its stable version Tr[A (K + gamma0 ||K|| I)^-1 A^T].

    Returns
    -------
    coi : float, or ndarray of the shape in front of (w, N)
        Infinite without gamma0 where the rows of A are not spanned by those of S: singular values below 1e-10 of the
        largest count as none, and what then remains of A must be below 1e-10 ||A||_F.

    Raises
    ------
    ValueError
        If gamma0 is negative.
    """
    A = _arrays(A)
    return norm_in_K(A, appended(A, act, bias), gamma0=gamma0)


def stable_cost_of_identity(A: ArrayLike, act: Any = "relu", bias: bool = True, gamma0: float = 1e-4) -> Any:
    """The stable cost of identity, Section 2.1; finite for every A."""
    return cost_of_identity(A, act, bias, _positive(gamma0))


def kinetic(A: ArrayLike, dA: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True) -> Any:
    """1/(2 Lt) ||dA||_K^2; infinite where the rows of dA are not spanned by those of S, as in `cost_of_identity`."""
    A, dA = _pair(A, dA, "dA")
    return norm_in_K(dA, appended(A, act, bias)) / (2 * Lt)


def stable_kinetic(
    A: ArrayLike, dA: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True, gamma0: float = 1e-4
) -> Any:
    """1/(2 Lt) Tr[dA (K + gamma0 ||K|| I)^-1 dA^T]."""
    A, dA = _pair(A, dA, "dA")
    return norm_in_K(dA, appended(A, act, bias), gamma0=_positive(gamma0)) / (2 * Lt)


def stable_hamiltonian(
    A: ArrayLike, dA: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True, gamma0: float = 1e-4
) -> Any:
    """Stable kinetic energy less Lt/2 times the stable cost of identity; tends to H where both are finite."""
    coi = stable_cost_of_identity(A, act, bias, gamma0)
    return stable_kinetic(A, dA, Lt, act, bias, gamma0) - Lt / 2 * coi


def lagrangian(A: ArrayLike, dA: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True) -> Any:
    """1/(2 Lt) ||Lt A + dA||_K^2, the least ||W||_F^2 / (2 Lt) with W S = Lt A + dA; infinite where there is none."""
    A, dA = _pair(A, dA, "dA")
    return norm_in_K(Lt * A + dA, appended(A, act, bias)) / (2 * Lt)


def action(W: ArrayLike, Lt: float, rho: ArrayLike | None = None) -> float:
    """1/(2 Lt) sum_l rho_l ||W_l||_F^2 of the weights W (L, w, w + 1) of a network; rho (L,), 1/L where left out."""
    W = _arrays(W, "W")
    rho = np.full(len(W), 1 / len(W)) if rho is None else np.asarray(rho, float)
    if rho.shape != (len(W),):
        raise ValueError(f"rho must have one step for each of the {len(W)} layers, but has shape {rho.shape}.")
    return float(rho @ (W * W).sum((-2, -1))) / (2 * Lt)


def norm_in_K(X: ArrayLike, S: ArrayLike, *, gamma: Any = 0.0, gamma0: float = 0.0) -> Any:
    """||X||^2 = Tr[X (K + gamma I)^-1 X^T] with K = S^T S, and gamma + gamma0 ||K||_op in place of gamma.

    It is the value of a ridge regression, min_C ||X - C S||_F^2 / gamma + ||C||_F^2, which is flat in C at its minimum:
    nothing cancels, as in (||X||^2 - X S^T (S S^T + gamma I)^-1 S X^T) / gamma.

    Parameters
    ----------
    X : array_like, shape (..., w, N)
    S : array_like, shape (..., s, N)
    gamma : float, or ndarray of the shape in front
    gamma0 : float

    Returns
    -------
    norm : float, or ndarray of the shape in front
        Without gamma the norm with the pseudo-inverse of K where S spans the rows of X to 1e-10 (see
        `cost_of_identity`), infinite elsewhere.
    """
    X, S = _arrays(X, "X"), _arrays(S, "S")
    gamma = np.asarray(gamma, float)
    if gamma0 < 0 or (gamma < 0).any():
        raise ValueError(f"gamma and gamma0 must not be negative, but are {gamma} and {gamma0}.")
    top = np.linalg.norm(S, 2, axis=(-2, -1)) ** 2
    gamma = np.broadcast_to(gamma + gamma0 * top, top.shape)[..., None, None]
    if (gamma[..., 0, 0] > GRAM_LIMIT * top).all():
        G = S @ S.swapaxes(-1, -2) + gamma * np.eye(S.shape[-2])
        C = np.linalg.solve(G, S @ X.swapaxes(-1, -2)).swapaxes(-1, -2)
        return (((X - C @ S) ** 2).sum((-2, -1)) / gamma[..., 0, 0] + (C * C).sum((-2, -1)))[()]
    _, s, Vt = np.linalg.svd(S, full_matrices=False)
    along = X @ Vt.swapaxes(-1, -2)
    outside = ((X - along @ Vt) ** 2).sum((-2, -1))
    inside = (along * along).sum(-2)
    if (gamma > 0).all():
        return ((inside / (s * s + gamma[..., 0])).sum(-1) + outside / gamma[..., 0, 0])[()]
    found = s > SPANNED * s[..., :1]
    lost = outside + np.where(found, 0.0, inside).sum(-1)
    norm = np.where(found, inside / np.where(found, s * s, 1.0), 0.0).sum(-1)
    return np.where(lost <= SPANNED**2 * (X * X).sum((-2, -1)), norm, np.inf)[()]


def _activation(act: Any) -> Activation:
    return act if isinstance(act, Activation) else activation_of(act)


def _arrays(A: ArrayLike, name: str = "A") -> Array:
    A = np.asarray(A)
    if A.dtype.kind not in "fc" or A.dtype == np.float32:
        A = A.astype(float)
    if A.ndim < 2 or A.size == 0:
        raise ValueError(f"{name} must be a matrix, or a stack of matrices, but has shape {A.shape}.")
    if not np.isfinite(A).all():
        raise ValueError(f"{name} must be finite, but holds {A[~np.isfinite(A)][0]}.")
    return A


def _pair(A: ArrayLike, B: ArrayLike, name: str = "B") -> tuple[Array, Array]:
    A, B = _arrays(A), _arrays(B, name)
    if A.shape != B.shape:
        raise ValueError(f"A and {name} must have one shape, but have {A.shape} and {B.shape}.")
    return A, B


def _positive(gamma0: float) -> float:
    if not gamma0 > 0:
        raise ValueError(f"gamma0 must be positive for a stable energy, but is {gamma0}.")
    return float(gamma0)
