"""Blocks with mass: the mean path of the second-order chain (10) with friction averaged over a fluctuating velocity.

    m x_l'' + x_l' = F_l - [mu_right Phi(x_l'/s) - mu_left Phi(-x_l'/s)]

as `mechanics.chain.mean_field_inertia` has it, in units of the damping: m is mass over damping, a time, and s the
standard deviation of the velocity under noise. The blocks start at rest. For m -> 0 the law of the velocity is not
E sigma(F) but agrees with it to first order in mu/s.
"""

import numpy as np

from ...chain.mean_field_law import MeanLaw
from .form import ChainForm, Extra, Values, uniform_law


def law(v: Values, blocks: int) -> MeanLaw:
    """The uniform law with mass."""
    return uniform_law(v, blocks, mass=np.exp(v["log m"]))


SECOND_ORDER = ChainForm(
    "second_order",
    law,
    (
        Extra(
            "inertial_time",
            "log m",
            "log time",
            lambda shortest, span: (np.log(1e-2 * shortest), np.log(10 * span)),
            lambda shortest, span: (np.log(0.3 * shortest), 0.5 * np.log(shortest * span), np.log(0.1 * span)),
            "mass over damping, in epochs",
        ),
    ),
    "Blocks have mass.",
)
