"""Spectrum of a layer's features, streamed, and the dimensions that it is summed up in.

With eigenvalues lambda_1 >= lambda_2 >= ... of the covariance (1/N) sum_i (h_i - m)(h_i - m)^T and p = lambda / sum:

    stable rank          sum lambda / lambda_1                       (Rudelson, Vershynin 2007)
    effective rank       exp(-sum q ln q),  q = sqrt(lambda)/sum     (Roy, Vetterli 2007: singular values)
    participation ratio  (sum lambda)^2 / sum lambda^2               (Gao et al. 2017)
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..devices import tensor_of_numbers
from ._batch import NotFiniteError

Array = NDArray[np.float64]


class FeatureSpectrum:
    """Covariance of features that arrive in batches; memory O(d^2), float64.

    Each batch is centred on its own mean before it is added (Chan, Golub, LeVeque 1979).
    """

    def __init__(self) -> None:
        self.count = 0

    def update(self, x: Tensor | ArrayLike, y: object = None) -> "FeatureSpectrum":
        """Add features (N, ...), flattened to (N, d); labels are not looked at. Returns itself.

        Raises
        ------
        ValueError
            If the number of features is not that of earlier batches or a number is not finite.
        """
        h = tensor_of_numbers(x, "x").detach()
        n = len(h)
        if n == 0:
            return self
        h = h.reshape(n, -1).double()
        mean = h.mean(0)
        h = h - mean
        scatter = h.T @ h
        if not bool(torch.isfinite(scatter).all()):
            raise NotFiniteError("features must be finite and small enough to be squared, but some are not.")
        if self.count == 0:
            self._mean, self._scatter = mean, scatter
        elif len(mean) != len(self._mean):
            raise ValueError(f"x must have {len(self._mean)} features as in earlier batches, but has {len(mean)}.")
        else:
            step = mean - self._mean
            self._scatter += scatter + torch.outer(step, step) * (self.count * n / (self.count + n))
            self._mean = self._mean + step * (n / (self.count + n))
        self.count += n
        return self

    @property
    def eigenvalues(self) -> Array:
        """Of the covariance, largest first, shape (d,); rounding below zero is cut off."""
        if self.count == 0:
            raise ValueError("a spectrum needs data; call update first.")
        found = torch.linalg.eigvalsh(self._scatter / self.count).flip(0)
        return np.maximum(found.cpu().numpy(), 0.0)

    @property
    def stable_rank(self) -> float:
        """Sum of the eigenvalues over the largest; nan for constant features."""
        return stable_rank(self.eigenvalues)

    @property
    def effective_rank(self) -> float:
        """Exponential of the entropy of normalised singular values; nan for constant features."""
        return effective_rank(self.eigenvalues)

    @property
    def participation_ratio(self) -> float:
        """Squared sum of the eigenvalues over the sum of squares; nan for constant features."""
        return participation_ratio(self.eigenvalues)


def stable_rank(eigenvalues: Array) -> float:
    """Sum over largest of non-negative eigenvalues."""
    top = eigenvalues.max(initial=0.0)
    return float(eigenvalues.sum() / top) if top > 0 else float("nan")


def effective_rank(eigenvalues: Array) -> float:
    """exp of the entropy of the singular values sqrt(eigenvalues), normalised to sum one."""
    singular = np.sqrt(eigenvalues[eigenvalues > 0])
    if not len(singular):
        return float("nan")
    q = singular / singular.sum()
    return float(np.exp(-(q * np.log(q)).sum()))


def participation_ratio(eigenvalues: Array) -> float:
    """(sum lambda)^2 / sum lambda^2 of non-negative eigenvalues."""
    top = eigenvalues.max(initial=0.0)
    if top == 0:
        return float("nan")
    scaled = eigenvalues / top
    return float(scaled.sum() ** 2 / (scaled**2).sum())
