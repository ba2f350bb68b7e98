"""Springs that saturate: T = k a tanh(e/a) at extension e, with reach a.

Short extensions feel k, and no spring pulls harder than k a. Where friction makes the tension largest at the input
(mu_eff < 0), the first springs come near that limit and take most of the extension: a front-loaded convex curve.
"""

import numpy as np

from ...chain.mean_field_law import MeanLaw
from .form import ChainForm, Extra, Values, uniform_law


def law(v: Values, blocks: int) -> MeanLaw:
    """The uniform law with springs of finite reach."""
    return uniform_law(v, blocks, reach=np.exp(v["log reach"]))


SATURATING = ChainForm(
    "saturating",
    law,
    (
        Extra(
            "reach",
            "log reach",
            "log length",
            lambda shortest, span: (np.log(0.01), np.log(30.0)),
            lambda shortest, span: (np.log(3.0), np.log(0.3), np.log(0.1)),
            "extension at which a spring saturates",
        ),
    ),
    "Springs saturate.",
)
