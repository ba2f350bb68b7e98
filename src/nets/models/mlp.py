"""Fully connected network of the spring-block paper, deterministic from its seed.

    x -> BatchNorm -> (depth - 1) x [Linear, BatchNorm, LeakyReLU(slope), Dropout(p)] -> Linear -> logits

Shi, Pan, Dokmanic, "A spring-block theory of feature learning", PRL (2025), arXiv:2407.19353, supplement S3.
The load D_l is measured after the activation and before the dropout.
"""

import itertools
import math
from typing import Literal

import torch
from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .dropout import Dropout
from .initial import Init, NTKLinear, check_init, initialise
from .sizes import count_parameters, width_of


class MLP(nn.Module):
    """Multilayer perceptron with named layers to measure.

    Parameters
    ----------
    inputs, width, classes : int
        Numbers of input features, of features in each hidden layer, and of logits.
    depth : int
        Number of linear layers, at least 1; 8 means 7 hidden layers and the output.
    norm : {"batch", "variance", None}
        "batch": BatchNorm before each activation. "variance": none in the hidden layers; by default weights of the
        variance 2 / ((1 + slope^2) fan-in) that keeps the scale of the activations. None: neither.
    slope : float
        Slope of the leaky ReLU for negative numbers: 0 is the ReLU, 1 a linear network.
    dropout : float
        Probability of zero after each activation, 0 <= dropout < 1.
    init : {"default", "variance", "kaiming", "orthogonal", "ntk", "identity"}, optional
        Law of the initial weights (`nets.models.initial`); "variance" if norm is "variance", else "default".
    init_scale : float
        Factor of all initial weights.
    frozen : bool
        Hidden weights and biases stay as they are at first: random features under a trained output.
    input_norm : bool
        BatchNorm of the input. Layer 0 of the load curve is its output (or the flattened input without it).
    seed : int
        Of the initial weights. The global generator is neither read nor changed.

    Attributes
    ----------
    load_layers : tuple of str
        Names of the modules whose outputs are the layers 0 .. depth - 1 of the load curve.

    Raises
    ------
    ValueError
        If a size is below 1, `norm` is unknown, or `slope` or `dropout` is out of range.

    References
    ----------
    He et al., "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852, equation (15).
    """

    uses_global_rng = False  # tells `train` that runs in threads need no shared generator

    def __init__(
        self,
        inputs: int = 100,
        width: int = 100,
        depth: int = 8,
        classes: int = 10,
        *,
        norm: Literal["batch", "variance"] | None = "batch",
        slope: float = 0.0,
        dropout: float = 0.0,
        init: Init | None = None,
        init_scale: float = 1.0,
        frozen: bool = False,
        input_norm: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        whole_numbers(inputs=(inputs, 1), width=(width, 1), depth=(depth, 1), classes=(classes, 1))
        if norm not in ("batch", "variance", None):
            raise ValueError(f"norm must be 'batch', 'variance' or None, but is {norm!r}.")
        init = init or ("variance" if norm == "variance" else "default")
        check_init(init)
        if not (math.isfinite(init_scale) and init_scale > 0):
            raise ValueError(f"init_scale must be positive and finite, but is {init_scale}.")
        if not math.isfinite(slope):
            raise ValueError(f"slope must be finite, but is {slope}; 0 is the ReLU, 1 a linear network.")

        self.settings = {
            "inputs": int(inputs), "width": int(width), "depth": int(depth), "classes": int(classes), "norm": norm,
            "slope": float(slope), "dropout": float(dropout), "init": init, "init_scale": float(init_scale),
            "frozen": bool(frozen), "input_norm": bool(input_norm), "model_seed": int(seed),
        }  # fmt: skip
        self.input = nn.BatchNorm1d(inputs) if input_norm else nn.Identity()
        sizes = [inputs] + [width] * (depth - 1)
        self.hidden = nn.ModuleList(
            _hidden_layer(_linear(fan_in, fan_out, init), norm, slope, dropout)
            for fan_in, fan_out in itertools.pairwise(sizes)
        )
        self.output = _linear(sizes[-1], classes, init)
        self.load_layers = ("input", *(f"hidden.{l}.activation" for l in range(depth - 1)))
        generator = torch.Generator().manual_seed(int(seed))
        for linear in (module for module in self.modules() if isinstance(module, nn.Linear)):
            gain = 1.0 if linear is self.output else math.sqrt(2 / (1 + slope**2))
            initialise(linear, init, gain, init_scale, generator)
        if frozen:
            self.hidden.requires_grad_(False)
            self.input.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of x (N, ...), which is flattened."""
        h = self.input(x.flatten(1))
        for layer in self.hidden:
            h = layer(h)
        return self.output(h)

    @staticmethod
    def parameter_count(
        inputs: int = 100,
        width: int = 100,
        depth: int = 8,
        classes: int = 10,
        *,
        norm: Literal["batch", "variance"] | None = "batch",
        input_norm: bool = True,
    ) -> int:
        """Number of parameters of the network with these sizes; see `nets.models.sizes` for the formula."""
        return count_parameters(inputs, width, depth, classes, norm, input_norm)

    @staticmethod
    def width_for(
        parameters: int,
        inputs: int = 100,
        depth: int = 8,
        classes: int = 10,
        *,
        norm: Literal["batch", "variance"] | None = "batch",
        input_norm: bool = True,
    ) -> int:
        """Width of hidden layers at which the network has most nearly so many parameters.

        Raises
        ------
        ValueError
            If depth is 1: there is no hidden layer.
        """
        return width_of(parameters, inputs, depth, classes, norm, input_norm)


def _hidden_layer(linear: nn.Linear, norm: str | None, slope: float, dropout: float) -> nn.Sequential:
    layer = nn.Sequential()
    layer.add_module("linear", linear)
    if norm == "batch":
        layer.add_module("norm", nn.BatchNorm1d(linear.out_features))
    layer.add_module("activation", nn.LeakyReLU(slope))
    layer.add_module("dropout", Dropout(dropout))
    return layer


def _linear(fan_in: int, fan_out: int, init: Init) -> nn.Linear:
    """Linear layer without initial values: drawing them would change the global generator."""
    return nn.utils.skip_init(NTKLinear if init == "ntk" else nn.Linear, fan_in, fan_out)
