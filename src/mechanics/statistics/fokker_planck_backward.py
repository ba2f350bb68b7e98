"""The backward equation: how long until a path leaves, and which of two sets it meets first.

    L* T = -1 inside, T = 0 outside;         L* q = 0 between, q = 0 on A, 1 on B,       L* = b d/dx + (g^2/2) d^2/dx^2

Gardiner, Handbook of Stochastic Methods, 3rd ed. (2004), 5.2.7 and 5.4;
E and Vanden-Eijnden, J. Stat. Phys. 123 (2006) 503.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import splu

from ._series import Vector
from .fokker_planck import FokkerPlanck

Mask = NDArray[np.bool_]
Region = NDArray[np.bool_] | Callable[[Vector], Any]


def mean_exit_time(fp: FokkerPlanck, inside: Region | None = None) -> Vector:
    """Mean time until a path from each cell leaves a region or reaches an absorbing wall.

    Parameters
    ----------
    fp : FokkerPlanck
    inside : ndarray of bool, shape fp.shape, or function, optional
        The region; a function takes the centres (N, d) and returns N truth values. By default the whole grid, whose
        exits are the absorbing walls.

    Returns
    -------
    ndarray, shape fp.shape
        0 outside.

    Raises
    ------
    ValueError
        If the region is empty, does not fit the grid, or has no way out.

    Notes
    -----
    The boundary of a mask is the centre of the first cell outside. Where the place of the boundary matters, let a wall
    of the grid absorb there: it lies exactly on the edge, and the error falls as dx^2.
    """
    mask = np.ones(len(fp.leak), bool) if inside is None else _mask(fp, inside, "inside")
    if not mask.any():
        raise ValueError("the region is empty: no centre of a cell lies in it.")
    if not _all_leave(fp, mask):
        raise ValueError("from a part of the region there is no way out; give an absorbing wall or a smaller region.")
    T = np.zeros(len(mask))
    cells = np.flatnonzero(mask)
    L = fp.rates.T.tocsc()[cells][:, cells]
    T[cells] = splu(L.tocsc()).solve(-np.ones(len(cells)))
    return T.reshape(fp.shape)


def committor(fp: FokkerPlanck, A: Region, B: Region) -> Vector:
    """Probability that a path from each cell meets B before A.

    Parameters
    ----------
    fp : FokkerPlanck
        Paths that an absorbing wall takes count as meeting neither.
    A, B : ndarray of bool, shape fp.shape, or function
        As `inside` of `mean_exit_time`.

    Returns
    -------
    ndarray, shape fp.shape
        0 on A, 1 on B.

    Raises
    ------
    ValueError
        If a set is empty, the two overlap, or from some cell neither can be reached.
    """
    a, b = _mask(fp, A, "A"), _mask(fp, B, "B")
    if not a.any() or not b.any() or (a & b).any():
        raise ValueError("A and B must hold cells, and none in common.")
    between = ~(a | b)
    q = b.astype(float)
    if between.any():
        if not _all_leave(fp, between):
            raise ValueError("from some cells neither A nor B can be reached.")
        cells = np.flatnonzero(between)
        backward = fp.rates.T.tocsc()[cells]
        rhs = -np.asarray(backward[:, np.flatnonzero(b)].sum(axis=1)).ravel()
        q[cells] = np.clip(splu(backward[:, cells].tocsc()).solve(rhs), 0.0, 1.0)
    return q.reshape(fp.shape)


def _mask(fp: FokkerPlanck, region: Region, name: str) -> Mask:
    chosen = np.asarray(region(fp.centres) if callable(region) else region)
    if chosen.size != len(fp.leak) or chosen.dtype != bool:
        raise ValueError(
            f"{name} must be {len(fp.leak)} truth values in the shape {fp.shape}, or a function of the centres that "
            f"returns them, but gives {chosen.dtype} of shape {chosen.shape}."
        )
    return chosen.ravel()


def _all_leave(fp: FokkerPlanck, mask: Mask) -> bool:
    """Whether an exit can be reached from every cell of the mask: a search backwards from outside."""
    N = len(mask)
    links = fp.rates.tocoo()
    keep = (links.row != links.col) & (links.data > 0)
    to = np.where(mask[links.row[keep]], links.row[keep], N)
    start = links.col[keep]
    leaking = np.flatnonzero(fp.leak > 0)
    to, start = np.concatenate([to, np.full(len(leaking), N)]), np.concatenate([start, leaking])
    inside = mask[start]
    graph = csc_matrix((np.ones(inside.sum()), (to[inside], start[inside])), shape=(N + 1, N + 1))
    return len(breadth_first_order(graph, N, return_predecessors=False)) == mask.sum() + 1
