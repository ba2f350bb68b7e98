"""How much of an outcome comes from one cause, from another, and from both together: a crossed random-effects design.

    y_ij = mu + a_i + b_j + e_ij,     i: initial weights, j: batch order, e: their interaction and all the rest
    MS_A = J/(I-1) sum |y_i. - y..|^2,   MS_B = I/(J-1) sum |y_.j - y..|^2,
    MS_E = 1/((I-1)(J-1)) sum |y_ij - y_i. - y_.j + y..|^2
    var_a = (MS_A - MS_E)/J,   var_b = (MS_B - MS_E)/I,   var_e = MS_E

Searle, Casella, McCulloch, Variance Components (1992), chapter 4. For vectors these are traces of covariance matrices.
All follows from the Gram matrix of the I J outcomes, which is summed over blocks of components.
"""

from dataclasses import dataclass

import numpy as np

from ._blocks import Array, Runs, blocks
from .intervals import MeanSquare, difference_interval, effective_mean_square, mean_square_interval


@dataclass(frozen=True, eq=False)
class Components:
    """Variance components of a crossed design; made by `crossed_components`.

    Attributes
    ----------
    names : tuple of str
        What the three components are called.
    values : ndarray, shape (3,)
        Variances, or traces of covariance matrices: of the first cause, the second, and the rest. Unbiased, so that a
        small one may come out negative.
    intervals : ndarray, shape (3, 2)
        Of confidence `level`, cut at 0.
    level : float
    mean_squares : tuple of MeanSquare
        MS_A, MS_B, MS_E with degrees of freedom.
    mean_square : float
        |grand mean|^2.
    distances : dict of str to ndarray
        |y - y'| of all pairs of outcomes that share the first cause, the second, or neither.
    dimension : int
        D; divide values by it for the mean over components.
    """

    names: tuple[str, str, str]
    values: Array
    intervals: Array
    level: float
    mean_squares: tuple[MeanSquare, MeanSquare, MeanSquare]
    mean_square: float
    distances: dict[str, Array]
    dimension: int

    @property
    def total(self) -> float:
        """Variance of an outcome: the sum of the components."""
        return float(self.values.sum())

    @property
    def shares(self) -> Array:
        """Parts of the total, shape (3,), with negative components taken as 0; all 0 if nothing varies."""
        positive = np.maximum(self.values, 0.0)
        return positive / positive.sum() if positive.any() else positive

    def __str__(self) -> str:
        rows = [
            f"{name}: {value:.4g}  [{low:.4g}, {high:.4g}]  {share:.0%}"
            for name, value, (low, high), share in zip(
                self.names, self.values, self.intervals, self.shares, strict=True
            )
        ]
        return "\n".join(rows)


def crossed_components(
    outcomes: Runs, *, level: float = 0.95, names: tuple[str, str, str] = ("initial weights", "batch order", "rest")
) -> Components:
    """Split the variance of outcomes of a crossed design with one outcome in each cell.

    Parameters
    ----------
    outcomes : array_like (I, J) or (I, J, D), or iterable of arrays (I, J, d)
        Outcome with level i of the first cause and j of the second; I and J at least 3. Read in blocks of D.
    level : float
        Confidence of each interval.
    names : tuple of str
        Of the first cause, the second, and the rest.

    Returns
    -------
    Components

    Raises
    ------
    ValueError
        If the design is too small, or a number is not finite.

    Notes
    -----
    Intervals: chi squared for the rest, that of Ting et al. for the other two (`intervals`), for Gaussian effects. The
    mean square of a vector counts as chi squared with its degrees of freedom times the effective number of components,
    (tr S)^2 / tr S^2, estimated from the same Gram matrix. The level is for each interval, not for all three together.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, but is {level!r}.")
    gram: Array = np.empty((0, 0))
    I = J = dimension = 0
    mean_square = 0.0
    for block in blocks(outcomes):
        if not dimension:
            I, J = block.shape[:2]
            if I < 3 or J < 3:
                raise ValueError(f"the design needs at least 3 levels of both causes, but has {I} x {J}.")
            gram = np.zeros((I * J, I * J))
        flat = block.reshape(I * J, -1)
        mean = flat.mean(axis=0)
        mean_square += float(mean @ mean)
        flat = flat - mean
        gram += flat @ flat.T
        dimension += block.shape[2]
    K = gram.reshape(I, J, I, J)
    first, second, rest = _centred(K.mean(axis=(1, 3))), _centred(K.mean(axis=(0, 2))), _centred(K)
    squares = (
        effective_mean_square(J * first, I - 1),
        effective_mean_square(I * second, J - 1),
        effective_mean_square(rest.reshape(I * J, I * J), (I - 1) * (J - 1)),
    )
    A, B, E = squares
    values = np.array([(A.value - E.value) / J, (B.value - E.value) / I, E.value])
    intervals = np.array(
        [difference_interval(A, E, J, level), difference_interval(B, E, I, level), mean_square_interval(E, level)]
    )
    return Components(
        names, values, np.maximum(intervals, 0.0), level, squares, mean_square, _distances(gram, I, J, names), dimension
    )


def _centred(K: Array) -> Array:
    """A Gram matrix after the mean over each axis is taken away."""
    for axis in range(K.ndim):
        K = K - K.mean(axis=axis, keepdims=True)
    return K


def _distances(gram: Array, I: int, J: int, names: tuple[str, str, str]) -> dict[str, Array]:
    """Distances of all pairs of outcomes by what they share."""
    first, second = np.triu_indices(I * J, 1)
    size = np.diagonal(gram)
    distance = np.sqrt(np.maximum(size[first] + size[second] - 2.0 * gram[first, second], 0.0))
    same_row, same_column = first // J == second // J, first % J == second % J
    return {
        f"same {names[0]}": distance[same_row],
        f"same {names[1]}": distance[same_column],
        "neither": distance[~same_row & ~same_column],
    }
