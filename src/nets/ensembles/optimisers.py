"""Optimisers as records: what is kept of the past gradients, and with which constants.

The updates are those of PyTorch's optimisers of the same names (constants, order of operations, bias correction); the
learning rate and the weight decay belong to the network's configuration, where they may follow a schedule.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SGD:
    """w -= lr (g + momentum b) or lr b, with b <- momentum b + g; g contains weight_decay w.

    Parameters
    ----------
    momentum : float
        In [0, 1).
    nesterov : bool
        Look ahead by one step of the momentum.

    References
    ----------
    Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1; Sutskever et al., ICML 2013, for the form of Nesterov's.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        _fraction("momentum", self.momentum)
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov looks ahead along the momentum, which is 0; give momentum > 0.")


@dataclass(frozen=True)
class Adam:
    """w -= lr m' / (sqrt(v') + eps), with the bias-corrected means m', v' of g and g^2; g contains weight_decay w.

    References
    ----------
    Kingma, Ba, ICLR 2015, arXiv:1412.6980, algorithm 1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _fraction("beta1", self.beta1)
        _fraction("beta2", self.beta2)
        _positive("eps", self.eps)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose weight decay acts on the weights themselves: w <- (1 - lr weight_decay) w, then Adam's step.

    References
    ----------
    Loshchilov, Hutter, ICLR 2019, arXiv:1711.05101, algorithm 2.
    """


@dataclass(frozen=True)
class RMSProp:
    """w -= lr b, b <- momentum b + g / (sqrt(v) + eps), v <- decay v + (1 - decay) g^2; g contains weight_decay w.

    References
    ----------
    Tieleman, Hinton, "Neural networks for machine learning", lecture 6.5 (2012).
    """

    decay: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0

    def __post_init__(self) -> None:
        _fraction("decay", self.decay)
        _positive("eps", self.eps)
        _fraction("momentum", self.momentum)


@dataclass(frozen=True)
class SGLD:
    """w <- w - lr (g + weight_decay w) + sqrt(2 lr temperature) xi, with independent standard normals xi at each step.

    Stochastic gradient Langevin dynamics. As lr -> 0 with exact gradients the weights have the law
    exp(-U / temperature), where U is what is minimised: the *mean* loss of the training examples plus
    weight_decay |w|^2 / 2. The posterior of n examples under a Gaussian prior of variance s^2 is therefore
    temperature = 1 / n, weight_decay = 1 / (n s^2).

    Parameters
    ----------
    temperature : float
        0 or more, in units of the mean loss; 0 is `SGD()`.

    Notes
    -----
    At a finite lr a quadratic U with curvature h has the variance V = temperature / (h (1 - lr h / 2)), since
    V = (1 - lr h)^2 V + 2 lr temperature; gradients of minibatches add their own noise. Where U is flat, weights
    diffuse without bound: shifts before a BatchNorm, and scales of the weights before it unless weight_decay holds
    them.

    References
    ----------
    Welling, Teh, ICML 2011, equation (4) with lr = n epsilon / 2 and temperature = 1 / n.
    """

    temperature: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"temperature must be finite and not negative, but is {self.temperature}.")


Optimiser = SGD | Adam | AdamW | RMSProp | SGLD
KINDS = (SGD, Adam, AdamW, RMSProp, SGLD)


def described(optimiser: Optimiser) -> dict[str, Any]:
    """Name and constants, as JSON can hold them."""
    return {"name": type(optimiser).__name__, **asdict(optimiser)}


def from_description(about: dict[str, Any]) -> Optimiser:
    """The record that `described` told of."""
    kinds = {kind.__name__: kind for kind in KINDS}
    constants = {name: value for name, value in about.items() if name != "name"}
    made: Optimiser = kinds[about["name"]](**constants)
    return made


def _fraction(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must lie in [0, 1), but is {value}.")


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be positive and finite, but is {value}.")
