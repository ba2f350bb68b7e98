"""Geodesics of a linear Leaky ResNet without bias in closed form.

    A_p = exp(Lt p (M - M^T)) exp(Lt p (M^T - I)) A_0,   M = B_0 A_0^T
    B_p = exp(Lt p (M - M^T)) exp(Lt p (I - M)) B_0

since dM/dp = Lt [M, M^T]: the antisymmetric part of M is constant. With G = Lt (M - I) the end is
A_1 = exp(G - G^T) exp(G^T) A_0, whatever Lt: these are geodesics of GL(w) in a left-invariant metric, and
-2H/Lt = w - ||G||_F^2 / Lt^2. Derived from H = Lt/2 ||B A^T||^2 - Lt Tr(B A^T) of Jacot and Kaiser, arXiv:2405.17573.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm, expm_frechet, logm

from ..checks import finite_number, finite_numbers

Array = NDArray[np.float64]
MAX_NEWTON = 50
STALLED = 1e-13  # of ||T||: a step that no longer halves a residual below it ends in rounding
HALVINGS = 6  # Newton's steps that need more lead nowhere: then by way of maps closer to the identity
LEAST_STEP = 1e-3  # along them


def linear_geodesic(A0: ArrayLike, B0: ArrayLike, Lt: float, p: ArrayLike = 1.0) -> tuple[Array, Array]:
    """(A_p, B_p) from (A_0, B_0) at one depth p or at many.

    Parameters
    ----------
    A0, B0 : array_like, shape (w, N)
    Lt : float
    p : float or array_like, shape (m,)

    Returns
    -------
    A, B : ndarray, shape (w, N) or (m, w, N)
    """
    A0, B0, p = finite_numbers("A0", A0), finite_numbers("B0", B0), finite_numbers("p", p)
    if A0.ndim != 2 or A0.shape != B0.shape:
        raise ValueError(f"A0 and B0 must be matrices of one shape, but have shapes {A0.shape} and {B0.shape}.")
    M, eye = B0 @ A0.T, np.eye(len(A0))
    s = finite_number("Lt", Lt) * p[..., None, None]
    turn = expm(s * (M - M.T))
    return turn @ expm(s * (M.T - eye)) @ A0, turn @ expm(s * (eye - M)) @ B0


def linear_geodesic_map(T: ArrayLike, Lt: float, *, start: ArrayLike | None = None) -> Array:
    """M = B_0 A_0^T of the geodesic with A_1 = T A_0.

    Parameters
    ----------
    T : array_like, shape (w, w)
    Lt : float
    start : array_like, shape (w, w), optional
        First guess of M, where another geodesic is wanted than the one near I + log(T)/Lt.

    Returns
    -------
    M : ndarray, shape (w, w)
        For A_0 of full row rank, B_0 = M (A_0 A_0^T)^-1 A_0.

    Raises
    ------
    ValueError
        If T is not square, or has no real principal logarithm to start from (an eigenvalue zero or negative).
    ArithmeticError
        If Newton's iteration does not converge.

    Notes
    -----
    Solves exp(G - G^T) exp(G^T) = T for G = Lt (M - I) by damped Newton steps with exact derivatives, w^2 unknowns, and
    where they fail from log T by way of the maps T^s. There may be several geodesics to one T.
    """
    T, Lt = finite_numbers("T", T), finite_number("Lt", Lt)
    if T.ndim != 2 or T.shape[0] != T.shape[1] or T.size == 0:
        raise ValueError(f"T must be a square matrix, but has shape {T.shape}.")
    if Lt <= 0:
        raise ValueError(f"Lt must be positive, but is {Lt}.")
    if start is not None:
        G = Lt * (finite_numbers("start", start) - np.eye(len(T)))
        if G.shape != T.shape:
            raise ValueError(f"start must have the shape {T.shape} of T, but has {G.shape}.")
        found, reached = _newton(G, T), 0.0
    else:
        found, reached = _continued(_logarithm(T), T)
    if found is None:
        raise ArithmeticError(
            "No geodesic to T was found: Newton's iteration does not converge"
            + (" from this start." if start is not None else f" beyond the map T^s with s = {reached:.3g}.")
        )
    return np.eye(len(T)) + found / Lt


def rank_one_geodesic(v0: ArrayLike, v1: ArrayLike, x: ArrayLike, Lt: float, p: ArrayLike) -> tuple[Array, Array]:
    """(A_p, B_p) from v_0 x^T to v_1 x^T: v_p is a logarithmic spiral in the plane of v_0 and v_1.

    ||W||^2 = (Lt + Delta)^2 + theta^2, -2H/Lt = 1 - (Delta^2 + theta^2)/Lt^2: Delta = log ||v_1||/||v_0||, theta the
    angle between them. It solves the relu network without bias as well where v_p and x are not negative.

    Parameters
    ----------
    v0, v1 : array_like, shape (w,)
        Neither zero, nor one opposite to the other.
    x : array_like, shape (N,)
    Lt : float
    p : float or array_like, shape (m,)

    Returns
    -------
    A, B : ndarray, shape (w, N) or (m, w, N)
    """
    v0, v1, x, p = (finite_numbers(n, a) for n, a in (("v0", v0), ("v1", v1), ("x", x), ("p", p)))
    Lt = finite_number("Lt", Lt)
    if v0.ndim != 1 or v0.shape != v1.shape or x.ndim != 1:
        raise ValueError(f"v0, v1 and x must be vectors, v0 and v1 alike, but have {v0.shape}, {v1.shape}, {x.shape}.")
    lengths = np.linalg.norm(v0), np.linalg.norm(v1)
    if min(*lengths, np.linalg.norm(x)) == 0:
        raise ValueError("v0, v1 and x must not be zero.")
    e, to = v0 / lengths[0], v1 / lengths[1]
    across = to - (to @ e) * e
    theta, grow = np.arctan2(np.linalg.norm(across), to @ e), np.log(lengths[1] / lengths[0])
    if np.linalg.norm(across) > 0:
        across /= np.linalg.norm(across)
    elif to @ e < 0:
        raise ValueError("v1 is opposite to v0: every plane through them holds a geodesic; turn v1 a little.")
    angle, size = (theta * p)[..., None], (lengths[0] * np.exp(grow * p))[..., None]
    v = size * (np.cos(angle) * e + np.sin(angle) * across)
    dv = grow * v + theta * size * (np.cos(angle) * across - np.sin(angle) * e)
    u = (Lt * v + dv) / (Lt * (x @ x) * size**2)
    return v[..., None] * x, u[..., None] * x


def _logarithm(T: Array) -> Array:
    values = np.linalg.eigvals(T)
    bad = values[(values.real <= 0) & (np.abs(values.imag) <= 1e-12 * np.abs(values).max())]
    if len(bad):
        raise ValueError(
            f"T has the eigenvalue {bad[0].real:.6g}, and so no real principal logarithm to start from. A map of a "
            "linear network has a positive determinant; if T has, give start=."
        )
    return np.asarray(logm(T).real)


def _continued(L: Array, T: Array) -> tuple[Array | None, float]:
    """G for T = exp(L), by way of the maps exp(s L) where Newton's iteration from L fails; and how far s came."""
    found = _newton(L, T)
    if found is not None:
        return found, 1.0
    G, s, ds = L, 0.0, 0.5
    while ds > LEAST_STEP:
        ahead = min(s + ds, 1.0)
        guess = ahead * L if s == 0 else G * (ahead / s)
        found = _newton(guess, np.asarray(expm(ahead * L)) if ahead < 1 else T)
        if found is None:
            ds /= 2
        elif ahead == 1:
            return found, 1.0
        else:
            G, s, ds = found, ahead, 1.5 * ds
    return None, s


def _newton(G: Array, T: Array) -> Array | None:
    """The root of _end(G) = T near G, or None."""
    residual = _end(G) - T
    size, scale = np.linalg.norm(residual), np.linalg.norm(T)
    for _ in range(MAX_NEWTON):
        step = np.linalg.lstsq(_derivative(G), -residual.ravel(), rcond=None)[0].reshape(T.shape)
        for halving in range(HALVINGS):
            trial = G + step / 2**halving
            with np.errstate(over="ignore", invalid="ignore"):
                new = _end(trial) - T
                better = np.linalg.norm(new) < size
            if better:
                break
        before = size
        if better:
            G, residual, size = trial, new, np.linalg.norm(new)
        if size <= STALLED * scale and (not better or size > before / 2 or size == 0):
            return G
        if not better:
            return None
    return None


def _end(G: Array) -> Array:
    return np.asarray(expm(G - G.T) @ expm(G.T))


def _derivative(G: Array) -> Array:
    """d vec(_end) / d vec(G), (w^2, w^2)."""
    w = len(G)
    turn, stretch = expm(G - G.T), expm(G.T)
    J = np.empty((w * w, w * w))
    E = np.zeros((w, w))
    for k in range(w * w):
        E.flat[k] = 1.0
        by_turn = expm_frechet(G - G.T, E - E.T, compute_expm=False)
        by_stretch = expm_frechet(G.T, E.T, compute_expm=False)
        J[:, k] = (by_turn @ stretch + turn @ by_stretch).ravel()
        E.flat[k] = 0.0
    return J
