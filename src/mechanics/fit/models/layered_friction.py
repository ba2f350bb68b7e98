"""Friction that changes linearly along the chain: mu_eff,l/k = mu_eff/k + slope (l - L/2)/(L - 2), l = 1 .. L-1.

mu_eff/k is the mean over the layers, slope the last block's minus the first's; sqrt(mu_right mu_left) is the same for
all. At rest the load curve is a cubic in place of the parabola (8).
"""

from typing import Any

import numpy as np

from ...chain.mean_field_law import MeanLaw
from .form import ChainForm, Extra, Values, uniform_law


def along(blocks: int) -> Any:
    """-1/2 at the first block .. 1/2 at the last."""
    l = np.arange(1, blocks + 1)
    return (l - 0.5 * (blocks + 1)) / (blocks - 1)


def law(v: Values, blocks: int) -> MeanLaw:
    """The uniform law with a bend for each block."""
    return uniform_law(v, blocks, bend=v["mu_eff/k"] + v["slope/k"] * along(blocks))


LAYERED_FRICTION = ChainForm(
    "layered_friction",
    law,
    (
        Extra(
            "friction_slope",
            "slope/k",
            "length",
            lambda shortest, span: (-2.0, 2.0),
            lambda shortest, span: (0.0, -0.1, 0.1),
            "mu_eff/k of the last block minus that of the first",
        ),
    ),
    "Friction changes linearly from layer to layer.",
)
