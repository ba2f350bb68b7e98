"""Springs that stiffen or soften geometrically along the chain: k_j = k q^((j - (L+1)/2)/(L - 1)), j = 1 .. L.

q = k_L/k_1 is the ratio of the last spring to the first, k the geometric mean. At rest the tension changes by mu_eff
from spring to spring as in the uniform chain; the softer end takes more of the extension.
"""

import numpy as np

from ...chain.mean_field_law import MeanLaw
from .form import ChainForm, Extra, Values, uniform_law


def law(v: Values, blocks: int) -> MeanLaw:
    """The uniform law with a stiffness for each spring."""
    j = np.arange(1, blocks + 2)
    return uniform_law(v, blocks, stiffness=np.exp(v["log ratio"] * (j - 0.5 * (blocks + 2)) / blocks))


LAYERED_STIFFNESS = ChainForm(
    "layered_stiffness",
    law,
    (
        Extra(
            "stiffness_ratio",
            "log ratio",
            "log ratio",
            lambda shortest, span: (np.log(1e-3), np.log(1e3)),
            lambda shortest, span: (0.0, -1.0, 1.0),
            "stiffness of the last spring over that of the first",
        ),
    ),
    "Springs change geometrically from layer to layer.",
)
