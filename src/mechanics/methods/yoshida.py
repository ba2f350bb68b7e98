"""Symmetric compositions of leapfrog steps by Forest and Ruth, Suzuki, and Yoshida.

Yoshida prints 15 digits of the coefficients of orders 6 and 8; here they solve the order conditions to 36 (Newton's
method in 50 digits from the printed ones, which agree).
"""

from .method import Method
from .splitting import composition

_YOSHIDA = "Yoshida, Phys. Lett. A 150 (1990) 262-268"

YOSHIDA4 = Method(
    name="YOSHIDA4",
    order=4,
    data=composition([1.351207191959657634047687808971460827]),  # 1 / (2 - 2^(1/3))
    reference=f"Forest, Ruth, Physica D 43 (1990) 105-117; {_YOSHIDA}, (4.9).",
)
YOSHIDA6 = Method(
    name="YOSHIDA6",
    order=6,
    data=composition(  # w_3, w_2, w_1
        [
            0.784513610477557263819497633866349876,
            0.235573213359358133684793182978534602,
            -1.17767998417887100694641568096431573,
        ],
        compensated=True,
    ),
    reference=f"{_YOSHIDA}, table 1, solution A.",
)
YOSHIDA8 = Method(
    name="YOSHIDA8",
    order=8,
    data=composition(  # w_7 .. w_1
        [
            0.9148442462297915667487934898475096045181,
            0.2536933365662113541461460206899420760977,
            -1.444852236860605157694730657537390354956,
            -0.1582406353680501752040667767597542477554,
            1.938139137622525986579186487443641760954,
            -1.960610232975310807607633376399663640792,
            0.102799849391796440698115131601225862911,
        ],
        compensated=True,
    ),
    reference=f"{_YOSHIDA}, table 2, solution D.",
)
