"""A geodesic's task with the parameters that continuation changes, and the tasks on the way."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..leaky_resnet.activation import Activation, activation_of
from .ends import End, end_of
from .layers import Task

Array = NDArray[np.float64]


class Setting(NamedTuple):
    """Where on the way a task is."""

    Lt: float
    beta: float
    """Of the softplus in the place of the activation; inf is the activation itself."""
    lam: float
    softness: float
    """lam of the end condition over lam: 1 for soft ends, 0 for fixed ones."""


class Problem(NamedTuple):
    """What is asked for."""

    X: Array
    Y: Array
    P: Array
    rho: Array
    act: Activation
    bias: bool
    scheme: str
    """ "network" or "continuous"."""
    target: Setting

    def task(self, at: Setting) -> Task:
        """The task with other parameters."""
        return Task(self.X, self.Y, self.P, at.lam, at.Lt, self.rho, smoothed(self.act, at.beta), self.bias)

    def end(self, at: Setting) -> End:
        """Its end condition."""
        return end_of(self.task(at), at.softness)


def smoothed(act: Activation, beta: float) -> Activation:
    """alpha z + (1 - alpha) softplus_beta(z) for a kinked activation, softplus_beta for softplus."""
    if act.name == "identity" or np.isinf(beta):
        return act
    soft = activation_of(("softplus", beta))
    alpha = act.parameter if act.kinked else 0.0
    if alpha == 0.0:
        return soft
    return soft._replace(
        name="smooth leaky",
        value=lambda z: alpha * z + (1 - alpha) * soft.value(z),
        slope=lambda z: alpha + (1 - alpha) * soft.slope(z),
        curvature=lambda z: (1 - alpha) * soft.curvature(z),
    )
