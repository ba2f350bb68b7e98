"""Hamilton's equations of a Leaky ResNet.

    dA/dp =  dH/dB = Lt (M S - A),   dB/dp = -dH/dA = Lt (B - sigma'(A) . (V^T B)),   M = B S^T = W / Lt

V is M without its last column: the row of ones of S does not depend on A, so the paper's sigma'(A) . [S B^T B] is
meant without its last row. Jacot and Kaiser, arXiv:2405.17573, Section 1.5. M is formed first: three products of
w^2 N, and no N x N matrix.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .energies import _activation, _pair

Array = NDArray[Any]


def flow(A: ArrayLike, B: ArrayLike, Lt: float, act: Any = "relu", bias: bool = True) -> tuple[Array, Array]:
    """(dA, dB) of the shape of A, (..., w, N).

    Raises
    ------
    ValueError
        If the shapes differ or an entry is not finite.
    """
    A, B = _pair(A, B)
    act = _activation(act)
    return slopes(A, B, act.value(A), act.slope(A), Lt, bias)


def slopes(A: Array, B: Array, value: Array, slope: Array, Lt: float, bias: bool) -> tuple[Array, Array]:
    """(dA, dB) for given sigma(A) and sigma'(A); nothing is checked."""
    V = B @ value.swapaxes(-1, -2)
    dA = V @ value
    dA -= A
    if bias:
        dA += B.sum(-1, keepdims=True)
    dA *= Lt
    dB = V.swapaxes(-1, -2) @ B
    dB *= slope
    np.subtract(B, dB, out=dB)
    dB *= Lt
    return dA, dB
