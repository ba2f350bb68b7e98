"""Energies of one layer of a Leaky ResNet from activations A, costates B and changes dA = dA/dp, shapes (..., w, N).

    S = (sigma(A); 1),   K = S^T S,   ||X||_K^2 = Tr(X K^+ X^T)
    H = Lt/2 ||B S^T||_F^2 - Lt Tr(B A^T),   COI = ||A||_K^2,   kinetic = 1/(2 Lt) ||dA||_K^2

Jacot and Kaiser, arXiv:2405.17573, Sections 1.3, 1.4, 2.1; stable versions have K + gamma0 ||K||_op I in place of K.
"""

from typing import Any

import numpy as np

from mechanics.leaky_resnet.activation import activation_of

SPANNED = 1e-10


def appended(A: Any, act: Any = "relu", bias: bool = True) -> Any:
    """S = sigma(A), with a row of ones below it if there is a bias."""
    value = activation_of(act).value(A)
    return np.concatenate([value, np.ones_like(A[..., :1, :])], axis=-2) if bias else value


def hamiltonian(A: Any, B: Any, Lt: float, act: Any = "relu", bias: bool = True) -> Any:
    """H(A, B); at a layer l of a network take (A_{l-1}, B_l)."""
    M = B @ appended(A, act, bias).swapaxes(-1, -2)
    return Lt * ((M * M).sum((-2, -1)) / 2 - (B * A).sum((-2, -1)))


def cost_of_identity(A: Any, act: Any = "relu", bias: bool = True, gamma0: float = 0.0) -> Any:
    """||A||_K^2, infinite where S does not span the rows of A; with gamma0 the stable version."""
    return norm_in_K(A, appended(A, act, bias), gamma0=gamma0)


def stable_cost_of_identity(A: Any, act: Any = "relu", bias: bool = True, gamma0: float = 1e-4) -> Any:
    """Tr[A (K + gamma0 ||K|| I)^-1 A^T]."""
    return cost_of_identity(A, act, bias, gamma0)


def kinetic(A: Any, dA: Any, Lt: float, act: Any = "relu", bias: bool = True) -> Any:
    """1/(2 Lt) ||dA||_K^2, infinite where S does not span the rows of dA."""
    return norm_in_K(dA, appended(A, act, bias)) / (2 * Lt)


def stable_kinetic(A: Any, dA: Any, Lt: float, act: Any = "relu", bias: bool = True, gamma0: float = 1e-4) -> Any:
    """1/(2 Lt) Tr[dA (K + gamma0 ||K|| I)^-1 dA^T]."""
    return norm_in_K(dA, appended(A, act, bias), gamma0=gamma0) / (2 * Lt)


def norm_in_K(X: Any, S: Any, *, gamma0: float = 0.0) -> Any:
    """||X||_K^2, or with gamma0 Tr[X (K + gamma0 ||K|| I)^-1 X^T], from the singular values of S."""
    _, s, Vt = np.linalg.svd(S, full_matrices=False)
    along = X @ Vt.swapaxes(-1, -2)
    outside = ((X - along @ Vt) ** 2).sum((-2, -1))
    inside = (along * along).sum(-2)
    if gamma0 > 0:
        gamma = gamma0 * s[..., 0] ** 2
        return (inside / (s * s + gamma[..., None])).sum(-1) + outside / gamma
    found = s > SPANNED * s[..., :1]
    lost = outside + np.where(found, 0.0, inside).sum(-1)
    norm = np.where(found, inside / np.where(found, s * s, 1.0), 0.0).sum(-1)
    return np.where(lost <= SPANNED**2 * (X * X).sum((-2, -1)), norm, np.inf)
