"""Order conditions of splitting words, from the logarithm of the product of their exponentials.

The flows are exponentials of two operators A, B that do not commute. A word has order r where

    log(exp(w_1 X_1) exp(w_2 X_2) ...) = A + B + terms of more than r factors

as series in words of A and B. A Nystrom word need not cancel what vanishes for every kinetic energy that is quadratic
in v: brackets with at least two more B than A, and all brackets that contain [B, [B, [B, A]]].

McLachlan, Quispel, Acta Numerica 11 (2002) 341-434, section 4; Blanes, Moan, J. Comput. Appl. Math. 142 (2002) 313-330.
"""

import numpy as np
from numpy.typing import NDArray

from .splitting import Splitting

Array = NDArray[np.float64]
Series = list[Array]  # coefficients of the words of k letters, as bits: A is 0, B is 1


def word_defects(data: Splitting, order: int) -> Array:
    """Largest coefficient that should vanish, for each number of factors up to `order`.

    Parameters
    ----------
    data : Splitting
        The word.
    order : int
        Number of factors up to which conditions are evaluated.

    Returns
    -------
    defects : ndarray, shape (order,)
        Rounding leaves about 1e-15 times the size of the weights.

    Raises
    ------
    ValueError
        If `order` is below 1, or above 6 for a Nystrom word, whose further brackets are not known here.
    """
    if order < 1 or (data.linear_velocity and order > 6):
        raise ValueError(f"order must be at least 1 (at most 6 for Nystrom words), but is {order!r}.")
    series = _logarithm(_exponentials(data, order))
    series[1] = series[1] - 1.0
    defects = np.zeros(order)
    for k in range(1, order + 1):
        terms = series[k].copy()
        if data.linear_velocity:
            terms = _without_vanishing(terms, k)
        defects[k - 1] = float(np.abs(terms).max())
    return defects


def _exponentials(data: Splitting, order: int) -> Series:
    """The product of exp(w X), factor after factor."""
    total = [np.zeros(2**k) for k in range(order + 1)]
    total[0][0] = 1.0
    for letter, weight in zip(data.word, data.weights, strict=True):
        bit, new = int(letter == "B"), [row.copy() for row in total]
        factor = 1.0
        for power in range(1, order + 1):
            factor *= weight / power
            tail = (2**power - 1) * bit
            for k in range(order + 1 - power):
                new[k + power][(np.arange(2**k) << power) | tail] += factor * total[k]
        total = new
    return total


def _times(x: Series, y: Series) -> Series:
    order = len(x) - 1
    return [sum((np.outer(x[i], y[k - i]).ravel() for i in range(k + 1)), np.zeros(2**k)) for k in range(order + 1)]


def _logarithm(x: Series) -> Series:
    """log(1 + u) = u - u^2 / 2 + ..."""
    u = [row.copy() for row in x]
    u[0][0] -= 1.0
    total, power = [np.zeros_like(row) for row in u], u
    for k in range(1, len(x)):
        total = [a - (-1.0) ** k / k * b for a, b in zip(total, power, strict=True)]
        power = _times(power, u)
    return total


def _bracket(x: Array, y: Array) -> Array:
    return np.outer(x, y).ravel() - np.outer(y, x).ravel()


def _without_vanishing(terms: Array, k: int) -> Array:
    """The part of a bracket series that a quadratic kinetic energy leaves."""
    count = np.array([word.bit_count() for word in range(2**k)])
    terms = np.where(count >= k - count + 2, 0.0, terms)
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    zero = _bracket(b, _bracket(b, _bracket(b, a)))
    for _ in range(k - 4):
        zero = _bracket(a, zero)
    if k > 4:
        terms = terms - zero * (terms @ zero) / (zero @ zero)
    return terms
