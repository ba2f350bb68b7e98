"""Stationary density and slow modes of the Fokker-Planck equation, by sparse shift-invert."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csc_matrix, diags, identity
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import eigs, eigsh, splu

from ._series import Vector, whole
from .fokker_planck import FokkerPlanck

SHIFT = 1e-9  # of the largest rate: next to 0, where the slow modes are, but off the eigenvalue 0
HEAVY = 1e-6  # root of the weight below which a symmetric eigenvector holds no digits of the function
NEARBY = 1e-7  # shift of the inverse iteration, in units of the largest eigenvalue found
ROUNDS = 3  # of it; each takes a factor of NEARBY off the other modes
MORE = 8  # modes beyond those asked for: nearest to 0 is not slowest where eigenvalues are complex
CYCLES = 1e-7  # largest sum of ln(rate/reverse rate) round a loop of a reversible chain, per unit of its size


class Modes(NamedTuple):
    """Slowest modes, the largest real part first.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Of the generator; real if it is reversible.
    densities : ndarray, shape (k, ...), as the grid
        Right eigenvectors: how a density relaxes. The first has mass 1 (if its eigenvalue is 0, it is at rest).
    functions : ndarray, shape (k, ...), as the grid
        Left eigenvectors: how averages relax. Biorthogonal: sum(functions[i] densities[j]) volume = delta_ij.
    reversible : bool
        Whether the rates obey detailed balance.
    """

    eigenvalues: NDArray
    densities: NDArray
    functions: NDArray
    reversible: bool


def stationary_density(fp: FokkerPlanck) -> Vector:
    """Density at rest, mass 1.

    Parameters
    ----------
    fp : FokkerPlanck
        Without absorbing walls.

    Returns
    -------
    ndarray, shape fp.shape

    Raises
    ------
    ValueError
        If walls absorb, or parts of the grid are cut off from each other, so that it is not unique.

    Notes
    -----
    With detailed balance it is the product of the ratios of rates along links, exact to rounding in the far tail.
    """
    if fp.leak.any():
        raise ValueError("walls absorb: nothing is left at rest. The slowest mode is slow_modes(fp, 1).densities[0].")
    _check_connected(fp)
    phi = _log_weights(fp)
    if phi is not None:
        p = np.exp(phi - phi.max())
    else:  # one equation is redundant: it gives way to p[0] = 1, then mass is set
        A = fp.rates.tolil()
        pivot = int(np.argmax(_longest(fp)))
        A[pivot] = 0.0
        A[pivot, pivot] = 1.0
        rhs = np.zeros(len(fp.leak))
        rhs[pivot] = 1.0
        p = np.maximum(splu(A.tocsc()).solve(rhs), 0.0)
    return (p / (p.sum() * fp.volume)).reshape(fp.shape)


def slow_modes(fp: FokkerPlanck, k: int = 4) -> Modes:
    """The k slowest eigenpairs of the Fokker-Planck operator.

    Parameters
    ----------
    fp : FokkerPlanck
    k : int
        Number of modes, below the number of cells less one.

    Returns
    -------
    Modes

    Raises
    ------
    ValueError
        If k does not fit the grid.

    Notes
    -----
    Reversible rates are made symmetric first, S_ij = sqrt(L_ij L_ji): the same eigenvalues, without the loss of
    digits that the tails of the density (1e-40 and less) cause in a matrix that is not. Otherwise modes are sought
    among the k + 8 eigenvalues nearest 0, so that one which turns fast may be missed; ask for more. The relaxation
    time -1/Re(eigenvalue) is one of densities and averages: it says nothing about how fast neighbouring paths part.

    References
    ----------
    Risken, The Fokker-Planck Equation, 2nd ed. (1989), chapter 6.
    """
    k = whole(k, "k", 1)
    N = len(fp.leak)
    if k > N - 2:
        raise ValueError(f"k must be at most {N - 2} on {N} cells, but is {k}.")
    shift = SHIFT * float(abs(fp.rates.diagonal()).max())
    start = np.cos(np.arange(N))  # fixed: ARPACK's own start is random
    phi = _log_weights(fp)
    if phi is None:
        more = min(k + MORE, N - 2)
        values, right = eigs(fp.rates, more, sigma=shift, v0=start)
        other, left = eigs(fp.rates.T.tocsc(), more, sigma=shift, v0=start)
        left = left[:, linear_sum_assignment(abs(values[:, None] - other))[1]]
        order = np.lexsort((-values.imag, -values.real.round(10)))[:k]
        values, right, left = values[order], right[:, order], left[:, order]
        if abs(values.imag).max() <= 1e-10 * abs(values).max():
            values, right, left = values.real, right.real, left.real
    else:
        transposed = fp.rates.T.tocsc()
        root = fp.rates.multiply(transposed).sqrt().tocsc()
        S = (root - diags(root.diagonal()) + diags(fp.rates.diagonal())).tocsc()
        values, vectors = eigsh(S, k, sigma=shift, v0=start)
        order = np.argsort(-values, kind="stable")
        values, vectors = values[order], vectors[:, order]
        weight = np.exp(0.5 * (phi - phi.max()))[:, None]
        left = _polished(transposed, values, np.where(weight > HEAVY, vectors / np.maximum(weight, HEAVY), 0.0))
        right = left * weight**2  # detailed balance
    first = right[:, 0].sum()
    right[:, 0] /= first * fp.volume
    scale = np.sum(left * right, axis=0) * fp.volume
    left = left / scale
    shape = (k, *fp.shape)
    return Modes(values, right.T.reshape(shape), left.T.reshape(shape), phi is not None)


def _polished(backward: csc_matrix, values: Vector, functions: Vector) -> Vector:
    """Eigenfunctions by inverse iteration in their own space, where the tail of the density weighs nothing down.

    Dividing a symmetric eigenvector by the root of the density turns rounding into 1e25 and more in the tails.
    """
    scale = max(float(abs(values).max()), SHIFT * float(abs(backward.diagonal()).max()))
    out = np.empty_like(functions)
    for i, value in enumerate(values):
        shifted = splu((backward - (value + NEARBY * scale) * identity(len(functions), format="csc")).tocsc())
        f = functions[:, i]
        for _ in range(ROUNDS):
            f = shifted.solve(f)
            f = f / abs(f).max()
        out[:, i] = f
    return out


def _log_weights(fp: FokkerPlanck) -> Vector | None:
    """phi with L_ij e^phi_j = L_ji e^phi_i on every link, or None where there is none (a current runs)."""
    links = fp.rates.tocoo()
    off = (links.row != links.col) & (links.data > 0)
    i, j = links.row[off], links.col[off]
    N = len(fp.leak)
    ones = csc_matrix((links.data[off], (i, j)), shape=(N, N))
    back = np.asarray(ones[j, i]).ravel()
    if (back <= 0).any():
        return None
    ratio = np.log(links.data[off] / back)  # phi_i - phi_j
    lookup = csc_matrix((np.where(ratio == 0.0, 1e-300, ratio), (i, j)), shape=(N, N))
    order, before = breadth_first_order(ones, 0, directed=False)
    if len(order) < N:
        return None
    steps = np.asarray(lookup[order[1:], before[order[1:]]]).ravel()
    phi = np.zeros(N)
    for cell, step in zip(order[1:], steps, strict=True):
        phi[cell] = phi[before[cell]] + step
    gap = abs(phi[i] - phi[j] - ratio).max()
    return phi if gap <= CYCLES * (1.0 + abs(ratio).max()) else None


def _check_connected(fp: FokkerPlanck) -> None:
    count, _ = connected_components(fp.rates, directed=True, connection="strong")
    if count > 1:
        sinks, _ = connected_components(fp.rates, directed=True, connection="weak")
        if sinks > 1:
            raise ValueError(f"the grid falls into {sinks} parts without exchange; a density at rest is not unique.")


def _longest(fp: FokkerPlanck) -> Vector:
    """A rough density: where steps of the chain end up, to choose a pivot that is not in an empty tail."""
    rate = float(abs(fp.rates.diagonal()).max())
    p = np.full(len(fp.leak), 1.0)
    for _ in range(200):
        p = p + fp.rates @ p / rate
    return p
