"""Extended dynamic mode decomposition: the Koopman operator on a dictionary, from pairs of states.

    K = (G + ridge I)^-1 A,   G = Psi_x* Psi_x / m,   A = Psi_x* Psi_y / m,   K v = mu v,   phi = Psi v
    residual(mu, v)^2 = |Psi_y v - mu Psi_x v|^2 / |Psi_x v|^2

Williams, Kevrekidis, Rowley, J. Nonlinear Sci. 25 (2015) 1307; residuals: Colbrook and Townsend, Commun. Pure Appl.
Math. 77 (2024) 221 (arXiv:2111.14889); for noisy systems Colbrook, Li, Raut, Townsend, Nonlinear Dyn. 112 (2024) 2037.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eig, eigh

from ._series import Vector, as_points
from .dictionaries import Dictionary

ZERO = 1e-14  # directions of G below this part of its largest are noise of rounding


@dataclass(frozen=True, eq=False)
class Koopman:
    """Eigenpairs on a dictionary; made by `edmd`.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Descending in modulus.
    residuals : ndarray, shape (k,)
        Relative; small means that the eigenfunction really is one on the data. For noisy systems it tends to
        sqrt(1 - |mu|^2) with exact eigenfunctions instead of 0: read `excess`.
    excess : ndarray, shape (k,)
        sqrt(max(residual^2 - (1 - |mu|^2), 0)): what the residual holds beyond the noise of a reversible or
        measure-preserving noisy system.
    coefficients : ndarray, shape (dictionary, k)
        Of the eigenfunctions, each of mean square 1 on the data.
    matrix : ndarray, shape (dictionary, dictionary)
    condition : float
        Of the Gram matrix G with ridge.
    rank : int
        Directions of G that were kept.
    dictionary : function
    dt : float
        Time between the states of a pair.
    """

    eigenvalues: NDArray
    residuals: Vector
    excess: Vector
    coefficients: NDArray
    matrix: NDArray
    condition: float
    rank: int
    dictionary: Dictionary
    dt: float

    def functions(self, x: ArrayLike) -> NDArray:
        """Eigenfunctions at points (m, d), shape (m, k)."""
        return self.dictionary(as_points(x, "x")) @ self.coefficients

    @property
    def rates(self) -> NDArray:
        """Eigenvalues of the generator, ln(mu) / dt; frequencies only below pi / dt."""
        with np.errstate(divide="ignore"):
            return np.log(self.eigenvalues.astype(complex)) / self.dt

    @property
    def times(self) -> Vector:
        """Implied time scales -dt / ln |mu|; infinite where |mu| >= 1."""
        size = abs(self.eigenvalues)
        with np.errstate(divide="ignore"):
            return np.where(size >= 1.0 - 1e-12, np.inf, -self.dt / np.log(np.where(size < 1.0, size, 0.5)))


def edmd(x: ArrayLike, y: ArrayLike, dictionary: Dictionary, *, ridge: float = 0.0, dt: float = 1.0) -> Koopman:
    """Koopman eigenpairs from pairs of states (x, y = x one `dt` later).

    Parameters
    ----------
    x, y : array_like, shape (m,) or (m, d)
        Draw x from the density in which you want the operator approximated; a stationary run gives x = run[:-lag],
        y = run[lag:].
    dictionary : Polynomials, Fourier, GaussianKernels or function
        From points (m, d) to values (m, k).
    ridge : float
        Added to the diagonal of G, relative to its mean eigenvalue. It shrinks eigenvalues.
    dt : float

    Returns
    -------
    Koopman

    Raises
    ------
    ValueError
        If the pairs differ in shape or are fewer than the dictionary, or its values are not finite.

    Notes
    -----
    Eigenvalues inside the dictionary are not those of the system unless its span is invariant: drop pairs with a
    large residual. Chaotic maps without noise have continuous spectrum; then all residuals stay large.
    """
    a, b = as_points(x, "x", 2), as_points(y, "y", 2)
    if a.shape != b.shape:
        raise ValueError(f"x and y must have the same shape, but have {a.shape} and {b.shape}.")
    if not (ridge >= 0 and math.isfinite(ridge)) or not (dt > 0 and math.isfinite(dt)):
        raise ValueError(f"ridge must be 0 or more and dt positive, but they are {ridge!r} and {dt!r}.")
    X, Y = np.asarray(dictionary(a)), np.asarray(dictionary(b))
    if X.ndim != 2 or len(X) != len(a) or Y.shape != X.shape:
        raise ValueError(f"the dictionary must return ({len(a)}, k) values, but returns {X.shape} and {Y.shape}.")
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        raise ValueError("the dictionary is not finite on the data; scale the states, or lower the degree.")
    m, k = X.shape
    if m < k:
        raise ValueError(f"{m} pairs cannot fix {k} observables; give more pairs or a smaller dictionary.")
    G = X.conj().T @ X / m
    size, basis = eigh(G)
    size = size + ridge * float(size.mean())
    kept = size > ZERO * size[-1]
    root = basis[:, kept] / np.sqrt(size[kept])  # whitened: G + ridge becomes the identity
    small = root.conj().T @ (X.conj().T @ Y / m) @ root
    values, vectors = eig(small)
    order = np.lexsort((-values.imag, -abs(values).round(12)))
    values, coefficients = values[order], root @ vectors[:, order]
    before, after = X @ coefficients, Y @ coefficients
    norm = np.sqrt(np.mean(abs(before) ** 2, axis=0))
    residuals = np.sqrt(np.mean(abs(after - values * before) ** 2, axis=0)) / norm
    excess = np.sqrt(np.maximum(residuals**2 - np.maximum(1.0 - abs(values) ** 2, 0.0), 0.0))
    matrix = root @ small @ root.conj().T @ (G + ridge * float(np.trace(G).real) / k * np.eye(k))
    return Koopman(
        values,
        residuals,
        excess,
        coefficients / norm,
        matrix,
        float(size[-1] / size[kept][0]),
        int(kept.sum()),
        dictionary,
        float(dt),
    )
