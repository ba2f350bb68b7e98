"""Initial weights of linear layers, each a pure function of a generator's state.

default     weights and biases uniform in +-1/sqrt(fan-in)                            (PyTorch's nn.Linear)
variance    weights normal with variance g^2 / fan-in, g^2 = 2 / (1 + slope^2), biases 0   (He et al. 2015, eq. 15)
kaiming     the same variance, uniform: +-g sqrt(3 / fan-in), biases 0
orthogonal  orthonormal rows or columns (Haar), biases 0                              (Saxe et al. 2013)
ntk         weights standard normal; the layer divides by sqrt(fan-in), biases 0      (Jacot et al. 2018)
identity    ones on the diagonal, biases 0

The output layer keeps the variance 1 / fan-in where hidden layers have g^2 / fan-in.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor, nn

Init = Literal["default", "variance", "kaiming", "orthogonal", "ntk", "identity"]


class NTKLinear(nn.Linear):
    """x -> W x / sqrt(fan-in) + b with W of order one: the parametrisation of the neural tangent kernel.

    Jacot, Gabriel, Hongler, "Neural tangent kernel", NeurIPS 2018, arXiv:1806.07572.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (N, out) of x (N, in)."""
        return nn.functional.linear(x, self.weight / math.sqrt(self.in_features), self.bias)


def check_init(init: str) -> None:
    """Raise ValueError unless the law is known."""
    if init not in get_args(Init):
        raise ValueError(f"init must be one of {', '.join(get_args(Init))}, but is {init!r}.")


@torch.no_grad()
def initialise(linear: nn.Linear, init: Init, gain: float, scale: float, generator: torch.Generator) -> None:
    """Fill weights and biases; `scale` multiplies the weights whatever the law."""
    fan_in = linear.in_features
    if init == "default":
        bound = 1 / math.sqrt(fan_in)  # what nn.Linear does: kaiming_uniform_ with a = sqrt(5)
        linear.weight.uniform_(-bound, bound, generator=generator)
        linear.bias.uniform_(-bound, bound, generator=generator)
    else:
        linear.bias.zero_()
        if init == "variance":
            linear.weight.normal_(0, gain / math.sqrt(fan_in), generator=generator)
        elif init == "kaiming":
            bound = gain * math.sqrt(3 / fan_in)
            linear.weight.uniform_(-bound, bound, generator=generator)
        elif init == "orthogonal":
            nn.init.orthogonal_(linear.weight, generator=generator)
        elif init == "ntk":
            linear.weight.normal_(0, 1, generator=generator)
        else:
            nn.init.eye_(linear.weight)
    if scale != 1:
        linear.weight.mul_(scale)


@torch.no_grad()
def default_weights(model: nn.Module, seed: int) -> None:
    """PyTorch's default of linear and convolutional layers, uniform in +-1/sqrt(fan-in), from a seed."""
    generator = torch.Generator().manual_seed(int(seed))
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            bound = 1 / math.sqrt(module.weight[0].numel())
            module.weight.uniform_(-bound, bound, generator=generator)
            if module.bias is not None:
                module.bias.uniform_(-bound, bound, generator=generator)
