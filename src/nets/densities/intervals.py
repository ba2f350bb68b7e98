"""Confidence intervals of mean squares and of their differences, from quantiles of F.

    theta = (MS_1 - MS_2)/c:   theta - sqrt(V_L)/c  to  theta + sqrt(V_U)/c,
    V_L = G_1^2 MS_1^2 + H_2^2 MS_2^2 + G_12 MS_1 MS_2,   V_U = H_1^2 MS_1^2 + G_2^2 MS_2^2 + H_12 MS_1 MS_2

Ting, Burdick, Graybill, Jeyaratnam, Lu, J. Stat. Comput. Simul. 35 (1990) 135; Burdick and Graybill, Confidence
Intervals on Variance Components (1992), section 3.3. Exact for one mean square, close to the level for differences.
"""

import math
from typing import NamedTuple

from scipy.stats import chi2, f

from ._blocks import Array

Interval = tuple[float, float]


class MeanSquare(NamedTuple):
    """A sum of squares over its degrees of freedom.

    Attributes
    ----------
    value : float
    dof : int
        Degrees of freedom in the design.
    components : float
        Effective number of independent components of the vector, 1 for a number.
    """

    value: float
    dof: int
    components: float

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the chi squared with this mean and variance."""
        return self.dof * self.components


def effective_mean_square(products: Array, dof: int) -> MeanSquare:
    """Mean square from the Gram matrix of effects, with S = (1/dof) sum u u^T.

    The effective number is (tr S)^2 / tr S^2 with both replaced by unbiased estimates for Gaussian vectors: Himeno
    and Yamada, J. Multivariate Anal. 130 (2014) 27. It is 1 for a number, and taken as 1 (the
    cautious end) where dof is 1.
    """
    trace, square = float(products.trace()) / dof, float((products**2).sum()) / dof**2
    components = 1.0
    if dof > 1 and trace > 0:
        of_square = dof**2 / ((dof - 1) * (dof + 2)) * (square - trace**2 / dof)
        of_trace = trace**2 - 2.0 * of_square / dof
        components = max(1.0, of_trace / of_square) if of_square > 0 else math.inf
    return MeanSquare(trace, dof, min(components, 1e6))


def mean_square_interval(square: MeanSquare, level: float) -> Interval:
    """Interval of E MS."""
    n, tail = square.degrees, (1.0 - level) / 2
    return square.value * n / chi2.isf(tail, n), square.value * n / chi2.ppf(tail, n)


def difference_interval(first: MeanSquare, second: MeanSquare, divisor: float, level: float) -> Interval:
    """Interval of (E MS_1 - E MS_2) / divisor."""
    n1, n2, tail = first.degrees, second.degrees, (1.0 - level) / 2
    M1, M2 = first.value, second.value
    G1, G2 = 1.0 - n1 / chi2.isf(tail, n1), 1.0 - n2 / chi2.isf(tail, n2)
    H1, H2 = n1 / chi2.ppf(tail, n1) - 1.0, n2 / chi2.ppf(tail, n2) - 1.0
    high, low = f.isf(tail, n1, n2), f.ppf(tail, n1, n2)
    G12 = ((high - 1.0) ** 2 - G1**2 * high**2 - H2**2) / high
    H12 = ((1.0 - low) ** 2 - H1**2 * low**2 - G2**2) / low
    down = G1**2 * M1**2 + H2**2 * M2**2 + G12 * M1 * M2
    up = H1**2 * M1**2 + G2**2 * M2**2 + H12 * M1 * M2
    middle = M1 - M2
    return (middle - math.sqrt(max(down, 0.0))) / divisor, (middle + math.sqrt(max(up, 0.0))) / divisor
