"""Load curves D_l = y - x_l, and their curvature with one sign: convex > 0, concave < 0.

Friction against the pull bends (7) down: x_l = l y/L - (mu/2k) l (L - l) is convex in l, its load curve concave.
Shi, Pan, Dokmanic, arXiv:2407.19353.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray


def load_curve(x: ArrayLike, target: ArrayLike | None = None) -> NDArray[np.float64]:
    """Distance of each block from the pulled end, D_l = y - x_l.

    Parameters
    ----------
    x : array_like, shape (..., L + 1)
        Positions, the ends included.
    target : array_like, optional
        y, a number or an array over the leading axes; the last position x_L unless given.

    Returns
    -------
    ndarray, shape (..., L + 1)
        Unit of length.

    Raises
    ------
    ValueError
        If x has no axis, or target does not fit the leading axes.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim == 0:
        raise ValueError(f"x must have the layers on its last axis, but is the number {x}.")
    if target is None:
        return x[..., -1:] - x
    y = np.asarray(target, dtype=float)
    if y.ndim and y.shape != x.shape[:-1]:
        raise ValueError(f"target must be a number or of shape {x.shape[:-1]} like x without layers, not {y.shape}.")
    return y[..., None] - x


def curvature(
    load_curve: ArrayLike, kind: Literal["quadratic", "ends"] = "quadratic", normalise: bool = True
) -> NDArray[np.float64]:
    """Curvature of load curves; convex > 0 > concave in both kinds.

    Parameters
    ----------
    load_curve : array_like, shape (..., n)
        D_0 .. D_{n-1}, at least 3 layers.
    kind : {"quadratic", "ends"}
        "quadratic": coefficient of s^2 in the least-squares parabola of D/(D_0 - D_{n-1}) against s = l/(n - 1). It
        sees all layers and does not depend on the scale or the logarithm's base of D.
        "ends": the published "first slope minus last slope", (D_0 - D_1) - (D_{n-2} - D_{n-1}), in units of D.
    normalise : bool
        False: the parabola of D itself against the index l, in units of D per layer squared. "ends" is never
        normalised and ignores this.

    Returns
    -------
    ndarray, shape (...)
        A number for one curve.

    Raises
    ------
    ValueError
        If there are fewer than 3 layers, values that are not finite, an unknown kind, or a curve to normalise whose
        ends are level (D_0 = D_{n-1}).

    Notes
    -----
    A curve that rises from first to last layer changes sign when it is normalised. The two kinds weigh layers
    differently and can disagree in sign on a curve that is convex at one end and concave at the other.
    """
    D = np.asarray(load_curve, dtype=float)
    if D.ndim == 0 or D.shape[-1] < 3:
        raise ValueError(f"load_curve must have at least 3 layers on its last axis, but has shape {D.shape}.")
    if not np.isfinite(D).all():
        bad = [tuple(map(int, i)) for i in np.argwhere(~np.isfinite(D))[:3]]
        raise ValueError(f"load_curve must be finite, but is not at {bad}; leave those curves out.")
    if kind == "ends":
        return (D[..., 0] - D[..., 1]) - (D[..., -2] - D[..., -1])
    if kind != "quadratic":
        raise ValueError(f"kind must be 'quadratic' or 'ends', but is {kind!r}.")
    n = D.shape[-1]
    l = np.arange(n, dtype=float)
    bend = (l - (n - 1) / 2) ** 2
    bend -= bend.mean()  # the part of l^2 that no straight line fits
    coefficient = (D - D.mean(axis=-1, keepdims=True)) @ (bend / (bend @ bend))
    if not normalise:
        return coefficient
    drop = D[..., 0] - D[..., -1]
    if (drop == 0).any():
        where = [tuple(map(int, i)) for i in np.argwhere(drop == 0)[:3]]
        raise ValueError(
            f"load_curve at {where} has D_0 = D_last, which leaves nothing to normalise by; use normalise=False."
        )
    return coefficient * (n - 1) ** 2 / drop
