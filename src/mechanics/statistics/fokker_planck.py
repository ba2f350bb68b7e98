"""The Fokker-Planck equation on a grid of cells, in one and two dimensions.

    dp/dt = sum_i -d/dx_i (b_i p) + (1/2) d^2/dx_i^2 (g_i^2 p)          (Ito, one Brownian motion per component)

Finite volumes. Between neighbouring cells i and i+1 the flux is that of the stationary equation solved on the link:

    J = (D/dx) (B(-P) p_i - B(P) p_{i+1}),   B(z) = z/(e^z - 1),   P = int_i^{i+1} b/D dx - ln(D_{i+1}/D_i),   D = g^2/2

so rates are never negative, columns sum to zero (mass), and where a density without flux exists, it is kept exactly:
the Gibbs state. P takes four Gauss points, exact for polynomial forces up to degree 7.
Scharfetter and Gummel, IEEE Trans. Electron Devices 16 (1969) 64; Chang and Cooper, J. Comput. Phys. 6 (1970) 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csc_matrix
from scipy.special import exprel

from ..problem import Problem
from ._series import Vector, whole

WALLS = ("reflecting", "absorbing", "periodic")
GAUSS_X, GAUSS_W = np.polynomial.legendre.leggauss(4)
FEWEST = 4  # cells per axis


@dataclass(frozen=True, eq=False)
class FokkerPlanck:
    """Rates between cells; made by `fokker_planck`.

    Attributes
    ----------
    axes : tuple of ndarray
        Centres of the cells of each axis.
    rates : csc_matrix, shape (N, N)
        dp/dt = rates @ p for the flattened density p, shape `shape` in C order. Off the diagonal nothing is negative;
        a column sums to minus the rate at which its cell loses mass through absorbing walls.
    walls : tuple of pairs of str
        What the lower and upper end of each axis do.
    leak : ndarray, shape (N,)
        That rate of loss.
    """

    axes: tuple[Vector, ...]
    rates: csc_matrix
    walls: tuple[tuple[str, str], ...]
    leak: Vector

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of cells of each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def volume(self) -> float:
        """Length or area of a cell."""
        return float(np.prod([axis[1] - axis[0] for axis in self.axes]))

    @property
    def centres(self) -> Vector:
        """Centres of all cells, shape (N, d)."""
        return np.stack([c.ravel() for c in np.meshgrid(*self.axes, indexing="ij")], axis=1)


def fokker_planck(
    problem: Problem,
    lower: ArrayLike,
    upper: ArrayLike,
    cells: int | Sequence[int],
    walls: str | Sequence[Any] = "reflecting",
) -> FokkerPlanck:
    """Discretise the Fokker-Planck equation of a stochastic problem with one or two components.

    Parameters
    ----------
    problem : mechanics.Problem
        Its drift and diffusion at t0; Ito, additive or diagonal noise. Component without noise: pure transport,
        first order (upwind).
    lower, upper : float or array_like, shape (d,)
        The box. Its probability outside is what walls cut off: reach to where the density is below the error you want.
    cells : int or sequence of int
        Cells per axis, at least 4.
    walls : str or sequence
        "reflecting" (no flux), "absorbing" (density 0) or "periodic"; for all, or one entry per axis, each entry a
        word or a pair (lower, upper).

    Returns
    -------
    FokkerPlanck

    Raises
    ------
    ValueError
        If the problem has no diffusion, another noise, more than two components, or values that are not finite in
        the box; if the box is empty, or a wall unknown.

    Notes
    -----
    Errors fall as dx^2 (eigenvalues of dy = -y dt + dW on cells dx: -1 + dx^2/3). Every cell should resolve the
    density: dx below about a third of its width. A Stratonovich problem needs its drift corrected first.

    References
    ----------
    Risken, The Fokker-Planck Equation, 2nd ed. (1989), (4.94); Scharfetter and Gummel (1969).
    """
    d = len(problem.y0)
    if problem.diffusion is None or problem.noise not in ("additive", "diagonal"):
        given = "no diffusion" if problem.diffusion is None else f"{problem.noise} noise"
        raise ValueError(
            f"the problem needs additive or diagonal noise, one Brownian motion per component; has {given}."
        )
    if d > 2:
        raise ValueError(f"a grid serves one or two components, but the problem has {d}; use an ensemble.")
    lows, highs = np.broadcast_to(np.asarray(lower, float), d), np.broadcast_to(np.asarray(upper, float), d)
    if not (np.isfinite(lows).all() and np.isfinite(highs).all() and (lows < highs).all()):
        raise ValueError(f"lower must be below upper and both finite, but they are {lower!r} and {upper!r}.")
    counts = [whole(c, "cells", FEWEST) for c in np.broadcast_to(np.asarray(cells), d)]
    sides = _walls(walls, d)
    steps = (highs - lows) / counts
    axes = tuple(lows[a] + (np.arange(counts[a]) + 0.5) * steps[a] for a in range(d))
    entries: list[tuple[Any, Any, Any]] = []
    leak = np.zeros(int(np.prod(counts)))
    for axis in range(d):
        _add_axis(problem, axes, axis, float(steps[axis]), sides[axis], entries, leak)
    rows, columns, values = (np.concatenate([e[i] for e in entries]) for i in range(3))
    N = len(leak)
    gain = coo_matrix((values, (rows, columns)), shape=(N, N)).tocsc()
    loss = np.asarray(gain.sum(axis=0)).ravel() + leak
    return FokkerPlanck(axes, (gain - coo_matrix((loss, (range(N), range(N))), shape=(N, N))).tocsc(), sides, leak)


def _walls(walls: Any, d: int) -> tuple[tuple[str, str], ...]:
    listed = [walls] * d if isinstance(walls, str) else list(walls)
    if len(listed) != d:
        raise ValueError(f"walls must have one entry for each of the {d} axes, but is {walls!r}.")
    pairs = tuple((w, w) if isinstance(w, str) else tuple(w) for w in listed)
    for pair in pairs:
        if len(pair) != 2 or any(w not in WALLS for w in pair):
            raise ValueError(f"a wall is one of {', '.join(WALLS)}, or a pair of them, but got {pair!r}.")
        if (pair[0] == "periodic") != (pair[1] == "periodic"):
            raise ValueError(f"an axis is periodic at both ends or at none, but got {pair!r}.")
    return pairs


def _add_axis(
    problem: Problem,
    axes: tuple[Vector, ...],
    axis: int,
    dx: float,
    walls: tuple[str, str],
    entries: list[tuple[Any, Any, Any]],
    leak: Vector,
) -> None:
    """The rates along one axis: gains to `entries` as (to, from, rate), losses through walls to `leak`."""
    shape = tuple(len(a) for a in axes)
    index = np.moveaxis(np.arange(len(leak)).reshape(shape), axis, 0)
    left, right = index[:-1], index[1:]
    if walls[0] == "periodic":
        left, right = index, np.roll(index, -1, axis=0)
    points = np.stack([c.ravel() for c in np.meshgrid(*axes, indexing="ij")], axis=1)
    forward, backward = _link(problem, points[left.ravel()], axis, dx)
    entries.append((right.ravel(), left.ravel(), forward / dx))
    entries.append((left.ravel(), right.ravel(), backward / dx))
    for wall, cell, way in ((walls[0], index[0], -1.0), (walls[1], index[-1], 1.0)):
        if wall == "absorbing":  # density 0 half a cell away
            out, _ = _link(problem, points[cell.ravel()], axis, way * dx / 2.0)
            leak[cell.ravel()] += out / dx


def _link(problem: Problem, start: Vector, axis: int, length: float) -> tuple[Vector, Vector]:
    """Flux coefficients (J = forward p_i - backward p_j) of the links of one length from the points `start`."""
    nodes = []
    for shift in (0.0, *(0.5 * (1.0 + GAUSS_X)), 1.0, 0.5):
        at = start.copy()
        at[:, axis] += shift * length
        nodes.append(_coefficients(problem, at, axis))
    b = np.array([n[0] for n in nodes])
    D = np.array([n[1] for n in nodes])
    middle, distance = D[-1], abs(length)
    way = np.sign(length)
    noisy = (D > 0.0).all(axis=0)
    safe = np.where(noisy, D, 1.0)
    P = length * 0.5 * GAUSS_W @ (b[1:5] / safe[1:5]) - np.log(safe[5] / safe[0])
    forward = np.where(noisy, middle / distance / exprel(-P), np.maximum(way * b[-1], 0.0))
    backward = np.where(noisy, middle / distance / exprel(P), np.maximum(-way * b[-1], 0.0))
    return forward, backward


def _coefficients(problem: Problem, points: Vector, axis: int) -> tuple[Vector, Vector]:
    """Drift and D = g^2/2 of one component at points (m, d)."""
    drift: Any = getattr(problem.drift, "py_func", problem.drift)
    diffusion: Any = getattr(problem.diffusion, "py_func", problem.diffusion)
    out = np.empty((2, len(points)))
    dy, g = np.empty(points.shape[1]), np.empty(points.shape[1])
    for i, y in enumerate(points):
        drift(problem.t0, y, problem.p, dy)
        diffusion(problem.t0, y, problem.p, g)
        out[0, i], out[1, i] = dy[axis], 0.5 * g[axis] ** 2
    if not np.isfinite(out).all():
        i = int(np.flatnonzero(~np.isfinite(out).all(axis=0))[0])
        raise ValueError(f"the drift or diffusion is not finite at y = {points[i].tolist()}; choose another box.")
    return out[0], out[1]


def as_density(fp: FokkerPlanck, p: ArrayLike) -> NDArray[np.float64]:
    """`p` flattened; finite, not negative, of the shape of the grid."""
    density = np.asarray(p, float)
    if density.shape != fp.shape:
        raise ValueError(f"the density must have the shape {fp.shape} of the grid, but has {density.shape}.")
    if not np.isfinite(density).all() or (density < 0).any():
        raise ValueError("the density must be finite and not negative.")
    return density.ravel()
