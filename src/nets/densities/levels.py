"""The effect of a setting on outcomes of a crossed design, beside the scatter over initial weights and batch orders.

    y_kij = mu + h_k + a_ki + b_kj + e_kij,     theta^2 = 1/(K-1) sum_k |h_k - h.|^2

The same initial weights and batch orders at every level k. With z_k = y_k - mean over levels, E |z_k..|^2 =
|h_k - h.|^2 + var_a(z_k)/I + var_b(z_k)/J + var_e(z_k)/(IJ), and the components of z_k have unbiased estimates.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._blocks import Array
from .crossed import crossed_components


class LevelEffect(NamedTuple):
    """Variance between the levels of a setting.

    Attributes
    ----------
    value : float
        theta^2, unbiased; may come out negative.
    noise : ndarray, shape (levels,)
        What the scatter adds to |z_k..|^2, estimated: subtracted in `value`.
    sizes : ndarray, shape (levels,)
        |z_k..|^2, squared distance of the mean outcome of a level from the mean of all.
    """

    value: float
    noise: Array
    sizes: Array


def level_effect(outcomes: ArrayLike) -> LevelEffect:
    """Unbiased variance of the mean outcome between levels of a setting.

    Parameters
    ----------
    outcomes : array_like, shape (K, I, J) or (K, I, J, D)
        K at least 2 levels; I initial weights and J batch orders, both at least 3, the same ones at each level.

    Returns
    -------
    LevelEffect

    Raises
    ------
    ValueError
        If the shape does not fit.
    """
    y = np.asarray(outcomes, np.float64)
    if y.ndim == 3:
        y = y[..., None]
    if y.ndim != 4 or len(y) < 2:
        raise ValueError(
            f"outcomes must have the shape (levels, I, J) or (levels, I, J, D) with 2 levels, not {y.shape}."
        )
    I, J = y.shape[1:3]
    z = y - y.mean(axis=0)
    found = [crossed_components(part) for part in z]
    noise = np.array([c.values @ [1.0 / I, 1.0 / J, 1.0 / (I * J)] for c in found])
    sizes = np.array([c.mean_square for c in found])
    return LevelEffect(float((sizes - noise).sum() / (len(y) - 1)), noise, sizes)
