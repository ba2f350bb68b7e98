"""Hamiltonian profile of a trained Leaky ResNet: what it conserves, layer by layer, and how critical it is.

    B_l = -(1/lam) dC/dA_l            costates, by back-propagation; B_L = 2/(lam N) P (Y - P^T A_L)
    W_l = Lt B_l sigma(A_{l-1})^T     at a critical point; `cons` says how far from one the network is
    H_l = H(A_{l-1}, B_l)             constant along a geodesic, up to O(rho Lt) along a critical network

Jacot and Kaiser, arXiv:2405.17573, Sections 1.3 to 2.1. A critical network is an orbit of symplectic Euler, whose
Hamiltonian belongs to the pair (A_{l-1}, B_l). Of a network that is not critical H means little: look at `cons` first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.geodesics import layers
from mechanics.leaky_resnet.energies import (
    cost_of_identity,
    hamiltonian,
    kinetic,
    stable_cost_of_identity,
    stable_kinetic,
)

from ..models.leaky_resnet import LeakyResNet
from .task import task_of, weights_of

Array = NDArray[np.float64]
VISIBLE = 0.01  # of the largest singular value: below the third feature of a trained teacher task, above what decays


@dataclass(frozen=True, eq=False)
class HamiltonianProfile:
    """Energies and laws along a network of L layers, width w, on N inputs.

    Layer quantities have shape (L,), for layers 1 .. L at the pair (A_{l-1}, B_l) and dA/dp = (A_l - A_{l-1}) / rho_l.

    Attributes
    ----------
    p : ndarray, shape (L + 1,)
        Depths of the representations.
    A, B : ndarray, shape (L + 1, w, N)
        Representations and costates.
    W : ndarray, shape (L, w, w + 1), without bias (L, w, w)
    H, stable_H : ndarray, shape (L,)
        Hamiltonian of (A_{l-1}, B_l), and stable kinetic energy less Lt/2 stable cost of identity, which needs no B.
    coi, kinetic : ndarray, shape (L,)
        ||A||_K^2 and 1/(2 Lt) ||dA||_K^2: infinite where `coi_finite`, `kinetic_finite` are False, because S does
        not span the rows of A or dA. This is the rule for N > w + 1.
    stable_coi, stable_kinetic : ndarray, shape (L,)
        With K + gamma_p I, gamma_p = gamma0 ||K||_op, in place of K; always finite.
    coi_finite, kinetic_finite : ndarray of bool, shape (L,)
    spectra_A : ndarray, shape (L + 1, min(w, N))
        Singular values of A_l, largest first.
    spectra_W : ndarray, shape (L, w)
        Singular values of W_l.
    cons : ndarray, shape (L,)
        |W_l - Lt B_l S_{l-1}^T|_F / |W_l|_F, zero at a critical point.
    trace_defect : ndarray, shape (L,), or None
        Departure from Tr(A_l B_l^T) - Tr(A_{l-1} B_{l-1}^T) = rho_l |b_l|^2 / Lt, relative to the largest |A_l| |B_l|;
        zero at a critical point of any depth. None for an activation that is not homogeneous of degree one.
    balancedness : ndarray, shape (L,), or None
        (|W_l|^2 - |W_1|^2 - 2 Lt int |b|^2) / max |W|^2, the integral by trapezoids between the middles of layers; at
        a critical point O(rho Lt). None as above. Proposition 9 of the paper has half of this factor 2.
    distances : ndarray, shape (L,)
        |A_l - A_{l-1}|_F / |A_l|_F, which adaptive steps make equal.
    path_length, stable_path_length : float
        sum_l of |A_l - A_{l-1}|_F, and of the norm with (K + gamma_p I)^-1.
    mse, penalty : float
        C = (1/N) |Y - P^T A_L|_F^2 and lam/(2 Lt) sum_l rho_l |W_l|_F^2.
    Lt, lam, gamma0 : float
    """

    p: Array
    A: Array
    B: Array
    W: Array
    H: Array
    stable_H: Array
    coi: Array
    stable_coi: Array
    kinetic: Array
    stable_kinetic: Array
    coi_finite: NDArray[np.bool_]
    kinetic_finite: NDArray[np.bool_]
    spectra_A: Array
    spectra_W: Array
    cons: Array
    trace_defect: Array | None
    balancedness: Array | None
    distances: Array
    path_length: float
    stable_path_length: float
    mse: float
    penalty: float
    Lt: float
    lam: float
    gamma0: float

    @property
    def J(self) -> float:
        """The objective, mse + penalty: the action of the path and its end cost."""
        return self.mse + self.penalty

    @property
    def critical(self) -> bool:
        """Whether the largest `cons` is below 1e-2, so that H has the digits of a geodesic's."""
        return bool(self.cons.max() < 1e-2)

    @property
    def rank(self) -> dict[str, float]:
        """Estimates of the bottleneck rank.

        hamiltonian, stable_hamiltonian: the median of -2H/Lt over layers, which tends to the rank from below as Lt
        grows; coi: the least stable cost of identity, from above; spectrum: the fewest singular values of a
        representation that exceed 1 % of its largest. With a bias a relu network keeps one more direction, the
        offset that makes its features positive: a task of rank k shows k or k + 1.
        """
        visible = (self.spectra_A > VISIBLE * self.spectra_A[:, :1]).sum(1)
        return {
            "hamiltonian": float(np.median(-2 * self.H / self.Lt)),
            "stable_hamiltonian": float(np.median(-2 * self.stable_H / self.Lt)),
            "coi": float(self.stable_coi.min()),
            "spectrum": float(visible.min()),
        }


def hamiltonian_profile(model: LeakyResNet, X: Any, Y: Any, lam: float, gamma0: float = 1e-4) -> HamiltonianProfile:
    """Measure a network as the geodesic that it would be at a critical point of its objective.

    Parameters
    ----------
    model : LeakyResNet
        Not changed; computed in double precision whatever its own.
    X, Y : array or tensor, shapes (N, d_in) and (N, d_out)
        The training data, rows as the model takes them.
    lam : float
        Price of the weights in the objective (1/N) |Y - f(X)|_F^2 + lam/(2 Lt) sum rho |W|^2; `lam_effective` of a
        history that was trained with loss="mean".
    gamma0 : float
        Of the stable energies, relative to the largest eigenvalue of K; the paper's is 1e-4.

    Returns
    -------
    HamiltonianProfile

    Raises
    ------
    ValueError
        If shapes do not match, numbers are not finite, or lam or gamma0 is not positive.
    """
    if not (np.isfinite(gamma0) and gamma0 > 0):
        raise ValueError(f"gamma0 must be positive, but is {gamma0}; the stable energies divide by it.")
    task, W = task_of(model, X, Y, lam), weights_of(model)
    path = layers.swept(task, W)
    A, B = np.array(path.A), -np.array(path.G) / task.lam
    if not np.isfinite(A).all():
        raise ValueError("the model's representations must be finite, but overflow; its weights are too large.")
    rho, Lt, act, bias = task.rho, task.Lt, task.act, task.bias
    before, B_l = A[:-1], B[1:]
    dA = (A[1:] - before) / rho[:, None, None]
    coi, kin = cost_of_identity(before, act, bias), kinetic(before, dA, Lt, act, bias)
    stable_coi = stable_cost_of_identity(before, act, bias, gamma0)
    stable_kin = stable_kinetic(before, dA, Lt, act, bias, gamma0)
    steps, size = _norm(A[1:] - before), _norm(A)
    return HamiltonianProfile(
        p=np.concatenate([[0.0], np.cumsum(rho)[:-1], [1.0]]),
        A=A,
        B=B,
        W=W,
        H=hamiltonian(before, B_l, Lt, act, bias),
        stable_H=stable_kin - Lt / 2 * stable_coi,
        coi=coi,
        stable_coi=stable_coi,
        kinetic=kin,
        stable_kinetic=stable_kin,
        coi_finite=np.isfinite(coi),
        kinetic_finite=np.isfinite(kin),
        spectra_A=np.linalg.svd(A, compute_uv=False),
        spectra_W=np.asarray(np.linalg.svd(W, compute_uv=False), np.float64),
        cons=_consistency(W, B_l, path.S, Lt),
        trace_defect=_trace_defect(A, B, W, rho, Lt, bias) if act.homogeneous else None,
        balancedness=_balancedness(W, rho, Lt, bias) if act.homogeneous else None,
        distances=steps / np.maximum(size[1:], np.finfo(float).tiny),
        path_length=float(steps.sum()),
        stable_path_length=float(rho @ np.sqrt(2 * Lt * stable_kin)),
        mse=float(layers.misfit(task, A[-1])),
        penalty=float(layers.penalty(task, W)),
        Lt=Lt,
        lam=task.lam,
        gamma0=float(gamma0),
    )


def _consistency(W: Array, B: Array, S: list[Array], Lt: float) -> Array:
    size = _norm(W)
    departure = _norm(W - Lt * np.array([B_l @ S_l.T for B_l, S_l in zip(B, S, strict=True)]))
    # a layer without weights is consistent with no costate only
    return np.where(size > 0, departure / np.where(size > 0, size, 1.0), np.where(departure > 0, np.inf, 0.0))


def _trace_defect(A: Array, B: Array, W: Array, rho: Array, Lt: float, bias: bool) -> Array:
    trace = (A * B).sum((1, 2))
    gained = rho * _bias_squares(W, bias) / Lt
    return (np.diff(trace) - gained) / max((_norm(A) * _norm(B)).max(), np.finfo(float).tiny)


def _balancedness(W: Array, rho: Array, Lt: float, bias: bool) -> Array:
    squares, rate = (W * W).sum((1, 2)), 2 * Lt * _bias_squares(W, bias)
    between = (rho[1:] * rate[1:] + rho[:-1] * rate[:-1]) / 2  # the rate of a layer holds on either side of its middle
    grown = np.concatenate([[0.0], np.cumsum(between)])
    return (squares - squares[0] - grown) / max(squares.max(), np.finfo(float).tiny)


def _bias_squares(W: Array, bias: bool) -> Array:
    return (W[:, :, -1] ** 2).sum(1) if bias else np.zeros(len(W))


def _norm(X: Array) -> Array:
    return np.linalg.norm(X, axis=(1, 2))
