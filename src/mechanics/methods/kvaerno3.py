"""Kvaerno's ESDIRK pair 3(2) of four stages: L-stable, for low accuracy.

gamma is the middle root of gamma^3 - 3 gamma^2 + 3/2 gamma - 1/6 = 0 (L-stability); the other coefficients follow from
the order conditions, with stage order 2.
"""

from .dirk import dirk
from .method import Controller, Method

_G = 0.435866521508459
_A32 = (0.5 - _G) / (2.0 * _G)
_A31 = 1.0 - _G - _A32
_B2 = (1.0 / 3.0 - 0.5) / (4.0 * _G * _G - 2.0 * _G)  # the conditions of c and c^2, subtracted
_B3 = 0.5 - _G - 2.0 * _G * _B2
_B1 = 1.0 - _G - _B2 - _B3

KVAERNO3 = Method(
    name="KVAERNO3",
    order=3,
    data=dirk(
        A=[[], [_G], [_A31, _A32], [_B1, _B2, _B3]],
        gamma=_G,
        e=[_B1 - _A31, _B2 - _A32, _B3 - _G, _G],
    ),
    error_order=2,
    controller=Controller(grow=8.0),
    reference="Kvaerno, Singly diagonally implicit Runge-Kutta methods with an explicit first stage, BIT 44 (2004) "
    "489-502.",
)
