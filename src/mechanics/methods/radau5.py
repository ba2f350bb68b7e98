"""RADAU5 of Hairer and Wanner: collocation at Radau's points, of order 5, L-stable, for the hardest stiff problems."""

import math

from .method import Controller, Method
from .radau import radau

_S6 = math.sqrt(6.0)

RADAU5 = Method(
    name="RADAU5",
    order=5,
    data=radau(
        c=[(4.0 - _S6) / 10.0, (4.0 + _S6) / 10.0, 1.0],
        A=[
            [(88.0 - 7.0 * _S6) / 360.0, (296.0 - 169.0 * _S6) / 1800.0, (-2.0 + 3.0 * _S6) / 225.0],
            [(296.0 + 169.0 * _S6) / 1800.0, (88.0 + 7.0 * _S6) / 360.0, (-2.0 - 3.0 * _S6) / 225.0],
            [(16.0 - _S6) / 36.0, (16.0 + _S6) / 36.0, 1.0 / 9.0],
        ],
        # eigenvectors of A^-1: the real one, real and minus imaginary part of a complex one
        T=[
            [0.09443876248897524, -0.1412552950209542, -0.030029194105147424],
            [0.2502131229653333, 0.20412935229379994, 0.3829421127572619],
            [1.0, 1.0, 0.0],
        ],
        T_inverse=[
            [4.178718591551905, 0.32768282076106237, 0.5233764454994495],
            [-4.178718591551905, -0.32768282076106237, 0.47662355450055044],
            [-0.5028726349457868, 2.571926949855605, -0.5960392048282249],
        ],
        gamma=3.637834252744496,
        alpha=2.6810828736277523,
        beta=3.0504301992474105,
        e=[-(13.0 + 7.0 * _S6) / 3.0, (-13.0 + 7.0 * _S6) / 3.0, -1.0 / 3.0],
    ),
    error_order=3,
    controller=Controller(grow=8.0),
    reference="Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., Springer 1996, IV.8.",
)
