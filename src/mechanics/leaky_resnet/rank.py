"""Ranks of representations that are only nearly of low rank.

    stable rank     ||A||_F^2 / ||A||_op^2
    effective rank  exp(-sum_i q_i log q_i),  q_i = s_i / sum_j s_j        Roy and Vetterli, EUSIPCO 2007
    bottleneck      the least rank along a path; -2H/Lt tends to it for a geodesic as Lt grows

All lie between 1 and the number of singular values. With a bias a relu network keeps one direction for the offset that
makes its features positive: a task of k features shows k or k + 1. Jacot and Kaiser, arXiv:2405.17573, Section 2.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .energies import _arrays


def stable_rank(A: ArrayLike) -> Any:
    """||A||_F^2 / ||A||_op^2 of (..., w, N); 0 for A = 0."""
    s = _values(A)
    return _ratio((s * s).sum(-1), s[..., 0] ** 2)


def effective_rank(A: ArrayLike) -> Any:
    """exp of the entropy of the normalised singular values of (..., w, N); 0 for A = 0."""
    s = _values(A)
    q = _ratio(s, s.sum(-1, keepdims=True))
    entropy = -(q * np.log(np.where(q > 0, q, 1.0))).sum(-1)
    return np.where(s[..., 0] > 0, np.exp(entropy), 0.0)[()]


def rank_above(A: ArrayLike, fraction: float = 0.01) -> Any:
    """How many singular values of (..., w, N) exceed `fraction` of the largest.

    Raises
    ------
    ValueError
        If the fraction is not in [0, 1).
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction must lie in [0, 1), but is {fraction}.")
    s = _values(A)
    return (s > fraction * s[..., :1]).sum(-1)[()]


def rank_at_gap(A: ArrayLike) -> Any:
    """The rank before the largest gap s_i / s_{i+1} of (..., w, N): from 1 to one less than the singular values.

    Values below rounding of the largest count as that rounding, so that no gap lies among them.
    """
    s = _values(A)
    if s.shape[-1] < 2:
        raise ValueError(f"A gap needs at least two singular values, but A has shape {np.shape(A)}.")
    s = np.maximum(s, np.finfo(float).eps * max(np.shape(A)[-2:]) * s[..., :1])
    return np.where(s[..., 0] > 0, _ratio(s[..., :-1], s[..., 1:]).argmax(-1) + 1, 0)[()]


class Bottleneck(NamedTuple):
    """The narrowest point of a path."""

    rank: int
    """Singular values above the fraction there."""
    stable_rank: float
    effective_rank: float
    at: int
    """Index of the layer; the first of least rank, and of least effective rank among those."""


def bottleneck(A: ArrayLike, fraction: float = 0.01) -> Bottleneck:
    """Where along a path A (m, w, N) the rank is least, and what it is there."""
    ranks, effective = np.atleast_1d(rank_above(A, fraction)), np.atleast_1d(effective_rank(A))
    at = int(np.lexsort((effective, ranks))[0])
    return Bottleneck(int(ranks[at]), float(np.atleast_1d(stable_rank(A))[at]), float(effective[at]), at)


def _values(A: ArrayLike) -> Any:
    return np.linalg.svd(_arrays(A), compute_uv=False)


def _ratio(a: Any, b: Any) -> Any:
    return np.where(b > 0, a / np.where(b > 0, b, 1.0), 0.0)[()]
