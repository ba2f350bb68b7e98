"""Optimised words by Blanes and Moan: small error constants at the price of more stages.

The paper prints 15 digits; here the coefficients solve the order conditions to 36 (Newton's method in 50 digits from
the printed ones, the step of least norm where there are more coefficients than conditions).
"""

from .method import Method
from .splitting import splitting

_REFERENCE = "Blanes, Moan, J. Comput. Appl. Math. 142 (2002) 313-330"

_A = (
    0.07920369643119566943366349588826887330318,
    0.3531729060497739884810613115731210565275,
    -0.04206508035771953536811029830251703872135,
)
_B = 0.209515106613362021274072640029501016893, -0.1438517731798180082751150578565277256459

BLANES_MOAN4 = Method(
    name="BLANES_MOAN4",
    order=4,
    data=splitting(
        "A B A B A B A ...",
        [_A[0], _B[0], _A[1], _B[1], _A[2], 1 / 2 - sum(_B), 1 - 2 * sum(_A)],
    ),
    reference=f"{_REFERENCE}, table 2, S6 of order 4.",
)

_RKN_A = (
    0.0378593198406109414470211790380116413,
    0.102635633102436552847082250940338525,
    -0.0258678882665583331639469603593656384,
    0.314241403071446434147142535703284302,
    -0.130144459517415113849615078540028231,
    0.106417700369541368022280139285383452,
    -0.00879424312851020439406942842765967601,
)
_RKN_B = (
    0.0917191526244620179811832282648693182,
    0.18398317000500489849147656467634359,
    -0.056534365832889104395277044848089852,
    0.00491468877471188564020561645501564104,
    0.143761127168361682387374529986772147,
    0.32856769374680414020048125762703532,
)
_LAST_B, _LAST_A = 1 / 2 - sum(_RKN_B), 1 - 2 * sum(_RKN_A)

BLANES_MOAN_RKN6 = Method(
    name="BLANES_MOAN_RKN6",
    order=6,
    data=splitting(
        "AB AB AB AB AB AB AB A ...",
        [*(x for pair in zip(_RKN_A, (*_RKN_B, _LAST_B), strict=True) for x in pair), _LAST_A],
        compensated=True,
        linear_velocity=True,
    ),
    reference=f"{_REFERENCE}, table 3, SRKN14a of order 6.",
)
