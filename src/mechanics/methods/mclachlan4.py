"""A word of five kicks with small error constants, in closed form."""

from math import sqrt

from .method import Method
from .splitting import splitting

_A1, _A2 = (14 - sqrt(19)) / 108, (20 - 7 * sqrt(19)) / 108

MCLACHLAN4 = Method(
    name="MCLACHLAN4",
    order=4,
    data=splitting(
        "A B A B A B ...",
        [_A1, 2 / 5, _A2, -1 / 10, 1 / 2 - _A1 - _A2, 2 / 5],
    ),
    reference="McLachlan, SIAM J. Sci. Comput. 16 (1995) 151-168.",
)
