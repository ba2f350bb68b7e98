"""Blocks with mass: the mean path of the second-order chain (10) with friction averaged over a fluctuating velocity.

    m x_l'' + x_l' = F_l - [mu_right Phi(x_l'/s) - mu_left Phi(-x_l'/s)]

as `mechanics.chain.mean_field_inertia` has it, in units of the damping: m is mass over damping, a time, and s the width
of the velocity under noise. The blocks start at rest. The noise that is fitted is w = eps/sqrt(2 m), the scatter of the
velocity without friction; s is smaller, as friction takes energy out. A block near rest has the stationary density

    p(v) ~ exp(-(v^2/2 + mu |v| - F' v)/w^2),     mu = (mu_right + mu_left)/2,  F' = F - (mu_right - mu_left)/2

whose mean velocity answers a force with the mobility Var v/w^2. s is chosen so that the law above does so too.
"""

from math import pi, sqrt
from typing import Any

import numpy as np
from scipy.special import erfcx

from ...chain.mean_field_law import MeanLaw
from .form import ChainForm, Extra, Values, uniform_law

LEAST_NOISE = 3e-3  # of k times the largest displacement: with less the blocks stick and slip, and the flow gets stiff
FAR = 6.0  # from here on the continued fraction, of which TERMS give full precision
TERMS = 30


def law(v: Values, blocks: int) -> MeanLaw:
    """The uniform law with mass, and the width of the velocity in place of its scatter without friction."""
    plain = uniform_law(v, blocks, mass=np.exp(v["log m"]))
    mean = 0.5 * (plain.mu_right + plain.mu_left)[..., :1]
    return plain._replace(s=plain.s * narrowing(mean / plain.s))


def narrowing(nu: Any) -> Any:
    """s/w where the mean friction is nu w: from 1 without friction down to sqrt(8/pi)/nu; a real or complex array.

    The stationary density at rest has E|v|/w = m = 1/M(nu) - nu, with Mills' ratio M, and Var v/w^2 = 1 - nu m. The
    slope of Gaussian-averaged friction is 2 mu phi(0)/s, so that 1/(1 + slope) is that variance for
    s/w = sqrt(2/pi) (1/m - nu).
    """
    x = nu.real
    far = nu + 0.0
    for n in range(TERMS, 2, -1):
        far = nu + n / np.where(x < FAR, 1.0, far)
    near = np.where(x < FAR, x, 1.0)
    M = sqrt(pi / 2) * erfcx(near * sqrt(0.5))
    mills = M + (near * M - 1) * 1j * nu.imag if np.iscomplexobj(nu) else M  # M' = nu M - 1, for complex steps
    return sqrt(2 / pi) * np.where(x < FAR, 1 / (1 / mills - nu) - nu, 2 / far)


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
    least_noise=LEAST_NOISE,
)
