"""Kvaerno's ESDIRK pair 5(4) of seven stages: A-stable, and its step is L-stable.

For stiff problems where Newton's iteration is wanted: large systems with a costly Jacobian, or rounding so large
(dt |J| near 1e16) that a Rosenbrock method cannot correct it.
"""

from .dirk import dirk
from .method import Controller, Method

_A6 = [0.13855640231268224, 0.0, -0.04245337201752043, 0.02446657898003141, 0.61943039072480676]
_A7 = [
    0.13659751177640291,
    0.0,
    -0.05496908796538376,
    -0.04118626728321046,
    0.62993304899016403,
    0.06962479448202728,
]
_GAMMA = 0.26

KVAERNO5 = Method(
    name="KVAERNO5",
    order=5,
    data=dirk(
        A=[
            [],
            [0.26],
            [0.13, 0.84033320996790809],
            [0.22371961478320505, 0.47675532319799699, -0.06470895363112615],
            [0.16648564323248321, 0.10450018841591720, 0.03631482272098715, -0.13090704451073998],
            _A6,
            _A7,
        ],
        gamma=_GAMMA,
        e=[*(b - a for a, b in zip([*_A6, _GAMMA], _A7, strict=True)), _GAMMA],
    ),
    error_order=4,
    controller=Controller(grow=8.0),
    reference="Kvaerno, Singly diagonally implicit Runge-Kutta methods with an explicit first stage, BIT 44 (2004) "
    "489-502, table of the pair 5(4).",
)
