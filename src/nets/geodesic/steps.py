"""Adaptive steps of a Leaky ResNet: every layer is to move the representation by the same relative distance.

    d_l = |A_l - A_{l-1}|_F / |A_l|_F,   rho_l <- (1 - damping) rho_l + damping rho_l / d_l / sum_k (rho_k / d_k)

Jacot and Kaiser, arXiv:2405.17573, Section 4. At the fixed point all d_l are equal: the path is cut into equal lengths.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..models.leaky_resnet import LeakyResNet

Array = NDArray[np.float64]
FLOOR = 1e-3  # of the mean relative distance: a layer that does nothing may grow a thousandfold in weight, not more
TINY = 1e-12  # of the largest |A_l|, below which a representation is zero


def adapt_steps(model: LeakyResNet, x: Tensor, damping: float = 0.2, cap: float = 0.95) -> Array:
    """Move the model's steps towards equal relative distances of the data x (N, d_in); one update.

    Parameters
    ----------
    model : LeakyResNet
        Its steps change in place, its weights do not.
    x : Tensor, shape (N, d_in)
    damping : float
        In (0, 1]: the part of the way to go.
    cap : float
        In (0, 1): largest rho_l Lt. At 1 a layer would forget all of the representation before it.

    Returns
    -------
    distances : ndarray, shape (layers,)
        d_l before the update.

    Raises
    ------
    ValueError
        If damping or cap is out of range, or the layers are too few to respect the cap.
    """
    distances = relative_distances(model, x)
    model.set_steps(updated_steps(model.rho.cpu().numpy(), distances, model.Lt, damping, cap))
    return distances


@torch.no_grad()
def relative_distances(model: LeakyResNet, x: Tensor) -> Array:
    """d_l = |A_l - A_{l-1}|_F / |A_l|_F of the layers l = 1 .. L, for data x (N, d_in)."""
    A = model.path(x)[1].double()
    size = torch.linalg.matrix_norm(A)
    size = size.clamp_min(TINY * float(size.max()))
    return (torch.linalg.matrix_norm(A[1:] - A[:-1]) / size[1:]).cpu().numpy()


def updated_steps(rho: ArrayLike, distances: ArrayLike, Lt: float, damping: float = 0.2, cap: float = 0.95) -> Array:
    """Steps after one update, positive, of sum one, with rho_l Lt <= cap; arguments as for `adapt_steps`."""
    rho, d = np.asarray(rho, float), np.asarray(distances, float)
    if not 0 < damping <= 1:
        raise ValueError(f"damping must lie in (0, 1], but is {damping}.")
    if not 0 < cap < 1:
        raise ValueError(f"cap must lie in (0, 1), but is {cap}.")
    if cap * len(rho) < Lt:
        raise ValueError(
            f"{len(rho)} layers cannot keep rho_l Lt at or below {cap} for Lt = {Lt:g}; take at least "
            f"{int(np.ceil(Lt / cap))} layers."
        )
    if not np.isfinite(d).all() or d.shape != rho.shape or (d < 0).any():
        raise ValueError(f"distances must be {len(rho)} finite numbers, none negative, but are {d}.")
    if d.max() == 0:
        return rho
    wanted = rho / np.maximum(d, FLOOR * d.mean())
    return _capped((1 - damping) * rho + damping * wanted / wanted.sum(), cap / Lt)


def _capped(rho: Array, most: float) -> Array:
    """Steps of sum one, none above `most`; the excess is shared by the others in proportion."""
    rho = rho / rho.sum()
    full = np.zeros(len(rho), dtype=bool)
    while (rho > most * (1 + 1e-12)).any():
        full |= rho >= most
        free = 1 - most * full.sum()
        rho = np.where(full, most, rho / max(rho[~full].sum(), np.finfo(float).tiny) * free)
    return rho
