"""Distances between two networks in weight space, whole and tensor by tensor.

    distance_1, _2, _inf    |w - w'|_p                      relative_to_start  |w - w'|_2 / |w(0)|_2
    relative                |w - w'|_2 / |w|_2              relative_to_both   |w - w'|_2 / (|w|_2 |w'|_2)^(1/2)
    rms                     |w - w'|_2 / sqrt(D)            angle  2 atan2(|u - v|, |u + v|),  u = w/|w|, v = w'/|w'|
    cosine                  w . w' / (|w| |w'|)             displacement_cosine  that of w - w(0) and w' - w'(0)

w is the baseline, w' the copy; all in double precision. No arccos: it loses angles below 1e-8. A quotient by a norm of
0 (displacements at step 0) is nan.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WEIGHTS = (
    "distance_1", "distance_2", "distance_inf", "relative_to_start", "relative", "relative_to_both", "rms", "cosine",
    "displacement_cosine", "angle",
)  # fmt: skip


def weight_distances(w: Array, other: Array, start: Array, other_start: Array, starts: NDArray[np.int64]) -> Array:
    """All distances of `WEIGHTS`, whole first and then of each tensor.

    Parameters
    ----------
    w, other, start, other_start : ndarray, shape (D,)
        Baseline and copy, now and at step 0, in float64.
    starts : ndarray of int64, shape (tensors,)
        Where each tensor begins.

    Returns
    -------
    ndarray, shape (len(WEIGHTS), 1 + tensors)
    """

    def sums(values: Array) -> Array:
        parts = np.add.reduceat(values, starts)
        return np.concatenate([[parts.sum()], parts])

    d = np.abs(w - other)
    largest = np.maximum.reduceat(d, starts)
    moved, other_moved = w - start, other - other_start
    norm, other_norm, norm0 = (np.sqrt(sums(a * a)) for a in (w, other, start))
    d2 = np.sqrt(sums(d * d))
    size = np.diff([*starts, len(w)])
    found = [
        sums(d),
        d2,
        np.concatenate([[largest.max()], largest]),
        _over(d2, norm0),
        _over(d2, norm),
        _over(d2, np.sqrt(norm * other_norm)),
        d2 / np.sqrt(np.concatenate([[len(w)], size])),
        _over(sums(w * other), norm * other_norm),
        _over(sums(moved * other_moved), np.sqrt(sums(moved * moved) * sums(other_moved * other_moved))),
        _angles(w, other, norm, other_norm, starts, size),
    ]
    return np.stack(found)


def _angles(
    w: Array, other: Array, norm: Array, other_norm: Array, starts: NDArray[np.int64], size: NDArray[np.int64]
) -> Array:
    """Angle between the whole vectors, and between each pair of tensors."""
    u, v = _unit(w, norm[0]), _unit(other, other_norm[0])
    s, t = _unit(w, np.repeat(norm[1:], size)), _unit(other, np.repeat(other_norm[1:], size))
    minus, plus = (
        np.sqrt(np.concatenate([[(a * a).sum()], np.add.reduceat(b * b, starts)]))
        for a, b in ((u - v, s - t), (u + v, s + t))
    )
    return np.where((norm > 0) & (other_norm > 0), 2 * np.arctan2(minus, plus), np.nan)


def _unit(w: Array, norm: Array) -> Array:
    return np.divide(w, norm, out=np.zeros_like(w), where=norm > 0)


def _over(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)
