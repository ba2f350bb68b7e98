"""Separation by the pseudo-inverse, log Tr(Sigma_W Sigma_B^+), without a d x d matrix.

Sigma_B = U^T U with the C x d matrix U of weighted, centred class means has rank at most C - 1. With the eigenpairs
(lambda_i, v_i) of the C x C matrix U U^T and q_i = U^T v_i / sqrt(lambda_i),

    Tr(Sigma_W Sigma_B^+) = sum_i q_i^T Sigma_W q_i / lambda_i

He, Su, "A law of data separation in deep learning", PNAS 120 (2023), arXiv:2210.17020. The means must be known before
the scatter along q_i can be summed: a second pass over the data.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ._batch import checked_batch, log_ratio

Array = NDArray[np.float64]


class ProjectedScatter:
    """Second pass over data whose class means are known; made by `LayerStatistics.second_pass`.

    Parameters
    ----------
    counts, means : ndarray, shapes (C,) and (C, d)
        Of the first pass.
    within, between : float
        Tr Sigma_W and Tr Sigma_B of the first pass, 0 where only rounding is left.
    """

    def __init__(self, counts: Array, means: Array, within: float, between: float) -> None:
        self._expected = counts
        self._means = torch.from_numpy(means)
        self._traces = within, between
        self._counts = np.zeros_like(counts)
        self._eigenvalues, Q = between_range(counts, means)
        self._Q = torch.from_numpy(Q)
        self._along: Array = np.zeros(len(self._eigenvalues))

    def update(self, x: Tensor | ArrayLike, y: Tensor | ArrayLike) -> "ProjectedScatter":
        """Add a batch as given to the first pass, split in any way; returns itself."""
        x, y = checked_batch(x, y, len(self._expected))
        if len(y) and x.shape[1] != self._means.shape[1]:
            raise ValueError(f"x must have {self._means.shape[1]} features as in the first pass, but has {x.shape[1]}.")
        if len(y):
            along = (x.double() - self._means.to(x.device)[y]) @ self._Q.to(x.device)
            self._along += along.square().sum(0).cpu().numpy()
            self._counts += torch.bincount(y, minlength=len(self._counts)).cpu().numpy()
        return self

    @property
    def D(self) -> float:
        """log Tr(Sigma_W Sigma_B^+), with the special values of `LayerStatistics.D`.

        Raises
        ------
        ValueError
            If this pass saw other class counts than the first.
        """
        if not np.array_equal(self._counts, self._expected):
            raise ValueError(
                f"the second pass must see the same data as the first, with class counts {self._expected.tolist()}, "
                f"but saw {self._counts.tolist()}."
            )
        within, between = self._traces
        if within == 0 or between == 0:
            return log_ratio(within, between)
        return log_ratio(float((self._along / self._eigenvalues).sum() / self._counts.sum()), 1.0)


def between_range(counts: Array, means: Array) -> tuple[Array, Array]:
    """Positive eigenvalues (r,), r <= C - 1, of Sigma_B and their unit vectors (d, r)."""
    weight = counts / counts.sum()
    U = np.sqrt(weight)[:, None] * (means - weight @ means)
    eigenvalues, V = np.linalg.eigh(U @ U.T)
    # the Gram matrix squares singular values, so that rounding leaves eps (not eps^2) of a zero eigenvalue
    keep = eigenvalues > 8 * len(U) * np.finfo(np.float64).eps * max(eigenvalues[-1], 0.0)
    return eigenvalues[keep], U.T @ V[:, keep] / np.sqrt(eigenvalues[keep])
