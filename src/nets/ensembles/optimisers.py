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


Optimiser = SGD | Adam | AdamW | RMSProp


def described(optimiser: Optimiser) -> dict[str, Any]:
    """Name and constants, as JSON can hold them."""
    return {"name": type(optimiser).__name__, **asdict(optimiser)}


def from_description(about: dict[str, Any]) -> Optimiser:
    """The record that `described` told of."""
    kinds = {kind.__name__: kind for kind in (SGD, Adam, AdamW, RMSProp)}
    constants = {name: value for name, value in about.items() if name != "name"}
    made: Optimiser = kinds[about["name"]](**constants)
    return made


def _fraction(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must lie in [0, 1), but is {value}.")


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be positive and finite, but is {value}.")
