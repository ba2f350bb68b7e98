"""Backward differentiation formulas of orders 1 to 5 with variable order and step, for stiff problems of any size.

    y(t_n + x dt) = sum_j z_j x^j,   z = z_predicted + l e,   e = y_n - y_predicted,   l_1 e = dt f(t_n, y_n) - z_1

The history is the Nordsieck array z of scaled derivatives. Its corrector polynomial sum_j l_j x^j has the roots
-1, ..., -(t_n - t_{n-q+1}) / dt, and one more, chosen so that l_1 = 1 + 1/2 + ... + 1/q whatever the past steps were:
the "fixed leading coefficient", with which the Newton matrix 1 - dt / l_1 J changes with the step and the order alone.
"""

from dataclasses import dataclass
from typing import ClassVar

from .method import Method

LARGEST_ORDER = 5  # order 6 is unstable along the imaginary axis almost up to the negative real one


@dataclass(frozen=True)
class Multistep:
    """What there is to choose of the formulas; their coefficients follow from the step lengths.

    Attributes
    ----------
    largest_order : int
        1 to 5; orders 1 and 2 are stable in the whole left half-plane.

    Raises
    ------
    ValueError
        If the order is none of these.
    """

    kind: ClassVar[str] = "implicit"
    degree: ClassVar[int] = LARGEST_ORDER
    fixed_steps: ClassVar[bool] = False  # order and step are one choice

    largest_order: int = LARGEST_ORDER

    def __post_init__(self) -> None:
        if self.largest_order not in range(1, LARGEST_ORDER + 1):
            raise ValueError(f"largest_order must be 1 to {LARGEST_ORDER}, but is {self.largest_order!r}.")

    @property
    def dense_order(self) -> int:
        """Of the interpolant at the largest order: the Nordsieck polynomial itself."""
        return self.largest_order


def bdf(largest_order: int) -> Method:
    """The method with its order limited: 2 where eigenvalues lie close to the imaginary axis.

    Parameters
    ----------
    largest_order : int
        1 to 5.
    """
    return Method(
        name="BDF" if largest_order == LARGEST_ORDER else f"BDF(largest_order={largest_order})",
        order=largest_order,
        error_order=largest_order,
        data=Multistep(largest_order),
        reference="Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput. 10 (1989) 1038-1051; fixed leading coefficient: "
        "Jackson, Sacks-Davis, ACM TOMS 6 (1980) 295-318.",
    )


BDF = bdf(LARGEST_ORDER)
