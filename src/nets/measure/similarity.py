"""Linear CKA: how alike two layers represent the same examples, from 0 to 1.

    CKA(X, Y) = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)),   K = X X^T, L = Y Y^T

Kornblith et al., "Similarity of neural network representations revisited", ICML 2019, arXiv:1905.00414, equation (2).
Debiased: HSIC_1 of Song et al. (2012), unbiased in the number of examples, which can be averaged over batches: Nguyen,
Raghu, Kornblith, arXiv:2010.15327, equations (2) and (3).
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..devices import tensor_of_numbers

Array = NDArray[np.float64]


def linear_cka(x: Tensor | ArrayLike, y: Tensor | ArrayLike, *, debiased: bool = False) -> float:
    """Linear CKA of two sets of features of the same examples.

    Parameters
    ----------
    x, y : array or tensor, shapes (N, d) and (N, e)
        Features; rows are examples. Further axes are flattened.
    debiased : bool
        Unbiased in N (needs N > 3), and then possibly slightly negative; needed where N is not far above d.

    Returns
    -------
    float
        1 for features equal up to rotation, scale and shift; nan if one of them is constant.

    Raises
    ------
    ValueError
        If x and y have different numbers of examples, or fewer than 4 for `debiased`.
    """
    if debiased:
        layers = LayerSimilarity()
        layers.update({"x": torch.as_tensor(x), "y": torch.as_tensor(y)})
        return float(layers.cka[0, 1])
    a, b = (_rows(h) for h in (x, y))
    if len(a) != len(b):
        raise ValueError(f"x and y must hold the same examples, but have {len(a)} and {len(b)}.")
    a, b = a - a.mean(0), b - b.mean(0)
    size = torch.linalg.norm(a.T @ a) * torch.linalg.norm(b.T @ b)
    return float(torch.linalg.norm(a.T @ b) ** 2 / size) if float(size) > 0 else float("nan")


class LayerSimilarity:
    """Debiased CKA between all layers, averaged over batches; memory O(layers N_batch^2)."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._hsic: Array = np.zeros((0, 0))
        self.batches = 0

    def update(self, layers: dict[str, Tensor]) -> "LayerSimilarity":
        """Add one batch: features (N, ...) of every layer, N the same and at least 4; returns itself.

        Raises
        ------
        ValueError
            If layers differ from those of earlier batches, or in their numbers of examples, or N < 4.
        """
        if not self.batches:
            self.names = tuple(layers)
            self._hsic = np.zeros((len(layers), len(layers)))
        elif tuple(layers) != self.names:
            raise ValueError(f"layers must be {self.names} as in earlier batches, but are {tuple(layers)}.")
        lengths = {name: len(h) for name, h in layers.items()}
        n = min(lengths.values())
        if len(set(lengths.values())) > 1 or n < 4:
            raise ValueError(f"layers must hold the same examples, at least 4, but hold {lengths}.")
        grams = torch.stack([_gram(_rows(h)) for h in layers.values()])
        sums = grams.sum(2)
        totals = sums.sum(1)
        products = torch.einsum("aij,bij->ab", grams, grams)
        hsic = products + torch.outer(totals, totals) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (sums @ sums.T)
        self._hsic += (hsic / (n * (n - 3))).cpu().numpy()
        self.batches += 1
        return self

    @property
    def cka(self) -> Array:
        """CKA between layers, (layers, layers), in the order of `names`; nan where a layer is constant."""
        own = np.sqrt(np.maximum(np.diag(self._hsic), 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._hsic / np.outer(own, own)


def _rows(h: Tensor | ArrayLike) -> Tensor:
    h = tensor_of_numbers(h, "a layer").detach()
    return h.reshape(len(h), -1).double()


def _gram(rows: Tensor) -> Tensor:
    """Inner products of centred features without those of an example with itself."""
    rows = rows - rows.mean(0)
    gram = rows @ rows.T
    return gram.fill_diagonal_(0.0)
